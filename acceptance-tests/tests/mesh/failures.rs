use std::collections::BTreeSet;

use acceptance_tests::fixture::provider_block;
use acceptance_tests::official::remove_definitions;
use acceptance_tests::{Fixture, until};
use lab::api_server::identity;

use crate::configuration::mesh_of;

pub fn an_unknown_cluster_is_named_with_the_known_ones(fixture: &Fixture) {
    let workspace = fixture.workspace("east", &mesh_of("nowhere", ""));
    workspace.plan().failed_with(&[
        "Cluster \"nowhere\": the provider has no cluster block with this label",
        "Use one of east",
    ]);
}

pub fn invalid_yaml_is_named_with_its_line(fixture: &Fixture) {
    let broken = "chart \"istiod\" {\n    values = \"resources:\\n  requests: [\\n\"\n  }";
    let workspace = fixture.workspace("east", &mesh_of("east", broken));
    workspace.plan().failed_with(&["chart[\"istiod\"].values is not valid YAML", "line 2", "yamlencode"]);
}

pub fn a_chart_that_does_not_render_names_its_template(fixture: &Fixture) {
    let refused = "chart \"istiod\" {\n    values = yamlencode({ profile = \"nosuch\" })\n  }";
    let workspace = fixture.workspace("east", &mesh_of("east", refused));
    workspace.plan().failed_with(&[
        "Cannot render the manifests of cluster \"east\"",
        "chart istiod does not render with its values",
        "istiod/templates/zzz_profile.yaml",
        "unknown profile nosuch",
    ]);
}

pub fn a_missing_right_is_named_and_nothing_is_left(fixture: &Fixture) {
    let rules = identity::without_rbac();
    fixture.lab.cluster("east").api_server().add_identity("no-rbac", &rules).expect("make the identity");
    let workspace = fixture.workspace("east", &mesh_of("east", ""));
    fixture.identify(&workspace, "east", "no-rbac");
    workspace.apply().failed_with(&[
        "Cluster \"east\": cannot apply the manifests",
        "Secret: istio-system/terraform-provider-istio-root: not permitted to apply it",
        "Grant the identity of the cluster block the permission",
        "run terraform untaint istio_mesh.<name>",
    ]);
    assert!(workspace.resource("istio_mesh.shop").is_object(), "a failed create keeps what it made in state");
    fixture.identify(&workspace, "east", identity::ADMIN);
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}

pub fn a_timeout_names_the_pod_and_destroy_leaves_nothing(fixture: &Fixture) {
    let greedy = "chart \"istiod\" {\n    values = yamlencode({ resources = { requests = { cpu = \"1000\" } } })\n  }\n  timeouts {\n    create = \"10s\"\n  }";
    let mesh = mesh_of("east", greedy);
    let workspace = fixture.workspace("east", &mesh);
    workspace.apply().failed_with(&[
        "Cluster \"east\": cannot apply the manifests",
        "Stage \"workloads\" did not become ready",
        "apps/Deployment/istio-system/istiod",
        "Insufficient cpu",
        "terraform untaint",
    ]);
    // The way out that the message names: mend the cause, untaint, apply.
    workspace.run(&["untaint", "istio_mesh.shop"]).succeeded();
    workspace.configure(&format!(
        "{}{}",
        fixture.provider("east", "east", ""),
        mesh.replace("\"1000\"", "\"100m\"")
    ));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    fixture.destroy(&workspace, "east");

    // The other way out.
    remove_definitions(&fixture.lab.kubeconfig(), "east");
    workspace.configure(&format!("{}{mesh}", fixture.provider("east", "east", "")));
    assert_eq!(workspace.apply().code, 1);
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}

pub fn ctrl_c_keeps_what_was_made(fixture: &Fixture) {
    let greedy =
        "chart \"istiod\" {\n    values = yamlencode({ resources = { requests = { cpu = \"1000\" } } })\n  }";
    let workspace = fixture.workspace("east", &mesh_of("east", greedy));
    let apply = workspace.start_apply();
    until("istiod's Deployment", || {
        let found = fixture.kubectl("east", &["get", "deploy", "-A", "-o", "name"]);
        found.contains("deployment.apps/istiod")
    });
    assert!(apply.process().signal("-INT"), "it has ended");
    let began = std::time::Instant::now();
    let run = apply.finished();
    assert!(began.elapsed().as_secs() < 10, "Ctrl-C took {:?}", began.elapsed());
    run.failed_with(&[
        "cancelled while waiting for",
        "apps/Deployment/istio-system/istiod",
        "The run was cancelled. What was done so far is recorded",
    ]);
    let state = workspace.resource("istio_mesh.shop");
    assert!(state["manifests"].as_object().is_some_and(|objects| objects.len() > 20), "{state}");
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}

pub fn a_second_state_cannot_take_a_mesh(fixture: &Fixture) {
    let mesh = mesh_of("east", "");
    let first = fixture.workspace("east", &mesh);
    first.apply().succeeded();
    let second = fixture.workspace("east", &mesh);
    second.apply().failed_with(&[
        "a mesh is already installed there",
        "Two states must not",
        "terraform import istio_mesh.NAME",
    ]);
    assert!(second.resource("istio_mesh.shop").is_null());
    first.assert_no_changes();
    fixture.destroy(&first, "east");
}

pub fn an_unreachable_cluster_is_an_error_or_kept_or_abandoned(fixture: &Fixture) {
    let mesh = mesh_of("east", "");
    let workspace = fixture.workspace("east", &mesh);
    workspace.apply().succeeded();
    let gone = |extra: &str| {
        let ca = fixture.lab.cluster("east").api_server().ca_pem();
        format!("{}{mesh}", provider_block("east", "https://127.0.0.1:1", ca, extra))
    };
    workspace.configure(&gone(""));
    workspace.plan().failed_with(&[
        "Cluster \"east\": https://127.0.0.1:1 cannot be reached: the connection was refused",
        "Check the port of host",
    ]);
    workspace.configure(&gone("    on_unreachable = \"keep\""));
    let kept = workspace.plan();
    assert_eq!(kept.code, 0, "{}", kept.output);
    assert!(kept.output.contains("State keeps what it has about this cluster"), "{}", kept.output);
    let state = std::fs::read(workspace.path().join("terraform.tfstate")).expect("the state");
    workspace.configure(&gone("    on_unreachable = \"abandon\""));
    workspace.destroy().succeeded();
    assert!(workspace.resource("istio_mesh.shop").is_null());

    // What is gone first of a cluster is often something else.
    let block = |settings: &str, on_unreachable: &str| {
        let provider = fixture.provider("east", "east", "");
        let (before, block) = provider.split_once("  cluster \"east\" {\n").expect("a cluster block");
        let (_, after) = block.split_once("\n  }\n").expect("its end");
        format!(
            "{before}  cluster \"east\" {{\n    {settings}\n    on_unreachable = \"{on_unreachable}\"\n  }}\n{after}{mesh}"
        )
    };
    for settings in ["host = \"\"", "config_path = \"gone\"", "host = \"https://east.invalid\""] {
        std::fs::write(workspace.path().join("terraform.tfstate"), &state).expect("restore the state");
        workspace.configure(&block(settings, "keep"));
        let kept = workspace.plan();
        assert_eq!(kept.code, 0, "{settings}: {}", kept.output);
        workspace.configure(&block(settings, "error"));
        workspace.destroy().failed_with(&["on_unreachable"]);
        workspace.configure(&block(settings, "abandon"));
        let destroyed = workspace.destroy();
        assert!(destroyed.output.contains("Cluster \"east\" is abandoned"), "{}", destroyed.output);
        destroyed.succeeded();
        assert!(workspace.resource("istio_mesh.shop").is_null(), "{settings}");
    }

    // The cluster was not gone after all: with its state restored it is found as it was.
    std::fs::write(workspace.path().join("terraform.tfstate"), state).expect("restore the state");
    workspace.configure(&format!("{}{mesh}", fixture.provider("east", "east", "")));
    fixture.destroy(&workspace, "east");
}

pub fn a_load_balancer_class_that_cannot_change_is_refused_by_the_plan(fixture: &Fixture) {
    let gateway = |class: &str| {
        let mesh = mesh_of("east", "  delete_crds = true");
        let block = format!("network = \"net-east\"\n    east_west_gateway {{\n{class}    }}");
        mesh.replacen("network = \"net-east\"", &block, 1)
    };
    let workspace = fixture.workspace("east", &gateway(""));
    workspace.apply().succeeded();
    let provider = fixture.provider("east", "east", "");
    workspace
        .configure(&format!("{provider}{}", gateway("      load_balancer_class = \"example.com/lb\"\n")));
    workspace.plan().failed_with(&[
        "spec.loadBalancerClass of Service \"istio-eastwestgateway\" cannot change",
        "load_balancer_class = \"example.com/lb\"",
        "It is not set and would be \"example.com/lb\"",
        "kubectl -n istio-system delete service/istio-eastwestgateway",
    ]);
    fixture.kubectl("east", &["-n", "istio-system", "delete", "service/istio-eastwestgateway"]);
    // Nobody here makes load balancers of that class, so this is not applied.
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    workspace.configure(&format!("{provider}{}", gateway("")));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), BTreeSet::new());
}
