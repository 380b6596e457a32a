//! Terraform and its provider, killed while a cluster joins, while it is changed and while it leaves, again and again in the same clusters.
//! The next step, as the guide has it, ends well, and nothing is left behind. `cargo xtask soak` asks for many moments.

use std::collections::BTreeSet;
use std::time::Instant;

use acceptance_tests::admin::Admin;
use acceptance_tests::audited::write_audited_kubeconfig;
use acceptance_tests::book::{Record, owners};
use acceptance_tests::kills::{
    self, Log, Moment, Progress, Verb, Whom, command_to_import, killed_in_time, moments,
};
use acceptance_tests::{Fixture, Run, Workspace};
use serde_json::json;

use acceptance_tests::remote::read::assert_ready;

const ADDRESS: &str = "istio_remote_cluster.edge";
const EXAMPLE: &str = "primary-remote-flat";
const CLUSTERS: [&str; 2] = ["east", "edge"];
const NAMESPACE: &str = "istio-system";
const INVENTORY: &str = "terraform-provider-istio-remote-edge";
const KUBECONFIG: &str = "audited-kubeconfig";
const APPLY: [&str; 4] = ["apply", "-input=false", "-no-color", "-auto-approve"];
/// How often each verb is killed in the suite.
const KILLS: usize = 4;
/// How often a run may be over before its moment.
const ATTEMPTS: usize = 5;

/// A mesh whose remote cluster is now there and now not.
struct Victim<'a> {
    fixture: &'a Fixture<'a>,
    workspace: Workspace,
    gone: String,
    made: String,
    changed: String,
}

pub fn a_run_that_was_killed_is_taken_up(fixture: &Fixture) {
    let made = Fixture::example_text(EXAMPLE);
    let (mesh, _) = made.split_once("resource \"istio_remote_cluster\"").expect("the remote cluster");
    let gone = mesh.to_owned();
    // The record in the primary, the namespace, and the remote secret.
    let lines = "pod_cidrs = [\"10.12.0.0/17\"]\n  namespace_labels = {\n    team = \"edge\"\n  }\n  api_server {\n    url = \
                 \"https://api.edge.lab.example:6443\"\n  }";
    let changed = made.replace("pod_cidrs = [\"10.12.0.0/16\"]", lines);
    assert_ne!(changed, made);
    let workspace = fixture.example(EXAMPLE);
    let victim = Victim { fixture, workspace, gone, made, changed };
    victim.is_audited();
    victim.workspace.configure(&victim.gone);
    victim.workspace.apply().succeeded();
    let (kills, seed, mut log) = (kills::count(KILLS), kills::seed(), Log::open());
    let mut writes = [1; 3];
    for index in 0..kills {
        for verb in [Verb::Create, Verb::Update, Verb::Destroy] {
            let moment = moments(kills, writes[verb as usize], verb, seed)[index];
            let began = Instant::now();
            let (moment, last, written) = victim.kill(verb, moment, Whom::of(index));
            // What is left to do after the very first write is a whole run.
            if index == 0 {
                writes[verb as usize] = written;
            }
            log.line(&format!(
                "{verb} of a remote cluster {}/{kills} {} killed {moment} ({last}); then terraform apply, {written} writes; {:.1} s; ok",
                index + 1,
                Whom::of(index).name(),
                began.elapsed().as_secs_f64()
            ));
        }
    }
    victim.workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
}

impl Victim<'_> {
    /// Has Terraform's requests in the audit logs.
    fn is_audited(&self) {
        let path = self.workspace.path().join(KUBECONFIG);
        write_audited_kubeconfig(self.fixture.lab, &path);
        let mut variables = self.fixture.variables();
        variables["kubeconfig"] = json!(path);
        self.workspace.set_variables(&variables);
    }

    /// From what a run begins, and where it leads.
    fn way(&self, verb: Verb) -> (&str, &str) {
        match verb {
            Verb::Create => (&self.gone, &self.made),
            Verb::Update => (&self.made, &self.changed),
            Verb::Destroy => (&self.changed, &self.gone),
        }
    }

    /// Kills a run at this moment, or at an earlier one if it is over before, and does the next step: when it was killed, after which
    /// write, and how many more it took.
    fn kill(&self, verb: Verb, moment: Moment, whom: Whom) -> (Moment, String, usize) {
        let (from, to) = self.way(verb);
        let mut moment = moment;
        for _ in 0..ATTEMPTS {
            self.workspace.configure(to);
            let mut progress = Progress::begin(self.fixture.lab, INVENTORY);
            let run = self.workspace.start(&APPLY);
            if let Some(output) = killed_in_time(run, &mut progress, moment, whom) {
                let last = progress.writes().last().to_owned();
                let mut progress = Progress::begin(self.fixture.lab, INVENTORY);
                let next = self.goes_on(verb);
                assert_eq!(next.code, 0, "{}\n--- the run that was killed\n{output}", next.story());
                progress.has_reached(Moment::Write(usize::MAX));
                self.is_as_wanted(verb);
                return (moment, last, progress.writes().count());
            }
            moment = moment.earlier();
            self.workspace.configure(from);
            self.workspace.apply().succeeded();
        }
        panic!("{ATTEMPTS} runs were over before");
    }

    /// The next step as the guide has it, when the time is over for which the killed run held its records.
    fn goes_on(&self, verb: Verb) -> Run {
        for cluster in CLUSTERS {
            let admin = Admin::of(self.fixture.lab, cluster);
            for record in Record::read_all(&admin, NAMESPACE) {
                record.expire(&admin);
            }
        }
        let run = self.workspace.apply();
        match command_to_import(&run).filter(|_| verb == Verb::Create && run.code != 0) {
            // Everything was made, and only the state is lost.
            Some(import) => {
                self.workspace.run(&["import", "-input=false", "-no-color", ADDRESS, &import]).succeeded();
                self.workspace.apply()
            }
            None => run,
        }
    }

    #[track_caller]
    fn is_as_wanted(&self, verb: Verb) {
        self.workspace.assert_well();
        let records = |cluster| Record::read_all(&Admin::of(self.fixture.lab, cluster), NAMESPACE);
        if verb == Verb::Destroy {
            self.fixture.assert_only_crds_remain("edge");
            let left: Vec<_> = records("east").iter().map(|it| it.name().to_owned()).collect();
            assert!(!left.iter().any(|name| name == INVENTORY), "{left:?}");
            return;
        }
        assert_ready(&self.workspace, ADDRESS, None, &["east"]);
        for cluster in CLUSTERS {
            let phases: BTreeSet<String> =
                records(cluster).iter().map(|record| record.phase().to_owned()).collect();
            assert_eq!(phases, BTreeSet::from(["complete".to_owned()]), "{cluster}");
        }
        assert_eq!(owners(&Admin::of(self.fixture.lab, "edge")).len(), 1, "all of it has one owner");
    }
}
