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

/// What istiod runs otherwise than it should.
#[derive(Debug, Default)]
struct Differences {
    /// Settings that it was given, and does not run with.
    other: Vec<ValuePath>,
    /// Settings that it was not given, and runs with: it had them before.
    kept: Vec<ValuePath>,
}

impl Differences {
    fn len(&self) -> usize {
        self.other.len() + self.kept.len()
    }
}

/// Compares what istiod of the cluster with this label runs with what it was given; of several pods the worst counts.
pub fn judged(state: &MeshModel, label: &str, seen: &RunningMeshConfig) -> Judged {
    let Some(differences) = differences(minor(state, label), seen) else {
        return Judged { configuration: None, warning: None };
    };
    let is_trust_domain = |path: &ValuePath| path.to_string() == TRUST_DOMAIN;
    let configuration = if differences.other.iter().any(is_trust_domain) {
        RunningConfiguration::OtherTrustDomain
    } else if differences.len() == 0 {
        RunningConfiguration::AsGiven
    } else {
        RunningConfiguration::Other
    };
    let warning = (differences.len() > 0).then(|| warning(label, &differences));
    Judged { configuration: Some(configuration), warning }
}

fn warning(label: &str, differences: &Differences) -> Diagnostic {
    let listed = |sentence: &str, paths: &[ValuePath]| {
        let lines: Vec<String> = paths.iter().map(ToString::to_string).collect();
        let lines = diagnostics::lines(lines.iter().map(String::as_str));
        (!paths.is_empty()).then(|| format!("{sentence}\n\n{lines}"))
    };
    let said = [
        listed(
            "These settings of the mesh configuration are not those that istiod runs with:",
            &differences.other,
        ),
        listed(
            "istiod still runs with these settings, which are no longer in the mesh configuration:",
            &differences.kept,
        ),
    ];
    let detail = said.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    let summary = format!("istiod of {label:?} runs another mesh configuration than it was given");
    Diagnostic::warning(summary, detail).at(primary(label))
}

fn differences(minor: u64, seen: &RunningMeshConfig) -> Option<Differences> {
    let given = seen.given.as_ref()?;
    let read = |value: &Value| mesh_config::read(Document::MeshConfig, minor, value);
    let documents: Vec<Reading> =
        given.iter().filter_map(|text| helm_template::yaml::parse(text).ok()).map(|it| read(&it)).collect();
    let findings: Vec<&Finding> = documents.iter().flat_map(|reading| &reading.findings).collect();
    // With one of these in it, the whole document is dropped, whatever is the same by chance.
    let dropped =
        findings.iter().filter(|finding| istiod_refuses(finding)).map(|finding| finding.path.clone());
    let expected = documents.iter().map(|reading| reading.value.clone());
    let expected =
        expected.reduce(|first, second| mesh_config::expected(&first, &second)).unwrap_or_default();
    // Beside its own defaults istiod has nothing but what it was given.
    let defaults = mesh_config::defaults(minor);
    let of_running = |running: &Value| {
        let running = read(running).value;
        let other = mesh_config::differences(&expected, &running);
        let kept = defaults.as_ref().map(|defaults| mesh_config::kept(defaults, &expected, &running));
        let mut kept = kept.unwrap_or_default();
        // What istiod makes of a null is not what it was read as.
        kept.retain(|path| !findings.iter().any(|it| is_null(it) && path.is_in(&it.path)));
        Differences { other, kept }
    };
    let mut found = seen.running.iter().map(of_running).max_by_key(Differences::len)?;
    found.other.extend(dropped);
    Some(found)
}

/// A null is the provider's own rule: istiod takes it.
fn istiod_refuses(finding: &Finding) -> bool {
    !finding.problem.is_warning() && !is_null(finding)
}

fn is_null(finding: &Finding) -> bool {
    matches!(finding.problem, Problem::Null(_))
}

/// The minor release of this primary.
pub(super) fn minor(state: &MeshModel, label: &str) -> u64 {
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

    /// What istiod that was given this prints.
    fn running(given: &Value) -> Value {
        let defaults = include_str!("../../mesh_config/defaults.json");
        mesh_config::expected(&serde_json::from_str(defaults).unwrap(), given)
    }

    fn judged_by(version: &str, given: &str, running: Value) -> Judged {
        let state = MeshModel { version: version.into(), ..MeshModel::default() };
        let seen = RunningMeshConfig { given: Some(vec![given.to_owned()]), running: vec![running] };
        super::judged(&state, "east", &seen)
    }

    #[test]
    fn a_setting_that_was_removed_is_not_run_any_more() {
        let given = "trustDomain: shop.example\ndefaultConfig: {concurrency: 2}";
        let before = json!({
            "trustDomain": "shop.example", "accessLogFile": "/dev/stdout", "enableTracing": false,
            "defaultConfig": {"concurrency": 2, "holdApplicationUntilProxyStarts": true},
        });
        let judged = judged_by("1.31.0", given, running(&before));
        assert_eq!(judged.configuration, Some(RunningConfiguration::Other));
        let detail = judged.warning.unwrap().detail;
        let kept = "istiod still runs with these settings, which are no longer in the mesh configuration:\n\n\
                    accessLogFile\ndefaultConfig.holdApplicationUntilProxyStarts\nenableTracing";
        assert!(detail.contains(kept), "{detail}");
        assert!(!detail.contains("are not those"), "{detail}");
        let after = json!({"trustDomain": "shop.example", "defaultConfig": {"concurrency": 2}});
        let judged = judged_by("1.31.0", given, running(&after));
        assert_eq!(judged.configuration, Some(RunningConfiguration::AsGiven));
    }

    #[test]
    fn of_a_release_whose_defaults_are_not_known_nothing_was_removed() {
        let before = json!({"trustDomain": "shop.example", "accessLogFile": "/dev/stdout"});
        let judged = judged_by("1.32.0", "trustDomain: shop.example", running(&before));
        assert_eq!(judged.configuration, Some(RunningConfiguration::AsGiven));
    }

    #[test]
    fn what_istiod_makes_of_a_null_was_not_kept() {
        let given = "trustDomain: shop.example\ndefaultConfig: {proxyMetadata: {A: null}}";
        let of_null = json!({"trustDomain": "shop.example", "defaultConfig": {"proxyMetadata": {"A": ""}}});
        let judged = judged_by("1.31.0", given, running(&of_null));
        assert_eq!(judged.configuration, Some(RunningConfiguration::AsGiven));
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
