//! Settings that other parts of the mesh must follow: followed, or refused by the plan with the way out.

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::admin::Admin;
use acceptance_tests::mesh::Mesh;
use acceptance_tests::{Fixture, Workspace};
use lab::sample;
use serde_json::{Value, json};

use crate::configuration::{CLUSTERS, SYSTEM, configure, planned, status, workspace};
use crate::namespaces;

/// Where the gateways are.
const GATEWAYS: &str = "gateways";
const GATEWAY: &str = "istio-eastwestgateway";
const NETWORK_POLICIES: &str = "global = { networkPolicy = { enabled = true } }";
/// Selects the mesh's namespaces by their names, and none of workloads.
const NAMED: &str = "[{ matchLabels = { tier = \"mesh\" } }, { matchExpressions = [{ key = \"kubernetes.io/metadata.name\", operator = \
                     \"In\", values = [\"istio-system\", \"gateways\"] }] }]";
/// The namespaces of the mesh have this label, and so must those of workloads.
const SELECTED: &str = "[{ matchLabels = { mesh = \"shop\" } }]";

pub fn a_mesh_works_with_the_settings_that_it_follows(fixture: &Fixture) {
    let admins = CLUSTERS.map(|cluster| Admin::of(fixture.lab, cluster));
    let _demands =
        admins.each_ref().map(|admin| [SYSTEM, GATEWAYS].map(|it| namespaces::demand_a_team(admin, it)));
    let workspace = workspace(fixture, &mesh(NAMED, ""));
    workspace.apply().failed_with(&[
        "Cannot create the namespace for the inventory",
        "held back by the test",
        "A policy or an admission webhook of the cluster denies the object, which no repetition changes",
        "namespace_labels and namespace_annotations",
    ]);
    workspace.destroy().succeeded();
    configure(fixture, &workspace, &labelled(SELECTED, ""));
    workspace.apply().succeeded();
    workspace.assert_well();
    namespaces::are_labelled(fixture, &[SYSTEM, GATEWAYS]);
    assert_eq!(status(&workspace, "/links"), json!({"east->west": "ready", "west->east": "ready"}));

    for admin in &admins {
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": sample::NAMESPACE, "labels": {"mesh": "shop"}},
        });
        admin.create("/api/v1/namespaces", &namespace);
        policies_are_for_the_gateway(admin);
    }
    fixture.start_sample(&CLUSTERS);
    for cluster in CLUSTERS {
        fixture.settle(cluster, &CLUSTERS);
    }
    what_the_mesh_could_not_follow_is_refused(fixture, &workspace);
    namespaces::labels_come_back(fixture, &workspace);
    fixture.settle("east", &CLUSTERS);
    workspace.assert_well();
}

/// A mesh on two networks whose gateways have labels and a namespace of their own.
fn mesh(selectors: &str, istiod: &str) -> Mesh {
    let gateway = format!(
        "chart \"gateway\" {{\n    values = yamlencode({{ labels = {{ app = \"ew\", team = \"edge\" }}, {NETWORK_POLICIES} }})\n  }}"
    );
    let mesh = Mesh::of("shop", &CLUSTERS).apart().istiod(&format!("{{ {NETWORK_POLICIES} {istiod} }}"));
    let mesh = mesh.primaries(&format!("east_west_gateway {{\n      namespace = {GATEWAYS:?}\n    }}"));
    mesh.with(&gateway).with(&format!("mesh_config = yamlencode({{ discoverySelectors = {selectors} }})"))
}

/// The same with what its namespaces need.
fn labelled(selectors: &str, istiod: &str) -> Mesh {
    mesh(selectors, istiod)
        .with("namespace_labels = { team = \"platform\", mesh = \"shop\" }")
        .with("namespace_annotations = { \"example.com/contact\" = \"mesh@shop.example\" }")
}

/// The policy of the gateway selects its pods, and lets every port of its Service in.
fn policies_are_for_the_gateway(admin: &Admin) {
    let policy = format!("/apis/networking.k8s.io/v1/namespaces/{GATEWAYS}/networkpolicies/{GATEWAY}");
    let policy =
        admin.get(&policy).unwrap_or_else(|| panic!("{}: the gateway has no policy", admin.cluster()));
    let selector: BTreeMap<String, String> =
        serde_json::from_value(policy["spec"]["podSelector"]["matchLabels"].clone()).expect("labels");
    let pods = admin.get(&format!("/api/v1/namespaces/{GATEWAYS}/pods")).expect("a list");
    let pods = pods["items"].as_array().expect("a list");
    assert!(!pods.is_empty());
    for labels in pods.iter().map(|pod| &pod["metadata"]["labels"]) {
        let selects = selector.iter().all(|(label, value)| labels[label] == value.as_str());
        assert!(selects && labels["app"] == "ew" && labels["team"] == "edge", "{labels} by {selector:?}");
    }
    let ports = |object: &Value, field: &str| -> BTreeSet<i64> {
        object.as_array().into_iter().flatten().filter_map(|port| port[field].as_i64()).collect()
    };
    let rules = policy["spec"]["ingress"].as_array().expect("rules").iter();
    let open: BTreeSet<i64> = rules.flat_map(|rule| ports(&rule["ports"], "port")).collect();
    let service = admin.get(&format!("/api/v1/namespaces/{GATEWAYS}/services/{GATEWAY}")).expect("a Service");
    let called = ports(&service["spec"]["ports"], "targetPort");
    assert!(called.contains(&15443) && open.is_superset(&called), "{open:?} without {called:?}");
}

/// In a running mesh, too: istiod would take all of it without a word.
fn what_the_mesh_could_not_follow_is_refused(fixture: &Fixture, workspace: &Workspace) {
    let other = "[{ matchLabels = { tier = \"mesh\" } }]";
    configure(fixture, workspace, &labelled(other, ""));
    workspace.plan().failed_with(&[
        "Cluster \"east\": discoverySelectors do not select the namespace istio-system of cluster \"east\"",
        "Cluster \"east\": discoverySelectors do not select the namespace gateways of cluster \"west\"",
        "Add a selector by the namespace's name, { matchLabels = { \"kubernetes.io/metadata.name\" = \"gateways\" } }",
        "or give the namespace in cluster \"west\" a label that is selected and plan again",
    ]);
    // Both ways out, neither of which is applied.
    configure(fixture, workspace, &labelled(NAMED, ""));
    planned(workspace);
    for cluster in CLUSTERS {
        fixture.kubectl(cluster, &["label", "namespace", SYSTEM, GATEWAYS, "tier=mesh"]);
    }
    configure(fixture, workspace, &labelled(other, ""));
    planned(workspace);

    for off in ["\"false\"", "false"] {
        configure(
            fixture,
            workspace,
            &labelled(SELECTED, &format!(", env = {{ ENABLE_DEBUG_ON_HTTP = {off} }}")),
        );
        workspace.plan().failed_with(&[
            "ENABLE_DEBUG_ON_HTTP",
            "it could not be observed whether istiod has accepted the other clusters",
            "Remove env.ENABLE_DEBUG_ON_HTTP",
        ]);
    }
    let renamed = "chart \"gateway\" {\n    values = yamlencode({ labels = { istio = \"ew\" } })\n  }";
    let mesh = Mesh::of("shop", &CLUSTERS).apart().primaries("east_west_gateway {}").with(renamed);
    configure(fixture, workspace, &mesh);
    workspace.plan().failed_with(&[
        "Cluster \"west\": labels.istio is \"ew\", but east_west_gateway requires \"eastwestgateway\"",
        "Remove labels.istio; it follows from east_west_gateway",
    ]);
    configure(fixture, workspace, &labelled(SELECTED, ""));
}
