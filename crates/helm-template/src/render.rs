//! Rendering: a chart, values, a release and capabilities in, manifests out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Map as JsonMap;

use crate::capabilities::{CapabilitiesObject, InvalidKubeVersion, KubeVersion, release_entries};
use crate::chart::{self, Chart, Files, dependencies};
use crate::funcs;
use crate::funcs::engine::without_no_value;
use crate::golang::quote::quote;
use crate::manifest::{self, Hook, Manifest};
use crate::release::Helm;
use crate::template::exec::{Engine, Evaluated, execute};
use crate::template::{Templates, parse};
use crate::value::{Entries, Map, Value};
use crate::yaml;
use crate::{Capabilities, Options, Release, Values};

/// What `helm template` would print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The contents of `crds/`, if they were asked for.
    pub crds: Vec<Manifest>,
    /// The documents in the order in which Helm installs them.
    pub manifests: Vec<Manifest>,
    /// The hooks, in the same order.
    pub hooks: Vec<Hook>,
    /// What `NOTES.txt` of the chart says.
    pub notes: Option<String>,
}

impl Rendered {
    /// The text that `helm template` prints.
    pub fn to_text(&self) -> String {
        let mut body = String::new();
        for manifest in self.crds.iter().chain(&self.manifests) {
            push(&mut body, manifest);
        }
        let mut text = String::with_capacity(body.len() + 1);
        text.push_str(body.trim());
        text.push('\n');
        for hook in &self.hooks {
            push(&mut text, &hook.manifest);
        }
        text
    }
}

fn push(text: &mut String, manifest: &Manifest) {
    for part in ["---\n# Source: ", &manifest.source, "\n", &manifest.text, "\n"] {
        text.push_str(part);
    }
}

/// Why a chart was not rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The release's name is not one that Helm takes.
    #[error(
        "{prefix}release name {}: invalid release name, must match regex {NAME_PATTERN} and the length must not be longer than {MAX_NAME}",
        quote(name.as_bytes())
    )]
    ReleaseName {
        /// The name.
        name: String,
        /// What Helm 4 says first.
        prefix: &'static str,
    },
    /// The Kubernetes version is not one.
    #[error(transparent)]
    KubeVersion(#[from] InvalidKubeVersion),
    /// The chart is a library.
    #[error("library charts are not installable")]
    Library,
    /// `Chart.yaml` names subcharts that are not there.
    #[error(
        "an error occurred while checking for chart dependencies: found in Chart.yaml, but missing in charts/ directory: {0}"
    )]
    MissingDependencies(String),
    /// The values put something that is not a map where a subchart's values belong.
    #[error("{0}")]
    Values(String),
    /// The values are not what `values.schema.json` wants.
    #[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
    Schema(String),
    /// The chart is not for this version of Kubernetes.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {actual}")]
    Incompatible {
        /// The chart's constraint.
        wanted: String,
        /// The version given.
        actual: String,
    },
    /// A template does not parse.
    #[error("parse error at ({location}): {message}")]
    Parse {
        /// Template and line.
        location: String,
        /// What is wrong.
        message: String,
    },
    /// A template failed; the text is Helm's and names template, line and column.
    #[error("{0}")]
    Execution(String),
    /// A template wrote what is not UTF-8.
    #[error("YAML parse error on {file}: error converting YAML to JSON: yaml: {problem}")]
    NotUtf8 {
        /// The template.
        file: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A template wrote what is not YAML.
    #[error(transparent)]
    Manifest(#[from] manifest::ParseError),
    /// The thread that renders could not be started.
    #[error("cannot start rendering")]
    Thread(#[source] std::io::Error),
    /// Rendering stopped in a way that it never should.
    #[error("rendering stopped unexpectedly")]
    Stopped,
}

/// Templates may be nested deeply; this much stack holds as deep as they are allowed to be.
const STACK_SIZE: usize = 256 * 1024 * 1024;

/// Renders a chart, as `helm template` does.
///
/// Nothing but the arguments has an influence on the result: no clock, no environment, no network, no chance.
pub fn render(
    chart: &Chart,
    values: &Values,
    release: &Release,
    capabilities: &Capabilities,
    options: &Options<'_>,
) -> Result<Rendered, Error> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("helm-template".to_owned())
            .stack_size(STACK_SIZE)
            .spawn_scoped(scope, || render_here(chart, values, release, capabilities, options))
            .map_err(Error::Thread)?
            .join()
            .map_err(|_| Error::Stopped)?
    })
}

fn render_here(
    chart: &Chart,
    values: &Values,
    release: &Release,
    capabilities: &Capabilities,
    options: &Options<'_>,
) -> Result<Rendered, Error> {
    if chart.is_library() {
        return Err(Error::Library);
    }
    let missing = dependencies::missing(chart);
    if !missing.is_empty() {
        return Err(Error::MissingDependencies(missing.join(", ")));
    }
    let kube_version = capabilities.version()?;
    check_release_name(&release.name, options.helm)?;
    let helm3 = options.helm == Helm::V3;
    let mut chart = chart.clone();
    chart::process_dependencies(&mut chart, &values.entries, helm3).map_err(|error| {
        let prefix = if helm3 { "" } else { "chart dependencies processing failed: " };
        Error::Values(format!("{prefix}{error}"))
    })?;
    let mode = chart::Mode { merge: false, helm3 };
    let values =
        chart::coalesce(&chart, &values.entries, mode).map_err(|error| Error::Values(error.to_string()))?;
    if !options.skip_schema_validation {
        chart::validate(&chart, &values).map_err(Error::Schema)?;
    }
    check_kube_version(&chart, &kube_version)?;
    let mut files = execute_all(&chart, &values, release, capabilities, kube_version, options)?;
    let notes = take_notes(&chart, &mut files);
    let (mut hooks, manifests) = manifest::collect(&files, options.helm)?;
    if options.no_hooks {
        hooks.clear();
    }
    if options.skip_tests {
        hooks.retain(|hook| !hook.events.iter().any(|event| event == "test"));
    }
    let mut crds = Vec::new();
    if options.include_crds {
        collect_crds(&chart, chart.name(), &mut crds);
    }
    Ok(Rendered { crds, manifests, hooks, notes })
}

/// Helm's rule for names of releases.
const NAME_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// The length of the longest one.
const MAX_NAME: usize = 53;

fn check_release_name(name: &str, helm: Helm) -> Result<(), Error> {
    let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let labels_are_good = name.split('.').all(|label| {
        label.starts_with(is_edge)
            && label.ends_with(is_edge)
            && label.chars().all(|c| is_edge(c) || c == '-')
    });
    if labels_are_good && name.len() <= MAX_NAME {
        return Ok(());
    }
    let prefix = if helm == Helm::V4 { "release name check failed: " } else { "" };
    Err(Error::ReleaseName { name: name.to_owned(), prefix })
}

fn check_kube_version(chart: &Chart, actual: &KubeVersion) -> Result<(), Error> {
    let wanted = &chart.metadata.kube_version;
    if wanted.is_empty() || dependencies::is_compatible(wanted, &actual.normalized) {
        return Ok(());
    }
    Err(Error::Incompatible { wanted: wanted.clone(), actual: actual.git_version.clone() })
}

/// A template of a chart with what it sees.
struct Renderable<'c> {
    text: Cow<'c, str>,
    root: Map,
    base_path: String,
}

fn execute_all(
    chart: &Chart,
    values: &JsonMap<String, serde_json::Value>,
    release: &Release,
    capabilities: &Capabilities,
    kube_version: KubeVersion,
    options: &Options<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let helm3 = options.helm == Helm::V3;
    let mut scope = Scope {
        release: Value::map(release_entries(release)),
        capabilities: Value::Object(Rc::new(CapabilitiesObject {
            kube_version,
            api_versions: Rc::new(capabilities.api_versions.clone()),
            helm: options.helm,
        })),
        values_type: if helm3 { "chartutil.Values" } else { "common.Values" },
        renderables: BTreeMap::new(),
    };
    let top = Map::typed(scope.values_type, Value::entries_from_values(values));
    scope.add(chart, chart.name(), &top, true);

    let names = sorted(scope.renderables.keys());
    let mut templates = Templates::new();
    for name in &names {
        let text = &scope.renderables[name].text;
        templates.add(
            parse::parse(name, text, &|function| funcs::find(function, options.helm))
                .map_err(|error| parse_error(&error))?,
        );
    }
    let engine = Engine::new(options.helm, options.source, options.max_output);
    let mut files = BTreeMap::new();
    for name in names {
        if name.rsplit('/').next().is_some_and(|base| base.starts_with('_')) {
            continue;
        }
        let renderable = &scope.renderables[&name];
        let own = [("Name", name.as_str()), ("BasePath", &renderable.base_path)];
        let own: Entries = own.into_iter().map(|(key, text)| (Rc::from(key), Value::from(text))).collect();
        renderable.root.set("Template", Value::Map(Map::typed(scope.values_type, own)));
        let Some(tree) = templates.get(&name) else { continue };
        let data = Evaluated::concrete(Value::Map(renderable.root.clone()));
        let written = execute(&engine, &templates, tree, data)
            .map_err(|error| Error::Execution(error.helm_text(helm3)))?;
        let text = String::from_utf8(without_no_value(written)).map_err(|error| Error::NotUtf8 {
            file: name.clone(),
            problem: yaml::refusal(error.as_bytes()).unwrap_or("invalid UTF-8"),
        })?;
        files.insert(name, text);
    }
    Ok(files)
}

/// Helm keeps the file, the line and the last part of the message.
fn parse_error(error: &parse::ParseError) -> Error {
    let message = error.message.rsplit(": ").next().unwrap_or_default().to_owned();
    Error::Parse { location: format!("{}:{}", error.name, error.line), message }
}

struct Scope<'c> {
    release: Value,
    capabilities: Value,
    values_type: &'static str,
    renderables: BTreeMap<String, Renderable<'c>>,
}

impl<'c> Scope<'c> {
    /// Adds the templates of a chart and its subcharts, and returns what they see.
    fn add(&mut self, chart: &'c Chart, path: &str, values: &Map, is_root: bool) -> Map {
        let subcharts = Map::new(Entries::new());
        let entries = [
            ("Chart", Value::map(chart.metadata.to_value(is_root))),
            ("Files", Value::Object(Rc::new(Files::new(&chart.files)))),
            ("Release", self.release.clone()),
            ("Capabilities", self.capabilities.clone()),
            ("Values", Value::Map(values.clone())),
            ("Subcharts", Value::Map(subcharts.clone())),
        ];
        let root = Map::typed(
            self.values_type,
            entries.into_iter().map(|(key, value)| (Rc::from(key), value)).collect(),
        );
        for subchart in &chart.dependencies {
            let own = match values.get(subchart.name()) {
                Some(Value::Map(map)) => map.with_type(self.values_type),
                _ => Map::typed(self.values_type, Entries::new()),
            };
            let path = format!("{path}/charts/{}", subchart.name());
            let seen = self.add(subchart, &path, &own, false);
            subcharts.set(subchart.name(), Value::Map(seen));
        }
        for file in &chart.templates {
            let base = file.name.rsplit('/').next().unwrap_or(&file.name);
            if chart.is_library() && !base.starts_with('_') {
                continue;
            }
            let renderable = Renderable {
                text: String::from_utf8_lossy(&file.data),
                root: root.clone(),
                base_path: format!("{path}/templates"),
            };
            self.renderables.insert(format!("{path}/{}", file.name), renderable);
        }
        root
    }
}

/// Deepest paths first, and from the end of the alphabet: the order in which Helm parses and executes.
fn sorted<'n>(names: impl Iterator<Item = &'n String>) -> Vec<String> {
    let mut sorted: Vec<String> = names.cloned().collect();
    let depth = |name: &str| name.matches('/').count();
    sorted.sort_by(|a, b| depth(b).cmp(&depth(a)).then_with(|| b.cmp(a)));
    sorted
}

fn take_notes(chart: &Chart, files: &mut BTreeMap<String, String>) -> Option<String> {
    let own = files.remove(&format!("{}/templates/NOTES.txt", chart.name()));
    files.retain(|name, _| !name.ends_with("NOTES.txt"));
    own
}

fn collect_crds(chart: &Chart, path: &str, crds: &mut Vec<Manifest>) {
    for file in &chart.files {
        let lower = file.name.to_lowercase();
        let is_manifest = [".yaml", ".yml", ".json"].iter().any(|extension| lower.ends_with(extension));
        if file.name.starts_with("crds/") && is_manifest {
            crds.push(Manifest {
                source: format!("{path}/{}", file.name),
                kind: "CustomResourceDefinition".to_owned(),
                text: String::from_utf8_lossy(&file.data).into_owned(),
            });
        }
    }
    for subchart in &chart.dependencies {
        collect_crds(subchart, &format!("{path}/charts/{}", subchart.name()), crds);
    }
}
