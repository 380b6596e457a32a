//! Where parts are kept, and how one gets there whole.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;

const CACHE_NAME: &str = "terraform-provider-istio";

/// The lab's cache: `$ISTIO_LAB_CACHE`, else `terraform-provider-istio` in `$XDG_CACHE_HOME`, else in `~/.cache`.
pub fn root() -> Result<PathBuf, Error> {
    root_from(|name| env::var_os(name).filter(|value| !value.is_empty()))
}

fn root_from(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, Error> {
    if let Some(cache) = variable("ISTIO_LAB_CACHE") {
        return Ok(PathBuf::from(cache));
    }
    let caches = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")))
        .ok_or(Error::NoCachePlace)?;
    Ok(caches.join(CACHE_NAME))
}

/// Calls `make` with an empty folder and moves that to `directory` when it succeeds. A folder that is there is
/// whole, so nothing is made then; of two processes that want the same one, the second waits for the first.
///
/// Returns whether `make` was called.
pub(super) fn make_once(
    directory: &Path,
    make: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<bool, Error> {
    if directory.is_dir() {
        return Ok(false);
    }
    let lock_path = beside(directory, ".lock");
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent).map_err(failed("create", parent))?;
    }
    let lock = File::create(&lock_path).map_err(failed("create", &lock_path))?;
    lock.lock().map_err(failed("lock", &lock_path))?;
    if directory.is_dir() {
        return Ok(false);
    }
    let unfinished = beside(directory, ".unfinished");
    // Only a process that was killed leaves one behind, and the lock says that it is gone.
    remove(&unfinished)?;
    fs::create_dir(&unfinished).map_err(failed("create", &unfinished))?;
    if let Err(error) = make(&unfinished) {
        remove(&unfinished)?;
        return Err(error);
    }
    fs::rename(&unfinished, directory).map_err(failed("move", &unfinished))?;
    Ok(true)
}

/// Removes a folder with all that is in it; one that is not there is fine.
pub(super) fn remove(directory: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Cache { act: "remove", path: directory.into(), source })
        }
        _ => Ok(()),
    }
}

pub(super) fn failed(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Cache { act, path: path.into(), source }
}

/// A hidden sibling of `directory`.
fn beside(directory: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(directory.file_name().unwrap_or_default());
    name.push(suffix);
    directory.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_cache_is_where_the_environment_says() {
        let given = |pairs: &'static [(&str, &str)]| {
            root_from(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        let all = given(&[("ISTIO_LAB_CACHE", "/lab"), ("XDG_CACHE_HOME", "/xdg"), ("HOME", "/home")]);
        assert_eq!(all.unwrap(), Path::new("/lab"));
        let xdg = given(&[("XDG_CACHE_HOME", "/xdg"), ("HOME", "/home")]);
        assert_eq!(xdg.unwrap(), Path::new("/xdg/terraform-provider-istio"));
        let home = given(&[("HOME", "/home")]);
        assert_eq!(home.unwrap(), Path::new("/home/.cache/terraform-provider-istio"));
        assert!(matches!(given(&[]), Err(Error::NoCachePlace)));
    }

    #[test]
    fn two_at_once_make_a_part_once_and_both_see_it_whole() {
        let cache = tempfile::tempdir().unwrap();
        let directory = cache.path().join("deep").join("part-1");
        let calls = AtomicUsize::new(0);
        let make = || {
            make_once(&directory, |unfinished| {
                calls.fetch_add(1, Ordering::SeqCst);
                fs::write(unfinished.join("first"), "").unwrap();
                thread::sleep(Duration::from_millis(50));
                fs::write(unfinished.join("second"), "").unwrap();
                Ok(())
            })
            .unwrap();
            assert!(directory.join("second").is_file());
        };
        thread::scope(|scope| {
            scope.spawn(make);
            scope.spawn(make);
        });
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_part_that_failed_or_was_killed_halfway_is_not_there() {
        let cache = tempfile::tempdir().unwrap();
        let directory = cache.path().join("part-1");
        make_once(&directory, |unfinished| {
            fs::write(unfinished.join("half"), "").unwrap();
            Err(Error::NoCachePlace)
        })
        .unwrap_err();
        assert!(!directory.exists());
        fs::create_dir(cache.path().join(".part-1.unfinished")).unwrap();
        fs::write(cache.path().join(".part-1.unfinished/half"), "").unwrap();
        assert!(make_once(&directory, |_| Ok(())).unwrap());
        assert!(!directory.join("half").exists());
    }
}
