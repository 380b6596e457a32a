//! Istio's charts as a release ships them.
//!
//! The charts in Istio's source bear a placeholder for the version and the hub and tag of development images.
//! Istio's release builder replaces those texts in `Chart.yaml` and `values.yaml`; so does this module, and it
//! packs each chart into an archive and writes the index of a chart repository.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base16ct::lower;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::cache;
use super::error::Error;
use super::go;
use super::istio::{self, MODULE};
use super::recipe::files;

/// The version of every chart, of the application and of the images.
pub(super) const VERSION: &str = "1.31.0";

const HUB: &str = "docker.io/istio";

/// Each chart's name and its folder in Istio's source.
const CHARTS: [(&str, &str); 5] = [
    ("base", "base"),
    ("cni", "istio-cni"),
    ("gateway", "gateway"),
    ("istiod", "istio-control/istio-discovery"),
    ("ztunnel", "ztunnel"),
];

/// Where Istio's charts are, ready to be used by path, as archives or served as a chart repository.
#[derive(Clone, Debug)]
pub struct Charts {
    root: PathBuf,
}

impl Charts {
    pub(super) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The release that the charts bear.
    pub fn version(&self) -> &'static str {
        VERSION
    }

    /// The names of the charts: base, cni, gateway, istiod, ztunnel.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        CHARTS.into_iter().map(|(name, _)| name)
    }

    /// A folder with one folder a chart, named as the chart is.
    pub fn directory(&self) -> PathBuf {
        self.root.join("directories")
    }

    /// A folder with `<name>-<version>.tgz` of every chart and an `index.yaml`: what a static HTTP server
    /// needs to be a chart repository.
    pub fn repository(&self) -> PathBuf {
        self.root.join("repository")
    }

    /// The unpacked chart.
    pub fn chart(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    /// The packed chart.
    pub fn archive(&self, name: &str) -> PathBuf {
        self.repository().join(archive_name(name))
    }
}

pub(super) fn make(pins: &Path, root: &Path) -> Result<(), Error> {
    let source = go::module_directory(pins, MODULE)?.join("manifests/charts");
    let charts = Charts::at(root.into());
    let mut index = String::from("apiVersion: v1\nentries:\n");
    fs::create_dir_all(charts.repository()).map_err(cache::failed("create", root))?;
    for (name, folder) in CHARTS {
        let directory = charts.chart(name);
        istio::copy(&source.join(folder), &directory)?;
        stamp(&directory)?;
        let archive = packed(name, &directory).map_err(cache::failed("pack", &directory))?;
        let path = charts.archive(name);
        fs::write(&path, &archive).map_err(cache::failed("write", &path))?;
        index.push_str(&index_entry(name, &archive));
    }
    let path = charts.repository().join("index.yaml");
    fs::write(&path, index).map_err(cache::failed("write", &path))
}

/// Replaces the placeholders. `values.yaml` of a chart without images has none.
fn stamp(chart: &Path) -> Result<(), Error> {
    let metadata = chart.join("Chart.yaml");
    for field in ["\nversion: ", "\nappVersion: "] {
        istio::replace_once(&metadata, &format!("{field}1.0.0\n"), &format!("{field}{VERSION}\n"))?;
    }
    let values = chart.join("values.yaml");
    let text = fs::read_to_string(&values).map_err(cache::failed("read", &values))?;
    let stamped = text
        .replace("hub: registry.istio.io/testing", &format!("hub: {HUB}"))
        .replace("tag: latest", &format!("tag: {VERSION}"));
    fs::write(&values, stamped).map_err(cache::failed("write", &values))
}

/// The chart's archive: the same bytes for the same files, since neither times nor owners go in.
fn packed(name: &str, chart: &Path) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    archive.mode(tar::HeaderMode::Deterministic);
    // Helm reads Chart.yaml wherever it is; it comes first as in Helm's own archives.
    let mut paths = files(chart).map_err(std::io::Error::other)?;
    paths.sort_by_key(|path| (!path.ends_with("Chart.yaml"), path.clone()));
    for path in paths {
        let inside = Path::new(name).join(path.strip_prefix(chart).unwrap_or(&path));
        archive.append_file(inside, &mut File::open(&path)?)?;
    }
    let mut compressed = archive.into_inner()?.finish()?;
    compressed.flush()?;
    Ok(compressed)
}

fn archive_name(chart: &str) -> String {
    format!("{chart}-{VERSION}.tgz")
}

fn index_entry(name: &str, archive: &[u8]) -> String {
    let digest = lower::encode_string(&Sha256::digest(archive));
    let file = archive_name(name);
    format!(
        "  {name}:\n  - apiVersion: v2\n    appVersion: {VERSION}\n    digest: {digest}\n    name: {name}\n    \
         urls:\n    - {file}\n    version: {VERSION}\n"
    )
}
