//! Charts: what stands in a chart's directory or archive.

mod archive;
mod coalesce;
pub(crate) mod dependencies;
mod directory;
mod files;
mod glob;
mod ignore;
mod metadata;
mod schema;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

pub(crate) use coalesce::{Mode, coalesce};
pub(crate) use dependencies::process as process_dependencies;
pub(crate) use files::Files;
pub use metadata::{Dependency, Maintainer, Metadata};
use schema::Schema;
pub(crate) use schema::validate;

use crate::values;

/// A file of a chart.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its path in the chart, with slashes.
    pub(crate) name: String,
    pub(crate) data: Arc<[u8]>,
}

/// A chart with its subcharts.
#[derive(Debug, Clone)]
pub struct Chart {
    pub(crate) metadata: Metadata,
    /// Files under `templates/`.
    pub(crate) templates: Vec<File>,
    /// All other files that have no meaning of their own, `crds/` among them.
    pub(crate) files: Vec<File>,
    pub(crate) values: Map<String, Value>,
    pub(crate) schema: Option<Arc<Schema>>,
    pub(crate) dependencies: Vec<Chart>,
}

/// Why a chart cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the directory cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file or directory.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Something in the directory is neither a file nor a directory.
    #[error("cannot load irregular file {0}")]
    Irregular(String),
    /// `.helmignore` holds a pattern that is not understood.
    #[error(".helmignore: {0}")]
    Ignore(String),
    /// The archive is not a gzipped tar.
    #[error("cannot read the chart archive")]
    Archive(#[source] std::io::Error),
    /// The archive holds what no chart should hold: absolute paths, parent directories, links.
    #[error("{0}")]
    Hostile(String),
    /// The chart is larger than Helm allows.
    #[error("decompressed chart is larger than the maximum size {0}")]
    TooLarge(u64),
    /// There is nothing in the archive.
    #[error("no files in chart archive")]
    Empty,
    /// There is no `Chart.yaml`.
    #[error("Chart.yaml file is missing")]
    NoChartYaml,
    /// A YAML file of the chart does not parse.
    #[error("cannot load {name}: {message}")]
    Yaml {
        /// The file.
        name: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// `Chart.yaml` says something that it must not say.
    #[error("validation: {0}")]
    Metadata(String),
    /// A subchart cannot be loaded.
    #[error("error unpacking subchart {name} in {chart}: {source}")]
    Subchart {
        /// The subchart.
        name: String,
        /// The chart that holds it.
        chart: String,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// Charts are nested too deeply.
    #[error("subcharts are nested more than {0} levels deep")]
    TooDeep(usize),
}

/// Subcharts nested deeper than this are refused.
const MAX_DEPTH: usize = 32;

impl Chart {
    /// Loads a chart from its directory; `.helmignore` is honoured.
    pub fn from_directory(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load(directory::read(path.as_ref())?, 0)
    }

    /// Loads a chart from a `.tgz` archive. Archives with absolute paths, parent directories or links, and archives that
    /// unpack to more than 100 MiB, are refused.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, Error> {
        Self::load(archive::read(bytes)?, 0)
    }

    /// Loads a chart from files with their paths in it, slashes between their parts, as the caller has read them.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, Error> {
        let file = |(name, data)| File { name, data: without_bom(data) };
        Self::load(files.into_iter().map(file).collect(), 0)
    }

    /// What `Chart.yaml` says.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The default values of the chart, without those of its subcharts.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    pub(crate) fn name(&self) -> &str {
        &self.metadata.name
    }

    pub(crate) fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }

    fn load(files: Vec<File>, depth: usize) -> Result<Self, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooDeep(MAX_DEPTH));
        }
        let find = |name: &str| files.iter().find(|file| file.name == name);
        let chart_yaml = find("Chart.yaml").ok_or(Error::NoChartYaml)?;
        let mut metadata = Metadata::default();
        metadata.read("Chart.yaml", &chart_yaml.data)?;
        if metadata.api_version.is_empty() {
            "v1".clone_into(&mut metadata.api_version);
        }
        if let Some(requirements) = find("requirements.yaml") {
            metadata.read("requirements.yaml", &requirements.data)?;
        }
        let mut chart = Self {
            metadata,
            templates: Vec::new(),
            files: Vec::new(),
            values: Map::new(),
            schema: None,
            dependencies: Vec::new(),
        };
        let mut subcharts: BTreeMap<String, Vec<File>> = BTreeMap::new();
        for file in files {
            chart.place(file, &mut subcharts)?;
        }
        chart.metadata.validate()?;
        for (name, files) in subcharts {
            if let Some(subchart) = chart.subchart(&name, files, depth)? {
                chart.dependencies.push(subchart);
            }
        }
        Ok(chart)
    }

    /// Puts a file where its name says that it belongs.
    fn place(&mut self, file: File, subcharts: &mut BTreeMap<String, Vec<File>>) -> Result<(), Error> {
        match file.name.as_str() {
            "Chart.yaml" | "Chart.lock" => {}
            "requirements.yaml" | "requirements.lock" if self.metadata.api_version != "v1" => {}
            "values.yaml" => {
                let text = String::from_utf8_lossy(&file.data);
                self.values = values::parse(&text)
                    .map_err(|error| Error::Yaml { name: file.name.clone(), message: error.to_string() })?;
            }
            "values.schema.json" => self.schema = Some(Arc::new(Schema::new(&file.data))),
            name if name.starts_with("templates/") => self.templates.push(file),
            name if name.starts_with("charts/")
                && Path::new(name).extension().is_none_or(|extension| extension != "prov") =>
            {
                let name = name.trim_start_matches("charts/").to_owned();
                let subchart = name.split('/').next().unwrap_or_default().to_owned();
                subcharts.entry(subchart).or_default().push(File { name, data: file.data });
            }
            _ => self.files.push(file),
        }
        Ok(())
    }

    fn subchart(&self, name: &str, files: Vec<File>, depth: usize) -> Result<Option<Self>, Error> {
        if name.starts_with(['_', '.']) {
            return Ok(None);
        }
        let is_archive = Path::new(name).extension().is_some_and(|extension| extension == "tgz");
        let loaded = match files.first() {
            Some(file) if is_archive && file.name == name => {
                archive::read(&file.data).and_then(|files| Self::load(files, depth + 1))
            }
            _ if is_archive => Err(Error::Hostile(format!("expected an archive, got a directory {name}"))),
            _ => {
                let inner = files.into_iter().filter_map(|file| {
                    let (_, rest) = file.name.split_once('/')?;
                    Some(File { name: rest.to_owned(), data: file.data })
                });
                Self::load(inner.collect(), depth + 1)
            }
        };
        loaded.map(Some).map_err(|error| Error::Subchart {
            name: name.to_owned(),
            chart: self.name().to_owned(),
            source: Box::new(error),
        })
    }
}

/// Removes the byte order mark that editors on Windows write.
fn without_bom(data: Vec<u8>) -> Arc<[u8]> {
    match data.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => Arc::from(rest),
        None => Arc::from(data),
    }
}

/// Helm's limit on a chart, unpacked.
const MAX_CHART_SIZE: u64 = 100 * 1024 * 1024;
