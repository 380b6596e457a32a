mod entrances;
mod federation;
mod gateways;
mod remote;
mod settings;
mod topology;

use serde_json::json;

use super::*;

pub(super) fn mesh() -> Mesh {
    Mesh {
        mesh_id: "shop".to_owned(),
        trust_domain: "shop.example".to_owned(),
        version: "1.31.1".to_owned(),
        namespace: "istio-system".to_owned(),
        chart_source: ChartSource { repository: "charts".to_owned() },
        primaries: [("east".to_owned(), primary())].into(),
        ..Mesh::default()
    }
}

/// A mesh of these primaries, whose root is kept in `east`.
fn mesh_of(primaries: &[(&str, DeclaredMember)]) -> Mesh {
    let primaries = primaries.iter().map(|(label, member)| ((*label).to_owned(), member.clone().into()));
    let certificate_authority =
        CertificateAuthority { key_cluster: Some("east".to_owned()), ..CertificateAuthority::default() };
    Mesh { certificate_authority, primaries: primaries.collect(), ..mesh() }
}

fn primary() -> Primary {
    DeclaredMember { network: "net-east".to_owned(), ..DeclaredMember::default() }.into()
}

/// The only violation of a mesh that has one.
pub(super) fn violation_of(mesh: &Mesh) -> Violation {
    let violations = match mesh.validate() {
        Ok(valid) => valid.warnings().to_vec(),
        Err(violations) => violations,
    };
    assert_eq!(violations.len(), 1, "{violations:#?}");
    violations.into_iter().next().unwrap()
}

#[test]
fn a_mesh_of_one_primary_is_valid() {
    let valid = mesh().validate().unwrap();
    let (cluster, primary) = valid.primaries().first_key_value().unwrap();
    assert_eq!(cluster.as_str(), "east");
    assert_eq!(primary.member().network().as_str(), "net-east");
    assert_eq!(primary.member().version().as_str(), "1.31.1");
    assert_eq!(valid.warnings(), []);
    assert_eq!(primary.member().chart_values(ChartName::Istiod), &json!(null));
}

#[test]
fn a_primary_may_run_another_release() {
    let mut mesh = mesh();
    mesh.primaries.get_mut("east").unwrap().member.version = Some("1.30.5".to_owned());
    let valid = mesh.validate().unwrap();
    assert_eq!(valid.primaries().values().next().unwrap().member().version().as_str(), "1.30.5");
}

#[test]
fn every_invalid_name_is_reported_at_once_with_its_field() {
    let mut mesh = mesh();
    mesh.mesh_id = "sh\"op".to_owned();
    mesh.trust_domain = "Shop.example".to_owned();
    mesh.version = "~1.31".to_owned();
    mesh.namespace = "istio.system".to_owned();
    mesh.primaries = [("East".to_owned(), Primary::default())].into();
    let fields: Vec<String> = mesh.validate().unwrap_err().iter().map(|v| v.field.to_string()).collect();
    assert_eq!(fields, ["mesh_id", "trust_domain", "version", "namespace", "East", "East.network"]);
}

#[test]
fn a_violation_says_field_member_and_cause() {
    let mut mesh = mesh();
    mesh.primaries.get_mut("east").unwrap().member.network = "Net".to_owned();
    let violation = violation_of(&mesh);
    assert_eq!(violation.severity(), Severity::Error);
    assert_eq!(violation.member.as_deref(), Some("east"));
    assert_eq!(violation.field.to_string(), "east.network");
    assert_eq!(violation.rule.to_string(), "\"Net\" is not a network name.");
}

#[test]
fn a_mesh_needs_a_primary() {
    let mut mesh = mesh();
    mesh.primaries.clear();
    assert_eq!(
        violation_of(&mesh).rule.to_string(),
        "A mesh needs at least one cluster with a control plane."
    );
}

#[test]
fn the_default_trust_domain_is_accepted_with_a_warning() {
    let mut mesh = mesh();
    mesh.trust_domain = "cluster.local".to_owned();
    assert!(mesh.validate().is_ok());
    let violation = violation_of(&mesh);
    assert_eq!(violation.severity(), Severity::Warning);
    assert_eq!(violation.field.to_string(), "trust_domain");
}

#[test]
fn a_namespace_of_kubernetes_is_refused() {
    let mut mesh = mesh();
    mesh.namespace = "kube-system".to_owned();
    assert_eq!(violation_of(&mesh).field.to_string(), "namespace");
}

#[test]
fn an_empty_chart_source_is_refused() {
    let mut mesh = mesh();
    mesh.chart_source.repository.clear();
    assert_eq!(violation_of(&mesh).field.to_string(), "chart_source.repository");
}

#[test]
fn an_unknown_chart_is_refused_with_the_list_of_known_ones() {
    let mut mesh = mesh();
    mesh.chart.insert("istio".to_owned(), json!({}));
    let violation = violation_of(&mesh);
    assert_eq!(violation.field.to_string(), "chart[\"istio\"]");
    let Rule::Name(invalid) = violation.rule else { panic!("{violation}") };
    assert_eq!(invalid.rule, "\"base\", \"istiod\", \"cni\" or \"gateway\"");
}

#[test]
fn values_that_are_no_mapping_are_refused() {
    let mut mesh = mesh();
    mesh.mesh_config = json!(["a"]);
    let violation = violation_of(&mesh);
    assert_eq!((violation.field.to_string().as_str(), violation.rule), ("mesh_config", Rule::NotAMapping));
    mesh.mesh_config = json!({});
    mesh.chart.insert("base".to_owned(), json!("text"));
    assert_eq!(violation_of(&mesh).field.to_string(), "chart[\"base\"].values");
}

#[test]
fn a_value_that_contradicts_the_mesh_is_refused_wherever_it_stands() {
    let cases = [
        (json!({"global": {"meshID": "other"}}), "global.meshID"),
        (json!({"global": {"network": "other"}}), "global.network"),
        (json!({"global": {"istioNamespace": "other"}}), "global.istioNamespace"),
        (json!({"global": {"multiCluster": {"clusterName": "other"}}}), "global.multiCluster.clusterName"),
        (json!({"meshConfig": {"trustDomain": "other"}}), "meshConfig.trustDomain"),
        (json!({"meshConfig": {"defaultConfig": {"meshId": "other"}}}), "meshConfig.defaultConfig.meshId"),
        (json!({"pilot": {"global": {"meshID": "other"}}}), "pilot.global.meshID"),
        (json!({"pilot": {"meshConfig": {"trustDomain": "other"}}}), "pilot.meshConfig.trustDomain"),
        (json!({"profile": "remote"}), "profile"),
        (json!({"istiodRemote": {"enabled": true}}), "istiodRemote.enabled"),
        (json!({"global": {"remotePilotAddress": "10.0.0.1"}}), "global.remotePilotAddress"),
        (json!({"revision": "canary"}), "revision"),
        (json!({"revision": 2}), "revision"),
        (json!({"pilot": {"revision": "default"}}), "pilot.revision"),
        (json!({"revisionTags": ["stable"]}), "revisionTags"),
        (json!({"global": {"operatorManageWebhooks": true}}), "global.operatorManageWebhooks"),
        (json!({"global": {"omitSidecarInjectorConfigMap": true}}), "global.omitSidecarInjectorConfigMap"),
        (json!({"global": {"enableReaderRBAC": false}}), "global.enableReaderRBAC"),
    ];
    for (values, path) in cases {
        for in_primary in [false, true] {
            let mut mesh = mesh();
            let charts = if in_primary {
                &mut mesh.primaries.get_mut("east").unwrap().member.chart
            } else {
                &mut mesh.chart
            };
            charts.insert("istiod".to_owned(), values.clone());
            let violation = violation_of(&mesh);
            let block = if in_primary { "east.chart[\"istiod\"].values" } else { "chart[\"istiod\"].values" };
            assert_eq!(violation.field.to_string(), block, "{path}");
            assert!(
                violation.rule.to_string().starts_with(&format!("{path} is ")),
                "{}",
                violation.rule.to_string()
            );
            assert_eq!(violation.member.as_deref(), Some("east"));
        }
    }
}

#[test]
fn values_of_other_charts_that_make_names_differ_are_refused() {
    for (chart, values, path) in [
        ("base", json!({"defaultRevision": "canary"}), "defaultRevision"),
        (
            "base",
            json!({"global": {"readerServiceAccount": {"name": "other"}}}),
            "global.readerServiceAccount.name",
        ),
        ("cni", json!({"revision": "canary"}), "revision"),
        ("gateway", json!({"revision": "canary"}), "revision"),
        ("gateway", json!({"kind": "DaemonSet"}), "kind"),
        ("gateway", json!({"labels": {"istio": "ingress"}}), "labels.istio"),
        ("gateway", json!({"serviceAccount": {"create": false}}), "serviceAccount.create"),
        ("gateway", json!({"serviceAccount": {"name": "other"}}), "serviceAccount.name"),
        ("gateway", json!({"name": "other"}), "name"),
    ] {
        let mut mesh = mesh();
        mesh.primaries.get_mut("east").unwrap().member.east_west_gateway = Some(EastWestGateway::default());
        mesh.chart.insert(chart.to_owned(), values);
        let violation = violation_of(&mesh);
        assert_eq!(violation.field.to_string(), format!("chart[\"{chart}\"].values"));
        assert!(
            violation.rule.to_string().starts_with(&format!("{path} is ")),
            "{}",
            violation.rule.to_string()
        );
    }
}

#[test]
fn a_revision_is_refused_with_the_reason() {
    let mut mesh = mesh();
    mesh.chart.insert("istiod".to_owned(), json!({"revision": "canary"}));
    let violation = violation_of(&mesh);
    assert!(
        violation.rule.to_string().contains("a mesh has only the default revision"),
        "{}",
        violation.rule.to_string()
    );
}

#[test]
fn mesh_config_may_not_contradict_the_mesh_either() {
    let mut mesh = mesh();
    mesh.mesh_config = json!({"trustDomain": "other.example"});
    let violation = violation_of(&mesh);
    assert_eq!(violation.field.to_string(), "mesh_config");
    assert_eq!(
        violation.rule.to_string(),
        "trustDomain is \"other.example\", but trust_domain requires \"shop.example\"."
    );
}

#[test]
fn values_that_repeat_what_the_mesh_says_are_accepted() {
    let mut mesh = mesh();
    mesh.mesh_config = json!({"trustDomain": "shop.example"});
    let values = json!({
        "global": {"meshID": "shop", "network": null, "remotePilotAddress": ""},
        "istiodRemote": {"enabled": false},
        "profile": "demo",
        "revision": "",
        "revisionTags": [],
    });
    mesh.chart.insert("istiod".to_owned(), values);
    let gateway = json!({"revision": "default", "kind": "Deployment", "service": {"type": "LoadBalancer"}});
    mesh.chart.insert("gateway".to_owned(), gateway);
    mesh.chart.insert("base".to_owned(), json!({"defaultRevision": "default"}));
    assert_eq!(mesh.validate().unwrap().warnings(), []);
}

#[test]
fn the_base_chart_knows_only_the_namespace() {
    let mut mesh = mesh();
    mesh.chart
        .insert("base".to_owned(), json!({"global": {"meshID": "anything", "istioNamespace": "other"}}));
    let violation = violation_of(&mesh);
    assert_eq!(
        violation.rule.to_string(),
        "global.istioNamespace is \"other\", but namespace requires \"istio-system\"."
    );
}

#[test]
fn names_keep_their_length_and_alphabet() {
    let longest = "a".repeat(63);
    for valid in ["a", "net-1", "0", &longest] {
        assert!(valid.parse::<ClusterName>().is_ok(), "{valid}");
        assert!(valid.parse::<Network>().is_ok(), "{valid}");
        assert!(valid.parse::<Namespace>().is_ok(), "{valid}");
    }
    let too_long = "a".repeat(64);
    for invalid in ["", "-a", "a-", "A", "a.b", "a_b", "ä", "a b", "a/b", &too_long] {
        assert!(invalid.parse::<ClusterName>().is_err(), "{invalid}");
        assert!(invalid.parse::<Network>().is_err(), "{invalid}");
        assert!(invalid.parse::<Namespace>().is_err(), "{invalid}");
    }
}

#[test]
fn a_trust_domain_is_a_dns_name() {
    let longest = [vec!["a".repeat(63); 3], vec!["a".repeat(61)]].concat().join(".");
    for valid in ["shop", "shop.example", "a-1.b", &longest] {
        assert!(valid.parse::<TrustDomain>().is_ok(), "{valid}");
    }
    let too_long = format!("{longest}.a");
    for invalid in ["", ".", "shop.", ".shop", "a..b", "Shop", "a_b.c", "spiffe://shop", &too_long] {
        assert!(invalid.parse::<TrustDomain>().is_err(), "{invalid}");
    }
}

#[test]
fn a_mesh_id_is_a_label_value() {
    for valid in ["mesh1", "Proj-123", "a.b_c"] {
        assert!(valid.parse::<MeshId>().is_ok(), "{valid}");
    }
    for invalid in ["", "-a", "a/b", "a\"b", "a b"] {
        assert!(invalid.parse::<MeshId>().is_err(), "{invalid}");
    }
}

#[test]
fn a_chart_version_is_one_exact_release() {
    for valid in ["1.31.1", "1.31.0-rc.0", "1.2.3-alpha.1+build-5", "0.0.0"] {
        assert!(valid.parse::<ChartVersion>().is_ok(), "{valid}");
    }
    for invalid in
        ["", "1.31", "v1.31.1", "~1.31.1", ">=1.31.0", "1.31.x", "01.2.3", "1.2.3-", "1.2.3-a..b", "1.2.3+"]
    {
        assert!(invalid.parse::<ChartVersion>().is_err(), "{invalid}");
    }
}

#[test]
fn names_are_checked_when_they_are_read_from_a_document() {
    let name: ClusterName = serde_json::from_value(json!("east")).unwrap();
    assert_eq!(name.to_string(), "east");
    let error = serde_json::from_value::<ClusterName>(json!("East")).unwrap_err();
    assert!(error.to_string().contains("\"East\" is not a cluster name: 1 to 63 lower-case"), "{error}");
}
