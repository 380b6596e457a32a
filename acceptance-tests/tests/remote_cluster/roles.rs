//! A cluster changes its role: from one that primaries serve to a primary, and back.

use acceptance_tests::admin::{Admin, Objects};
use acceptance_tests::{Fixture, Workspace};

use acceptance_tests::remote::read::assert_ready;

const EXAMPLE: &str = "primary-remote-flat";
const CLUSTERS: [&str; 2] = ["east", "edge"];
const EDGE: &str = "istio_remote_cluster.edge";
const PRIMARY: &str =
    "  primary \"edge\" {\n    network   = \"flat\"\n    pod_cidrs = [\"10.12.0.0/16\"]\n  }\n";

/// The example without what `edge` is in it, and with this in its mesh.
fn text(of_mesh: &str) -> String {
    let text = Fixture::example_text(EXAMPLE);
    let (mesh, _) = text.split_once("resource \"istio_remote_cluster\"").expect("the remote cluster");
    let east = "  primary \"east\" {";
    assert!(mesh.contains(east));
    let authority = "  certificate_authority {\n    key_cluster = \"east\"\n  }\n";
    mesh.replace(east, &format!("{authority}{of_mesh}\n{east}"))
}

pub fn a_cluster_changes_its_role_in_two_applies_and_not_in_one(fixture: &Fixture) {
    let workspace = fixture.example(EXAMPLE);
    workspace.apply().succeeded();

    is_refused(
        fixture,
        &workspace,
        &text(PRIMARY),
        &["Cluster \"edge\" is a remote cluster of a mesh", "1. Remove the istio_remote_cluster"],
    );
    for step in [text(""), text(PRIMARY)] {
        workspace.configure(&step);
        workspace.apply().succeeded();
        workspace.assert_well();
    }

    let remote = Fixture::example_text(EXAMPLE);
    is_refused(
        fixture,
        &workspace,
        &remote,
        &["Cluster \"edge\" is a primary of a mesh", "2. Add the istio_remote_cluster, and apply again."],
    );
    for step in [text(""), remote] {
        workspace.configure(&step);
        workspace.apply().succeeded();
        workspace.assert_well();
    }
    assert_ready(&workspace, EDGE, None, &["east"]);

    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
}

/// By the plan, and nothing is written.
#[track_caller]
fn is_refused(fixture: &Fixture, workspace: &Workspace, text: &str, texts: &[&str]) {
    let written = || CLUSTERS.map(|cluster| Admin::of(fixture.lab, cluster).settled()).to_vec();
    let before: Vec<Objects> = written();
    workspace.configure(text);
    workspace.plan().failed_with(texts);
    assert_eq!(written(), before);
}
