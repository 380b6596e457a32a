use std::collections::BTreeSet;

use acceptance_tests::Fixture;
use serde_json::json;

use crate::configuration::{changed_fields, mesh_in, mesh_of};

const DEPLOYMENT: &str = "east/apps/Deployment/istio-system/istiod";

pub fn a_mesh_is_installed_kept_and_destroyed(fixture: &Fixture) {
    let workspace = fixture.workspace("east", &mesh_of("east", ""));
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    assert!(plan.output.contains(&format!("+ \"{DEPLOYMENT}\"")), "{}", plan.output);
    workspace.apply_plan().succeeded();
    let ready = fixture.kubectl(
        "east",
        &["-n", "istio-system", "get", "deploy/istiod", "-o", "jsonpath={.status.readyReplicas}"],
    );
    assert_eq!(ready, "1");
    workspace.assert_no_changes();

    fixture.kubectl("east", &["-n", "istio-system", "delete", "pod", "-l", "app=istiod"]);
    fixture.kubectl("east", &["-n", "istio-system", "rollout", "status", "deploy/istiod", "--timeout=60s"]);
    workspace.assert_no_changes();

    fixture.destroy(&workspace, "east");

    // What stayed belongs to nobody, so the next mesh takes it, whatever its namespace; it goes when that is asked for.
    let elsewhere = fixture.workspace("east", &mesh_in("elsewhere", "east", ""));
    elsewhere.apply().succeeded();
    elsewhere.assert_no_changes();
    elsewhere.destroy().succeeded();
    let without_crds = mesh_of("east", "  delete_crds = true");
    workspace.configure(&format!("{}{without_crds}", fixture.provider("east", "east", "")));
    workspace.apply().succeeded();
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}

pub fn drift_and_changed_values_show_exactly_their_fields(fixture: &Fixture) {
    let values = |cpu: &str| {
        format!(
            "chart \"istiod\" {{\n values = yamlencode({{ resources = {{ requests = {{ cpu = \"{cpu}\" }} }} }})\n}}"
        )
    };
    let mesh = |cpu: &str| mesh_of("east", &values(cpu));
    let workspace = fixture.workspace("east", &mesh("100m"));
    workspace.apply().succeeded();

    let cpu = "spec.template.spec.containers[name=discovery].resources.requests.cpu";
    fixture
        .kubectl("east", &["-n", "istio-system", "set", "resources", "deploy/istiod", "--requests=cpu=111m"]);
    assert_eq!(workspace.plan().code, 2);
    let drift = vec![(DEPLOYMENT.to_owned(), cpu.to_owned(), json!("111m"), json!("100m"))];
    assert_eq!(changed_fields(&workspace.shown_plan()), drift);
    workspace.apply().succeeded();
    workspace.assert_no_changes();

    workspace.configure(&format!("{}{}", fixture.provider("east", "east", ""), mesh("120m")));
    assert_eq!(workspace.plan().code, 2);
    let values = "east//ConfigMap/istio-system/values".to_owned();
    let changes = vec![
        (
            values.clone(),
            "data.merged-values: resources.requests.cpu".to_owned(),
            json!("100m"),
            json!("120m"),
        ),
        (values, "data.original-values: resources.requests.cpu".to_owned(), json!("100m"), json!("120m")),
        (DEPLOYMENT.to_owned(), cpu.to_owned(), json!("100m"), json!("120m")),
    ];
    assert_eq!(changed_fields(&workspace.shown_plan()), changes);
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();

    fixture.kubectl("east", &["-n", "istio-system", "delete", "service/istiod"]);
    assert_eq!(workspace.plan().code, 2);
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    fixture.destroy(&workspace, "east");
}

pub fn a_namespace_that_was_there_before_stays(fixture: &Fixture) {
    fixture.kubectl("east", &["create", "namespace", "prepared"]);
    fixture.kubectl("east", &["label", "namespace", "prepared", "team=mesh"]);
    let workspace = fixture.workspace("east", &mesh_in("prepared", "east", ""));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    let labels = || fixture.kubectl("east", &["get", "ns/prepared", "-o", "jsonpath={.metadata.labels}"]);
    // Alone, a cluster needs no label for its network, so there is nothing to add.
    let prepared = r#"{"kubernetes.io/metadata.name":"prepared","team":"mesh"}"#;
    assert_eq!(labels(), prepared);
    fixture.destroy(&workspace, "east");
    assert_eq!(labels(), prepared);
    fixture.kubectl("east", &["delete", "namespace", "prepared"]);
}

pub fn a_renamed_cluster_keeps_its_objects(fixture: &Fixture) {
    let workspace = fixture.workspace("east", &mesh_of("east", ""));
    workspace.apply().succeeded();
    let uids = || {
        fixture.kubectl(
            "east",
            &["get", "crd,ns,deploy,service", "-A", "-o", "jsonpath={.items[*].metadata.uid}"],
        )
    };
    let before: BTreeSet<String> = uids().split(' ').map(str::to_owned).collect();

    let both = format!("{}{}", fixture.provider("orient", "east", ""), mesh_of("orient", ""));
    let both = with_second_label(&both, &fixture.provider("east", "east", ""));
    workspace.configure(&both);
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    let after: BTreeSet<String> = uids().split(' ').map(str::to_owned).collect();
    assert_eq!(before, after);
    let arguments = fixture.kubectl(
        "east",
        &[
            "-n",
            "istio-system",
            "get",
            "deploy/istiod",
            "-o",
            "jsonpath={.spec.template.spec.containers[0].env[?(@.name=='CLUSTER_ID')].value}",
        ],
    );
    assert_eq!(arguments, "orient");
    workspace.configure(&format!(
        "{}{}",
        fixture.provider("orient", "east", ""),
        mesh_of("orient", "  delete_crds = true")
    ));
    workspace.apply().succeeded();
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}

/// Adds the cluster block of `other` to the provider block of `configuration`.
fn with_second_label(configuration: &str, other: &str) -> String {
    let start = other.find("  cluster \"").expect("a cluster block");
    let end = other.rfind("\n}").expect("the end of the provider block");
    configuration.replacen(
        "provider \"istio\" {\n",
        &format!("provider \"istio\" {{\n{}\n", &other[start..end]),
        1,
    )
}
