//! Terraform and its provider, killed as soon as a run has written a certain object. The next apply or destroy, as the guide has it, ends
//! well, and nothing is left behind.

use std::time::Duration;

use acceptance_tests::admin::Admin;
use acceptance_tests::book::{Record, owners};
use acceptance_tests::{Fixture, Workspace};

use crate::read::assert_ready;

const ADDRESS: &str = "istio_remote_cluster.edge";
const EXAMPLE: &str = "primary-remote-flat";
const CLUSTERS: [&str; 2] = ["east", "edge"];
const NAMESPACE: &str = "istio-system";
const PAUSE: Duration = Duration::from_millis(50);
const APPLY: [&str; 4] = ["apply", "-input=false", "-no-color", "-auto-approve"];
const DESTROY: [&str; 4] = ["destroy", "-input=false", "-no-color", "-auto-approve"];

/// A moment of a run: from then on an object is there, or no longer is.
struct Moment {
    cluster: &'static str,
    object: &'static str,
    exists: bool,
}

impl Moment {
    const fn made(cluster: &'static str, object: &'static str) -> Self {
        Self { cluster, object, exists: true }
    }

    const fn deleted(cluster: &'static str, object: &'static str) -> Self {
        Self { cluster, object, exists: false }
    }

    fn has_come(&self, fixture: &Fixture) -> bool {
        let get = ["-n", NAMESPACE, "get", self.object, "--ignore-not-found", "-o", "name"];
        fixture.kubectl(self.cluster, &get).is_empty() != self.exists
    }
}

/// On record and nothing else; readable, while no istiod has been told of it.
const CREATE: [Moment; 2] = [
    Moment::made("east", "configmap/terraform-provider-istio-member-edge"),
    Moment::made("edge", "mutatingwebhookconfiguration/istio-sidecar-injector"),
];
/// Pods are no longer injected; no istiod reads the cluster.
const DESTROY_AT: [Moment; 2] = [
    Moment::deleted("edge", "mutatingwebhookconfiguration/istio-sidecar-injector"),
    Moment::deleted("east", "secret/istio-remote-secret-edge"),
];

pub fn a_run_that_was_killed_is_taken_up(fixture: &Fixture) {
    let text = Fixture::example_text(EXAMPLE);
    let (mesh, _) = text.split_once("resource \"istio_remote_cluster\"").expect("the remote cluster");
    let workspace = fixture.example(EXAMPLE);
    workspace.configure(mesh);
    workspace.apply().succeeded();
    for (made, deleted) in CREATE.iter().zip(&DESTROY_AT) {
        workspace.configure(&text);
        is_killed(fixture, &workspace, &APPLY, made);
        workspace.apply().succeeded();
        workspace.assert_well();
        workspace.assert_no_changes();
        assert_ready(&workspace, ADDRESS, None, &["east"]);
        let records = Record::read_all(&Admin::of(fixture.lab, "edge"), NAMESPACE);
        let phases: Vec<&str> = records.iter().map(Record::phase).collect();
        assert_eq!(phases, ["complete"]);
        assert_eq!(owners(&Admin::of(fixture.lab, "edge")).len(), 1, "all of it has one owner");

        workspace.configure(mesh);
        is_killed(fixture, &workspace, &APPLY, deleted);
        workspace.apply().succeeded();
        workspace.assert_well();
        fixture.assert_only_crds_remain("edge");
    }
    workspace.run(&DESTROY).succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
}

/// Kills Terraform and its provider at this moment; the time is over then for which they held their records.
fn is_killed(fixture: &Fixture, workspace: &Workspace, arguments: &[&str], moment: &Moment) {
    let mut run = workspace.start(arguments);
    while !moment.has_come(fixture) {
        assert!(!run.has_ended(), "the run was over before {}", moment.object);
        std::thread::sleep(PAUSE);
    }
    let terraform = run.process();
    for process in terraform.provider().into_iter().chain([terraform]) {
        process.signal("-KILL");
    }
    assert_ne!(run.finished().code, 0, "the run was over before {}", moment.object);
    for cluster in CLUSTERS {
        let admin = Admin::of(fixture.lab, cluster);
        for record in Record::read_all(&admin, NAMESPACE) {
            record.expire(&admin);
        }
    }
}
