//! The only istiod that serves a remote cluster is gone: what `status` says, what the plan warns of, and that the cluster is led again.

use acceptance_tests::guide::Table;
use acceptance_tests::{Fixture, Workspace};
use lab::sample;
use serde_json::{Value, json};

use acceptance_tests::remote::read::injection_is;

const EXAMPLE: &str = "primary-remote-flat";
const ADDRESS: &str = "istio_remote_cluster.edge";
const DEPLOYMENT: &str = "deploy/istiod";

pub fn a_cluster_that_nobody_leads_is_named_and_led_again(fixture: &Fixture) {
    let workspace = fixture.example(EXAMPLE);
    workspace.apply().succeeded();
    workspace.assert_well();
    let patient = Patient { fixture, workspace };
    let columns = ["Cause", "`status`", "What Terraform says", "The next apply"];
    let mut table = Table::new("reliability", "causes without a leader", &columns);

    patient.istiod(&["scale", DEPLOYMENT, "--replicas=0"]);
    let cause = "no istiod of the primaries that serve it leads it";
    let message = injection_is(&patient.workspace, ADDRESS, "nobody_leads", cause);
    let said = format!("**{}**\n{}", message.summary, message.detail);
    table.row(&[
        "No istiod of the primaries that serve the remote cluster runs",
        "`injection` = `nobody_leads`",
        &said,
        "fails, as the replicas are not the provider's",
    ]);
    patient.istiod(&["scale", DEPLOYMENT, "--replicas=1"]);
    patient.istiod(&["rollout", "status", DEPLOYMENT, "--timeout=60s"]);
    patient.is_led_again();

    patient.workspace.destroy().succeeded();
    table.check();
}

struct Patient<'a> {
    fixture: &'a Fixture<'a>,
    workspace: Workspace,
}

impl Patient<'_> {
    fn istiod(&self, arguments: &[&str]) {
        self.fixture.kubectl("east", &[&["-n", "istio-system"], arguments].concat());
    }

    /// The next apply finds it led, and pods in a namespace that is created now start.
    #[track_caller]
    fn is_led_again(&self) {
        self.workspace.apply().succeeded();
        self.workspace.assert_well();
        let new = json!({"apiVersion": "v1", "kind": "Namespace",
                         "metadata": {"name": "new", "labels": {"istio-injection": "enabled"}}});
        let mut deployment = sample::deployment("echo", "edge");
        deployment["metadata"]["namespace"] = Value::from("new");
        for object in [new, deployment] {
            self.fixture.apply("edge", &object);
        }
        let started = ["-n", "new", "rollout", "status", "deploy/echo", "--timeout=60s"];
        self.fixture.kubectl("edge", &started);
        self.fixture.end_namespace("edge", "new");
    }
}
