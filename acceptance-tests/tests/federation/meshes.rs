//! The meshes of the example, and what workloads of them see.

use acceptance_tests::{Fixture, Workspace};
use lab::sample;
use serde_json::{Value, json};

/// The clusters of both meshes.
pub const CLUSTERS: [&str; 3] = ["east", "west", "bank"];
pub const SHOP: [&str; 2] = ["east", "west"];
/// The Service of the bank in the shop, and the other way round.
pub const BANK_URL: &str = "http://echo.bank.mesh:5000/";
pub const SHOP_URL: &str = "http://echo.shop.mesh:5000/";

/// The example with its meshes only, so that there are namespaces before there is a federation.
pub fn without_federations() -> String {
    meshes_of(&Fixture::example_text("multi-mesh")).to_owned()
}

fn meshes_of(example: &str) -> &str {
    &example[..example.find("# The side of the shop.").expect("the federations")]
}

/// Both meshes with the sample in each cluster, and the federations of the example.
pub fn federated(fixture: &Fixture) -> Workspace {
    federated_as(fixture, &Fixture::example_text("multi-mesh"), &CLUSTERS)
}

/// The same of another configuration, with the sample in these clusters.
pub fn federated_as(fixture: &Fixture, example: &str, clusters: &[&str]) -> Workspace {
    let workspace = Workspace::new(meshes_of(example));
    workspace.set_variables(&fixture.variables());
    workspace.apply().succeeded();
    fixture.start_sample(clusters);
    workspace.configure(example);
    workspace.apply().succeeded();
    workspace
}

/// The status of the federation at an address.
pub fn status(workspace: &Workspace, address: &str) -> Value {
    workspace.resource(address)["status"].clone()
}

/// A status in which all is well.
pub fn ready(peer: &str, import: &str) -> Value {
    json!({"peers": {peer: "ready"}, "exports": {"echo": "ready"}, "imports": {import: "ready"}, "last_apply": "complete"})
}

/// Starts a client with another service account in a cluster.
pub fn start_client(fixture: &Fixture, cluster: &str, account: &str) {
    let mut deployment = sample::deployment(account, cluster);
    deployment["spec"]["template"]["spec"]["serviceAccountName"] = json!(account);
    let metadata = json!({"name": account, "namespace": sample::NAMESPACE});
    let account_object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": [account_object, deployment]});
    fixture.kubectl_with(cluster, &["apply", "-f", "-"], &objects.to_string());
    let name = format!("deploy/{account}");
    fixture.kubectl(cluster, &["-n", sample::NAMESPACE, "rollout", "status", &name, "--timeout=120s"]);
}
