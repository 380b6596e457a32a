//! `Chart.yaml`.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::Error;
use crate::golang::number::format_g32;
use crate::golang::quote::{is_print, quote};
use crate::value::{Entries, Map, STRING_STRING_MAP, Value};
use crate::version::Version;
use crate::yaml;

/// What `Chart.yaml` says about a chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The chart's name.
    pub name: String,
    /// The chart's version.
    pub version: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// `application`, `library` or nothing.
    pub kind: String,
    /// The Kubernetes versions that the chart is for, as a constraint; nothing for all.
    pub kube_version: String,
    /// One sentence.
    pub description: String,
    /// The project's page.
    pub home: String,
    /// An image.
    pub icon: String,
    /// Where the chart's source is.
    pub sources: Vec<String>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Who keeps it.
    pub maintainers: Vec<Maintainer>,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// Whatever else.
    pub annotations: BTreeMap<String, String>,
    /// The subcharts.
    pub dependencies: Vec<Dependency>,
    pub(crate) condition: String,
    pub(crate) tags: String,
}

/// Someone who keeps a chart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// The page.
    pub url: String,
}

/// A subchart as `Chart.yaml` names it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dependency {
    /// The subchart's name.
    pub name: String,
    /// Which versions will do, as a constraint.
    pub version: String,
    /// Where it comes from.
    pub repository: String,
    /// Paths into the values; the first that is a boolean switches the subchart on or off.
    pub condition: String,
    /// Names under `tags` in the values that switch the subchart on or off.
    pub tags: Vec<String>,
    /// The name that the subchart gets here.
    pub alias: String,
    pub(crate) import_values: Vec<Json>,
    pub(crate) enabled: bool,
}

impl Metadata {
    /// Reads what a file says on top of what is known already.
    pub(super) fn read(&mut self, name: &str, data: &[u8]) -> Result<(), Error> {
        let fail = |message: String| Error::Yaml { name: name.to_owned(), message };
        let parsed = yaml::parse(&String::from_utf8_lossy(data))
            .map_err(|error| fail(format!("error converting YAML to JSON: {error}")))?;
        let entries = match parsed {
            Json::Null => return Ok(()),
            Json::Object(entries) => entries,
            other => return Err(fail(yaml::mismatch(&other, "Go value of type v2.Metadata"))),
        };
        self.fields(&entries).map_err(fail)
    }

    fn fields(&mut self, entries: &serde_json::Map<String, Json>) -> Result<(), String> {
        for (key, value) in entries {
            match key.as_str() {
                "name" => self.name = string(key, value)?,
                "version" => self.version = string(key, value)?,
                "appVersion" => self.app_version = string(key, value)?,
                "apiVersion" => self.api_version = string(key, value)?,
                "type" => self.kind = string(key, value)?,
                "kubeVersion" => self.kube_version = string(key, value)?,
                "description" => self.description = string(key, value)?,
                "home" => self.home = string(key, value)?,
                "icon" => self.icon = string(key, value)?,
                "condition" => self.condition = string(key, value)?,
                "tags" => self.tags = string(key, value)?,
                "sources" => self.sources = list(key, value, string)?,
                "keywords" => self.keywords = list(key, value, string)?,
                "maintainers" => self.maintainers = list(key, value, Maintainer::read)?,
                "dependencies" => self.dependencies = list(key, value, Dependency::read)?,
                "deprecated" => self.deprecated = boolean(key, value)?,
                "annotations" => {
                    let pairs = object(key, value)?
                        .into_iter()
                        .map(|(name, text)| Ok((name.clone(), string(key, text)?)));
                    self.annotations = pairs.collect::<Result<_, String>>()?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Helm's checks, which also remove characters that cannot be printed.
    pub(super) fn validate(&mut self) -> Result<(), Error> {
        let fail = |message: String| Err(Error::Metadata(message));
        for text in
            [&mut self.name, &mut self.description, &mut self.home, &mut self.icon, &mut self.app_version]
        {
            *text = sanitized(text);
        }
        self.kube_version = sanitized(&self.kube_version);
        if self.name.is_empty() {
            return fail("chart.metadata.name is required".to_owned());
        }
        if matches!(self.name.as_str(), "." | "..") || self.name.contains('/') {
            return fail(format!("chart.metadata.name {} is invalid", quote(self.name.as_bytes())));
        }
        if self.version.is_empty() {
            return fail("chart.metadata.version is required".to_owned());
        }
        if Version::parse(&self.version).is_err() {
            return fail(format!("chart.metadata.version {} is invalid", quote(self.version.as_bytes())));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return fail("chart.metadata.type must be application or library".to_owned());
        }
        let mut names = std::collections::BTreeSet::new();
        for dependency in &self.dependencies {
            let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if !dependency.alias.chars().all(is_legal) {
                let alias = quote(dependency.alias.as_bytes());
                return fail(format!(
                    "dependency {} has disallowed characters in the alias {alias}",
                    dependency.name
                ));
            }
            let name = if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias };
            if !names.insert(name) {
                return fail(format!(
                    "more than one dependency with name or alias {}",
                    quote(name.as_bytes())
                ));
            }
        }
        Ok(())
    }

    /// What templates see as `.Chart`.
    pub(crate) fn to_value(&self, is_root: bool) -> Entries {
        let text = |text: &str| Value::from(text);
        let texts =
            |items: &[String]| Value::list(items.iter().map(|item| Value::from(item.as_str())).collect());
        let annotations =
            self.annotations.iter().map(|(key, value)| (Rc::from(key.as_str()), Value::from(value.as_str())));
        let annotations = if self.annotations.is_empty() {
            Map::nil(STRING_STRING_MAP)
        } else {
            Map::typed(STRING_STRING_MAP, annotations.collect())
        };
        let pairs = [
            ("Name", text(&self.name)),
            ("Home", text(&self.home)),
            ("Sources", texts(&self.sources)),
            ("Version", text(&self.version)),
            ("Description", text(&self.description)),
            ("Keywords", texts(&self.keywords)),
            ("Maintainers", Value::list(self.maintainers.iter().map(Maintainer::to_value).collect())),
            ("Icon", text(&self.icon)),
            ("APIVersion", text(&self.api_version)),
            ("Condition", text(&self.condition)),
            ("Tags", text(&self.tags)),
            ("AppVersion", text(&self.app_version)),
            ("Deprecated", Value::Bool(self.deprecated)),
            ("Annotations", Value::Map(annotations)),
            ("KubeVersion", text(&self.kube_version)),
            ("Dependencies", Value::list(self.dependencies.iter().map(Dependency::to_value).collect())),
            ("Type", text(&self.kind)),
            ("IsRoot", Value::Bool(is_root)),
        ];
        pairs.into_iter().map(|(key, value)| (Rc::from(key), value)).collect()
    }
}

impl Maintainer {
    fn read(key: &str, value: &Json) -> Result<Self, String> {
        let mut maintainer = Self::default();
        for (name, value) in object(key, value)? {
            match name.as_str() {
                "name" => maintainer.name = string(name, value)?,
                "email" => maintainer.email = string(name, value)?,
                "url" => maintainer.url = string(name, value)?,
                _ => {}
            }
        }
        Ok(maintainer)
    }

    fn to_value(&self) -> Value {
        let pairs = [("Name", &self.name), ("Email", &self.email), ("URL", &self.url)];
        Value::map(pairs.into_iter().map(|(key, text)| (Rc::from(key), Value::from(text.as_str()))).collect())
    }
}

impl Dependency {
    fn read(key: &str, value: &Json) -> Result<Self, String> {
        let mut dependency = Self::default();
        for (name, value) in object(key, value)? {
            match name.as_str() {
                "name" => dependency.name = string(name, value)?,
                "version" => dependency.version = string(name, value)?,
                "repository" => dependency.repository = string(name, value)?,
                "condition" => dependency.condition = string(name, value)?,
                "alias" => dependency.alias = string(name, value)?,
                "tags" => dependency.tags = list(name, value, string)?,
                "import-values" => dependency.import_values = list(name, value, |_, item| Ok(item.clone()))?,
                "enabled" => dependency.enabled = boolean(name, value)?,
                _ => {}
            }
        }
        Ok(dependency)
    }

    fn to_value(&self) -> Value {
        let tags = self.tags.iter().map(|tag| Value::from(tag.as_str())).collect();
        let pairs = [
            ("Name", Value::from(self.name.as_str())),
            ("Version", Value::from(self.version.as_str())),
            ("Repository", Value::from(self.repository.as_str())),
            ("Condition", Value::from(self.condition.as_str())),
            ("Tags", Value::list(tags)),
            ("Enabled", Value::Bool(self.enabled)),
            ("ImportValues", Value::list(self.import_values.iter().map(Value::from_json).collect())),
            ("Alias", Value::from(self.alias.as_str())),
        ];
        Value::map(pairs.into_iter().map(|(key, value)| (Rc::from(key), value)).collect())
    }
}

fn wrong(key: &str, value: &Json, wanted: &str) -> String {
    yaml::mismatch(value, &format!("Go struct field Metadata.{key} of type {wanted}"))
}

/// Numbers and booleans are taken as their text, as YAML for Kubernetes does.
fn string(key: &str, value: &Json) -> Result<String, String> {
    match value {
        Json::Null => Ok(String::new()),
        Json::String(text) => Ok(text.clone()),
        Json::Bool(truth) => Ok(truth.to_string()),
        Json::Number(number) if number.is_f64() => Ok(format_g32(number.as_f64().unwrap_or_default())),
        Json::Number(number) => Ok(number.to_string()),
        other => Err(wrong(key, other, "string")),
    }
}

fn boolean(key: &str, value: &Json) -> Result<bool, String> {
    match value {
        Json::Null => Ok(false),
        Json::Bool(truth) => Ok(*truth),
        other => Err(wrong(key, other, "bool")),
    }
}

fn list<T>(
    key: &str,
    value: &Json,
    read: impl Fn(&str, &Json) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    match value {
        Json::Null => Ok(Vec::new()),
        Json::Array(items) => items.iter().map(|item| read(key, item)).collect(),
        other => Err(wrong(key, other, "[]string")),
    }
}

fn object<'a>(key: &str, value: &'a Json) -> Result<Vec<(&'a String, &'a Json)>, String> {
    match value {
        Json::Null => Ok(Vec::new()),
        Json::Object(entries) => Ok(entries.iter().collect()),
        other => Err(wrong(key, other, "map[string]string")),
    }
}

fn sanitized(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| is_print(*c)).collect()
}
