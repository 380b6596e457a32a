//! Charts on disk: folders with a `Chart.yaml`, and `.tgz` files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use helm_template::Chart;

use super::digest;
use super::error::Error;
use super::version;
use super::{Fetched, loaded};
use crate::mesh::ChartVersion;

/// How deep charts are looked for; in Istio's own source they are two folders deep.
const DEPTH: usize = 4;

/// The chart called `name` at `path`, which is a chart, a folder with charts, or an archive.
pub(super) fn fetch(path: &Path, name: &str, wanted: &ChartVersion) -> Result<Fetched, Error> {
    let place = path.display().to_string();
    if fs::metadata(path).map_err(read_error(path))?.is_file() {
        return archive(path, name);
    }
    let mut found = Vec::new();
    search(path, name, DEPTH, &mut found)?;
    let (mut candidates, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|candidate| candidate.name == name);
    if candidates.is_empty() {
        let mut known: Vec<_> = others.into_iter().map(|other| other.name).collect();
        known.sort();
        known.dedup();
        return Err(Error::NoChart { chart: name.to_owned(), place, known });
    }
    candidates.sort_by(|a, b| a.path.cmp(&b.path));
    let chosen = version::choose(wanted, &candidates, |candidate| &candidate.version).ok_or_else(|| {
        Error::NoVersion {
            chart: name.to_owned(),
            version: wanted.to_string(),
            place,
            known: candidates.iter().map(|candidate| candidate.version.clone()).collect(),
        }
    })?;
    let twin = candidates.iter().find(|other| other.version == chosen.version && other.path != chosen.path);
    if let Some(twin) = twin {
        return Err(Error::Twice {
            chart: name.to_owned(),
            version: chosen.version.clone(),
            one: chosen.path.clone(),
            other: twin.path.clone(),
        });
    }
    if chosen.is_folder { folder(&chosen.path) } else { archive(&chosen.path, name) }
}

/// A chart that was found, named by its `Chart.yaml`.
struct Candidate {
    path: PathBuf,
    is_folder: bool,
    name: String,
    version: String,
}

fn read_error(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    |source| Error::Read { path, source }
}

/// Collects the charts at and below `path`. A chart's own folder is not looked into: its subcharts are its own.
/// What is broken is an error only if it seems to be the chart called `name`.
fn search(path: &Path, name: &str, depth: usize, found: &mut Vec<Candidate>) -> Result<(), Error> {
    let is_folder = path.is_dir();
    if is_folder && !path.join("Chart.yaml").is_file() {
        for entry in fs::read_dir(path).map_err(read_error(path))? {
            let path = entry.map_err(read_error(path))?.path();
            let is_archive = path.extension().is_some_and(|extension| extension == "tgz");
            if is_archive || (path.is_dir() && depth > 0) {
                search(&path, name, depth.saturating_sub(1), found)?;
            }
        }
        return Ok(());
    }
    let named = if is_folder { name_and_version(path) } else { load(path).map(|chart| named(&chart)) };
    match named {
        Ok((name, version)) => found.push(Candidate { path: path.to_owned(), is_folder, name, version }),
        Err(error) if seems_to_be(path, name) => return Err(error),
        Err(error) => tracing::debug!(%error, "skipped while looking for charts"),
    }
    Ok(())
}

fn seems_to_be(path: &Path, name: &str) -> bool {
    path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name))
}

fn load(path: &Path) -> Result<Chart, Error> {
    let bytes = fs::read(path).map_err(read_error(path))?;
    Chart::from_archive(&bytes).map_err(load_error(path))
}

fn named(chart: &Chart) -> (String, String) {
    (chart.metadata().name.clone(), chart.metadata().version.clone())
}

fn load_error(path: &Path) -> impl FnOnce(helm_template::chart::Error) -> Error {
    let place = path.display().to_string();
    |source| Error::Load { place, source }
}

/// From a folder's `Chart.yaml`, without loading the rest of the chart unless something is wrong with it.
fn name_and_version(folder: &Path) -> Result<(String, String), Error> {
    let chart_yaml = folder.join("Chart.yaml");
    let text = fs::read_to_string(&chart_yaml).map_err(read_error(&chart_yaml))?;
    let document = helm_template::yaml::parse(&text).unwrap_or_default();
    let field = |name: &str| document.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    match (field("name"), field("version")) {
        (Some(name), Some(version)) => Ok((name, version)),
        _ => Chart::from_directory(folder).map(|chart| named(&chart)).map_err(load_error(folder)),
    }
}

fn archive(path: &Path, name: &str) -> Result<Fetched, Error> {
    let bytes = fs::read(path).map_err(read_error(path))?;
    let place = path.display().to_string();
    let fetched = loaded(&bytes, digest::of_archive(&bytes), &place)?;
    if fetched.chart.metadata().name != name {
        let known = vec![fetched.chart.metadata().name.clone()];
        return Err(Error::NoChart { chart: name.to_owned(), place, known });
    }
    Ok(fetched)
}

fn folder(path: &Path) -> Result<Fetched, Error> {
    let mut files = BTreeMap::new();
    read_files(path, "", DEPTH * 4, &mut files)?;
    let digest = digest::of_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let chart = Chart::from_directory(path).map_err(load_error(path))?;
    Ok(Fetched { version: chart.metadata().version.clone(), chart, digest })
}

/// Every file below `path` but a repository's own.
fn read_files(
    path: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), Error> {
    for entry in fs::read_dir(path).map_err(read_error(path))? {
        let entry = entry.map_err(read_error(path))?;
        let (path, name) = (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()));
        if path.is_dir() {
            if depth > 0 && entry.file_name() != ".git" {
                read_files(&path, &format!("{name}/"), depth - 1, files)?;
            }
        } else {
            files.insert(name, fs::read(&path).map_err(read_error(&path))?);
        }
    }
    Ok(())
}
