use acceptance_tests::{Fixture, Workspace};
use serde_json::json;

use acceptance_tests::remote::proof;
use acceptance_tests::remote::read::assert_ready;

const EXAMPLE: &str = "primary-remote-flat";
const ADDRESS: &str = "istio_remote_cluster.edge";
const CLUSTERS: [&str; 2] = ["east", "edge"];

pub fn a_cluster_on_the_same_network_is_served_and_leaves(fixture: &Fixture) {
    let workspace = fixture.example(EXAMPLE);
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    for object in [
        "edge//ConfigMap/istio-system/istio",
        "edge//Secret/istio-system/istio-mesh-reader-token-1",
        "east//Secret/istio-system/istio-remote-secret-edge",
        "east//ConfigMap/istio-system/terraform-provider-istio-member-edge",
    ] {
        assert!(plan.output.contains(&format!("+ \"{object}\"")), "{object} is missing in:\n{}", plan.output);
    }
    workspace.apply_plan().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    assert_ready(&workspace, ADDRESS, None, &["east"]);
    assert_eq!(workspace.resource(ADDRESS)["primaries"], json!(["east"]), "the only one that serves");
    istiod_runs_in_the_primary_alone(fixture);

    proof::the_mesh_answers(fixture, &CLUSTERS, &["edge"]);
    proof::pods_are_called_directly(fixture, &CLUSTERS);
    workspace.assert_no_changes();
    a_cluster_that_pods_depend_on_stays(&workspace);
    it_leaves(fixture, &workspace);

    fixture.end_sample(&["east"]);
    workspace.destroy().succeeded();
    fixture.assert_only_crds_remain("east");
}

fn istiod_runs_in_the_primary_alone(fixture: &Fixture) {
    let pods = ["-n", "istio-system", "get", "pods", "-o", "name"];
    assert!(fixture.kubectl("east", &pods).contains("pod/istiod-"));
    assert_eq!(fixture.kubectl("edge", &pods), "");
}

fn a_cluster_that_pods_depend_on_stays(workspace: &Workspace) {
    let texts =
        ["Cluster \"edge\": 3 pods still have proxies of the mesh", "sample/echo-", "force_destroy = true"];
    workspace.destroy().failed_with(&texts);
    // Terraform itself has forgotten the outputs by then.
    let applied = workspace.apply().succeeded();
    assert!(applied.output.contains("0 added, 0 changed, 0 destroyed"), "{}", applied.output);
    workspace.assert_no_changes();
}

/// Its pods go first, as a user would do it, and then the block, while the other cluster is served on.
fn it_leaves(fixture: &Fixture, workspace: &Workspace) {
    fixture.end_sample(&["edge"]);
    fixture.settle("east", &["east"]);
    let text = Fixture::example_text(EXAMPLE);
    let (mesh, _) = text.split_once("resource \"istio_remote_cluster\"").expect("the remote cluster");
    workspace.configure(mesh);
    fixture.under_traffic(&["east"], || drop(workspace.apply().succeeded()));
    workspace.assert_well();
    fixture.assert_only_crds_remain("edge");
    for kind in ["secret/istio-remote-secret-edge", "configmap/terraform-provider-istio-member-edge"] {
        let found = fixture.kubectl("east", &["-n", "istio-system", "get", kind, "--ignore-not-found"]);
        assert_eq!(found, "", "{kind} is left");
    }
    // Nothing refuses pods that were injected before.
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
                           "metadata": {"name": "after", "labels": {"istio-injection": "enabled"}}});
    fixture.apply("edge", &namespace);
    fixture.kubectl(
        "edge",
        &["-n", "after", "create", "deployment", "plain", "--image=lab.example/istio/app:1"],
    );
    fixture.kubectl("edge", &["-n", "after", "rollout", "status", "deploy/plain", "--timeout=60s"]);
    fixture.end_namespace("edge", "after");
}
