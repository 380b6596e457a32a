//! What serves a remote cluster is broken on purpose, one thing after the other: what `status` says, what the plan warns of, and that
//! the next apply fixes it. What Terraform says goes into the guide "When something breaks".

use std::time::{Duration, Instant};

use acceptance_tests::authority::Authority;
use acceptance_tests::guide::Table;
use acceptance_tests::terraform::Message;
use acceptance_tests::{Fixture, Run, Workspace, until};
use lab::sample;
use serde_json::{Value, json};

use crate::proof;
use crate::read::encoded;

const ADDRESS: &str = "istio_remote_cluster.branch";
const CLUSTERS: [&str; 2] = ["east", "branch"];
const NAMESPACE: [&str; 2] = ["-n", "istio-system"];
const ANNOTATION: &str = "topology.istio.io/controlPlaneClusters";
const TOKEN: &str = "istio-mesh-reader-token-1";
/// How long istiod may take to notice.
const NOTICED: Duration = Duration::from_mins(1);
/// What a refresh says of fields that others have edited.
const EDITED: &str = "other tools changed fields that the last apply had set";

/// What is broken, and how it is seen.
struct Cause {
    name: &'static str,
    breaks: fn(&Patient),
    /// The member of `status` that says it, and the word.
    status: (&'static str, &'static str),
    /// What the plan shows that will be restored; empty if the value is hidden.
    planned: &'static str,
}

const CAUSES: &[Cause] = &[
    Cause {
        name: "The annotation of the remote cluster's namespace was removed, and istiod has restarted since",
        breaks: |patient| patient.annotation_is_removed(),
        status: ("injection", "not_annotated"),
        planned: "topology.istio.io/controlPlaneClusters",
    },
    Cause {
        name: "… or has a blank in it, and something else wrote the webhook's certificate authority",
        breaks: |patient| patient.annotation_has_a_blank_and_the_webhook_another_ca(),
        status: ("injection", "not_annotated"),
        planned: "topology.istio.io/controlPlaneClusters",
    },
    Cause {
        name: "The ConfigMap `istio` of the remote cluster was deleted",
        breaks: |patient| patient.mesh_configuration_is_deleted(),
        status: ("injection", "other_trust_domain"),
        planned: "+ \"branch//ConfigMap/istio-system/istio\"",
    },
    Cause {
        name: "The webhook of the remote cluster was deleted",
        breaks: |patient| patient.webhook_is_deleted(),
        status: ("injection", "no_webhook"),
        planned: "+ \"branch/admissionregistration.k8s.io/MutatingWebhookConfiguration//istio-sidecar-injector\"",
    },
    Cause {
        name: "The reader may no longer review tokens",
        breaks: |patient| patient.token_reviews_are_forbidden(),
        status: ("injection", "token_review_forbidden"),
        planned: "branch/rbac.authorization.k8s.io/ClusterRole//istio-mesh-reader-istio-system",
    },
    Cause {
        name: "The reader's token Secret was deleted and recreated",
        breaks: |patient| patient.token_is_another_one(),
        status: ("links.east->branch", "token_refused"),
        planned: "east//Secret/istio-system/istio-remote-secret-branch",
    },
    Cause {
        name: "The remote secret was deleted",
        breaks: |patient| patient.remote_secret_is_deleted(),
        status: ("links.east->branch", "missing"),
        planned: "+ \"east//Secret/istio-system/istio-remote-secret-branch\"",
    },
];

/// A mesh with a remote cluster.
struct Patient<'a> {
    fixture: &'a Fixture<'a>,
    workspace: Workspace,
}

pub fn what_is_broken_is_named_and_fixed(fixture: &Fixture) {
    let workspace = fixture.example("primary-remote-multi-network");
    workspace.apply().succeeded();
    let patient = Patient { fixture, workspace };
    proof::the_mesh_answers(fixture, &CLUSTERS, &["branch"]);
    let columns = ["Cause", "`status`", "What Terraform says", "The next apply"];
    let mut table = Table::new("reliability", "causes of remote clusters", &columns);
    for cause in CAUSES {
        (cause.breaks)(&patient);
        let message = patient.named(cause);
        let said = format!("**{}**\n{}", message.summary, message.detail);
        let status = format!("`{}` = `{}`", cause.status.0, cause.status.1);
        table.row(&[cause.name, &status, &said, "fixes it"]);
        patient.workspace.apply_plan().succeeded();
        patient.workspace.assert_well();
        patient.works();
    }
    fixture.end_sample(&CLUSTERS);
    patient.workspace.destroy().succeeded();
    table.check();
}

impl Patient<'_> {
    fn annotation_is_removed(&self) {
        self.kubectl("branch", &["annotate", "namespace", "istio-system", &format!("{ANNOTATION}-")]);
        self.restart_istiod();
    }

    /// istiod splits the list at commas and does not trim it. While nobody leads, nobody takes a foreign CA back.
    fn annotation_has_a_blank_and_the_webhook_another_ca(&self) {
        let value = format!("{ANNOTATION}=north, east");
        self.kubectl("branch", &["annotate", "--overwrite", "namespace", "istio-system", &value]);
        self.restart_istiod();
        let webhook = ["mutatingwebhookconfiguration", "istio-sidecar-injector"];
        let live = self.kubectl("branch", &[&["get"], &webhook[..], &["-o", "json"]].concat());
        let live: Value = serde_json::from_str(&live).expect("JSON");
        let foreign = json!(encoded(&Authority::new().root()));
        let count = live["webhooks"].as_array().expect("webhooks").len();
        let patch: Vec<Value> = (0..count)
            .map(|index| json!({"op": "add", "path": format!("/webhooks/{index}/clientConfig/caBundle"), "value": foreign}))
            .collect();
        let patch = json!(patch).to_string();
        self.kubectl("branch", &[&["patch"], &webhook[..], &["--type=json", "-p", &patch]].concat());
    }

    fn mesh_configuration_is_deleted(&self) {
        self.kubectl("branch", &["delete", "configmap", "istio"]);
    }

    fn webhook_is_deleted(&self) {
        self.kubectl("branch", &["delete", "mutatingwebhookconfiguration", "istio-sidecar-injector"]);
    }

    fn token_reviews_are_forbidden(&self) {
        let role = ["clusterrole", "istio-mesh-reader-istio-system"];
        let live = self.kubectl("branch", &[&["get"], &role[..], &["-o", "json"]].concat());
        let live: Value = serde_json::from_str(&live).expect("JSON");
        let rules = live["rules"].as_array().expect("rules").iter();
        let rules: Vec<&Value> = rules.filter(|rule| !rule.to_string().contains("tokenreviews")).collect();
        let patch = json!({"rules": rules}).to_string();
        self.kubectl("branch", &[&["patch"], &role[..], &["--type=merge", "-p", &patch]].concat());
    }

    fn token_is_another_one(&self) {
        let live = self.kubectl("branch", &["get", "secret", TOKEN, "-o", "json"]);
        let mut secret: Value = serde_json::from_str(&live).expect("JSON");
        let metadata = secret["metadata"].as_object_mut().expect("metadata");
        metadata.retain(|name, _| ["name", "namespace", "labels", "annotations"].contains(&name.as_str()));
        secret.as_object_mut().expect("an object").remove("data");
        if let Some(annotations) = secret["metadata"]["annotations"].as_object_mut() {
            annotations.remove("kubernetes.io/service-account.uid");
        }
        self.kubectl("branch", &["delete", "secret", TOKEN]);
        self.fixture.kubectl_with("branch", &["create", "-f", "-"], &secret.to_string());
    }

    fn remote_secret_is_deleted(&self) {
        self.kubectl("east", &["delete", "secret", "istio-remote-secret-branch"]);
    }

    /// Plans until `status` says it; the warning, and what is to change.
    #[track_caller]
    fn named(&self, cause: &Cause) -> Message {
        let (path, state) = cause.status;
        let began = Instant::now();
        let run = loop {
            let run = self.workspace.plan_with(&["-json"]);
            let seen = seen(&self.workspace.shown_plan()["prior_state"], path);
            if seen == state {
                break run;
            }
            assert!(began.elapsed() < NOTICED, "{}: {path} is {seen}:\n{}", cause.name, run.output);
        };
        let shown = self.workspace.run(&["show", "-no-color", "tfplan"]).succeeded();
        assert!(shown.output.contains(cause.planned), "{}:\n{}", cause.name, shown.output);
        warning(&run, path)
    }

    /// A pod in a new namespace is injected and gets its certificate, and what runs only there is called from everywhere.
    #[track_caller]
    fn works(&self) {
        let labels = json!({"istio-injection": "enabled"});
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new", "labels": labels}});
        self.fixture.kubectl_with("branch", &["apply", "-f", "-"], &namespace.to_string());
        let mut deployment = sample::deployment("echo", "branch");
        deployment["metadata"]["namespace"] = json!("new");
        self.fixture.kubectl_with("branch", &["apply", "-f", "-"], &deployment.to_string());
        self.fixture.kubectl("branch", &["-n", "new", "rollout", "status", "deploy/echo", "--timeout=60s"]);
        let containers =
            "jsonpath={.items[*].spec.initContainers[*].name}{.items[*].spec.containers[*].name}";
        let containers = self.fixture.kubectl("branch", &["-n", "new", "get", "pods", "-o", containers]);
        assert!(containers.contains("istio-proxy"), "{containers}");
        self.fixture.kubectl("branch", &["delete", "namespace", "new", "--timeout=60s"]);
        for caller in CLUSTERS {
            self.fixture.settle_at(caller, &sample::url("only-branch"), &["branch"]);
        }
    }

    fn kubectl(&self, cluster: &str, arguments: &[&str]) -> String {
        self.fixture.kubectl(cluster, &[&NAMESPACE[..], arguments].concat())
    }

    fn restart_istiod(&self) {
        self.kubectl("east", &["rollout", "restart", "deploy/istiod"]);
        self.kubectl("east", &["rollout", "status", "deploy/istiod", "--timeout=90s"]);
        // The former one leads until it has ended.
        let pods = || self.kubectl("east", &["get", "pods", "-l", "app=istiod", "-o", "name"]);
        until("the end of the former istiod", || pods().lines().count() == 1);
    }
}

/// A member of the remote cluster's `status` in a state.
fn seen(state: &Value, path: &str) -> String {
    let resources = state["values"]["root_module"]["resources"].as_array().into_iter().flatten();
    let mut of_address = resources.filter(|resource| resource["address"] == ADDRESS);
    let status = of_address.next().map(|resource| &resource["values"]["status"]).expect("the remote cluster");
    let found = path.split('.').fold(status, |value, member| &value[member]);
    found.as_str().unwrap_or_default().to_owned()
}

/// What the plan warns of about a member of `status`, but for the list of edited fields.
#[track_caller]
fn warning(run: &Run, path: &str) -> Message {
    let subject =
        if path.starts_with("links.") { "Link \"east\" -> \"branch\": " } else { "Cluster \"branch\": " };
    let messages = run.messages().into_iter();
    let mut about = messages.filter(|it| it.summary.starts_with(subject) && !it.summary.ends_with(EDITED));
    let message = about.next().unwrap_or_else(|| panic!("nothing about {subject}:\n{}", run.output));
    assert_eq!(message.severity, "warning");
    message
}
