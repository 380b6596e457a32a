//! A folder of manifests: `.yaml`, `.yml` and `.json` files, also in folders below, in the order of their names.

use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The objects of all files. A file may hold several documents, and a document may be a list of objects.
pub fn read(directory: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut values = Vec::new();
    for file in files(directory)? {
        let in_file = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = std::fs::read_to_string(&file).map_err(|error| in_file(&error))?;
        for document in documents(&file, &text).map_err(|error| in_file(&*error))? {
            match document {
                Value::Array(objects) => values.extend(objects),
                object => values.push(object),
            }
        }
    }
    Ok(values)
}

fn documents(file: &Path, text: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    if file.extension().is_some_and(|extension| extension == "json") {
        return Ok(vec![serde_json::from_str(text)?]);
    }
    let mut options = serde_saphyr::Options::default();
    // Definitions of custom resources are longer than the limits for input from strangers.
    options.budget = None;
    Ok(serde_saphyr::from_str_multiple_with_options::<Value, Vec<Value>>(text, options)?)
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries =
        std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let is_manifest = path
            .extension()
            .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known));
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else if is_manifest {
            files.push(path);
        }
    }
    Ok(files)
}
