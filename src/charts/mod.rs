//! Fetches charts, checks that they are the right bytes, and keeps them.

mod cache;
mod challenge;
mod digest;
mod directory;
mod error;
mod http;
mod index;
mod oci;
mod registry;
mod source;
mod version;
mod way_out;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use helm_template::Chart;
use tokio::sync::OnceCell;
use url::Url;

pub use cache::user_cache_directory;
pub use error::Error;
pub use registry::Registry;

use cache::Cache;
use http::{Http, shown};
use index::{Entry, Index};
use registry::Hosts;
use source::Place;

use crate::mesh::ChartVersion;

/// Indexes of large public repositories have some 20 MB.
const INDEX_LIMIT: usize = 64 << 20;
/// What Helm takes for an archive's content; archives are smaller.
const ARCHIVE_LIMIT: usize = 100 << 20;

/// Fetches charts for one run of the provider. Clones share what has been downloaded.
#[derive(Clone, Debug)]
pub struct Charts {
    hosts: Arc<Hosts>,
    cache: Arc<Cache>,
    /// One download a repository, however many charts and resources ask for it.
    indexes: Arc<Mutex<Indexes>>,
    /// One fetch a chart, however many resources ask for it.
    fetched: Arc<Mutex<BTreeMap<Asked, FetchedOnce>>>,
}

/// A chart that is fetched when it is first asked for.
type FetchedOnce = Arc<OnceCell<Arc<Fetched>>>;

/// By repository.
type Indexes = BTreeMap<Url, Arc<OnceCell<Arc<Index>>>>;

/// A chart that was asked for.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The chart, loaded.
    pub chart: Chart,
    /// Its exact version.
    pub version: String,
    /// `sha256:…` of the archive's bytes, or of a folder's sorted file names and contents.
    pub digest: String,
}

impl Charts {
    /// Charts cached in the first of `cache_directories` that can be written to; without one nothing is cached.
    /// `registries` describes hosts by `host` or `host:port`.
    pub fn new(
        cache_directories: impl IntoIterator<Item = PathBuf>,
        registries: BTreeMap<String, Registry>,
    ) -> Result<Self, Error> {
        Ok(Self {
            hosts: Arc::new(Hosts::new(registries)?),
            cache: Arc::new(Cache::in_first_of(cache_directories)),
            indexes: Arc::default(),
            fetched: Arc::default(),
        })
    }

    /// The chart called `chart` in its `Chart.yaml`, in this version. `repository` is the URL of an HTTP repository or of a path in an OCI registry, or
    /// the path of a folder with charts or `.tgz` files, of a chart's folder, or of one `.tgz`. With a `pin`, a digest
    /// from an earlier fetch, any other chart is an error; a pinned archive that is cached is not downloaded, nor is
    /// the repository asked.
    pub async fn fetch(
        &self,
        repository: &str,
        chart: &str,
        version: &ChartVersion,
        pin: Option<&str>,
    ) -> Result<Arc<Fetched>, Error> {
        let asked = Asked {
            repository: repository.to_owned(),
            chart: chart.to_owned(),
            version: version.to_string(),
            pin: pin.map(str::to_owned),
        };
        let cell = {
            let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(fetched.entry(asked).or_default())
        };
        let fetch = async { self.fetch_now(repository, chart, version, pin).await.map(Arc::new) };
        cell.get_or_try_init(|| fetch).await.cloned()
    }

    async fn fetch_now(
        &self,
        repository: &str,
        chart: &str,
        version: &ChartVersion,
        pin: Option<&str>,
    ) -> Result<Fetched, Error> {
        let source = Place::parse(repository)?;
        let place = match &source {
            Place::Path(path) => path.display().to_string(),
            Place::Repository(url) => shown(url),
            Place::Registry(url) => oci::place(url),
        };
        let wanted = Wanted { chart, version, pin, place: &place };
        let fetched = match &source {
            Place::Path(path) => directory::fetch(path, chart, version)?,
            Place::Repository(url) => self.download(url, &wanted).await?,
            Place::Registry(url) => self.pull(url, &wanted).await?,
        };
        if !version::is_met_by(version, &fetched.version) {
            let (known, version) = (vec![fetched.version], version.to_string());
            return Err(Error::NoVersion { chart: chart.to_owned(), version, place, known });
        }
        wanted.check_pin(&fetched.digest)?;
        Ok(fetched)
    }

    /// The pinned archive, if it is cached.
    fn pinned(&self, wanted: &Wanted<'_>) -> Result<Option<Fetched>, Error> {
        let cached = wanted.pin.and_then(|pin| Some((pin, self.cache.get(pin)?)));
        let Some((pin, bytes)) = cached else { return Ok(None) };
        checked(loaded(&bytes, pin.to_owned(), wanted.place)?, wanted.chart, None, wanted.place).map(Some)
    }

    /// From an HTTP repository.
    async fn download(&self, repository: &Url, wanted: &Wanted<'_>) -> Result<Fetched, Error> {
        if let Some(pinned) = self.pinned(wanted)? {
            return Ok(pinned);
        }
        let http = self.hosts.of(repository)?;
        let index = self.index(repository, &http).await?;
        let entry = index.choose(wanted.chart, wanted.version, repository)?;
        if let Some(digest) = entry.digest() {
            wanted.check_pin(&digest)?;
        }
        let url = entry.url(repository)?;
        let http = if url.origin() == repository.origin() { http } else { self.elsewhere(&url, repository)? };
        let (bytes, digest) = self.archive(entry, &url, &http).await?;
        wanted.check_pin(&digest)?;
        self.kept(&bytes, digest, wanted.chart, &entry.version, &shown(&url))
    }

    /// From an OCI registry.
    async fn pull(&self, registry: &Url, wanted: &Wanted<'_>) -> Result<Fetched, Error> {
        if let Some(pinned) = self.pinned(wanted)? {
            return Ok(pinned);
        }
        let mut repository = oci::Repository::new(self.hosts.of(registry)?, registry, wanted.chart)?;
        let oci::Version { version, digest } = repository.find(wanted.version).await?;
        wanted.check_pin(&digest)?;
        let bytes = match self.cache.get(&digest) {
            Some(bytes) => bytes,
            None => repository.archive(&digest, ARCHIVE_LIMIT).await?,
        };
        self.kept(&bytes, digest, wanted.chart, &version, &format!("{}/{}", wanted.place, wanted.chart))
    }

    async fn index(&self, repository: &Url, http: &Http) -> Result<Arc<Index>, Error> {
        let cell = {
            let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(indexes.entry(repository.clone()).or_default())
        };
        let index = cell.get_or_try_init(|| async {
            let url = below(repository, "index.yaml")?;
            let bytes = http.get(&url, INDEX_LIMIT).await?;
            Index::parse(&String::from_utf8_lossy(&bytes), &url).map(Arc::new)
        });
        index.await.cloned()
    }

    /// An archive's host that is not its repository's: an index that came encrypted does not lead credentials to where
    /// nothing is.
    fn elsewhere(&self, url: &Url, repository: &Url) -> Result<Http, Error> {
        let is_downgrade = repository.scheme() == "https" && url.scheme() != "https";
        if is_downgrade { self.hosts.for_everybody(url) } else { self.hosts.of(url) }
    }

    /// The archive of `entry` and its digest, from the cache if the index says what it must be.
    async fn archive(&self, entry: &Entry, url: &Url, http: &Http) -> Result<(Vec<u8>, String), Error> {
        let expected = entry.digest();
        if let Some((digest, bytes)) =
            expected.as_ref().and_then(|digest| Some((digest, self.cache.get(digest)?)))
        {
            return Ok((bytes, digest.clone()));
        }
        let bytes = http.get(url, ARCHIVE_LIMIT).await?;
        let found = digest::of_archive(&bytes);
        match expected {
            Some(expected) if expected != found => {
                let promised_by = "the index of its repository";
                Err(Error::OtherBytes { url: shown(url), promised_by, expected, found })
            }
            _ => Ok((bytes, found)),
        }
    }

    /// The chart in `bytes`, if it is the one that it should be; it goes into the cache.
    fn kept(
        &self,
        bytes: &[u8],
        digest: String,
        chart: &str,
        version: &str,
        place: &str,
    ) -> Result<Fetched, Error> {
        let fetched = checked(loaded(bytes, digest, place)?, chart, Some(version), place)?;
        self.cache.put(&fetched.digest, bytes);
        Ok(fetched)
    }
}

/// What a resource asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    repository: String,
    chart: String,
    version: String,
    pin: Option<String>,
}

/// What a fetch is for.
struct Wanted<'a> {
    chart: &'a str,
    version: &'a ChartVersion,
    pin: Option<&'a str>,
    /// The source, as it may be shown.
    place: &'a str,
}

impl Wanted<'_> {
    fn check_pin(&self, found: &str) -> Result<(), Error> {
        match self.pin {
            Some(pinned) if pinned != found => Err(Error::Pin {
                chart: self.chart.to_owned(),
                place: self.place.to_owned(),
                pinned: pinned.to_owned(),
                found: found.to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

fn below(repository: &Url, name: &str) -> Result<Url, Error> {
    repository.join(name).map_err(|_| Error::NotASource { repository: shown(repository) })
}

/// The chart in an archive's bytes.
fn loaded(bytes: &[u8], digest: String, place: &str) -> Result<Fetched, Error> {
    let chart =
        Chart::from_archive(bytes).map_err(|source| Error::Load { place: place.to_owned(), source })?;
    Ok(Fetched { version: chart.metadata().version.clone(), chart, digest })
}

/// The same, if it is the chart that it should be.
fn checked(fetched: Fetched, name: &str, version: Option<&str>, place: &str) -> Result<Fetched, Error> {
    let metadata = fetched.chart.metadata();
    if metadata.name == name && version.is_none_or(|version| metadata.version == version) {
        return Ok(fetched);
    }
    Err(Error::OtherChart {
        place: place.to_owned(),
        expected: format!("{name} {}", version.unwrap_or_default()).trim_end().to_owned(),
        found: format!("{} {}", metadata.name, metadata.version),
    })
}
