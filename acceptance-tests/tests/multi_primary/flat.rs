use acceptance_tests::{Fixture, Workspace};
use serde_json::json;

use crate::comparison::Comparison;
use crate::read::links;

const CLUSTERS: [&str; 2] = ["east", "middle"];

pub fn clusters_on_one_network_answer_each_other_directly(fixture: &Fixture) {
    let mut comparison = Comparison::begin(fixture, CLUSTERS.map(|cluster| (cluster, "flat")));
    let workspace = fixture.example("multi-primary-flat");
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    comparison.remember_ours();
    assert_eq!(links(&workspace), json!({"east->middle": "ready", "middle->east": "ready"}));

    fixture.start_sample(&CLUSTERS);
    for cluster in CLUSTERS {
        fixture.settle(cluster, &CLUSTERS);
        fixture.assert_all_answer(cluster, &CLUSTERS);
        let endpoints = fixture.endpoints(cluster);
        assert!(endpoints.iter().all(|it| it.starts_with("10.1") && it.ends_with(":8080")), "{endpoints:?}");
        assert_eq!(endpoints.len(), 2);
    }
    workspace.assert_no_changes();
    a_control_plane_that_pods_depend_on_stays(&workspace);
    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
    comparison.assert_official_commands_make_the_same();
}

fn a_control_plane_that_pods_depend_on_stays(workspace: &Workspace) {
    let texts =
        ["Cluster \"east\": 2 pods still have proxies of the mesh", "sample/echo-", "force_destroy = true"];
    workspace.destroy().failed_with(&texts);
    // Terraform itself has forgotten the outputs by then.
    let applied = workspace.apply().succeeded();
    assert!(applied.output.contains("0 added, 0 changed, 0 destroyed"), "{}", applied.output);
    workspace.assert_no_changes();
}
