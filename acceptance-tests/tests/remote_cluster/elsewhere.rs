//! A mesh that is not in Istio's own namespace, so that the webhook, the roles and istiod's certificates have other names.

use acceptance_tests::Fixture;
use lab::sample;

use acceptance_tests::remote::proof;
use acceptance_tests::remote::read::{assert_ready, restart_sample, signed_by, with_line};

const EXAMPLE: &str = "primary-remote-multi-network";
const ADDRESS: &str = "istio_remote_cluster.branch";
const CLUSTERS: [&str; 2] = ["east", "branch"];
const NAMESPACE: &str = "mesh-system";

pub fn a_mesh_in_a_namespace_of_its_own_serves_a_cluster(fixture: &Fixture) {
    let text = with_line(
        &Fixture::example_text(EXAMPLE),
        "istio_mesh",
        &format!("namespace = {NAMESPACE:?}\n  delete_crds = true"),
    );
    let workspace = fixture.example(EXAMPLE);
    workspace.configure(&text);
    workspace.apply().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    assert_ready(&workspace, ADDRESS, Some("ready"), &["east"]);
    fixture.start_strict_sample(NAMESPACE, &CLUSTERS);
    proof::clusters_answer(fixture, &CLUSTERS, &["branch"]);

    workspace.configure(&with_line(&text, "istio_remote_cluster", "injector = \"local\""));
    workspace.apply().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    assert_ready(&workspace, ADDRESS, Some("ready"), &["east"]);
    restart_sample(fixture, "branch", &["client", "echo", "only-branch"]);
    for caller in CLUSTERS {
        fixture.settle(caller, &CLUSTERS);
        fixture.settle_at(caller, &sample::url("only-branch"), &["branch"]);
    }
    signed_by(fixture, "branch", "east", NAMESPACE);

    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
        let found = fixture.kubectl(cluster, &["get", "ns", NAMESPACE, "--ignore-not-found"]);
        assert_eq!(found, "", "{cluster}");
    }
}
