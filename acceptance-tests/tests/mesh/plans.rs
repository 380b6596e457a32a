//! What plans and applies say of what is unknown, of what cannot work yet, and of who would be cut off.

use acceptance_tests::terraform::Message;
use acceptance_tests::{Fixture, Run, Workspace};
use serde_json::Value;

use crate::configuration::mesh_of;
use crate::others::{chart, helm};

/// A gateway whose Service has an annotation that another resource makes.
fn mesh_with_annotation() -> String {
    let gateway = "    network = \"net-east\"\n    east_west_gateway {\n      service_annotations = { \"example.com/eip\" = \
                   terraform_data.eip.output }\n    }\n";
    let timeouts = "  timeouts {\n    create = \"40s\"\n  }\n";
    let mesh = mesh_of("east", timeouts).replacen("network = \"net-east\"\n", gateway, 1);
    format!(
        "resource \"terraform_data\" \"eip\" {{\n  input = var.eip\n}}\nvariable \"eip\" {{\n  type = string\n}}\n{mesh}"
    )
}

fn set_address(workspace: &Workspace, address: &str) {
    workspace.set_variables(&serde_json::json!({ "eip": address }));
}

/// A create waits for istiod's webhook before the first gateway pod exists, and says which port is closed.
pub fn a_create_whose_webhook_is_cut_off_names_the_port(fixture: &Fixture) {
    let workspace = fixture.workspace("east", &mesh_with_annotation());
    set_address(&workspace, "one");
    let network = fixture.lab.cluster("east").network();
    network.close_to_api_server(15017, true).expect("close the port");
    let run = workspace.apply_with_messages();
    network.close_to_api_server(15017, false).expect("open the port");
    let message = about(&run, "error", "Cluster \"east\": istiod's webhook did not inject the gateway's pod");
    for part in ["to port 15017 of istiod's pods", "run terraform untaint istio_mesh.<name>"] {
        assert!(message.detail.contains(part), "{message:?}");
    }
    let gateways = fixture
        .kubectl("east", &["-n", "istio-system", "get", "pod", "-l", "istio=eastwestgateway", "-o", "name"]);
    assert_eq!(gateways.trim(), "", "no pod is made that would never get an image");

    let plan = workspace.plan_with(&["-json"]);
    let warning = about(&plan, "warning", "The creation of a mesh in namespace \"istio-system\"");
    assert!(warning.detail.contains("destroyed first"), "{warning:?}");
    workspace.run(&["untaint", "istio_mesh.shop"]).succeeded();
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    one_unknown_value_makes_one_object_unknown(&workspace);
    a_gateway_of_the_user_keeps_the_control_plane(fixture, &workspace);
    fixture.destroy(&workspace, "east");
}

fn one_unknown_value_makes_one_object_unknown(workspace: &Workspace) {
    set_address(workspace, "two");
    assert_eq!(workspace.plan().code, 2);
    let plan = workspace.shown_plan();
    let changes = plan["resource_changes"].as_array().expect("changes");
    let mesh = changes.iter().find(|change| change["type"] == "istio_mesh").expect("the mesh changes");
    let unknown = &mesh["change"]["after_unknown"];
    let objects = unknown["manifests"].as_object().expect("single objects are unknown");
    let objects: Vec<&String> =
        objects.iter().filter(|(_, it)| **it == Value::Bool(true)).map(|(id, _)| id).collect();
    assert_eq!(objects, ["east//Service/istio-system/istio-eastwestgateway"]);
    for known in ["id", "cluster_uids", "kubernetes_versions", "chart_digests"] {
        assert_ne!(unknown[known], Value::Bool(true), "{known}: {unknown}");
        assert_eq!(mesh["change"]["after"][known], mesh["change"]["before"][known]);
    }
    let root = |side: &str| mesh["change"][side]["join"]["root_certificates"].clone();
    assert!(root("before").is_string());
    assert_eq!(root("after"), root("before"));
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
}

/// Also in the mesh's own namespace, where Istio's guides have long put it.
fn a_gateway_of_the_user_keeps_the_control_plane(fixture: &Fixture, workspace: &Workspace) {
    helm(
        fixture,
        "east",
        &["install", "istio-ingressgateway", &chart("gateway"), "--wait", "--timeout", "90s"],
    );
    let plan = workspace.plan_with(&["-json", "-destroy"]);
    let warning = about(&plan, "warning", "Cluster \"east\": 1 pod still has a proxy of the mesh");
    assert!(warning.detail.starts_with("istio-system/istio-ingressgateway-"), "{warning:?}");
    workspace
        .destroy()
        .failed_with(&["1 pod still has a proxy of the mesh", "istio-system/istio-ingressgateway-"]);
    workspace.assert_no_changes();
    helm(fixture, "east", &["uninstall", "istio-ingressgateway", "--wait", "--timeout", "90s"]);
}

/// A cluster whose host becomes unknown may be about to be replaced.
pub fn a_cluster_that_may_be_replaced_is_unknown(fixture: &Fixture) {
    let api = fixture.lab.cluster("east").api_server();
    let provider = fixture.provider("east", "east", "").replacen(
        &format!("\"{}\"", api.host()),
        "terraform_data.cluster.output",
        1,
    );
    let cluster = format!(
        "resource \"terraform_data\" \"cluster\" {{\n  input            = \"{}\"\n  triggers_replace = var.generation\n}}\n\
         variable \"generation\" {{\n  type = string\n}}\n",
        api.host()
    );
    let workspace = fixture.workspace("east", "");
    workspace.configure(&format!("{provider}{cluster}{}", mesh_of("east", "  delete_crds = true")));
    workspace.set_variables(&serde_json::json!({ "generation": "1" }));
    workspace.apply().succeeded();
    workspace.assert_no_changes();

    workspace.set_variables(&serde_json::json!({ "generation": "2" }));
    let plan = workspace.plan_with(&["-json"]);
    let warning = about(&plan, "warning", "Cluster \"east\" may be about to be replaced");
    let state = workspace.resource("istio_mesh.shop");
    let uid = state["cluster_uids"]["east"].as_str().expect("a UID");
    assert!(warning.detail.contains(&format!("recreated_from = {uid:?}")), "{warning:?}");
    let planned = workspace.shown_plan();
    let changes = planned["resource_changes"].as_array().expect("changes");
    let mesh = changes.iter().find(|change| change["type"] == "istio_mesh").expect("the mesh changes");
    let unknown = &mesh["change"]["after_unknown"];
    assert_eq!(unknown["cluster_uids"]["east"], Value::Bool(true));
    // All that status and manifests say is of this cluster.
    for members in [&unknown["status"]["clusters"]["east"], &unknown["manifests"]] {
        let are_unknown = members
            .as_object()
            .is_some_and(|it| it.len() > 5 && it.values().all(|it| *it == Value::Bool(true)));
        assert!(are_unknown, "{unknown}");
    }
    // It was the same cluster after all.
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
}

#[track_caller]
fn about(run: &Run, severity: &str, summary: &str) -> Message {
    let messages = run.messages();
    let mut found = messages.iter().filter(|it| it.severity == severity && it.summary.starts_with(summary));
    found.next().cloned().unwrap_or_else(|| panic!("no {severity} {summary:?}:\n{}", run.output))
}
