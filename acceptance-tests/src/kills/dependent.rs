//! A resource that depends on a mesh, whose runs are killed while it comes, while it is changed and while it goes, again and again in the
//! same clusters. The next step, as the guide has it, ends well.

use std::time::Instant;

use serde_json::json;

use super::{Log, Moment, Progress, Verb, Whom, command_to_import, count, killed_in_time, moments, seed};
use crate::admin::Admin;
use crate::audited::write_audited_kubeconfig;
use crate::book::Record;
use crate::{Fixture, Run, Workspace};

const NAMESPACE: &str = "istio-system";
const KUBECONFIG: &str = "audited-kubeconfig";
const APPLY: [&str; 4] = ["apply", "-input=false", "-no-color", "-auto-approve"];
/// How often a run may be over before its moment.
const ATTEMPTS: usize = 5;

/// The resource, its workspace and its configurations.
pub struct Dependent<'a> {
    /// The clusters of the lab.
    pub fixture: &'a Fixture<'a>,
    /// The workspace, in which its mesh is, too.
    pub workspace: &'a Workspace,
    /// What it is, for the log.
    pub noun: &'a str,
    /// Where it is.
    pub address: &'a str,
    /// The name of its inventory.
    pub inventory: &'a str,
    /// The clusters in which it has one.
    pub clusters: &'a [&'a str],
    /// The configuration without it, with it, and with it changed.
    pub configurations: [String; 3],
    /// Fails the test unless all is as it should be after this verb.
    pub is_as_wanted: &'a dyn Fn(Verb),
}

impl Dependent<'_> {
    /// Has Terraform's requests in the audit logs, and kills each verb so often, or as often as `KILLS` says.
    pub fn is_killed(&self, in_suite: usize) {
        let path = self.workspace.path().join(KUBECONFIG);
        write_audited_kubeconfig(self.fixture.lab, &path);
        let mut variables = self.fixture.variables();
        variables["kubeconfig"] = json!(path);
        self.workspace.set_variables(&variables);
        self.workspace.configure(&self.configurations[0]);
        self.workspace.apply().succeeded();
        let (kills, seed, mut log) = (count(in_suite), seed(), Log::open());
        let mut writes = [1; 3];
        for index in 0..kills {
            for verb in [Verb::Create, Verb::Update, Verb::Destroy] {
                let moment = moments(kills, writes[verb as usize], verb, seed)[index];
                let began = Instant::now();
                let (moment, last, written) = self.kill(verb, moment, Whom::of(index));
                // What is left to do after the very first write is a whole run.
                if index == 0 {
                    writes[verb as usize] = written;
                }
                log.line(&format!(
                    "{verb} of a {} {}/{kills} {} killed {moment} ({last}); then terraform apply, {written} writes; {:.1} s; ok",
                    self.noun,
                    index + 1,
                    Whom::of(index).name(),
                    began.elapsed().as_secs_f64()
                ));
            }
        }
    }

    /// From what a run begins, and where it leads.
    fn way(&self, verb: Verb) -> (&str, &str) {
        let [gone, made, changed] = &self.configurations;
        match verb {
            Verb::Create => (gone, made),
            Verb::Update => (made, changed),
            Verb::Destroy => (changed, gone),
        }
    }

    /// Kills a run at this moment, or at an earlier one if it is over before, and does the next step: when it was killed, after which
    /// write, and how many more it took.
    fn kill(&self, verb: Verb, moment: Moment, whom: Whom) -> (Moment, String, usize) {
        let (from, to) = self.way(verb);
        let mut moment = moment;
        for _ in 0..ATTEMPTS {
            self.workspace.configure(to);
            let mut progress = Progress::begin(self.fixture.lab, self.inventory);
            let run = self.workspace.start(&APPLY);
            if let Some(output) = killed_in_time(run, &mut progress, moment, whom) {
                let last = progress.writes().last().to_owned();
                let mut progress = Progress::begin(self.fixture.lab, self.inventory);
                let next = self.goes_on(verb);
                assert_eq!(next.code, 0, "{}\n--- the run that was killed\n{output}", next.story());
                progress.has_reached(Moment::Write(usize::MAX));
                self.workspace.assert_well();
                (self.is_as_wanted)(verb);
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
        for cluster in self.clusters {
            let admin = Admin::of(self.fixture.lab, cluster);
            for record in Record::read_all(&admin, NAMESPACE) {
                record.expire(&admin);
            }
        }
        let run = self.workspace.apply();
        match command_to_import(&run).filter(|_| verb == Verb::Create && run.code != 0) {
            // Everything was made, and only the state is lost.
            Some(import) => {
                let command = ["import", "-input=false", "-no-color", self.address, &import];
                self.workspace.run(&command).succeeded();
                self.workspace.apply()
            }
            None => run,
        }
    }
}
