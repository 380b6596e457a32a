//! What kubeletd must know of each pod: one file a pod, named `<namespace>_<pod>.json`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// Its network namespace; empty if it has none.
    pub netns: PathBuf,
    /// Its containers by name.
    pub containers: BTreeMap<String, Container>,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its process, if one runs.
    pub pid: Option<u32>,
    /// What it wrote.
    pub log: PathBuf,
}

/// Writes what is known of a pod, whole or not at all.
pub fn write(directory: &Path, namespace: &str, name: &str, pod: &Pod) -> io::Result<()> {
    let path = file(directory, namespace, name);
    let unfinished = path.with_extension("new");
    fs::write(&unfinished, serde_json::to_vec(pod)?)?;
    fs::rename(unfinished, path)
}

/// Removes what is known of a pod.
pub fn remove(directory: &Path, namespace: &str, name: &str) {
    // A pod that never ran has no file.
    let _ = fs::remove_file(file(directory, namespace, name));
}

/// One container of a pod.
pub fn container(directory: &Path, namespace: &str, name: &str, container: &str) -> Option<Container> {
    let text = fs::read(file(directory, namespace, name)).ok()?;
    let pod: Pod = serde_json::from_slice(&text).ok()?;
    pod.containers.get(container).cloned()
}

fn file(directory: &Path, namespace: &str, name: &str) -> PathBuf {
    directory.join(format!("{namespace}_{name}.json"))
}
