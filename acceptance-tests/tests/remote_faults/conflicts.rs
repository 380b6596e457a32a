//! A second workspace asks for what a first one has.

use acceptance_tests::admin::{Admin, Objects};
use acceptance_tests::mesh::{charts, cluster_block, provider};
use acceptance_tests::{Fixture, Workspace};

use crate::races;

/// The clusters of the lab in which something could be written.
const CLUSTERS: [&str; 3] = ["east", "edge", "west"];

/// A remote cluster that cannot be.
struct Conflict {
    /// What is wrong.
    cause: &'static str,
    /// The label, and the cluster that the provider block calls so.
    label: &'static str,
    cluster: &'static str,
    network: &'static str,
    pod_cidr: &'static str,
    /// What the message has.
    texts: &'static [&'static str],
}

const CONFLICTS: [Conflict; 6] = [
    Conflict {
        cause: "another state has this cluster",
        label: "edge",
        cluster: "edge",
        network: "flat",
        pod_cidr: "10.12.0.0/16",
        texts: &[
            "a remote cluster is already installed there",
            "terraform import istio_remote_cluster.NAME 'shop/edge@east,edge'",
        ],
    },
    Conflict {
        cause: "another state has this cluster under another label",
        label: "fringe",
        cluster: "edge",
        network: "flat",
        pod_cidr: "10.12.0.0/16",
        texts: &["\"fringe\"", "It is already in the mesh, as the remote cluster \"edge\""],
    },
    Conflict {
        cause: "another cluster has this label",
        label: "edge",
        cluster: "west",
        network: "flat",
        pod_cidr: "10.13.0.0/16",
        texts: &["\"edge\"", "The mesh already has another remote cluster with this label"],
    },
    Conflict {
        cause: "pods of another remote cluster have these addresses",
        label: "west",
        cluster: "west",
        network: "flat",
        pod_cidr: "10.12.128.0/17",
        texts: &["10.12.128.0/17 overlaps 10.12.0.0/16 of cluster \"edge\"", "network \"flat\""],
    },
    Conflict {
        cause: "a primary has this label",
        label: "east",
        cluster: "east",
        network: "flat",
        pod_cidr: "10.11.0.0/16",
        texts: &["Cluster \"east\" is a primary of a mesh", "A cluster changes its role in two applies"],
    },
    Conflict {
        cause: "it is a primary under another label",
        label: "fringe",
        cluster: "east",
        network: "flat",
        pod_cidr: "10.11.0.0/16",
        texts: &["\"east\" and \"fringe\" are the same cluster"],
    },
];

pub fn what_is_taken_is_refused_and_nothing_is_written(fixture: &Fixture) {
    let first = fixture.example("primary-remote-flat");
    first.apply().succeeded();
    let admins = CLUSTERS.map(|cluster| Admin::of(fixture.lab, cluster));
    let written = || admins.iter().map(Admin::settled).collect::<Vec<Objects>>();
    let before = written();
    for conflict in &CONFLICTS {
        let second = Workspace::new(&conflict.configuration(fixture));
        let plan = second.plan();
        let refused = if plan.code == 1 { plan } else { second.apply() };
        eprintln!("{}: {}", conflict.cause, refused.story());
        refused.failed_with(conflict.texts);
        assert_eq!(written(), before, "{}", conflict.cause);
        assert!(second.resource("istio_remote_cluster.second").is_null(), "{}", conflict.cause);
    }
    of_two_that_overlap_one_is_refused(fixture);
    for _ in 0..races::runs() {
        races::of_each_two_that_overlap_one_is_refused(fixture);
    }
    first.assert_well();
    first.assert_no_changes();

    first.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
}

/// They are made at the same time, and none sees the other in its plan.
fn of_two_that_overlap_one_is_refused(fixture: &Fixture) {
    let remote = |label: &str, pod_cidr: &str| {
        format!(
            "resource \"istio_remote_cluster\" {label:?} {{\n  mesh = data.istio_mesh.shop.join\n  cluster = {label:?}\n  \
             network = \"flat\"\n  pod_cidrs = [{pod_cidr:?}]\n}}\n"
        )
    };
    let blocks = ["east", "west", "branch"].map(|cluster| cluster_block(fixture.lab, cluster, cluster, ""));
    let mesh = mesh();
    let both = remote("west", "10.13.0.0/16") + &remote("branch", "10.13.128.0/17");
    let workspace = Workspace::new(&(provider(&blocks.concat()) + &mesh + &both));
    let run = workspace.apply();
    assert_eq!(run.code, 1, "{}", run.output);
    assert!(run.output.contains("overlaps"), "{}", run.story());
    let records =
        ["-n", "istio-system", "get", "configmap", "-l", "terraform-provider-istio/member", "-o", "name"];
    let records = fixture.kubectl("east", &records);
    let taken =
        ["west", "branch"].iter().filter(|name| records.contains(&format!("member-{name}\n"))).count();
    assert!(taken <= 1, "{records}");
    workspace.destroy().succeeded();
    for cluster in ["west", "branch"] {
        fixture.assert_only_crds_remain(cluster);
    }
}

/// The mesh as another workspace has it.
pub fn mesh() -> String {
    format!(
        "data \"istio_mesh\" \"shop\" {{\n  clusters = [\"east\"]\n  chart_repository = {:?}\n}}\n",
        charts()
    )
}

impl Conflict {
    fn configuration(&self, fixture: &Fixture) -> String {
        let Self { label, cluster, network, pod_cidr, .. } = self;
        let own =
            if *label == "east" { String::new() } else { cluster_block(fixture.lab, label, cluster, "") };
        provider(&(cluster_block(fixture.lab, "east", "east", "") + &own))
            + &mesh()
            + &format!(
                "resource \"istio_remote_cluster\" \"second\" {{\n  mesh = data.istio_mesh.shop.join\n  cluster = {label:?}\n  \
                 network = {network:?}\n  pod_cidrs = [{pod_cidr:?}]\n}}\n"
            )
    }
}
