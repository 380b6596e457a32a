//! `index.yaml` of a chart repository.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::digest;
use super::error::Error;
use super::http::shown;
use super::version;
use crate::mesh::ChartVersion;

/// The charts of a repository.
#[derive(Clone, Debug)]
pub(super) struct Index {
    entries: BTreeMap<String, Vec<Entry>>,
}

/// One version of one chart.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Entry {
    pub version: String,
    #[serde(default)]
    urls: Vec<String>,
    #[serde(default)]
    digest: String,
}

impl Index {
    /// Parses the file that came from `url`. Entries that are no chart versions are left out, as Helm does.
    pub fn parse(text: &str, url: &Url) -> Result<Self, Error> {
        let not_index = |problem: String| Error::Index { url: shown(url), problem };
        let mut document = helm_template::yaml::parse(text).map_err(|error| not_index(error.to_string()))?;
        let Some(Value::Object(entries)) = document.get_mut("entries").map(Value::take) else {
            return Err(not_index("it has no entries".to_owned()));
        };
        let versions = |list: Value| match list {
            Value::Array(list) => {
                list.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect()
            }
            _ => Vec::new(),
        };
        Ok(Self { entries: entries.into_iter().map(|(name, list)| (name, versions(list))).collect() })
    }

    /// The version of `chart` that is meant.
    pub fn choose(&self, chart: &str, wanted: &ChartVersion, repository: &Url) -> Result<&Entry, Error> {
        let place = || shown(repository);
        let versions = self.entries.get(chart).ok_or_else(|| Error::NoChart {
            chart: chart.to_owned(),
            place: place(),
            known: self.entries.keys().cloned().collect(),
        })?;
        version::choose(wanted, versions, |entry| &entry.version).ok_or_else(|| Error::NoVersion {
            chart: chart.to_owned(),
            version: wanted.to_string(),
            place: place(),
            known: versions.iter().map(|entry| entry.version.clone()).collect(),
        })
    }
}

impl Entry {
    /// Where its archive is. A relative URL is one below the repository.
    pub fn url(&self, repository: &Url) -> Result<Url, Error> {
        let problem = |problem: &str| Error::Index {
            url: shown(repository),
            problem: format!("version {} {problem}", self.version),
        };
        let first = self.urls.first().ok_or_else(|| problem("has no URL"))?;
        let url = repository.join(first).map_err(|_| problem("has a URL that cannot be parsed"))?;
        match url.scheme() {
            "http" | "https" => Ok(url),
            _ => Err(problem("has a URL that is neither https nor http")),
        }
    }

    /// The digest of its archive, if the index has one.
    pub fn digest(&self) -> Option<String> {
        digest::in_index(&self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> Url {
        "https://charts.example/istio/".parse().unwrap()
    }

    fn index(text: &str) -> Result<Index, Error> {
        Index::parse(text, &repository())
    }

    fn choose<'a>(index: &'a Index, version: &str) -> Result<&'a Entry, Error> {
        index.choose("istiod", &version.parse().unwrap(), &repository())
    }

    const INDEX: &str = "apiVersion: v1\nentries:\n  base: []\n  istiod:\n  - version: 1.31.0\n    urls: [istiod-1.31.0.tgz]\n  - nonsense\n  - version: 1.31.1\n    urls: [https://elsewhere.example/istiod.tgz]\n    digest: abc\n";

    #[test]
    fn relative_and_absolute_urls_are_resolved() {
        let index = index(INDEX).unwrap();
        let url = |version| choose(&index, version).unwrap().url(&repository()).unwrap().to_string();
        assert_eq!(url("1.31.0"), "https://charts.example/istio/istiod-1.31.0.tgz");
        assert_eq!(url("1.31.1"), "https://elsewhere.example/istiod.tgz");
    }

    #[test]
    fn an_unknown_version_or_chart_lists_what_there_is() {
        let index = index(INDEX).unwrap();
        let error = choose(&index, "2.0.0").unwrap_err();
        assert_eq!(error.to_string(), "https://charts.example/istio/ has no version 2.0.0 of chart istiod");
        assert_eq!(error.way_out(), "It has 1.31.0, 1.31.1.");
        let error = index.choose("ztunnel", &"1.0.0".parse().unwrap(), &repository()).unwrap_err();
        assert_eq!(error.to_string(), "https://charts.example/istio/ has no chart ztunnel");
        assert_eq!(error.way_out(), "It has base, istiod.");
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for text in ["<html>", "entries: [", "entries: 3", ""] {
            assert!(matches!(index(text).unwrap_err(), Error::Index { .. }), "{text:?}");
        }
    }

    #[test]
    fn an_archive_that_is_not_on_the_web_is_refused() {
        let index =
            index("entries: {istiod: [{version: 1.0.0, urls: ['file:///etc/passwd']}, {version: 2.0.0}]}")
                .unwrap();
        for version in ["1.0.0", "2.0.0"] {
            let error = choose(&index, version).unwrap().url(&repository()).unwrap_err();
            assert!(matches!(error, Error::Index { .. }), "{error:?}");
        }
    }
}
