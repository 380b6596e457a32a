//! Two primaries serve a cluster, and one of them signs with another root: what `status` says, what the plan warns of, and what fixes it.

use acceptance_tests::guide::Table;
use acceptance_tests::mesh::{Mesh, administrators};
use acceptance_tests::{Fixture, Workspace};

use acceptance_tests::remote::read::{assert_ready, injection_is};

const PRIMARIES: [&str; 2] = ["east", "west"];
const ADDRESS: &str = "istio_remote_cluster.edge";
/// Only one of the primaries has this one.
const SIDECAR: &str = r#"{"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": {"name": "here", "namespace": "default"},
    "spec": {"egress": [{"hosts": ["./*"]}]}}"#;

/// The remote cluster, served by these.
fn remote(primaries: &[&str]) -> String {
    format!(
        "resource \"istio_remote_cluster\" \"edge\" {{\n  mesh = istio_mesh.shop.join\n  cluster = \"edge\"\n  primaries = \
         {primaries:?}\n  network = \"net-east\"\n}}\n"
    )
}

pub fn primaries_with_different_roots_are_named_and_agree_again(fixture: &Fixture) {
    let mesh = Mesh::of("shop", &PRIMARIES)
        .apart()
        .primaries("    remote_control_plane {}\n    east_west_gateway {}");
    let mesh = administrators(fixture.lab, &["east", "west", "edge"]) + &mesh.hcl();
    let workspace = Workspace::new(&(mesh.clone() + &remote(&["east"])));
    workspace.apply().succeeded();

    fixture.kubectl_with("east", &["apply", "-f", "-"], SIDECAR);
    workspace.configure(&(mesh + &remote(&PRIMARIES)));
    let plan = workspace.plan();
    let named =
        ["the primaries that serve it have different Istio resources", "Sidecar default/here: only in east"];
    assert!(named.iter().all(|text| plan.output.contains(text)), "{}", plan.output);
    fixture.kubectl("east", &["delete", "sidecar", "here"]);
    workspace.apply().succeeded();
    workspace.assert_well();
    assert_ready(&workspace, ADDRESS, None, &PRIMARIES);

    let istiod = |arguments: &[&str]| fixture.kubectl("west", &[&["-n", "istio-system"], arguments].concat());
    istiod(&["delete", "secret", "cacerts"]);
    istiod(&["rollout", "restart", "deploy/istiod"]);
    istiod(&["rollout", "status", "deploy/istiod", "--timeout=90s"]);
    let cause = "the primaries that serve it trust different roots";
    let message = injection_is(&workspace, ADDRESS, "roots_differ", cause);
    let columns = ["Cause", "`status`", "What Terraform says", "The next apply"];
    let mut table = Table::new("reliability", "causes with two primaries", &columns);
    table.row(&[
        "istiod of one of the primaries that serve the remote cluster signs with its own root",
        "`injection` = `roots_differ`",
        &format!("**{}**\n{}", message.summary, message.detail),
        "fixes it",
    ]);
    workspace.apply().succeeded();
    workspace.assert_well();
    assert_ready(&workspace, ADDRESS, None, &PRIMARIES);

    workspace.destroy().succeeded();
    table.check();
}
