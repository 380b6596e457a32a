//! Fetches charts, checks that they are the right bytes, and keeps them.

mod cache;
mod digest;
mod directory;
mod error;
mod http;
mod index;
mod source;
mod version;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use helm_template::Chart;
use tokio::sync::OnceCell;
use url::Url;

pub use cache::user_cache_directory;
pub use error::Error;
pub use source::{ChartSource, Credentials};

use cache::Cache;
use http::{Http, shown};
use index::{Entry, Index};
use source::Place;
use version::Wanted;

/// Indexes of large public repositories have some 20 MB.
const INDEX_LIMIT: usize = 64 << 20;
/// What Helm takes for an archive's content; archives are smaller.
const ARCHIVE_LIMIT: usize = 100 << 20;

/// Fetches charts for one run of the provider. Clones share what has been downloaded.
#[derive(Clone, Debug)]
pub struct Charts {
    http: Http,
    cache: Arc<Cache>,
    /// One download a repository, however many charts and resources ask for it.
    indexes: Arc<Mutex<Indexes>>,
}

/// By repository and user name: a repository may show different indexes to different users.
type Indexes = BTreeMap<(Url, Option<String>), Arc<OnceCell<Arc<Index>>>>;

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
    pub fn new(cache_directories: impl IntoIterator<Item = PathBuf>) -> Result<Self, Error> {
        Ok(Self {
            http: Http::new()?,
            cache: Arc::new(Cache::in_first_of(cache_directories)),
            indexes: Arc::default(),
        })
    }

    /// The chart called `chart` in its `Chart.yaml`, in the exact `version` or the newest one that the constraint
    /// `version` allows (Helm's notation). With a `pin`, a digest from an earlier fetch, any other chart is an error; a
    /// pinned archive that is cached is not downloaded, nor is the repository asked.
    pub async fn fetch(
        &self,
        source: &ChartSource,
        chart: &str,
        version: &str,
        pin: Option<&str>,
    ) -> Result<Fetched, Error> {
        let wanted = Wanted::parse(version)
            .ok_or_else(|| Error::NotAVersion { chart: chart.to_owned(), version: version.to_owned() })?;
        let (fetched, place) = match source.place()? {
            Place::Path(path) => (directory::fetch(&path, chart, &wanted)?, path.display().to_string()),
            Place::Repository(url) => {
                let place = shown(&url);
                (self.download(&url, source, chart, &wanted, pin).await?, place)
            }
        };
        if !wanted.is_met_by(&fetched.version) {
            let known = vec![fetched.version];
            return Err(Error::NoVersion {
                chart: chart.to_owned(),
                version: version.to_owned(),
                place,
                known,
            });
        }
        check_pin(chart, &place, pin, &fetched.digest)?;
        Ok(fetched)
    }

    async fn download(
        &self,
        repository: &Url,
        source: &ChartSource,
        chart: &str,
        wanted: &Wanted,
        pin: Option<&str>,
    ) -> Result<Fetched, Error> {
        let place = shown(repository);
        if let Some((pin, bytes)) = pin.and_then(|pin| Some((pin, self.cache.get(pin)?))) {
            let fetched = loaded(&bytes, pin.to_owned(), &place)?;
            return checked(fetched, chart, None, &place);
        }
        let credentials = source.credentials.as_ref();
        let index = self.index(repository, credentials).await?;
        let entry = index.choose(chart, wanted, repository)?;
        if let Some(digest) = entry.digest() {
            check_pin(chart, &place, pin, &digest)?;
        }
        let url = entry.url(repository)?;
        let (bytes, digest) = self.archive(entry, &url, repository, credentials).await?;
        check_pin(chart, &place, pin, &digest)?;
        let fetched = loaded(&bytes, digest.clone(), &shown(&url))?;
        let fetched = checked(fetched, chart, Some(&entry.version), &shown(&url))?;
        self.cache.put(&digest, &bytes);
        Ok(fetched)
    }

    async fn index(&self, repository: &Url, credentials: Option<&Credentials>) -> Result<Arc<Index>, Error> {
        let key = (repository.clone(), credentials.map(|credentials| credentials.username.clone()));
        let cell = {
            let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(indexes.entry(key).or_default())
        };
        let index = cell.get_or_try_init(|| async {
            let url = below(repository, "index.yaml")?;
            let bytes = self.http.get(&url, credentials, INDEX_LIMIT).await?;
            Index::parse(&String::from_utf8_lossy(&bytes), &url).map(Arc::new)
        });
        index.await.cloned()
    }

    /// The archive of `entry` and its digest, from the cache if the index says what it must be.
    async fn archive(
        &self,
        entry: &Entry,
        url: &Url,
        repository: &Url,
        credentials: Option<&Credentials>,
    ) -> Result<(Vec<u8>, String), Error> {
        let expected = entry.digest();
        if let Some((digest, bytes)) =
            expected.as_ref().and_then(|digest| Some((digest, self.cache.get(digest)?)))
        {
            return Ok((bytes, digest.clone()));
        }
        // Whoever hosts the archive is not always whom the credentials are for.
        let credentials = credentials.filter(|_| url.origin() == repository.origin());
        let bytes = self.http.get(url, credentials, ARCHIVE_LIMIT).await?;
        let found = digest::of_archive(&bytes);
        match expected {
            Some(expected) if expected != found => {
                Err(Error::IndexDigest { url: shown(url), expected, found })
            }
            _ => Ok((bytes, found)),
        }
    }
}

fn below(repository: &Url, name: &str) -> Result<Url, Error> {
    repository.join(name).map_err(|_| Error::NotASource { repository: shown(repository) })
}

fn check_pin(chart: &str, place: &str, pin: Option<&str>, found: &str) -> Result<(), Error> {
    match pin {
        Some(pinned) if pinned != found => Err(Error::Pin {
            chart: chart.to_owned(),
            place: place.to_owned(),
            pinned: pinned.to_owned(),
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
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
