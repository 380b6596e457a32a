//! Chart archives on disk, by digest. Several processes may share the folder: a file appears whole or not at all,
//! and is believed only if its bytes have the digest that its name says.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::digest;

/// The folder, or none: everything works without it, only slower.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    directory: Option<PathBuf>,
}

impl Cache {
    /// A cache in the first of `directories` that can be written to.
    pub fn in_first_of(directories: impl IntoIterator<Item = PathBuf>) -> Self {
        let usable = |directory: &PathBuf| {
            let usable = fs::create_dir_all(directory).and_then(|()| NamedTempFile::new_in(directory));
            if let Err(error) = &usable {
                tracing::debug!(directory = %directory.display(), %error, "cannot cache charts here");
            }
            usable.is_ok()
        };
        let directory = directories.into_iter().find(usable);
        if directory.is_none() {
            tracing::warn!("there is no writable cache directory, so charts are downloaded every time");
        }
        Self { directory }
    }

    /// The archive with this digest.
    pub fn get(&self, digest: &str) -> Option<Vec<u8>> {
        let bytes = fs::read(self.path(digest)?).ok()?;
        // A file that somebody else has written, or half of one after the machine went down.
        (digest::of_archive(&bytes) == digest).then_some(bytes)
    }

    /// Keeps an archive.
    pub fn put(&self, digest: &str, bytes: &[u8]) {
        let (Some(directory), Some(path)) = (&self.directory, self.path(digest)) else { return };
        if let Err(error) = write(&path, directory, bytes) {
            tracing::warn!(path = %path.display(), %error, "cannot cache a chart");
        }
    }

    fn path(&self, digest: &str) -> Option<PathBuf> {
        let digest = digest::in_index(digest)?;
        Some(self.directory.as_ref()?.join(format!("{}.tgz", digest.replace(':', "-"))))
    }
}

/// Where the provider's caches are among a user's by the system's convention.
///
/// `variable` looks up an environment variable.
pub fn user_cache_directory(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let directory = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = if cfg!(windows) {
        directory("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        directory("HOME").map(|home| home.join("Library/Caches"))
    } else {
        // XDG: a relative path is to be ignored.
        let xdg = directory("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        xdg.or_else(|| directory("HOME").map(|home| home.join(".cache")))
    };
    user.map(|caches| caches.join("terraform-provider-istio"))
}

fn write(path: &Path, directory: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_back_and_nothing_else_stays() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::in_first_of([directory.path().join("a/b")]);
        let digest = digest::of_archive(b"chart");
        assert_eq!(cache.get(&digest), None);
        cache.put(&digest, b"chart");
        assert_eq!(cache.get(&digest).as_deref(), Some(b"chart".as_slice()));
        let files = fs::read_dir(directory.path().join("a/b")).unwrap();
        let names: Vec<_> = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names, [format!("{}.tgz", digest.replace(':', "-"))]);
    }

    #[test]
    fn a_damaged_file_is_not_believed_and_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::in_first_of([directory.path().to_owned()]);
        let digest = digest::of_archive(b"chart");
        fs::write(cache.path(&digest).unwrap(), b"char").unwrap();
        assert_eq!(cache.get(&digest), None);
        cache.put(&digest, b"chart");
        assert!(cache.get(&digest).is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let second = directory.path().join("second");
        assert_eq!(Cache::in_first_of([file.join("below"), second.clone()]).directory, Some(second));
        let none = Cache::in_first_of([file.join("below")]);
        none.put(&digest::of_archive(b""), b"");
        assert_eq!(none.get(&digest::of_archive(b"")), None);
    }

    #[test]
    fn many_writers_of_one_chart_do_not_disturb_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::in_first_of([directory.path().to_owned()]);
        let chart = vec![7; 1 << 20];
        let digest = digest::of_archive(&chart);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    cache.put(&digest, &chart);
                    assert_eq!(cache.get(&digest).as_deref(), Some(chart.as_slice()));
                });
            }
        });
    }

    #[test]
    fn the_users_cache_follows_the_systems_convention() {
        let with = |name: &'static str, value: &'static str| {
            user_cache_directory(move |asked| (asked == name).then(|| value.to_owned()))
        };
        if cfg!(target_os = "linux") {
            let expected = Path::new("/c/terraform-provider-istio");
            assert_eq!(with("XDG_CACHE_HOME", "/c").as_deref(), Some(expected));
            let home = Path::new("/h/.cache/terraform-provider-istio");
            assert_eq!(with("HOME", "/h").as_deref(), Some(home));
            assert_eq!(with("XDG_CACHE_HOME", "relative"), None);
        }
    }
}
