//! Istio's mesh configuration in the settings of a mesh, read as istiod reads it: whatever istiod would drop is refused at plan.

use std::collections::BTreeMap;

use serde_json::Value;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::mesh_charts::MeshCharts;
use super::model::MeshModel;
use super::place::MEMBER;
use crate::blocks::ChartModel;
use crate::desired::{ManifestSet, Sensitive, common, object};
use crate::diagnostics;
use crate::mesh::{ChartName, ClusterName, Member, Setting, SettingKind, Step, ValidatedMesh};
use crate::mesh_config::{self, Document, Finding, ValuePath};

/// Why a single wrong value is a matter for the whole mesh.
const CONSEQUENCE: &str = "For one value that it does not accept, istiod drops the whole document: it keeps the one of before, and after \
                           a restart it runs with its defaults, among them the trust domain cluster.local.";
/// The annotation by which a pod has a proxy configuration of its own.
const PROXY_CONFIG: &str = "proxy.istio.io/config";
/// Where the chart keeps its defaults, in releases that merge profiles over them.
const DEFAULTS: &str = "_internal_defaults_do_not_set";

/// Refuses what istiod would not accept; what it would silently ignore is among the warnings.
///
/// # Errors
/// Everything that it would not accept.
pub fn check(mesh: &ValidatedMesh) -> Result<Diagnostics, Diagnostics> {
    let mut found: Vec<(Setting, Finding)> = Vec::new();
    for primary in mesh.primaries().values() {
        let member = primary.member();
        for setting in mesh.identity().settings(member) {
            for finding in mesh_config::read(document(setting.kind), minor(member), &setting.value).findings {
                if !found.iter().any(|known| known.0.field == setting.field && known.1 == finding) {
                    found.push((setting.clone(), finding));
                }
            }
        }
    }
    let said: Diagnostics = found.iter().map(|(setting, finding)| said(setting, finding)).collect();
    if said.has_errors() { Err(said) } else { Ok(said) }
}

/// Whether a configuration says something else of the mesh configuration than the one before, so that its warnings are news.
pub fn are_changed(prior: &MeshModel, config: &MeshModel) -> bool {
    let charts = |charts: &Field<BTreeMap<String, ChartModel>>| {
        let charts = charts.as_known().into_iter().flatten();
        charts.map(|(name, chart)| (name.clone(), chart.values.clone())).collect::<Vec<_>>()
    };
    let primaries = |model: &MeshModel| {
        let primaries = model.primary.as_known().into_iter().flatten();
        primaries
            .map(|(label, it)| (label.clone(), it.version.clone(), charts(&it.chart)))
            .collect::<Vec<_>>()
    };
    prior.mesh_config != config.mesh_config
        || prior.version != config.version
        || charts(&prior.chart) != charts(&config.chart)
        || primaries(prior) != primaries(config)
}

fn document(kind: SettingKind) -> Document {
    match kind {
        SettingKind::MeshConfig => Document::MeshConfig,
        SettingKind::MeshNetworks => Document::MeshNetworks,
    }
}

pub(super) fn minor(member: &Member) -> u64 {
    member.version().minor().1
}

fn said(setting: &Setting, finding: &Finding) -> Diagnostic {
    let path = diagnostics::field_path(&setting.field, &MEMBER);
    let cluster = match setting.field.steps().first() {
        Some(Step::Member(name)) => format!("Cluster {name:?}: "),
        _ => String::new(),
    };
    let place = if setting.place.is_empty() { path.to_string() } else { setting.place.clone() };
    let place = match setting.kind {
        SettingKind::MeshConfig => joined(&place, &finding.path),
        // The chart writes the key `networks` around it.
        SettingKind::MeshNetworks => {
            joined(&place, &finding.path).replacen("meshNetworks.networks", "meshNetworks", 1)
        }
    };
    let summary = format!("{cluster}{place} {}", finding.problem);
    if finding.problem.is_warning() {
        return Diagnostic::warning(summary, finding.problem.way_out()).at(path);
    }
    Diagnostic::error(summary, format!("{} {CONSEQUENCE}", finding.problem.way_out())).at(path)
}

fn joined(place: &str, path: &ValuePath) -> String {
    match path.to_string() {
        path if path.is_empty() => place.to_owned(),
        path if path.starts_with('[') => format!("{place}{path}"),
        path => format!("{place}.{path}"),
    }
}

/// Refuses a text, a number or a list where a chart expects keys and values: the chart would ignore it.
///
/// # Errors
/// Everything of that kind.
pub fn check_tables(charts: &MeshCharts) -> Result<(), Diagnostics> {
    let mesh = &charts.mesh;
    let mut said: Vec<Diagnostic> = Vec::new();
    for primary in mesh.primaries().values() {
        let member = primary.member();
        for (field, name, values) in mesh.identity().values_of(member) {
            let Some(chart) = charts.of(name, member) else { continue };
            let defaults = chart.values();
            let defaults = defaults.get(DEFAULTS).and_then(Value::as_object).unwrap_or(defaults);
            let mut found = Vec::new();
            not_tables(defaults, &values, &ValuePath::default(), &mut found);
            // The istiod chart merges what is below `pilot` into its values.
            if let Some(below) = values.get("pilot").filter(|_| name == ChartName::Istiod) {
                not_tables(defaults, below, &ValuePath::default().key("pilot"), &mut found);
            }
            let path = diagnostics::field_path(&field, &MEMBER);
            for place in found {
                let summary = format!("{path}: {place} is not a mapping, so the chart would ignore it");
                let detail = "Write keys and values: { … }, or remove it.";
                let diagnostic = Diagnostic::error(summary, detail).at(path.clone());
                if !said.contains(&diagnostic) {
                    said.push(diagnostic);
                }
            }
        }
    }
    said.into_iter().collect::<Diagnostics>().into_result()
}

fn not_tables(
    defaults: &serde_json::Map<String, Value>,
    values: &Value,
    path: &ValuePath,
    found: &mut Vec<ValuePath>,
) {
    for (key, value) in values.as_object().into_iter().flatten() {
        let Some(Value::Object(table)) = defaults.get(key) else { continue };
        match value {
            Value::Null => {}
            Value::Object(_) => not_tables(table, value, &path.key(key), found),
            _ => found.push(path.key(key)),
        }
    }
}

/// Refuses what the charts make of the values and istiod would not accept, wherever it comes from. What depends on secrets is not looked
/// at: where a cluster keeps one, a plan does not know it.
pub fn check_rendered(cluster: &ClusterName, member: &Member, set: &ManifestSet) -> Result<(), Diagnostic> {
    for manifest in set.manifests() {
        let object = manifest.shown().as_ref();
        for (document, key, text) in rendered_documents(object) {
            let Some(text) = text.and_then(Value::as_str) else { continue };
            // What is no YAML at all has another message.
            let Ok(value) = helm_template::yaml::parse(text) else { continue };
            let mut findings = mesh_config::read(document, minor(member), &value).findings;
            if let Some(sensitive) = &manifest.sensitive {
                let common = without_secrets(&value, sensitive, key);
                let known = mesh_config::read(document, minor(member), &common).findings;
                findings.retain(|finding| known.contains(finding));
            }
            if let Some(finding) = findings.iter().find(|finding| !finding.problem.is_warning()) {
                return Err(rendered(cluster, object, key, finding));
            }
        }
    }
    Ok(())
}

/// The documents of an object that istiod reads, with their keys.
fn rendered_documents(object: &Value) -> Vec<(Document, &'static str, Option<&Value>)> {
    if object::kind(object) == "ConfigMap" && object::name(object) == "istio" {
        return vec![
            (Document::MeshConfig, "mesh", object.pointer("/data/mesh")),
            (Document::MeshNetworks, "meshNetworks", object.pointer("/data/meshNetworks")),
        ];
    }
    let annotations = object.pointer("/spec/template/metadata/annotations");
    let config = annotations.and_then(|annotations| annotations.get(PROXY_CONFIG));
    vec![(Document::ProxyConfig, PROXY_CONFIG, config)]
}

/// A document of an object, without what depends on secrets.
fn without_secrets(value: &Value, sensitive: &Sensitive, key: &str) -> Value {
    let varied = sensitive.varied.iter().map(|varied| {
        let text = rendered_documents(&varied.object).into_iter().find(|(_, other, _)| *other == key);
        let text = text.and_then(|(.., text)| text).and_then(Value::as_str);
        text.and_then(|text| helm_template::yaml::parse(text).ok()).unwrap_or_default()
    });
    let varied: Vec<Value> = varied.collect();
    common(value, &varied.iter().collect::<Vec<_>>()).unwrap_or_default()
}

fn rendered(cluster: &ClusterName, object: &Value, key: &str, finding: &Finding) -> Diagnostic {
    let path = AttributePath::new("primary").key(cluster.as_str());
    let (kind, name) = (object::kind(object), object::name(object));
    let summary = format!(
        "Cluster {:?}: {} in {key} of {kind} {name} {}",
        cluster.as_str(),
        finding.path,
        finding.problem
    );
    let detail =
        format!("It follows from the values of the charts. {} {CONSEQUENCE}", finding.problem.way_out());
    Diagnostic::error(summary, detail).at(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Kept;
    use crate::mesh::ClusterFacts;
    use crate::resources::mesh::readings::readings;
    use crate::resources::mesh::readings::tests::{config, with_gateway, with_west};

    fn values(chart: &str, values: &str) -> Field<BTreeMap<String, ChartModel>> {
        let chart_values = ChartModel { values: values.into(), ..ChartModel::default() };
        Field::Known([(chart.to_owned(), chart_values)].into())
    }

    fn with_mesh_config(text: &str) -> MeshModel {
        MeshModel { mesh_config: text.into(), ..config() }
    }

    /// What a plan says of a configuration before it looks at any cluster.
    fn said(config: &MeshModel) -> Vec<Diagnostic> {
        let said = readings(config).map(|(readings, _)| readings.setting_warnings);
        said.unwrap_or_else(|errors| errors).iter().cloned().collect()
    }

    #[track_caller]
    fn only(said: Vec<Diagnostic>) -> Diagnostic {
        assert_eq!(said.len(), 1, "{said:#?}");
        said.into_iter().next().unwrap()
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_full_path_and_the_way_out() {
        let text = "defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: true}}";
        let error = only(said(&with_mesh_config(text)));
        assert!(error.is_error());
        assert_eq!(
            error.summary,
            "mesh_config.defaultConfig.proxyMetadata.ISTIO_META_DNS_CAPTURE must be text, but is the bool true"
        );
        assert!(error.detail.starts_with("Write \"true\", in quotes."), "{}", error.detail);
        assert!(error.detail.contains("cluster.local"));
        assert_eq!(error.path, Some(AttributePath::new("mesh_config")));
    }

    #[test]
    fn values_of_charts_are_read_too_for_all_clusters_and_for_one() {
        let istiod = "pilot: {meshConfig: {enableTracing: 'yes'}}";
        let error = only(said(&MeshModel { chart: values("istiod", istiod), ..config() }));
        assert_eq!(error.summary, "pilot.meshConfig.enableTracing must be a bool, but is another text");
        assert_eq!(error.path.unwrap().to_string(), "chart[\"istiod\"].values");
        let networks = "global: {meshNetworks: {net-a: {gateways: [{address: 10.0.0.1, port: x}]}}}";
        let error = only(said(&with_west(|west| west.chart = values("istiod", networks))));
        let place = "global.meshNetworks.net-a.gateways[0].port";
        assert!(
            error.summary.starts_with(&format!("Cluster \"west\": {place} must be")),
            "{}",
            error.summary
        );
        assert_eq!(error.path.unwrap().to_string(), "primary[\"west\"].chart[\"istiod\"].values");
    }

    #[test]
    fn an_unknown_key_is_a_warning_that_is_news_only_once() {
        let config = with_mesh_config("accessLogFil: /dev/stdout");
        let warning = only(said(&config));
        assert!(!warning.is_error());
        assert!(
            warning.summary.starts_with("mesh_config.accessLogFil is not known to MeshConfig of Istio 1.31")
        );
        assert!(warning.detail.contains("Did you mean accessLogFile?"));
        assert!(!are_changed(&config, &config));
        assert!(are_changed(&with_mesh_config("{}"), &config));
        assert!(are_changed(&config, &MeshModel { version: "1.30.0".into(), ..config.clone() }));
        let west = with_west(|west| west.chart = values("istiod", "a: b"));
        assert!(are_changed(&self::config(), &west));
    }

    fn rendered(config: &MeshModel) -> Result<(), Diagnostic> {
        let mesh = readings(config).unwrap().0.meshes.remove(0);
        let charts = MeshCharts::of_istio(mesh.clone());
        mesh.primaries().keys().try_for_each(|cluster| {
            let facts = ClusterFacts { uid: cluster.to_string(), kubernetes_version: "v1.36.3".to_owned() };
            charts.render_as(&mesh, cluster, &facts, &Kept::default()).map(drop)
        })
    }

    #[test]
    fn what_other_values_make_of_the_mesh_configuration_is_read_as_well() {
        assert_eq!(rendered(&config()), Ok(()));
        let lightstep =
            "global: {proxy: {tracer: lightstep}, tracer: {lightstep: {address: a, accessToken: b}}}";
        let error = rendered(&MeshModel { chart: values("istiod", lightstep), ..config() }).unwrap_err();
        assert!(
            error.summary.contains("defaultConfig.tracing.lightstep.address in mesh of ConfigMap istio"),
            "{error:?}"
        );
        let annotation = "podAnnotations: {proxy.istio.io/config: 'concurrency: two'}";
        let error = rendered(&with_gateway(|gateway| gateway.values = annotation.into())).unwrap_err();
        assert!(error.summary.contains("concurrency in proxy.istio.io/config of Deployment"), "{error:?}");
    }

    #[test]
    fn what_depends_on_a_secret_is_not_looked_at_and_all_else_is() {
        let secret = "defaultConfig: {drainDuration: planted}\naccessLogEncoding: planted";
        let hidden =
            |text: &str| MeshModel { sensitive_mesh_config: secret.into(), ..with_mesh_config(text) };
        assert_eq!(rendered(&hidden("{}")), Ok(()));
        let lightstep =
            "global: {proxy: {tracer: lightstep}, tracer: {lightstep: {address: a, accessToken: b}}}";
        let error = rendered(&MeshModel { chart: values("istiod", lightstep), ..hidden("{}") }).unwrap_err();
        assert!(error.summary.contains("tracing.lightstep.address in mesh of ConfigMap istio"), "{error:?}");
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }

    fn tables(config: &MeshModel) -> Vec<String> {
        let mesh = readings(config).unwrap().0.meshes.remove(0);
        let said = check_tables(&MeshCharts::of_istio(mesh)).err().unwrap_or_default();
        said.iter().map(|it| format!("{}: {}", it.path.clone().unwrap(), it.summary)).collect()
    }

    #[test]
    fn text_where_a_chart_has_keys_and_values_is_refused() {
        assert_eq!(tables(&config()), Vec::<String>::new());
        for (text, place) in [
            ("env: x", "env"),
            ("pilot: {env: [x]}", "pilot.env"),
            ("global: {proxy: 5}", "global.proxy"),
            ("resources: lots", "resources"),
        ] {
            let said = tables(&MeshModel { chart: values("istiod", text), ..config() });
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(
                said[0].contains(&format!("chart[\"istiod\"].values: {place} is not a mapping")),
                "{said:?}"
            );
        }
        let said = tables(&with_gateway(|gateway| gateway.values = "labels: x".into()));
        assert!(said[0].starts_with("primary[\"west\"].east_west_gateway.values: "), "{said:?}");
        let nothing = MeshModel { chart: values("istiod", "env: null\nresources: {}"), ..config() };
        assert_eq!(tables(&nothing), Vec::<String>::new());
    }

    #[test]
    fn a_mesh_config_in_values_that_is_no_mapping_is_refused() {
        let error = only(said(&MeshModel { chart: values("istiod", "meshConfig: foo"), ..config() }));
        assert!(error.summary.starts_with("meshConfig must be a mapping, but is another text"), "{error:?}");
    }
}
