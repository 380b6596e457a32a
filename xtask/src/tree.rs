//! Folders of text: listing, copying, comparing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, file_error};

/// The content of every file below `folder` by its path in there. A folder that does not exist has none.
pub fn read(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
    let mut files = BTreeMap::new();
    if folder.is_dir() {
        collect(folder, Path::new(""), &mut files)?;
    }
    Ok(files)
}

fn collect(folder: &Path, inside: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(file_error("read", folder))? {
        let entry = entry.map_err(file_error("read", folder))?;
        let (path, name) = (entry.path(), inside.join(entry.file_name()));
        if path.is_dir() {
            collect(&path, &name, files)?;
        } else {
            files.insert(name, fs::read(&path).map_err(file_error("read", &path))?);
        }
    }
    Ok(())
}

/// Makes `folder` hold exactly `files`.
pub fn write(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<(), Error> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(file_error("remove", folder))?;
    }
    for (name, content) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(file_error("create", parent))?;
        fs::write(&path, content).map_err(file_error("write", &path))?;
    }
    Ok(())
}

/// The files that only one side has, or that differ.
pub fn differing(left: &BTreeMap<PathBuf, Vec<u8>>, right: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
    names
        .into_iter()
        .filter(|name| left.get(*name) != right.get(*name))
        .map(|name| name.display().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_was_written_reads_the_same_and_a_change_is_named() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("docs");
        let files = BTreeMap::from([("index.md".into(), b"one".to_vec()), ("guides/a.md".into(), vec![])]);
        write(&folder, &BTreeMap::from([("stale.md".into(), vec![])])).unwrap();
        write(&folder, &files).unwrap();
        let read_back = read(&folder).unwrap();
        assert_eq!(read_back, files);
        fs::write(folder.join("index.md"), "two").unwrap();
        fs::remove_file(folder.join("guides/a.md")).unwrap();
        assert_eq!(differing(&files, &read(&folder).unwrap()), ["guides/a.md", "index.md"]);
    }
}
