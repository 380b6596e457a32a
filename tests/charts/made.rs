//! Small charts made by the tests.

use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use istio_provider::mesh::ChartVersion;
use sha2::{Digest as _, Sha256};

/// The version that a text is.
pub fn release(text: &str) -> ChartVersion {
    text.parse().unwrap()
}

pub fn chart_yaml(name: &str, version: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: {version}\n")
}

/// A folder with a chart.
pub fn folder(path: &Path, name: &str, version: &str) -> PathBuf {
    std::fs::create_dir_all(path.join("templates")).unwrap();
    std::fs::write(path.join("Chart.yaml"), chart_yaml(name, version)).unwrap();
    std::fs::write(path.join("templates/config.yaml"), "kind: ConfigMap\n").unwrap();
    path.to_owned()
}

/// The bytes of an archive with a chart.
pub fn archive(name: &str, version: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let content = chart_yaml(name, version);
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, format!("{name}/Chart.yaml"), content.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

pub fn digest(bytes: &[u8]) -> String {
    let hexadecimal =
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    format!("sha256:{hexadecimal}")
}

/// An index with one version of the chart `istiod`, at `url`.
pub fn index(version: &str, url: &str, digest: &str) -> String {
    let entry = serde_json::json!({"name": "istiod", "version": version, "urls": [url], "digest": digest});
    serde_json::json!({"apiVersion": "v1", "entries": {"istiod": [entry]}}).to_string()
}
