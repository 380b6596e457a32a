//! Whether istiod runs the mesh configuration that it was given: for one value that it does not accept it keeps the one of before, or its
//! own defaults.

use serde_json::Value;
use tfplugin::Diagnostic;

use super::model::MeshModel;
use super::place::primary;
use crate::diagnostics;
use crate::health::RunningConfiguration;
use crate::mesh::ChartVersion;
use crate::mesh_config::{self, Document, Finding, Problem, Reading, ValuePath};
use crate::observe::RunningMeshConfig;

/// What the release is taken for whose version is not known: the newest.
const NEWEST: u64 = u64::MAX;
const TRUST_DOMAIN: &str = "trustDomain";

/// What istiod of a cluster runs.
#[derive(Debug)]
pub struct Judged {
    /// Beside what it was given; `None` if that was not seen.
    pub configuration: Option<RunningConfiguration>,
    /// Which settings are others.
    pub warning: Option<Diagnostic>,
}

/// Compares what istiod of the cluster with this label runs with what it was given; of several pods the worst counts.
pub fn judged(state: &MeshModel, label: &str, seen: &RunningMeshConfig) -> Judged {
    let Some(differences) = differences(minor(state, label), seen) else {
        return Judged { configuration: None, warning: None };
    };
    let is_trust_domain = |path: &ValuePath| path.to_string() == TRUST_DOMAIN;
    let configuration = if differences.iter().any(is_trust_domain) {
        RunningConfiguration::OtherTrustDomain
    } else if differences.is_empty() {
        RunningConfiguration::AsGiven
    } else {
        RunningConfiguration::Other
    };
    let warning = (!differences.is_empty()).then(|| {
        let paths: Vec<String> = differences.iter().map(ToString::to_string).collect();
        let detail = format!(
            "These settings of the mesh configuration are not those that istiod runs with:\n\n{}",
            diagnostics::lines(paths.iter().map(String::as_str))
        );
        let summary = format!("istiod of {label:?} runs another mesh configuration than it was given");
        Diagnostic::warning(summary, detail).at(primary(label))
    });
    Judged { configuration: Some(configuration), warning }
}

fn differences(minor: u64, seen: &RunningMeshConfig) -> Option<Vec<ValuePath>> {
    let given = seen.given.as_ref()?;
    let read = |value: &Value| mesh_config::read(Document::MeshConfig, minor, value);
    let documents: Vec<Reading> =
        given.iter().filter_map(|text| helm_template::yaml::parse(text).ok()).map(|it| read(&it)).collect();
    // With one of these in it, the whole document is dropped, whatever is the same by chance.
    let findings = documents.iter().flat_map(|reading| &reading.findings);
    let dropped = findings.filter(|finding| istiod_refuses(finding)).map(|finding| finding.path.clone());
    let dropped: Vec<ValuePath> = dropped.collect();
    let expected = documents.into_iter().map(|reading| reading.value);
    let expected =
        expected.reduce(|first, second| mesh_config::expected(&first, &second)).unwrap_or_default();
    let found = seen.running.iter().map(|running| mesh_config::differences(&expected, &read(running).value));
    let mut found = found.max_by_key(Vec::len)?;
    found.extend(dropped);
    Some(found)
}

/// A null is the provider's own rule: istiod takes it.
fn istiod_refuses(finding: &Finding) -> bool {
    !finding.problem.is_warning() && !matches!(finding.problem, Problem::Null(_))
}

fn minor(state: &MeshModel, label: &str) -> u64 {
    let own = state.primary(label).and_then(|primary| primary.version.as_str());
    let version = own.or(state.version.as_str()).and_then(|text| text.parse::<ChartVersion>().ok());
    version.map_or(NEWEST, |version| version.minor().1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(given: &[&str], running: &[Value]) -> Judged {
        let given = Some(given.iter().map(|text| (*text).to_owned()).collect());
        let seen = RunningMeshConfig { given, running: running.to_vec() };
        super::judged(&MeshModel::default(), "east", &seen)
    }

    const SHARED: &str = "trustDomain: shop.example\ncaCertificates: [{pem: a}]";
    const OWN: &str =
        "trustDomain: shop.example\naccessLogFile: /dev/stdout\ndefaultConfig: {concurrency: 2}";

    #[test]
    fn an_istiod_that_runs_what_it_was_given_is_well() {
        let running = json!({
            "trustDomain": "shop.example", "accessLogFile": "/dev/stdout", "caCertificates": [{"pem": "a"}],
            "defaultConfig": {"concurrency": 2, "statusPort": 15020},
        });
        let judged = judged(&[SHARED, OWN], &[running]);
        assert_eq!(judged.configuration, Some(RunningConfiguration::AsGiven));
        assert!(judged.warning.is_none());
    }

    #[test]
    fn one_that_runs_its_defaults_has_another_trust_domain() {
        let judged = judged(&[SHARED, OWN], &[json!({"trustDomain": "cluster.local"})]);
        assert_eq!(judged.configuration, Some(RunningConfiguration::OtherTrustDomain));
        let warning = judged.warning.unwrap();
        assert!(warning.detail.contains("defaultConfig.concurrency"), "{}", warning.detail);
        assert!(!warning.is_error());
    }

    #[test]
    fn a_document_that_istiod_drops_is_not_run() {
        let judged = judged(
            &["trustDomain: shop.example\nenableTracing: \"yes\""],
            &[json!({"trustDomain": "shop.example"})],
        );
        assert_eq!(judged.configuration, Some(RunningConfiguration::Other));
        assert!(judged.warning.unwrap().detail.contains("enableTracing"));
    }

    #[test]
    fn of_two_pods_the_worse_counts() {
        let well = json!({"trustDomain": "shop.example", "accessLogFile": "/dev/stdout", "defaultConfig": {"concurrency": 2}});
        let stale = json!({"trustDomain": "shop.example", "defaultConfig": {"concurrency": 2}});
        let judged = judged(&[OWN], &[well, stale]);
        assert_eq!(judged.configuration, Some(RunningConfiguration::Other));
        assert!(judged.warning.unwrap().detail.contains("accessLogFile"));
    }

    #[test]
    fn what_was_not_seen_is_no_difference() {
        let unasked = judged(&[OWN], &[]);
        assert_eq!(unasked.configuration, None);
        let seen = RunningMeshConfig { given: None, running: vec![json!({})] };
        let unseen = super::judged(&MeshModel::default(), "east", &seen);
        assert_eq!(unseen.configuration, None);
    }
}
