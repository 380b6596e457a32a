use acceptance_tests::{Fixture, Workspace};
use lab::sample;

use acceptance_tests::remote::proof;
use acceptance_tests::remote::read::{assert_ready, status};

const EXAMPLE: &str = "mixed";
const ALL: [&str; 4] = ["branch", "east", "edge", "west"];
const OTHERS: [&str; 3] = ["east", "edge", "west"];
const STAYING: [&str; 2] = ["east", "edge"];
const LEAVING: [&str; 2] = ["branch", "west"];
const PRIMARIES: [&str; 2] = ["east", "west"];
const BRANCH: &str = "istio_remote_cluster.remote[\"branch\"]";
const EDGE: &str = "istio_remote_cluster.remote[\"edge\"]";

pub fn two_of_three_networks_are_served_and_a_cluster_leaves_with_its_primary_under_traffic(
    fixture: &Fixture,
) {
    let workspace = fixture.example(EXAMPLE);
    workspace.apply().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    assert_ready(&workspace, BRANCH, Some("ready"), &PRIMARIES);
    assert_ready(&workspace, EDGE, None, &PRIMARIES);

    proof::the_mesh_answers(fixture, &ALL, &["branch", "edge"]);
    one_pair_is_flat(fixture);
    workspace.assert_no_changes();
    branch_is_drained(fixture, &workspace);
    branch_and_its_primary_leave(fixture, &workspace);

    fixture.end_sample(&STAYING);
    workspace.destroy().succeeded();
    for cluster in ALL {
        fixture.assert_only_crds_remain(cluster);
    }
}

/// Each cluster calls two gateways of others, and its own pods and those of its network directly; a network with two clusters has one
/// gateway, which both are behind.
fn one_pair_is_flat(fixture: &Fixture) {
    for (caller, pods, gateways) in [("east", 2, 2), ("edge", 2, 2), ("west", 1, 2), ("branch", 1, 2)] {
        let endpoints = fixture.endpoints(caller);
        let count = |begin: &str, port: &str| {
            endpoints.iter().filter(|it| it.starts_with(begin) && it.ends_with(port)).count()
        };
        let seen = (count("10.", ":8080"), count("172.30.0.", ":15443"));
        assert_eq!((seen, endpoints.len()), ((pods, gateways), pods + gateways), "{caller}: {endpoints:?}");
    }
}

/// As a user does it: drained, and its pods scaled down. Nobody else's call fails. What serves it reads it to the end, since its proxies
/// need certificates.
fn branch_is_drained(fixture: &Fixture, workspace: &Workspace) {
    let text = Fixture::example_text(EXAMPLE);
    let serving = "  primaries = [each.value.primary]\n";
    let drained = text.replace(serving, &format!("{serving}  drain     = each.key == \"branch\"\n"));
    assert_ne!(drained, text);
    workspace.configure(&drained);
    fixture.under_traffic(&OTHERS, || {
        let apply = workspace.start_apply();
        let scale = ["-n", sample::NAMESPACE, "scale", "deploy/echo", "deploy/only-branch", "--replicas=0"];
        fixture.kubectl("branch", &scale);
        apply.finished().succeeded();
        for caller in OTHERS {
            fixture.settle(caller, &OTHERS);
        }
    });
    workspace.assert_no_changes();
    assert_eq!(status(workspace, BRANCH)["links"]["east->branch"], "drained");
    let secret = "secret/istio-remote-secret-branch";
    let reads = |primary: &str| {
        let get = ["-n", "istio-system", "get", secret, "--ignore-not-found", "-o", "name"];
        !fixture.kubectl(primary, &get).is_empty()
    };
    assert_eq!(PRIMARIES.map(reads), [false, true]);
    fixture.settle("branch", &OTHERS);
}

/// Both in one apply, once their pods are gone: the primary's istiod reads another cluster, too, which goes on without it.
fn branch_and_its_primary_leave(fixture: &Fixture, workspace: &Workspace) {
    let text = Fixture::example_text(EXAMPLE);
    let leaves = |line: &&str| ["branch = {", "west = {"].iter().any(|it| line.trim_start().starts_with(it));
    let without: Vec<&str> = text.lines().filter(|line| !leaves(line)).collect();
    workspace.configure(&(without.join("\n") + "\n"));
    workspace
        .apply()
        .failed_with(&["Cluster \"branch\": 1 pod still has a proxy of the mesh", "sample/client-"]);
    fixture.end_sample(&LEAVING);
    for caller in STAYING {
        fixture.settle(caller, &STAYING);
    }
    fixture.under_traffic(&STAYING, || drop(workspace.apply().succeeded()));
    workspace.assert_well();
    for cluster in LEAVING {
        fixture.assert_only_crds_remain(cluster);
    }
    assert_ready(workspace, EDGE, None, &["east"]);
}
