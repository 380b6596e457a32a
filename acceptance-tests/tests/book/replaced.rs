//! A mesh that Terraform destroys and creates in one run.

use acceptance_tests::book::{owner, owners};
use acceptance_tests::mesh::{ADDRESS, Mesh};
use serde_json::json;

use crate::clusters::{APPLY, Clusters, SYSTEM, assert_same, identity};

const STRANGERS: &str = "/apis/networking.istio.io/v1/namespaces/default/serviceentries";

pub fn a_tainted_mesh_is_made_anew_with_an_identity_of_its_own(clusters: &Clusters) {
    let workspace = clusters.applied(&Mesh::of("shop", &["east"]));
    let first = identity(&workspace);
    let uids = definitions(clusters);
    workspace.run(&["taint", ADDRESS]).succeeded();
    workspace.apply().succeeded();
    let second = identity(&workspace);
    assert_ne!(first, second);
    assert_eq!(owners(&clusters.east), [owner(&second)].into());
    assert_eq!(definitions(clusters), uids, "the definitions were made anew");
    workspace.assert_no_changes();
}

pub fn a_mesh_moves_to_another_namespace(clusters: &Clusters) {
    let shop = Mesh::of("shop", &["east"]);
    let workspace = clusters.applied(&shop);
    let uids = definitions(clusters);
    let entry = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "strangers"},
        "spec": {"hosts": ["strangers.example"], "resolution": "DNS", "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}]},
    });
    clusters.east.create(STRANGERS, &entry);
    clusters.configure(&workspace, &shop.namespace("istio-two"));
    let plan = workspace.plan_with(&["-json"]);
    let messages = plan.messages();
    let warns = messages.iter().any(|it| it.severity == "warning" && format!("{it:?}").contains("namespace"));
    assert!(plan.code == 2 && warns, "the plan does not say what a change of namespace does: {messages:#?}");
    workspace.apply_plan().succeeded();
    assert!(
        clusters.east.get(&format!("/api/v1/namespaces/{SYSTEM}")).is_none(),
        "the old namespace is there"
    );
    assert!(clusters.east.get("/apis/apps/v1/namespaces/istio-two/deployments/istiod").is_some());
    assert_eq!(owners(&clusters.east), [owner(&identity(&workspace))].into());
    assert_eq!(definitions(clusters), uids, "the definitions were made anew");
    assert!(clusters.east.get(&format!("{STRANGERS}/strangers")).is_some());
    workspace.assert_no_changes();
}

/// Terraform lets everything be created first that a thing depends on which is to be.
pub fn a_dependent_that_is_created_before_it_is_destroyed_is_named(clusters: &Clusters) {
    let shop = Mesh::of("shop", &["east"]);
    let workspace = clusters.workspace(&shop);
    let dependent = format!(
        "resource \"terraform_data\" \"app\" {{\n  input = {ADDRESS}.id\n  lifecycle {{\n    create_before_destroy = true\n  }}\n}}\n"
    );
    workspace.configure(&(clusters.provider() + &shop.hcl() + &dependent));
    workspace.apply().succeeded();
    let (id, before) = (identity(&workspace), clusters.east.settled());
    let replace = format!("-replace={ADDRESS}");
    let run = workspace.run(&[&APPLY[..], &[&replace]].concat());
    assert_same(
        &before,
        &clusters.east.settled(),
        &format!("a refused replacement changed\n{}", run.story()),
    );
    run.failed_with(&[&id, "create_before_destroy", "depend"]);
    assert_eq!(identity(&workspace), id);
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
}

/// The UIDs of all definitions.
fn definitions(clusters: &Clusters) -> Vec<serde_json::Value> {
    let list = clusters.east.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions").expect("a list");
    let items = list["items"].as_array().expect("a list").iter();
    items.map(|it| it["metadata"]["uid"].clone()).collect()
}
