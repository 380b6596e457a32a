//! Runs that end early: an API server that is down, a right that is missing, Ctrl-C. After each of them the next step that the
//! message or the guide names ends well, nothing is left behind, and what was made before is still there. Runs that are killed have
//! a target of their own, `kills`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance_tests::audited::{Writes, write_audited_kubeconfig};
use acceptance_tests::guide::Table;
use acceptance_tests::terraform::{Message, Running};
use acceptance_tests::{Fixture, Run, Workspace, until};
use lab::api_server::identity;
use serde_json::{Value, json};

const CLUSTERS: [&str; 2] = ["east", "middle"];
const APPLY: [&str; 4] = ["apply", "-input=false", "-auto-approve", "-no-color"];
const MENDED: &str = "fix the cause, `terraform untaint istio_mesh.shop`, `terraform apply`";
const AGAIN: &str = "the same command again";
/// The kubeconfig whose requests are counted.
const AUDITED: &str = "audited-kubeconfig";
const INVENTORY: [&str; 2] = ["configmap", "terraform-provider-istio-mesh"];

/// The objects of a mesh in each cluster, with their UIDs.
type Objects = BTreeMap<&'static str, BTreeSet<String>>;

/// A mesh of `east` and `middle`, and what happened to it.
struct Victim<'a> {
    fixture: &'a Fixture<'a>,
    workspace: Workspace,
    text: String,
    table: Table,
}

pub fn interrupted_runs_are_taken_up(fixture: &Fixture) {
    let text = Fixture::example_text("multi-primary-flat");
    let columns = ["What happened", "What Terraform says", "The next step", "What it finds"];
    let table = Table::new("reliability", "faults", &columns);
    let workspace = fixture.example("multi-primary-flat");
    write_audited_kubeconfig(fixture.lab, &workspace.path().join(AUDITED));
    let mut victim = Victim { fixture, workspace, text, table };
    victim.workspace.set_variables(&victim.variables(None));
    for step in Victim::STEPS {
        step(&mut victim);
    }
    victim.workspace.destroy().succeeded();
    victim.nothing_is_left();
    victim.table.check();
}

impl Victim<'_> {
    /// One after the other; each finds the mesh as the one before has left it.
    const STEPS: [fn(&mut Self); 7] = [
        Self::an_api_server_is_down_when_a_mesh_is_planned,
        Self::a_create_is_forbidden,
        Self::an_api_server_is_down_when_a_mesh_is_changed,
        Self::an_api_server_is_down_when_a_mesh_is_destroyed,
        Self::a_create_times_out,
        Self::a_create_is_cancelled,
        Self::a_create_is_cancelled_twice,
    ];

    fn an_api_server_is_down_when_a_mesh_is_planned(&mut self) {
        let run = self.without_middle(|workspace| workspace.plan_with(&["-json"]));
        let message = error(&run, "Cluster \"middle\": ");
        self.nothing_is_left();
        self.row(
            "The API server of a cluster is down at the plan of a new mesh",
            &message,
            AGAIN,
            "an empty cluster",
        );
    }

    fn a_create_is_forbidden(&mut self) {
        let api = self.fixture.lab.cluster("middle").api_server();
        let token = api.add_identity("no-rbac", &identity::without_rbac()).expect("make the identity");
        self.workspace.set_variables(&self.variables(Some(&token)));
        let run = self.workspace.apply_with_messages();
        let message = error(&run, "Cluster \"middle\": cannot apply the manifests");
        assert!(message.detail.contains("not permitted to "), "{message:?}");
        let short = with_way_out(message);
        let detail = format!("(A list of the objects, each with the missing permission.)\n{}", short.detail);
        let short = Message { detail, ..short };
        let made = self.objects("east");
        self.workspace.set_variables(&self.variables(None));
        self.workspace.run(&["untaint", "istio_mesh.shop"]).succeeded();
        self.workspace.apply().succeeded();
        self.is_well(&Objects::from([("east", made)]));
        let next = "grant the permission, `terraform untaint istio_mesh.shop`, `terraform apply`";
        self.row(
            "A create is forbidden in one cluster",
            &short,
            next,
            "the other cluster's objects as they were",
        );
    }

    fn an_api_server_is_down_when_a_mesh_is_changed(&mut self) {
        let before = self.all_objects();
        let run = self.without_middle(|workspace| workspace.plan_with(&["-json"]));
        let message = error(&run, "Cluster \"middle\": ");
        self.row("… at refresh and plan of a mesh", &message, AGAIN, "the mesh unchanged");
        self.change("1");
        assert_eq!(self.workspace.plan().code, 2);
        let generations = self.generations("east");
        let run = self.without_middle(|workspace| workspace.run(&["apply", "-json", "tfplan"]));
        let message = error(&run, "Cluster \"middle\": ");
        assert_eq!(self.generations("east"), generations, "nothing is written before all clusters answer");
        self.workspace.apply().succeeded();
        self.is_well(&before);
        self.row(
            "… at an apply that was planned before",
            &message,
            "`terraform apply`",
            "no cluster changed",
        );
    }

    fn an_api_server_is_down_when_a_mesh_is_destroyed(&mut self) {
        let before = self.objects("middle");
        let destroy = ["destroy", "-input=false", "-auto-approve", "-json", "-refresh=false"];
        let run = self.without_middle(|workspace| workspace.run(&destroy));
        let message = error(&run, "Cluster \"middle\": ");
        self.fixture.assert_only_crds_remain("east");
        assert_eq!(self.objects("middle"), before);
        let root = "No cluster keeps the root of the mesh";
        self.workspace.apply().failed_with(&[root]);
        assert_eq!(self.objects("middle"), before);
        self.workspace.destroy().succeeded();
        self.nothing_is_left();
        self.row("… at destroy", &message, "`terraform destroy`", "the other clusters empty");
    }

    fn a_create_times_out(&mut self) {
        let greedy = "primary \"middle\" {\n    chart \"istiod\" {\n      \
                      values = yamlencode({ resources = { requests = { cpu = \"1000\" } } })\n    }\n";
        let text = self.text.replacen("primary \"middle\" {\n", greedy, 1);
        let patience = "  timeouts {\n    create = \"15s\"\n  }\n\n  chart_source {";
        self.workspace.configure(&text.replacen("  chart_source {", patience, 1));
        let run = self.workspace.apply_with_messages();
        let message = with_way_out(error(&run, "Cluster \"middle\": cannot apply the manifests"));
        let made = self.all_objects();
        self.workspace.configure(&self.text);
        self.goes_on_after_a_failed_create(&made);
        self.row("A create times out", &message, MENDED, "what was created, and resumes it");
        self.workspace.destroy().succeeded();
        self.nothing_is_left();
    }

    fn a_create_is_cancelled(&mut self) {
        let run = self.start_create(&["apply", "-input=false", "-auto-approve", "-json"]);
        assert!(run.process().signal("-INT"), "the run is over");
        let run = run.finished();
        let message = with_way_out(error(&run, "Cluster \"east\": "));
        let made = self.all_objects();
        self.goes_on_after_a_failed_create(&made);
        self.row(
            "A create is cancelled (Ctrl-C)",
            &message,
            "`terraform untaint istio_mesh.shop`, `terraform apply`",
            "what was created, and resumes it",
        );
        self.workspace.destroy().succeeded();
        self.nothing_is_left();
    }

    fn goes_on_after_a_failed_create(&self, made: &Objects) {
        self.workspace.run(&["untaint", "istio_mesh.shop"]).succeeded();
        self.workspace.apply().succeeded();
        self.is_well(made);
    }

    /// Starts a create and returns when it has made istiod's Deployment in `east`, for whose pod it has to wait.
    fn start_create(&self, arguments: &[&str]) -> Running {
        let mut writes = Writes::begin(self.fixture.lab, &["east"]);
        let mut run = self.workspace.start(arguments);
        while !writes.has_seen_object("deployments", "istiod") {
            assert!(!run.has_ended(), "the run is over after {} writes", writes.count());
            std::thread::sleep(Duration::from_millis(1));
        }
        run
    }

    fn a_create_is_cancelled_twice(&mut self) {
        let run = self.start_create(&APPLY);
        let provider = run.process().provider().expect("the provider runs");
        // Else it may be done with the first interrupt before the second one.
        provider.signal("-STOP");
        for answer in ["Interrupt received", "Two interrupts received"] {
            run.process().signal("-INT");
            until(answer, || run.has_printed(answer));
        }
        provider.signal("-CONT");
        let run = run.finished();
        assert!(run.code != 0 && run.output.contains("Two interrupts received"), "{}", run.output);
        until("the end of the provider without Terraform", || !provider.exists());
        self.is_taken_up();
        let message = Message {
            severity: String::new(),
            summary: "Two interrupts received".to_owned(),
            detail: "Terraform ends immediately and may lose its state; the provider stops where it is."
                .to_owned(),
        };
        let next = "`terraform apply`; two minutes later if a run still holds the record";
        self.row("A create is cancelled twice (Ctrl-C)", &message, next, "what was created, and resumes it");
    }

    /// The next apply goes on with an interrupted create: what is there stays, unless Terraform has announced to replace it.
    fn is_taken_up(&self) {
        self.let_claims_expire();
        let before = self.all_objects();
        let is_tainted = self.workspace.state_text().contains("\"status\": \"tainted\"");
        self.workspace.apply().succeeded();
        self.is_well(&if is_tainted { Objects::new() } else { before });
    }

    /// The mesh is whole, and has all these objects still.
    #[track_caller]
    fn is_well(&self, before: &Objects) {
        self.workspace.assert_well();
        for (cluster, before) in before {
            let after = self.objects(cluster);
            let lost: Vec<_> = before.difference(&after).collect();
            assert!(lost.is_empty(), "{cluster}: made anew: {lost:?}");
        }
    }

    #[track_caller]
    fn nothing_is_left(&self) {
        for cluster in CLUSTERS {
            self.fixture.assert_only_crds_remain(cluster);
        }
    }

    /// Everything of the mesh in a cluster but its record.
    fn objects(&self, cluster: &str) -> BTreeSet<String> {
        let kinds = "serviceaccount,secret,configmap,service,deployment,role,rolebinding,clusterrole,clusterrolebinding,\
                     mutatingwebhookconfiguration,validatingwebhookconfiguration";
        let template = r#"jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{"\n"}{end}"#;
        let label = "terraform-provider-istio/owner";
        let all = self.fixture.kubectl(cluster, &["get", kinds, "-A", "-l", label, "-o", template]);
        all.lines().filter(|line| !line.contains(INVENTORY[1])).map(str::to_owned).collect()
    }

    fn all_objects(&self) -> Objects {
        CLUSTERS.iter().map(|cluster| (*cluster, self.objects(cluster))).collect()
    }

    /// How often what runs in a cluster was changed.
    fn generations(&self, cluster: &str) -> String {
        let template = r#"jsonpath={range .items[*]}{.metadata.name} {.metadata.generation}{"\n"}{end}"#;
        self.fixture.kubectl(cluster, &["-n", "istio-system", "get", "deployments", "-o", template])
    }

    /// Runs Terraform while the API server of `middle` is down.
    fn without_middle(&self, run: impl FnOnce(&Workspace) -> Run) -> Run {
        let api = self.fixture.lab.cluster("middle").api_server();
        api.stop();
        let run = run(&self.workspace);
        api.start_again().expect("start the API server again");
        run
    }

    /// As if the two minutes were over for which a killed run holds its record.
    fn let_claims_expire(&self) {
        for cluster in CLUSTERS {
            let namespace = ["-n", "istio-system"];
            let read =
                ["get", INVENTORY[0], INVENTORY[1], "--ignore-not-found", "-o", "jsonpath={.data.expires}"];
            if !self.fixture.kubectl(cluster, &[&namespace[..], &read].concat()).is_empty() {
                let past = r#"{"data": {"expires": "2020-01-01T00:00:00Z"}}"#;
                let patch = ["patch", INVENTORY[0], INVENTORY[1], "--type=merge", "-p", past];
                self.fixture.kubectl(cluster, &[&namespace[..], &patch].concat());
            }
        }
    }

    /// Declares another environment for istiod.
    fn change(&self, value: &str) {
        let chart = format!(
            "  chart \"istiod\" {{\n    values = yamlencode({{ env = {{ FAULT = \"{value}\" }} }})\n  }}\n\n  chart_source {{"
        );
        self.workspace.configure(&self.text.replacen("  chart_source {", &chart, 1));
    }

    /// The example's variables; with `token`, the provider has this one for `middle`.
    fn variables(&self, token: Option<&str>) -> Value {
        let mut variables = self.fixture.variables();
        variables["kubeconfig"] = json!(token.map_or_else(
            || self.workspace.path().join(AUDITED),
            |token| {
                let change =
                    |kubeconfig: &mut Value| kubeconfig["users"][0]["user"] = json!({"token": token});
                self.fixture.changed_kubeconfig(&self.workspace, "middle", change)
            },
        ));
        variables
    }

    fn row(&mut self, happened: &str, message: &Message, next: &str, finds: &str) {
        let said = format!("**{}**\n{}", message.summary, message.detail);
        self.table.row(&[happened, &said, next, finds]);
    }
}

/// The message of a create without what names single objects: what to do about it, and about the taint.
fn with_way_out(message: Message) -> Message {
    let lines: Vec<&str> = message.detail.lines().filter(|line| !line.is_empty()).collect();
    let detail = lines[lines.len().saturating_sub(2)..].join("\n");
    Message { detail, ..message }
}

#[track_caller]
fn error(run: &Run, subject: &str) -> Message {
    assert_eq!(run.code, 1, "{}", run.output);
    let mut about = run.messages().into_iter().filter(|it| it.severity == "error");
    let found = about.find(|it| it.summary.starts_with(subject));
    found.unwrap_or_else(|| panic!("no error about {subject}:\n{}", run.output))
}
