//! Reading a chart from its directory.

use std::fs;
use std::path::Path;

use super::ignore::Rules;
use super::{Error, File, MAX_CHART_SIZE, without_bom};

/// The files of a directory in the order of their names, without those that `.helmignore` names.
pub(super) fn read(directory: &Path) -> Result<Vec<File>, Error> {
    let ignore_file = directory.join(".helmignore");
    let rules = match fs::read(&ignore_file) {
        Ok(bytes) => Rules::parse(&String::from_utf8_lossy(&bytes)).map_err(Error::Ignore)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Rules::default(),
        Err(source) => return Err(Error::Read { path: ignore_file.display().to_string(), source }),
    };
    let mut walk = Walk { rules: rules.with_defaults(), files: Vec::new(), left: MAX_CHART_SIZE };
    walk.directory(directory, "", 0)?;
    Ok(walk.files)
}

/// Directories nested deeper than this are taken for a loop of links.
const MAX_DEPTH: usize = 64;

struct Walk {
    rules: Rules,
    files: Vec<File>,
    left: u64,
}

impl Walk {
    fn directory(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<(), Error> {
        let failed = |source| Error::Read { path: path.display().to_string(), source };
        if depth > MAX_DEPTH {
            return Err(Error::Irregular(path.display().to_string()));
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name());
        }
        names.sort();
        for name in names {
            let child = path.join(&name);
            let relative = format!("{prefix}{}", name.to_string_lossy());
            self.entry(&child, &relative, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, relative: &str, depth: usize) -> Result<(), Error> {
        let failed = |source| Error::Read { path: path.display().to_string(), source };
        // Links are followed, as Helm does: the directory is the user's own.
        let metadata = fs::metadata(path).map_err(failed)?;
        if self.rules.ignores(relative, metadata.is_dir()) {
            return Ok(());
        }
        if metadata.is_dir() {
            return self.directory(path, &format!("{relative}/"), depth + 1);
        }
        if !metadata.is_file() {
            return Err(Error::Irregular(path.display().to_string()));
        }
        self.left = self.left.checked_sub(metadata.len()).ok_or(Error::TooLarge(MAX_CHART_SIZE))?;
        let data = without_bom(fs::read(path).map_err(failed)?);
        self.files.push(File { name: relative.to_owned(), data });
        Ok(())
    }
}
