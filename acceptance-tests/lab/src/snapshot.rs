//! What a lab's clusters stored, kept for a warm start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base16ct::lower;
use sha2::{Digest as _, Sha256};

use crate::parts::{self, Part};

/// What decides the content of a snapshot, beside the fixture.
const STORING: [Part; 4] = [Part::Etcd, Part::KubeApiserver, Part::PilotDiscovery, Part::Charts];

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
pub enum Error {
    /// A file could not be copied or moved.
    #[error("cannot copy {} to {}", from.display(), to.display())]
    Copy {
        /// The file or directory.
        from: PathBuf,
        /// Where it was to go.
        to: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The lab's cache or its parts cannot be found.
    #[error("cannot find the place of snapshots")]
    Parts(#[from] parts::Error),
}

/// Where the snapshot of a fixture is kept: another place for every set of parts, as they decide what is stored.
pub(crate) fn directory(fixture: &str) -> Result<PathBuf, Error> {
    let mut hash = Sha256::new();
    hash.update(fixture);
    for part in STORING {
        hash.update(parts::find(part)?.as_os_str().as_encoded_bytes());
    }
    let name = lower::encode_string(&hash.finalize()[..8]);
    Ok(parts::cache_directory()?.join("snapshots").join(name))
}

/// Moves a whole snapshot to its place, unless another process was faster.
pub(crate) fn keep(unfinished: &Path, directory: &Path) -> Result<(), Error> {
    match fs::rename(unfinished, directory) {
        Err(_) if directory.is_dir() => fs::remove_dir_all(unfinished),
        moved => moved,
    }
    .map_err(|source| Error::Copy { from: unfinished.to_owned(), to: directory.to_owned(), source })
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
        copy(&from, &to).map_err(|source| Error::Copy { from, to, source })?;
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
