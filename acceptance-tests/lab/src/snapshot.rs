//! What a lab's clusters stored, kept for a warm start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a warm start needs: etcd's data and the files that its content refers to. Logs and pods are made anew.
const KEPT: [&str; 13] = [
    "etcd",
    "ca.crt",
    "ca.key",
    "apiserver.crt",
    "apiserver.key",
    "kubelet.crt",
    "kubelet.key",
    "kubelet-client.crt",
    "kubelet-client.key",
    "service-account.key",
    "service-account.pub",
    "tokens.csv",
    "admin.kubeconfig",
];

/// What can go wrong with a snapshot.
#[derive(Debug, thiserror::Error)]
#[error("cannot copy {} to {}", from.display(), to.display())]
pub struct Error {
    from: PathBuf,
    to: PathBuf,
    source: io::Error,
}

/// Keeps what the cluster in `directory` stored; its etcd must not run.
pub(crate) fn save(directory: &Path, snapshot: &Path) -> Result<(), Error> {
    copy_kept(directory, snapshot)
}

/// Puts what [`save`] kept into a new cluster's directory.
pub(crate) fn restore(snapshot: &Path, directory: &Path) -> Result<(), Error> {
    copy_kept(snapshot, directory)
}

fn copy_kept(from: &Path, to: &Path) -> Result<(), Error> {
    for name in KEPT {
        let (from, to) = (from.join(name), to.join(name));
        copy(&from, &to).map_err(|source| Error { from, to, source })?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(from, to)?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
