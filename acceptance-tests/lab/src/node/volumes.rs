//! The volumes of one pod, as directories.
//!
//! Files are written as a kubelet does: into a directory of their own, to which the link `..data` then points, so
//! that whoever reads sees either all old files or all new ones.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use k8s_openapi::api::core::v1::Volume;

use super::downward::Facts;
use super::kubelet::Context;

mod sources;
mod tokens;

pub use sources::Error as SourceError;
use tokens::Tokens;

/// The files of a volume, by their paths in it.
type Files = BTreeMap<String, Vec<u8>>;

/// Why a volume cannot be had yet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What should be in it cannot be had.
    #[error("volume {name}")]
    Source {
        /// The volume.
        name: String,
        /// What is missing.
        source: SourceError,
    },
    /// It could not be written.
    #[error("cannot write the volume {name}")]
    Write {
        /// The volume.
        name: String,
        /// What the system answered.
        source: io::Error,
    },
}

/// The volumes of one pod.
pub struct Volumes {
    directory: PathBuf,
    tokens: Tokens,
    written: Mutex<BTreeMap<String, (u64, Files)>>,
}

impl Volumes {
    /// Volumes below `directory`, none written yet.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, tokens: Tokens::default(), written: Mutex::default() }
    }

    /// Where a volume is. A `hostPath` is where it says.
    pub fn path(&self, volume: &Volume) -> PathBuf {
        match &volume.host_path {
            Some(host) => PathBuf::from(&host.path),
            None => self.directory.join(&volume.name),
        }
    }

    /// Writes all volumes of the pod, or brings them up to date.
    pub async fn refresh(&self, context: &Context, facts: &Facts<'_>) -> Result<(), Error> {
        let spec = facts.pod.spec.as_ref();
        for volume in spec.iter().flat_map(|spec| spec.volumes.iter().flatten()) {
            let files = sources::files(context, facts, volume, &self.tokens)
                .await
                .map_err(|source| Error::Source { name: volume.name.clone(), source })?;
            self.write(volume, files).map_err(|source| Error::Write { name: volume.name.clone(), source })?;
        }
        Ok(())
    }

    fn write(&self, volume: &Volume, files: Option<Files>) -> io::Result<()> {
        let directory = self.path(volume);
        let Some(files) = files else {
            if !directory.is_dir() {
                fs::create_dir_all(&directory)?;
                // Whoever the containers run as, all of them share it.
                fs::set_permissions(&directory, fs::Permissions::from_mode(0o777))?;
            }
            return Ok(());
        };
        let mut written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let number = match written.get(&volume.name) {
            Some((_, known)) if *known == files => return Ok(()),
            Some((number, _)) => number + 1,
            None => 0,
        };
        write_files(&directory, number, &files)?;
        written.insert(volume.name.clone(), (number, files));
        Ok(())
    }
}

fn write_files(directory: &Path, number: u64, files: &Files) -> io::Result<()> {
    let version = format!("..{number}");
    for (path, content) in files {
        let file = directory.join(&version).join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, content)?;
    }
    fs::create_dir_all(directory.join(&version))?;
    let new_link = directory.join("..data_tmp");
    symlink(&version, &new_link)?;
    fs::rename(&new_link, directory.join("..data"))?;
    link_names(directory, files)?;
    if let Some(before) = number.checked_sub(1) {
        fs::remove_dir_all(directory.join(format!("..{before}")))?;
    }
    Ok(())
}

/// Makes the visible names links through `..data`, and removes those of files that are gone.
fn link_names(directory: &Path, files: &Files) -> io::Result<()> {
    let mut names: Vec<&str> = files.keys().filter_map(|path| path.split('/').next()).collect();
    names.dedup();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("..") && !names.contains(&name.as_ref()) {
            fs::remove_file(directory.join(name.as_ref()))?;
        }
    }
    for name in names {
        let link = directory.join(name);
        if fs::symlink_metadata(&link).is_err() {
            symlink(Path::new("..data").join(name), link)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_files_replace_the_old_ones_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let volume = directory.path().join("config");
        let read = |name: &str| fs::read_to_string(volume.join(name));
        let first =
            Files::from([("mesh".to_owned(), b"one".to_vec()), ("deep/er".to_owned(), b"deep".to_vec())]);
        write_files(&volume, 0, &first).unwrap();
        assert_eq!(read("mesh").unwrap(), "one");
        assert_eq!(read("deep/er").unwrap(), "deep");
        let second = Files::from([("mesh".to_owned(), b"two".to_vec())]);
        write_files(&volume, 1, &second).unwrap();
        assert_eq!(read("mesh").unwrap(), "two");
        assert!(read("deep/er").is_err());
        assert_eq!(fs::read_link(volume.join("..data")).unwrap(), Path::new("..1"));
        assert!(!volume.join("..0").exists());
    }
}
