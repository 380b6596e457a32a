//! A container's file system: the machine's /usr, a few files of its own, the image's programs and the volumes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

use super::below;

/// What a container sees.
#[derive(Debug, Clone)]
pub struct Root {
    /// Where it is put together.
    pub directory: PathBuf,
    /// Small files, by path.
    pub files: BTreeMap<String, String>,
    /// Files and directories of the machine (or the pod's volumes), and where the container sees them.
    pub mounts: Vec<(PathBuf, String)>,
}

/// Which step failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {act} {}", path.display())]
pub struct Error {
    act: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Directories of every image.
const DIRECTORIES: [&str; 8] = ["usr", "proc", "sys", "dev", "etc", "root", "run", "var"];
/// Those that everybody may write to: an image's own have their user's rights, which the lab does not know.
const WRITABLE: [&str; 5] = ["tmp", "var/lib", "var/log", "var/lib/istio", "etc/istio"];
/// What a machine with a merged /usr has as links.
const MERGED: [&str; 5] = ["bin", "sbin", "lib", "lib64", "lib32"];
/// What programs of /usr need of the machine's /etc.
const SHARED: [&str; 6] =
    ["etc/alternatives", "etc/ssl", "etc/pki", "etc/ca-certificates", "etc/ld.so.cache", "etc/protocols"];

impl Root {
    /// Puts the file system together. The mounts stay in the mount namespace of the calling thread.
    pub fn make(&self) -> Result<(), Error> {
        let root = &self.directory;
        for name in DIRECTORIES.into_iter().chain(WRITABLE) {
            let path = root.join(name);
            fs::create_dir_all(&path).map_err(failed("make", &path))?;
        }
        for name in WRITABLE {
            let path = root.join(name);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o1777)).map_err(failed("open", &path))?;
        }
        let link = root.join("var/run");
        match symlink("../run", &link) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed("link", &link)(error));
            }
            _ => {}
        }
        self.share_machine()?;
        for (path, content) in &self.files {
            let path = below(root, path);
            fs::write(&path, content).map_err(failed("write", &path))?;
        }
        let mut mounts: Vec<&(PathBuf, String)> = self.mounts.iter().collect();
        // What is mounted inside another mount comes after it.
        mounts.sort_by_key(|(_, target)| target.len());
        for (source, target) in mounts {
            bind(source, &below(root, target))?;
        }
        Ok(())
    }

    fn share_machine(&self) -> Result<(), Error> {
        let root = &self.directory;
        for name in ["usr", "proc", "sys", "dev"] {
            bind(&Path::new("/").join(name), &root.join(name))?;
        }
        // A volume that is mounted below /usr must not make its mount point on the machine.
        let usr = root.join("usr");
        let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(None::<&str>, &usr, None::<&str>, flags, None::<&str>)
            .map_err(|errno| failed("protect", &usr)(errno.into()))?;
        let programs = root.join("usr/local/bin");
        mount(Some("programs"), &programs, Some("tmpfs"), MsFlags::empty(), None::<&str>)
            .map_err(|errno| failed("mount", &programs)(errno.into()))?;
        for name in MERGED {
            let (machine, path) = (Path::new("/").join(name), root.join(name));
            match fs::read_link(&machine) {
                Ok(target) if fs::symlink_metadata(&path).is_err() => {
                    symlink(target, &path).map_err(failed("link", &path))?;
                }
                Err(_) if machine.is_dir() => bind(&machine, &path)?,
                _ => {}
            }
        }
        for name in SHARED {
            let machine = Path::new("/").join(name);
            if machine.exists() {
                bind(&machine, &root.join(name))?;
            }
        }
        Ok(())
    }
}

/// Binds a file or directory to a place, which is made if need be.
fn bind(source: &Path, target: &Path) -> Result<(), Error> {
    let source = fs::canonicalize(source).map_err(failed("find", source))?;
    if source.is_dir() {
        fs::create_dir_all(target).map_err(failed("make", target))?;
    } else if !target.exists() {
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(failed("make", parent))?;
        }
        fs::File::create(target).map_err(failed("make", target))?;
    }
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(&source), target, None::<&str>, flags, None::<&str>)
        .map_err(|errno| failed("mount", target)(errno.into()))
}

fn failed(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error { act, path: path.to_owned(), source }
}
