//! Another workspace's mesh is never taken over, at no attempt, and never deleted.

use std::time::Duration;

use acceptance_tests::admin::Objects;
use acceptance_tests::book::{Record, owner, owners};
use acceptance_tests::delay::relay;
use acceptance_tests::mesh::{Mesh, cluster_block, provider};
use acceptance_tests::terraform::Running;
use acceptance_tests::{Run, Workspace};
use lab::Lab;
use lab::api_server::identity::ADMIN;

use crate::clusters::{APPLY, Clusters, SYSTEM, assert_same, identity, labels, mesh};

/// The attempts of a workspace to get what is not its own: the first, again, once more, and without looking.
const ATTEMPTS: [&[&str]; 4] = [&[], &[], &[], &["-refresh=false"]];

/// How far away a far cluster is.
const ROUND_TRIP: Duration = Duration::from_millis(300);

/// Nothing of what a workspace tries changes a cluster, and every attempt says whose the mesh there is and how to get it.
struct Stranger<'a> {
    clusters: &'a Clusters<'a>,
    before: [Objects; 2],
    texts: [String; 3],
}

impl<'a> Stranger<'a> {
    /// `owner` has a mesh in `east`, called `one`.
    fn of(clusters: &'a Clusters<'a>, owner: &Workspace) -> Self {
        let texts = [identity(owner), "terraform import".to_owned(), "one@east".to_owned()];
        Self { clusters, before: clusters.settled(), texts }
    }

    /// The label by which the other workspace has the cluster.
    fn labelled(mut self, label: &str) -> Self {
        self.texts[2] = format!("one@{label}");
        self
    }

    #[track_caller]
    fn tries(&self, workspace: &Workspace) {
        let texts = self.texts.each_ref().map(String::as_str);
        let runs = ATTEMPTS.map(|arguments| {
            let run = workspace.run(&[&APPLY[..], arguments].concat());
            assert_same(&self.before[0], &self.clusters.east.settled(), &format!("seized:\n{}", run.story()));
            run
        });
        self.changed_nothing("a refused apply changed");
        for run in runs {
            run.failed_with(&texts);
        }
    }

    #[track_caller]
    fn changed_nothing(&self, what: &str) {
        for (before, admin) in self.before.iter().zip(self.clusters.admins()) {
            assert_same(before, &admin.settled(), &format!("{}: {what}", admin.cluster()));
        }
    }
}

pub fn a_mesh_of_someone_else_is_not_seized_by_the_create_of_two_clusters(clusters: &Clusters) {
    let owner = clusters.applied(&Mesh::of("one", &["east"]));
    let other = clusters.workspace(&Mesh::of("two", &["west", "east"]));
    let stranger = Stranger::of(clusters, &owner);
    stranger.tries(&other);
    assert!(mesh(&other).is_null(), "{}", other.state_text());
    assert!(clusters.west.remains().is_empty(), "{:?}", clusters.west.remains());
    other.destroy().succeeded();
    stranger.changed_nothing("the destroy of the other workspace changed");
    owner.assert_no_changes();
}

pub fn a_mesh_of_someone_else_is_not_seized_by_a_cluster_that_is_added(clusters: &Clusters) {
    let alone = Mesh::of("two", &["west"]).key_cluster("west");
    let [owner, other] = clusters.both_applied(&Mesh::of("one", &["east"]), &alone);
    let stranger = Stranger::of(clusters, &owner);
    clusters.configure(&other, &alone.clone().primary("east", ""));
    stranger.tries(&other);
    assert_eq!(labels(&other), ["west"]);
    let state = mesh(&other);
    let objects = state["manifests"].as_object().expect("a mesh has objects");
    assert!(objects.keys().all(|id| id.starts_with("west/")), "{:?}", objects.keys());
    // What the message says that one may do instead, and what would have deleted the mesh.
    clusters.configure(&other, &alone);
    other.assert_no_changes();
    other.destroy().succeeded();
    assert_same(&stranger.before[0], &clusters.east.settled(), "the destroy of the other workspace changed");
    owner.assert_no_changes();
}

pub fn a_mesh_of_someone_else_is_not_seized_by_recreated_from(clusters: &Clusters) {
    let alone = Mesh::of("two", &["west"]);
    let [owner, other] = clusters.both_applied(&Mesh::of("one", &["east"]), &alone);
    let stranger = Stranger::of(clusters, &owner).labelled("west");
    let recreated = format!("    recreated_from = {:?}", clusters.west.uid());
    other.configure(&(clusters.provider_of("west", "east", &recreated) + &alone.hcl()));
    let plan = other.plan();
    stranger.changed_nothing("a plan changed");
    assert_ne!(plan.code, 0, "{}", plan.output);
    stranger.tries(&other);
    // It was the wrong cluster; the right one is still known.
    clusters.configure(&other, &alone);
    other.assert_no_changes();
    stranger.changed_nothing("going back changed");
    owner.assert_no_changes();
}

pub fn of_two_workspaces_that_create_at_once_one_wins_and_the_other_touches_nothing(clusters: &Clusters) {
    // Each of them is near to one cluster and far from the other, so that each would be the first in one.
    let workspaces = [("one", "east", "west"), ("two", "west", "east")].map(|(id, near, far)| {
        let block = cluster_block(clusters.lab, near, near, "") + &far_block(clusters.lab, far);
        let mesh = [near, far].into_iter().fold(Mesh::of(id, &["east", "west"]), |mesh, label| {
            let url = clusters.lab.cluster(label).api_server().host();
            mesh.primary(label, &format!("api_server {{\n      url = {url:?}\n    }}"))
        });
        Workspace::new(&(provider(&block) + &mesh.hcl()))
    });
    let runs = workspaces.each_ref().map(Workspace::start_apply).map(Running::finished);
    let story = || runs.iter().map(Run::story).collect::<Vec<_>>().join("\n--- the other\n");
    let won: Vec<usize> = (0..2).filter(|index| runs[*index].code == 0).collect();
    assert_eq!(won.len(), 1, "one run of two must succeed:\n{}", story());
    let (winner, loser) = (&workspaces[won[0]], &workspaces[1 - won[0]]);
    assert!(mesh(loser).is_null(), "{}", loser.state_text());
    for admin in clusters.admins() {
        let record = Record::read(admin, SYSTEM).expect("a mesh has a record");
        assert_eq!(record.phase(), "complete");
        assert_eq!(owners(admin), [owner(&identity(winner))].into(), "{}: {}", admin.cluster(), story());
    }
    winner.assert_no_changes();
    let before = clusters.settled();
    assert_eq!(loser.apply().code, 1);
    loser.destroy().succeeded();
    for (before, admin) in before.iter().zip(clusters.admins()) {
        assert_same(before, &admin.settled(), "the loser changed");
    }
}

/// A cluster block for a cluster that is far away.
fn far_block(lab: &Lab, cluster: &str) -> String {
    let api = lab.cluster(cluster).api_server();
    let server = api.host().trim_start_matches("https://").parse().expect("an address and a port");
    let (relay, ca) = (relay(lab.runtime(), server, ROUND_TRIP), api.ca_pem());
    let token = api.token(ADMIN).expect("the administrator's token");
    format!(
        "  cluster {cluster:?} {{\n    host = \"https://{relay}\"\n    token = {token:?}\n    cluster_ca_certificate = <<-PEM\n{ca}\nPEM\n  }}\n"
    )
}
