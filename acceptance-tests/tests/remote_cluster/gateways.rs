use acceptance_tests::Fixture;
use serde_json::json;

use acceptance_tests::remote::proof;
use acceptance_tests::remote::read::{assert_ready, status};

const EXAMPLE: &str = "primary-remote-multi-network";
const ADDRESS: &str = "istio_remote_cluster.branch";
const CLUSTERS: [&str; 2] = ["east", "branch"];

pub fn a_cluster_on_another_network_is_served_through_gateways(fixture: &Fixture) {
    let workspace = fixture.example(EXAMPLE);
    workspace.apply().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    let filled =
        [("branch", "istio-mesh-reader-token-1", "token"), ("east", "istio-remote-secret-branch", "branch")];
    fixture.assert_in_no_state_or_plan(&workspace, &filled);
    assert_ready(&workspace, ADDRESS, Some("ready"), &["east"]);
    let addresses = &status(&workspace, ADDRESS)["gateway_addresses"];
    let published = ["-n", "istio-system", "get", "service", "istio-eastwestgateway", "-o"];
    let published = [&published[..], &["jsonpath={.status.loadBalancer.ingress[0].ip}"]].concat();
    assert_eq!(*addresses, json!([fixture.kubectl("branch", &published)]));

    proof::the_mesh_answers(fixture, &CLUSTERS, &["branch"]);
    proof::others_are_called_through_gateways(fixture, &CLUSTERS);
    foo_is_answered_while_it_does_not_run_in_one_of_them(fixture);
    workspace.assert_no_changes();
    a_lost_state_is_imported(&workspace);

    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
}

fn foo_is_answered_while_it_does_not_run_in_one_of_them(fixture: &Fixture) {
    let scale = |cluster: &str, replicas: &str| {
        fixture.kubectl(cluster, &["-n", lab::sample::NAMESPACE, "scale", "deploy/echo", replicas]);
    };
    for (without, other) in [("east", "branch"), ("branch", "east")] {
        fixture.under_traffic(&CLUSTERS, || {
            scale(without, "--replicas=0");
            for caller in CLUSTERS {
                fixture.settle(caller, &[other]);
            }
        });
        scale(without, "--replicas=1");
        for caller in CLUSTERS {
            fixture.settle(caller, &CLUSTERS);
        }
    }
}

fn a_lost_state_is_imported(workspace: &acceptance_tests::Workspace) {
    let id = workspace.resource(ADDRESS)["id"].clone();
    workspace.run(&["state", "rm", ADDRESS]).succeeded();
    workspace.run(&["import", "-input=false", "-no-color", ADDRESS, "shop/branch@east"]).succeeded();
    assert_eq!(workspace.resource(ADDRESS)["id"], id);
    workspace.assert_no_changes();

    workspace.run(&["state", "rm", ADDRESS]).succeeded();
    let block = format!("import {{\n  to = {ADDRESS}\n  identity = {{\n    id = {id}\n  }}\n}}\n");
    let text = Fixture::example_text(EXAMPLE);
    workspace.configure(&(text.clone() + &block));
    let applied = workspace.apply().succeeded();
    assert!(applied.output.contains("1 imported, 0 added, 0 changed, 0 destroyed"), "{}", applied.output);
    workspace.configure(&text);
    workspace.assert_no_changes();
}
