//! Pods of Istio's CNI plugin on nodes that do not run them.

use acceptance_tests::admin::Admin;
use acceptance_tests::mesh::Mesh;
use acceptance_tests::rewriting::{Rewrite, Rewriting};
use acceptance_tests::{Fixture, Workspace};
use serde_json::json;

use crate::configuration::{SYSTEM, assert_says, configure, said, workspace};

/// Nodes of which there is nothing but their object.
const LOST: [&str; 2] = ["lost-1", "lost-2"];

pub fn pods_of_nodes_that_run_nothing_are_named_with_their_nodes(fixture: &Fixture) {
    let east = Admin::of(fixture.lab, "east");
    // The lab has no program for the plugin's image: without a command, its pods are ready on the node that is there.
    let rewrite = Rewrite {
        group: "",
        resource: "pods",
        of: "request.operation == 'CREATE' && has(object.metadata.labels) && 'k8s-app' in object.metadata.labels && object.metadata.labels['k8s-app'] == 'istio-cni-node'",
        patch: "[JSONPatch{op: 'remove', path: '/spec/containers/0/command'}]",
    };
    let _image = Rewriting::of(&east, "cni", &rewrite);
    for node in LOST {
        east.create("/api/v1/nodes", &json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": {"kubernetes.io/os": "linux"}},
                // Whatever does not have to run on every node stays away.
                "spec": {"taints": [{"key": "example.com/lost", "effect": "NoSchedule"}]},
        }));
        is_ready(&east, node, false);
    }
    let workspace = workspace(fixture, &mesh(1));
    let text = applied(&workspace);
    assert_says(&text, &["Cluster \"east\": pods on nodes that are not ready were not waited for"]);
    names_pods_and_nodes(&east, &text, |pod, node| format!("pod {pod} on node {node}, which is not ready"));
    assert_says(&text, &["kubectl delete node lost-1 lost-2"]);
    // Something else may change meanwhile.
    configure(
        fixture,
        &workspace,
        &mesh(1).with("mesh_config = yamlencode({ accessLogFile = \"/dev/stdout\" })"),
    );
    applied(&workspace);
    workspace.assert_no_changes();

    // A node that says that it is ready is waited for.
    for node in LOST {
        is_ready(&east, node, true);
    }
    configure(fixture, &workspace, &mesh(2));
    let run = workspace.apply_with_messages();
    assert_eq!(run.code, 1, "{}", run.output);
    let text = said(&run);
    assert_says(&text, &["DaemonSet", "istio-cni-node"]);
    names_pods_and_nodes(&east, &text, |pod, node| format!("pod {pod} on node {node}"));
    // The failure is not forgotten.
    assert_eq!(workspace.plan().code, 2);
    let last = workspace.resource("istio_mesh.shop")["status"]["clusters"]["east"]["last_apply"].clone();
    assert_eq!(last, "unfinished");
}

/// A mesh whose CNI plugin has this generation.
fn mesh(generation: u8) -> Mesh {
    let values = format!(
        "chart \"cni\" {{\n    values = yamlencode({{ podAnnotations = {{ generation = \"{generation}\" }} }})\n  }}"
    );
    Mesh::of("shop", &["east"])
        .with("cni {}")
        .with(&values)
        .with("timeouts {\n    create = \"60s\"\n    update = \"15s\"\n  }")
}

#[track_caller]
fn applied(workspace: &Workspace) -> String {
    let run = workspace.apply_with_messages();
    assert_eq!(run.code, 0, "{}", run.output);
    said(&run)
}

/// At least one pod of the plugin on each of the nodes is in the text.
#[track_caller]
fn names_pods_and_nodes(east: &Admin, text: &str, line: impl Fn(&str, &str) -> String) {
    let pods = east.get(&format!("/api/v1/namespaces/{SYSTEM}/pods")).expect("a list");
    let pods = pods["items"].as_array().expect("a list");
    for node in LOST {
        let on_node = pods.iter().filter(|pod| pod["spec"]["nodeName"] == node);
        let mut lines = on_node.map(|pod| line(pod["metadata"]["name"].as_str().unwrap_or_default(), node));
        assert!(lines.any(|line| text.contains(&line)), "no pod on {node} is named in:\n{text}");
    }
}

fn is_ready(east: &Admin, node: &str, ready: bool) {
    let room = json!({"cpu": "4", "memory": "8Gi", "pods": "10", "ephemeral-storage": "10Gi"});
    let condition = json!({
        "type": "Ready", "status": if ready { "True" } else { "False" }, "reason": "Test", "message": "so says the test",
    });
    let status = json!({"status": {"conditions": [condition], "capacity": room, "allocatable": room}});
    east.merge(&format!("/api/v1/nodes/{node}/status"), "test", &status);
}
