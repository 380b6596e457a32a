//! An istiod in the remote cluster injects its proxies; that of the primary configures them and signs their certificates.

use acceptance_tests::admin::Admin;
use acceptance_tests::{Fixture, Workspace};
use lab::cloud::LoadBalancers;
use lab::sample;
use serde_json::{Value, json};

use acceptance_tests::remote::proof;
use acceptance_tests::remote::read::{assert_ready, restart_sample, signed_by, status, with_line};

const EXAMPLE: &str = "primary-remote-multi-network";
const ADDRESS: &str = "istio_remote_cluster.branch";
const CLUSTERS: [&str; 2] = ["east", "branch"];

const FLAT: &str = "primary-remote-flat";
const EDGE: &str = "istio_remote_cluster.edge";
const BALANCER: &str = "istiod-load-balancer.istio-system.east.balancers.lab.example";

/// An example with this injector.
fn injected_by(example: &str, injector: &str) -> String {
    with_line(&Fixture::example_text(example), "istio_remote_cluster", &format!("injector = {injector:?}"))
}

pub fn an_istiod_in_the_cluster_injects_and_the_primary_signs(fixture: &Fixture) {
    let workspace = fixture.example(EXAMPLE);
    workspace.configure(&injected_by(EXAMPLE, "local"));
    workspace.apply().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    assert_ready(&workspace, ADDRESS, Some("ready"), &["east"]);
    assert_eq!(status(&workspace, ADDRESS)["authority"], "ready");
    let filled = [("branch", "cacerts", "ca-key.pem"), ("east", "istio-remote-secret-branch", "branch")];
    fixture.assert_in_no_state_or_plan(&workspace, &filled);
    assert_eq!(annotation(fixture), "", "two istiods would lead");
    proof::the_mesh_answers(fixture, &CLUSTERS, &["branch"]);
    proof::others_are_called_through_gateways(fixture, &CLUSTERS);
    signed_by(fixture, "branch", "east", "istio-system");
    workspace.assert_no_changes();

    for injector in ["primary", "local"] {
        it_is_changed_in_place(fixture, &workspace, injector);
    }

    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
}

/// What is created afterwards is injected by the other one, also the gateway's pods.
fn it_is_changed_in_place(fixture: &Fixture, workspace: &Workspace, injector: &str) {
    workspace.configure(&injected_by(EXAMPLE, injector));
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    let warning = "pods that already run must be restarted, because injector changes";
    assert!(plan.output.contains(warning), "{}", plan.output);
    workspace.apply_plan().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    assert_ready(workspace, ADDRESS, Some("ready"), &["east"]);
    let is_local = injector == "local";
    assert_eq!(annotation(fixture), if is_local { "" } else { "east" });
    assert_eq!(status(workspace, ADDRESS)["authority"], if is_local { json!("ready") } else { Value::Null });
    let istiods = fixture.kubectl("branch", &["-n", "istio-system", "get", "deploy,svc", "-o", "name"]);
    assert_eq!(istiods.contains("deployment.apps/istiod\n"), is_local, "{istiods}");
    assert_eq!(istiods.contains("service/istiod-remote"), is_local, "{istiods}");
    assert!(is_local || are_open(fixture), "nobody answers the webhooks that check Istio's resources");

    restart_sample(fixture, "branch", &["client", "echo", "only-branch"]);
    for caller in CLUSTERS {
        fixture.settle(caller, &CLUSTERS);
        fixture.assert_all_answer(caller, &CLUSTERS);
        fixture.settle_at(caller, &sample::url("only-branch"), &["branch"]);
    }
    proof::others_are_called_through_gateways(fixture, &CLUSTERS);
    signed_by(fixture, "branch", "east", "istio-system");
}

fn annotation(fixture: &Fixture) -> String {
    let path = "jsonpath={.metadata.annotations.topology\\.istio\\.io/controlPlaneClusters}";
    fixture.kubectl("branch", &["get", "namespace", "istio-system", "-o", path])
}

fn are_open(fixture: &Fixture) -> bool {
    let path = "jsonpath={.items[*].webhooks[*].failurePolicy}";
    let policies = fixture.kubectl("branch", &["get", "validatingwebhookconfiguration", "-o", path]);
    policies.split_whitespace().all(|policy| policy == "Ignore")
}

/// API servers do not call a webhook by that name, and proxies do.
pub fn a_host_name_of_a_load_balancer_needs_an_istiod_in_the_cluster(fixture: &Fixture) {
    let clusters = ["east", "edge"];
    fixture.lab.cluster("east").set_load_balancers(LoadBalancers::HostName(1));
    let workspace = fixture.example(FLAT);
    let admin = Admin::of(fixture.lab, "edge");
    let before = admin.settled();
    workspace.apply().failed_with(&[
        "a load balancer with the host name \"istiod-load-balancer",
        "set it as hostname in the remote_control_plane",
        "injector = \"local\"",
        "a static IP address of the load balancer",
    ]);
    assert_eq!(admin.settled(), before, "nothing was written there");

    workspace.configure(&injected_by(FLAT, "local"));
    workspace.apply().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    assert_ready(&workspace, EDGE, None, &["east"]);
    let path = "jsonpath={.spec.externalName}";
    let service = ["-n", "istio-system", "get", "service", "istiod-remote", "-o", path];
    assert_eq!(fixture.kubectl("edge", &service), BALANCER);
    let addresses = fixture.lab.names().get(BALANCER).expect("the host name of the balancer");
    let manifests = workspace.resource(EDGE)["manifests"].to_string();
    assert!(addresses.iter().all(|address| !manifests.contains(&address.to_string())), "{addresses:?}");
    proof::the_mesh_answers(fixture, &clusters, &["edge"]);
    signed_by(fixture, "edge", "east", "istio-system");

    fixture.end_sample(&clusters);
    workspace.destroy().succeeded();
    for cluster in clusters {
        fixture.assert_only_crds_remain(cluster);
    }
    fixture.lab.cluster("east").set_load_balancers(LoadBalancers::Addresses(1));
}
