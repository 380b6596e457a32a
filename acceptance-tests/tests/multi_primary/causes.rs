//! Every cause for which calls between clusters fail, made on purpose: what `status` says, what the plan warns of, and what the
//! next apply does. What Terraform says goes into the guide "When something breaks".

use std::time::{Duration, Instant};

use acceptance_tests::authority::Authority;
use acceptance_tests::guide::Table;
use acceptance_tests::terraform::Message;
use acceptance_tests::{Fixture, Run, Workspace};
use lab::api_server::identity;
use lab::cloud::LoadBalancers;
use serde_json::{Value, json};

use crate::read::{decoded, encoded};

/// How long istiod may take to notice.
const NOTICED: Duration = Duration::from_mins(1);
/// Enough to apply, too short to wait for what will not come.
const SHORT: &str = "8s";
const LONG: &str = "90s";
const NAMESPACE: [&str; 2] = ["-n", "istio-system"];

/// What a refresh says of fields that others have edited.
const EDITED: &str = "other tools changed fields that the last apply had set";
/// What an apply does about a cause.
const MENDS: &str = "fixes it";
const FAILS: &str = "fails with this message";

/// A mesh of `east` and `west` that is broken and mended.
struct Patient<'a> {
    fixture: &'a Fixture<'a>,
    workspace: Workspace,
    text: String,
    table: Table,
}

pub fn every_cause_is_named_with_its_way_out(fixture: &Fixture) {
    let text = Fixture::example_text("multi-primary-multi-network");
    let timeouts = "  timeouts {\n    update = var.patience\n  }\n\n  chart_source {";
    let text =
        text.replacen("  chart_source {", timeouts, 1) + "variable \"patience\" {\n  type = string\n}\n";
    let columns = ["Cause", "`status`", "What Terraform says", "The next apply"];
    let table = Table::new("reliability", "causes", &columns);
    let workspace = fixture.example("multi-primary-multi-network");
    let mut patient = Patient { fixture, workspace, text, table };
    patient.configure(LONG, &patient.text.clone());
    patient.workspace.apply().succeeded();
    for step in Patient::STEPS {
        step(&mut patient);
    }
    patient.workspace.destroy().succeeded();
    patient.table.check();
}

impl Patient<'_> {
    /// One after the other, each from a whole mesh to a whole mesh.
    const STEPS: [fn(&mut Self); 8] = [
        Self::remote_secrets_are_missing_or_wrong,
        Self::a_key_differs_and_a_token_is_refused,
        Self::gateways_and_readers_lost_something,
        Self::roots_differ,
        Self::api_servers_are_declared_wrong_and_then_cut_off,
        Self::a_load_balancer_is_pending_and_a_webhook_is_cut_off,
        Self::a_control_plane_is_gone,
        Self::the_provider_itself_is_kept_out,
    ];

    fn remote_secrets_are_missing_or_wrong(&mut self) {
        self.kubectl("east", &["delete", "secret", "istio-remote-secret-west"]);
        let kubeconfig = self.secret("west", "istio-remote-secret-east", "east");
        let mut kubeconfig: Value = serde_json::from_str(&kubeconfig).expect("a kubeconfig");
        kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"] =
            json!(encoded(&Authority::new().root()));
        self.patch_secret("west", "istio-remote-secret-east", &[("east", &kubeconfig.to_string())]);
        self.kubectl("west", &["label", "service", "istio-eastwestgateway", "topology.istio.io/network-"]);
        let mesh = self.kubectl("east", &["get", "configmap", "istio", "-o", "jsonpath={.data.mesh}"]);
        let data = json!({"data": {"mesh": format!("{mesh}\nenableTracing: \"yes\"\n")}}).to_string();
        self.kubectl("east", &["patch", "configmap", "istio", "--type=merge", "-p", &data]);
        self.noted(
            "The mesh configuration was edited, and istiod rejects it",
            "clusters.east.control_plane",
            "other_configuration",
            MENDS,
        );
        self.noted("A remote secret was deleted", "links.east->west", "missing", MENDS);
        self.noted(
            "Wrong certificate authority in a remote secret",
            "links.west->east",
            "untrusted_certificate",
            MENDS,
        );
        self.noted(
            "The Service of a gateway lost the label of its network",
            "clusters.west.gateway",
            "not_labelled",
            MENDS,
        );
        self.mends();
    }

    fn a_key_differs_and_a_token_is_refused(&mut self) {
        let renamed = r#"[{"op": "move", "from": "/data/west", "path": "/data/occident"}]"#;
        let patch = ["patch", "secret", "istio-remote-secret-west", "--type=json", "-p", renamed];
        self.kubectl("east", &patch);
        self.kubectl("east", &["delete", "secret", "istio-mesh-reader-token-1"]);
        self.noted(
            "The key in a remote secret is not the cluster's name",
            "links.east->west",
            "invalid_secret",
            MENDS,
        );
        self.noted("The reader's token was revoked", "links.west->east", "token_refused", MENDS);
        self.mends();
        let secret =
            self.kubectl("east", &["get", "secret", "istio-remote-secret-west", "-o", "jsonpath={.data}"]);
        assert!(!secret.contains("occident"), "istiod of east still reads a cluster of that name");
    }

    fn gateways_and_readers_lost_something(&mut self) {
        self.kubectl("west", &["label", "namespace", "istio-system", "topology.istio.io/network-"]);
        self.kubectl("east", &["delete", "mutatingwebhookconfiguration", "istio-sidecar-injector"]);
        self.kubectl("east", &["delete", "pod", "-l", "istio=eastwestgateway"]);
        self.kubectl("east", &["delete", "clusterrolebinding", "istio-mesh-reader-istio-system"]);
        // Another form of the same, so that istiod connects anew.
        let kubeconfig = self.secret("west", "istio-remote-secret-east", "east");
        let kubeconfig: Value = serde_json::from_str(&kubeconfig).expect("a kubeconfig");
        self.patch_secret("west", "istio-remote-secret-east", &[("east", &format!("{kubeconfig:#}"))]);
        self.noted(
            "The namespace lost the label of its network",
            "clusters.west.gateway",
            "not_labelled",
            MENDS,
        );
        self.noted(
            "A gateway pod was created while the webhook was missing",
            "clusters.east.gateway",
            "not_injected",
            MENDS,
        );
        self.noted("The reader's permissions were removed", "links.west->east", "reader_forbidden", MENDS);
        self.mends();
    }

    fn roots_differ(&mut self) {
        let other = Authority::new();
        let intermediate = other.intermediate("west");
        let files = [
            ("ca-cert.pem", intermediate.certificate.as_str()),
            ("ca-key.pem", &intermediate.key),
            ("cert-chain.pem", &intermediate.chain),
            ("root-cert.pem", &other.root()),
        ];
        self.patch_secret("west", "cacerts", &files);
        self.restart("west");
        let apply = "restores the Secret and restarts istiod";
        self.noted(
            "The Secret `cacerts` of a cluster was replaced",
            "links.east->west",
            "roots_differ",
            apply,
        );
        self.mends();
        self.kubectl("west", &["delete", "secret", "cacerts"]);
        self.noted(
            "The Secret `cacerts` of a cluster was deleted",
            "clusters.west.authority",
            "missing",
            MENDS,
        );
        self.restart("west");
        let apply = "restores the Secret, deletes istiod's own and restarts istiod";
        self.noted("… and istiod has restarted since", "links.east->west", "roots_differ", apply);
        self.mends();
    }

    /// What the configuration says is wrong, no apply can mend.
    fn api_servers_are_declared_wrong_and_then_cut_off(&mut self) {
        let ca = json!(Authority::new().root());
        let text = self.text.replacen(
            "    network = \"net-west\"\n",
            &format!(
                "    network = \"net-west\"\n    api_server {{\n      cluster_ca_certificate = {ca}\n    }}\n"
            ),
            1,
        );
        let text = text.replacen(
            "    network = \"net-east\"\n",
            "    network = \"net-east\"\n    api_server {\n      url = \"https://192.0.2.1:6443\"\n    }\n",
            1,
        );
        self.configure(SHORT, &text);
        let run = self.workspace.apply_with_messages();
        self.failed(
            &run,
            "Wrong `cluster_ca_certificate` in an `api_server` block",
            "links.east->west",
            "untrusted_certificate",
        );
        self.failed(&run, "Wrong `url` in an `api_server` block", "links.west->east", "unreachable");

        self.fixture.lab.cut("east", "west").expect("cut the link");
        self.configure(SHORT, &self.text.clone());
        let run = self.workspace.apply_with_messages();
        self.failed(
            &run,
            "A firewall between istiod and the other API server",
            "links.east->west",
            "syncing, then timeout",
        );
        self.fixture.lab.heal("east", "west").expect("heal the link");
        self.configure(LONG, &self.text.clone());
        self.workspace.plan();
        self.mends();
    }

    fn a_load_balancer_is_pending_and_a_webhook_is_cut_off(&mut self) {
        let network = self.fixture.lab.cluster("west").network();
        network.close_to_api_server(15017, true).expect("close the port");
        self.fixture.lab.cluster("east").set_load_balancers(LoadBalancers::Pending);
        self.noted("A load balancer is pending", "clusters.east.gateway", "no_address", "waits, then fails");
        self.configure(SHORT, &self.text.clone());
        let run = self.workspace.apply_with_messages();
        error(&run, "Cluster \"east\": everything is applied, but not ready");
        self.failed_at(
            "A firewall between the API server and port 15017 of istiod",
            &run,
            "Cluster \"west\": istiod's webhook did not inject",
            "only an apply sees it",
        );
        network.close_to_api_server(15017, false).expect("open the port");
        self.fixture.lab.cluster("east").set_load_balancers(LoadBalancers::Addresses(1));
        self.configure(LONG, &self.text.clone());
        self.workspace.plan();
        self.mends();
    }

    fn a_control_plane_is_gone(&mut self) {
        self.kubectl("west", &["scale", "deploy/istiod", "--replicas=0"]);
        self.noted(
            "No istiod runs",
            "clusters.west.control_plane",
            "not_ready",
            "fails, as the replicas are not the provider's",
        );
        self.configure(SHORT, &self.text.clone());
        let run = self.workspace.apply_with_messages();
        let refused = error(&run, "Cluster \"west\": istiod's webhook did not inject");
        assert!(refused.detail.contains("No pod of the Deployment istiod is ready"), "{refused:?}");
        self.kubectl("west", &["scale", "deploy/istiod", "--replicas=1"]);
        self.kubectl("west", &["rollout", "status", "deploy/istiod", "--timeout=60s"]);
        self.configure(LONG, &self.text.clone());
        self.workspace.plan();
        self.mends();
    }

    /// Plans that fail, or see less, because of the connection of a cluster block. Nothing is written.
    fn the_provider_itself_is_kept_out(&mut self) {
        let ca = encoded(&Authority::new().root());
        let cluster = |kubeconfig: &mut Value| {
            kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"] = json!(ca);
        };
        self.kept_out(
            "Wrong certificate authority in the kubeconfig",
            "unchanged",
            cluster,
            "cannot be reached",
        );
        let token = |token: String| {
            move |kubeconfig: &mut Value| kubeconfig["users"][0]["user"] = json!({"token": token})
        };
        self.kept_out(
            "Rejected credentials in the kubeconfig",
            "unchanged",
            token("nobody's".to_owned()),
            "does not accept",
        );
        let reader = self.fixture.lab.cluster("west").api_server().token(identity::READER).expect("a token");
        self.kept_out(
            "No permission to query istiod",
            "as last observed",
            token(reader),
            "could not query istiod",
        );
        self.fixture.lab.cluster("west").api_server().stop();
        self.kept_out("The API server of a cluster is down", "unchanged", |_| {}, "cannot be reached");
        self.fixture.lab.cluster("west").api_server().start_again().expect("start the API server again");
    }

    /// Plans with another kubeconfig and notes the message that has this text.
    #[track_caller]
    fn kept_out(&mut self, cause: &str, status: &str, change: impl FnOnce(&mut Value), text: &str) {
        let path = self.fixture.changed_kubeconfig(&self.workspace, "west", change);
        let mut variables = self.variables(LONG);
        variables["kubeconfig"] = json!(path);
        self.workspace.set_variables(&variables);
        let run = self.workspace.plan_with(&["-json"]);
        let message = found(&run, "Cluster \"west\": ", text);
        let apply = if message.severity == "error" { FAILS } else { "does not verify the links" };
        self.row(cause, status, &message, apply);
        self.workspace.set_variables(&self.variables(LONG));
    }

    /// Plans until `status` says it, and notes the warning.
    #[track_caller]
    fn noted(&mut self, cause: &str, path: &str, state: &str, apply: &str) {
        let began = Instant::now();
        let message = loop {
            let run = self.workspace.plan_with(&["-json"]);
            let seen = at(&self.workspace.shown_plan()["prior_state"], path);
            if seen == state {
                break found(&run, &subject(path), "");
            }
            assert!(began.elapsed() < NOTICED, "{cause}: {path} is {seen}:\n{}", run.output);
        };
        assert_eq!(message.severity, "warning");
        self.row(cause, &format!("`{path}` = `{state}`"), &message, apply);
    }

    /// Notes the error of an apply that has left `status` so.
    #[track_caller]
    fn failed(&mut self, run: &Run, cause: &str, path: &str, state: &str) {
        let seen = at(&self.workspace.shown_state(), path);
        assert!(state.starts_with(&seen), "{cause}: {path} is {seen}:\n{}", run.output);
        self.failed_at(
            cause,
            run,
            &subject(path),
            &format!("`{path}` = `{}`", state.replace(", then ", "`, then `")),
        );
    }

    #[track_caller]
    fn failed_at(&mut self, cause: &str, run: &Run, subject: &str, status: &str) {
        let message = error(run, subject);
        self.row(cause, status, &message, FAILS);
    }

    /// Applies the last plan: then all is well.
    #[track_caller]
    fn mends(&mut self) {
        self.workspace.apply_plan().succeeded();
        self.workspace.assert_well();
    }

    fn row(&mut self, cause: &str, status: &str, message: &Message, apply: &str) {
        // What comes after these words names a pod, or the one webhook that was called first.
        let (summary, _) = message.summary.split_once(": Internal error").unwrap_or((&message.summary, ""));
        let (detail, _) = message.detail.split_once(" The cause: ").unwrap_or((&message.detail, ""));
        let said = format!("**{summary}**\n{detail}");
        self.table.row(&[cause, status, &said, apply]);
    }

    fn configure(&self, patience: &str, text: &str) {
        self.workspace.configure(text);
        self.workspace.set_variables(&self.variables(patience));
    }

    fn variables(&self, patience: &str) -> Value {
        let mut variables = self.fixture.variables();
        variables["patience"] = json!(patience);
        variables
    }

    fn kubectl(&self, cluster: &str, arguments: &[&str]) -> String {
        self.fixture.kubectl(cluster, &[&NAMESPACE[..], arguments].concat())
    }

    fn restart(&self, cluster: &str) {
        self.kubectl(cluster, &["rollout", "restart", "deploy/istiod"]);
        self.kubectl(cluster, &["rollout", "status", "deploy/istiod", "--timeout=90s"]);
    }

    fn secret(&self, cluster: &str, name: &str, key: &str) -> String {
        let path = format!("jsonpath={{.data.{key}}}");
        decoded(&self.kubectl(cluster, &["get", "secret", name, "-o", &path]))
    }

    fn patch_secret(&self, cluster: &str, name: &str, files: &[(&str, &str)]) {
        let data: serde_json::Map<String, Value> =
            files.iter().map(|(file, content)| ((*file).to_owned(), json!(encoded(content)))).collect();
        let patch = json!({"data": data}).to_string();
        self.kubectl(cluster, &["patch", "secret", name, "-p", &patch]);
    }
}

/// A member of the mesh's `status` in a state.
fn at(state: &Value, path: &str) -> String {
    let status = &state["values"]["root_module"]["resources"][0]["values"]["status"];
    let found = path.split('.').fold(status, |value, member| &value[member]);
    found.as_str().unwrap_or_default().to_owned()
}

/// How the message about a member of `status` begins.
fn subject(path: &str) -> String {
    match path.split('.').collect::<Vec<_>>()[..] {
        ["links", link] => {
            let (reader, read) = link.split_once("->").expect("a link");
            format!("Link {reader:?} -> {read:?}: ")
        }
        ["clusters", cluster, ..] => format!("Cluster {cluster:?}: "),
        _ => panic!("{path} is no member of status"),
    }
}

#[track_caller]
fn error(run: &Run, subject: &str) -> Message {
    assert_eq!(run.code, 1, "{subject}:\n{}", run.output);
    let errors = run.messages().into_iter().filter(|it| it.severity == "error");
    let mut about = errors.filter(|it| it.summary.starts_with(subject));
    about.next().unwrap_or_else(|| panic!("no error about {subject}:\n{}", run.output))
}

#[track_caller]
fn found(run: &Run, subject: &str, text: &str) -> Message {
    // Which fields somebody has edited is said of its own.
    let messages = run.messages().into_iter().filter(|it| !it.summary.ends_with(EDITED));
    let mut about = messages.filter(|it| it.summary.starts_with(subject) && it.summary.contains(text));
    about.next().unwrap_or_else(|| panic!("nothing about {subject}{text}:\n{}", run.output))
}
