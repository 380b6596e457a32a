use std::time::{Duration, Instant};

use acceptance_tests::guide::Table;
use acceptance_tests::remote::read::planned_status;
use acceptance_tests::terraform::Message;
use acceptance_tests::{Fixture, Run, Workspace, until};
use lab::sample;
use serde_json::{Value, json};

pub const ADDRESS: &str = "istio_remote_cluster.branch";
pub const CLUSTERS: [&str; 2] = ["east", "branch"];
/// How long istiod may take to notice.
const NOTICED: Duration = Duration::from_mins(1);
/// What a refresh says of fields that others have edited.
const EDITED: &str = "other tools changed fields that the last apply had set";
const NAMESPACE: [&str; 2] = ["-n", "istio-system"];
const COLUMNS: [&str; 4] = ["Cause", "`status`", "What Terraform says", "The next apply"];

/// What is broken, and how it is seen.
pub struct Cause<'a> {
    pub name: &'a str,
    /// The member of `status` that says it, and the word.
    pub status: (&'a str, &'a str),
    /// The object that the plan restores; empty if none is.
    pub planned: &'a str,
    pub apply: &'a str,
}

/// A mesh with a remote cluster.
pub struct Patient<'a> {
    pub fixture: &'a Fixture<'a>,
    pub workspace: Workspace,
    pub text: String,
    table: Table,
}

impl<'a> Patient<'a> {
    pub fn of(fixture: &'a Fixture<'a>) -> Self {
        const EXAMPLE: &str = "primary-remote-multi-network";
        let table = Table::new("reliability", "causes of remote clusters", &COLUMNS);
        Self { fixture, workspace: fixture.example(EXAMPLE), text: Fixture::example_text(EXAMPLE), table }
    }

    /// The end of the mesh, and of the guide's table.
    pub fn ends(self) {
        self.fixture.end_sample(&CLUSTERS);
        self.workspace.destroy().succeeded();
        for cluster in CLUSTERS {
            self.fixture.assert_only_crds_remain(cluster);
        }
        self.table.check();
    }

    /// The configuration with these lines in the remote cluster.
    pub fn configure(&self, lines: &str) {
        let place = "  cluster = \"branch\"\n";
        assert!(self.text.contains(place));
        self.workspace.configure(&self.text.replace(place, &format!("{place}{lines}\n")));
    }

    /// Plans until `status` says it, and puts what the plan warns of into the guide.
    #[track_caller]
    pub fn notes(&mut self, cause: &Cause) {
        let (path, state) = cause.status;
        let message = self.named(cause);
        self.row(cause.name, &format!("`{path}` = `{state}`"), &message, cause.apply);
    }

    pub fn row(&mut self, cause: &str, status: &str, message: &Message, apply: &str) {
        // What comes after these words names the one webhook that was called first.
        let (summary, _) = message.summary.split_once(": Internal error").unwrap_or((&message.summary, ""));
        let said = format!("**{summary}**\n{}", message.detail);
        self.table.row(&[cause, status, &said, apply]);
    }

    /// What Terraform does not say.
    pub fn silent_row(&mut self, cause: &str, status: &str, said: &str, apply: &str) {
        self.table.row(&[cause, status, said, apply]);
    }

    /// Plans until `status` says it; the warning. What is to change is planned.
    #[track_caller]
    pub fn named(&self, cause: &Cause) -> Message {
        let (path, state) = cause.status;
        let began = Instant::now();
        let (run, plan) = loop {
            let run = self.workspace.plan_with(&["-json"]);
            let plan = self.workspace.shown_plan();
            let seen = planned_status(&plan["prior_state"], ADDRESS, path);
            if seen == state {
                break (run, plan);
            }
            assert!(began.elapsed() < NOTICED, "{}: {path} is {seen}:\n{}", cause.name, run.output);
        };
        if !cause.planned.is_empty() {
            let changes = plan["resource_changes"].as_array().expect("changes").iter();
            let mut changes = changes.filter(|change| change["address"] == ADDRESS);
            let change = &changes.next().expect("the remote cluster")["change"];
            let [before, after, unknown] =
                ["before", "after", "after_unknown"].map(|when| &change[when]["manifests"]);
            assert!(after.is_object(), "{}: nothing is planned: {change:#}", cause.name);
            let is_unknown = !matches!(&unknown[cause.planned], Value::Null | Value::Bool(false));
            let is_restored = is_unknown || before[cause.planned] != after[cause.planned];
            assert!(is_restored, "{}: {} stays: {:#}", cause.name, cause.planned, change["after_unknown"]);
        }
        eprintln!("{}: {path} = {state} after {:.1} s", cause.name, began.elapsed().as_secs_f64());
        message(&run, &subject(path), "warning")
    }

    /// Applies the last plan: then all is well.
    #[track_caller]
    pub fn is_fixed(&self) {
        self.workspace.apply_plan().succeeded();
        self.workspace.assert_well();
    }

    /// A pod in a new namespace is injected and gets its certificate, and what runs only there is called from everywhere.
    #[track_caller]
    pub fn works(&self) {
        let labels = json!({"istio-injection": "enabled"});
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new", "labels": labels}});
        self.fixture.apply("branch", &namespace);
        let mut deployment = sample::deployment("echo", "branch");
        deployment["metadata"]["namespace"] = json!("new");
        self.fixture.apply("branch", &deployment);
        self.fixture.kubectl("branch", &["-n", "new", "rollout", "status", "deploy/echo", "--timeout=60s"]);
        let containers =
            "jsonpath={.items[*].spec.initContainers[*].name}{.items[*].spec.containers[*].name}";
        let containers = self.fixture.kubectl("branch", &["-n", "new", "get", "pods", "-o", containers]);
        assert!(containers.contains("istio-proxy"), "{containers}");
        self.fixture.end_namespace("branch", "new");
        for caller in CLUSTERS {
            self.fixture.settle_at(caller, &sample::url("only-branch"), &["branch"]);
        }
    }

    pub fn kubectl(&self, cluster: &str, arguments: &[&str]) -> String {
        self.fixture.kubectl(cluster, &[&NAMESPACE[..], arguments].concat())
    }

    /// An object, as the API server has it.
    pub fn object(&self, cluster: &str, object: &[&str]) -> Value {
        let live = self.kubectl(cluster, &[&["get"], object, &["-o", "json"]].concat());
        serde_json::from_str(&live).expect("JSON")
    }

    pub fn scale_istiod(&self, replicas: usize) {
        self.kubectl("east", &["scale", "deploy/istiod", &format!("--replicas={replicas}")]);
        self.kubectl("east", &["rollout", "status", "deploy/istiod", "--timeout=90s"]);
        // One that has yet to end still leads.
        let pods = || self.kubectl("east", &["get", "pods", "-l", "app=istiod", "-o", "name"]);
        until("the end of istiod", || pods().lines().count() == replicas);
    }
}

/// How what is said of a member of `status` begins.
fn subject(path: &str) -> String {
    let of_link = path.strip_prefix("links.").and_then(|link| link.split_once("->"));
    let of_link = of_link.map(|(reader, read)| format!("Link {reader:?} -> {read:?}: "));
    of_link.unwrap_or_else(|| "Cluster \"branch\": ".to_owned())
}

/// What is said of a subject, but for the list of edited fields.
#[track_caller]
pub fn message(run: &Run, subject: &str, severity: &str) -> Message {
    let messages = run.messages().into_iter().filter(|it| it.severity == severity);
    let mut about = messages.filter(|it| it.summary.starts_with(subject) && !it.summary.ends_with(EDITED));
    about.next().unwrap_or_else(|| panic!("no {severity} about {subject}:\n{}", run.output))
}
