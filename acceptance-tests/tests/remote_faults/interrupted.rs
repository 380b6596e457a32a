//! Terraform and its provider, killed while a cluster joins, while it is changed and while it leaves. Nothing is left behind.
//! `cargo xtask soak` asks for many moments.

use std::collections::BTreeSet;

use acceptance_tests::Fixture;
use acceptance_tests::admin::Admin;
use acceptance_tests::book::{Record, owners};
use acceptance_tests::kills::{Dependent, Verb};
use acceptance_tests::remote::read::assert_ready;

const ADDRESS: &str = "istio_remote_cluster.edge";
const EXAMPLE: &str = "primary-remote-flat";
const CLUSTERS: [&str; 2] = ["east", "edge"];
const INVENTORY: &str = "terraform-provider-istio-remote-edge";
/// How often each verb is killed in the suite.
const KILLS: usize = 4;

pub fn a_run_that_was_killed_is_taken_up(fixture: &Fixture) {
    let made = Fixture::example_text(EXAMPLE);
    let (mesh, _) = made.split_once("resource \"istio_remote_cluster\"").expect("the remote cluster");
    let gone = mesh.to_owned();
    // The record in the primary, the namespace, and the remote secret.
    let lines = "pod_cidrs = [\"10.12.0.0/17\"]\n  namespace_labels = {\n    team = \"edge\"\n  }\n  api_server {\n    url = \
                 \"https://api.edge.lab.example:6443\"\n  }";
    let changed = made.replace("pod_cidrs = [\"10.12.0.0/16\"]", lines);
    assert_ne!(changed, made);
    let workspace = fixture.example(EXAMPLE);
    let records = |cluster| Record::read_all(&Admin::of(fixture.lab, cluster), "istio-system");
    let is_as_wanted = |verb| {
        if verb == Verb::Destroy {
            fixture.assert_only_crds_remain("edge");
            let left: Vec<_> = records("east").iter().map(|it| it.name().to_owned()).collect();
            assert!(!left.iter().any(|name| name == INVENTORY), "{left:?}");
            return;
        }
        assert_ready(&workspace, ADDRESS, None, &["east"]);
        for cluster in CLUSTERS {
            let phases: BTreeSet<String> =
                records(cluster).iter().map(|record| record.phase().to_owned()).collect();
            assert_eq!(phases, BTreeSet::from(["complete".to_owned()]), "{cluster}");
        }
        assert_eq!(owners(&Admin::of(fixture.lab, "edge")).len(), 1, "all of it has one owner");
    };
    let victim = Dependent {
        fixture,
        workspace: &workspace,
        noun: "remote cluster",
        address: ADDRESS,
        inventory: INVENTORY,
        clusters: &CLUSTERS,
        configurations: [gone, made, changed],
        is_as_wanted: &is_as_wanted,
    };
    victim.is_killed(KILLS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
}
