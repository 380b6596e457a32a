//! One mesh whose runs are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use acceptance_tests::admin::Admin;
use acceptance_tests::audited::audited_provider;
use acceptance_tests::book::{INVENTORY, Record, owner, owners};
use acceptance_tests::kills::{Moment, Progress, Verb, Whom, command_to_import, killed_in_time};
use acceptance_tests::mesh::{ADDRESS, Mesh};
use acceptance_tests::{Run, Workspace};
use lab::{Lab, Spec};
use serde_json::Value;
use tempfile::TempDir;

use crate::strangers;

pub const NAMESPACE: &str = "istio-system";
const CLUSTERS: [&str; 2] = ["east", "west"];
const APPLY: [&str; 4] = ["apply", "-input=false", "-no-color", "-auto-approve"];
const DESTROY: [&str; 4] = ["destroy", "-input=false", "-no-color", "-auto-approve"];
/// How often a run may be over before its moment.
const ATTEMPTS: usize = 5;
/// How long a restored mesh may take until it is well.
const WELL: Duration = Duration::from_mins(2);

/// Cluster → name of an object → its UID.
type Uids = BTreeMap<&'static str, BTreeMap<String, String>>;

/// A mesh before one of its runs.
pub struct Victim {
    verb: Verb,
    workspace: Workspace,
    spec: Spec,
    /// State before the run; empty for none.
    state: String,
    /// What a run makes that nothing interrupts: the names of all objects, and how many writes that takes.
    expected: BTreeMap<&'static str, BTreeSet<String>>,
    writes: usize,
    _snapshot: TempDir,
}

/// What became of one kill.
pub struct Report {
    moment: Moment,
    whom: &'static str,
    /// The last write before it.
    last: String,
    next: Vec<String>,
    took: Duration,
    pub failure: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { moment, whom, last, next, took, failure } = self;
        let outcome =
            failure.as_ref().map_or_else(|| "ok".to_owned(), |failure| format!("FAILED: {failure}"));
        write!(
            f,
            "{whom} killed {moment} ({last}); then {}; {:.1} s; {outcome}",
            next.join(", "),
            took.as_secs_f64()
        )
    }
}

impl Victim {
    /// Makes the clusters, and the mesh unless it is to be created, keeps them as they are, and lets one run go through.
    pub fn prepare(verb: Verb) -> Self {
        let spec = Spec::flat(&CLUSTERS);
        let lab = Lab::start(&spec).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        for cluster in CLUSTERS {
            strangers::settle(&Admin::of(&lab, cluster));
        }
        let provider = audited_provider(&lab);
        let workspace = Workspace::new(&(provider.clone() + &mesh("before").hcl()));
        if verb != Verb::Create {
            workspace.apply().succeeded();
            workspace.assert_well();
            for cluster in CLUSTERS {
                strangers::use_istio(&Admin::of(&lab, cluster));
            }
        }
        let snapshot = TempDir::new().expect("make a directory");
        lab.snapshot(snapshot.path()).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        let state = workspace.state_text();
        if verb == Verb::Update {
            workspace.configure(&(provider + &mesh("after").hcl()));
        }
        let mut progress = Progress::begin(&lab, INVENTORY);
        workspace.run(command(verb)).succeeded();
        // Nothing is counted twice, and nothing ends the counting.
        progress.has_reached(Moment::Closed(usize::MAX));
        let expected = CLUSTERS.map(|cluster| (cluster, names(&lab, cluster))).into();
        let writes = progress.writes().count();
        drop(progress);
        drop(lab);
        let spec = Spec { snapshot: Some(snapshot.path().to_owned()), ..spec };
        Self { verb, workspace, spec, state, expected, writes, _snapshot: snapshot }
    }

    /// How many writes a run takes that nothing interrupts.
    pub fn writes(&self) -> usize {
        self.writes
    }

    /// Kills a run at this moment, does the next step and looks at what there is.
    pub fn kill(&mut self, moment: Moment, index: usize) -> Report {
        let began = Instant::now();
        let (killed, mut moment) = (Whom::of(index), moment);
        let whom = killed.name();
        for _ in 0..ATTEMPTS {
            let lab = self.restored();
            let strangers = CLUSTERS.map(|cluster| strangers::belongings(&Admin::of(&lab, cluster)));
            let mut progress = Progress::begin(&lab, INVENTORY);
            let run = self.workspace.start(command(self.verb));
            if let Some(output) = killed_in_time(run, &mut progress, moment, killed) {
                let last = progress.writes().last().to_owned();
                drop(progress);
                let mut next = Vec::new();
                let failure = self.goes_on(&lab, &mut next).and_then(|()| {
                    let after = CLUSTERS.map(|cluster| strangers::belongings(&Admin::of(&lab, cluster)));
                    if after == strangers { Ok(()) } else { Err("strangers' objects are others".to_owned()) }
                });
                let failure =
                    failure.err().map(|failure| format!("{failure}\n--- the run that was killed\n{output}"));
                return Report { moment, whom, last, next, took: began.elapsed(), failure };
            }
            moment = moment.earlier();
        }
        let failure = Some(format!("{ATTEMPTS} runs were over before"));
        Report { moment, whom, last: String::new(), next: Vec::new(), took: began.elapsed(), failure }
    }

    /// The clusters and the state as they were before the run.
    fn restored(&self) -> Lab {
        let lab = Lab::start(&self.spec).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        for file in ["terraform.tfstate", "terraform.tfstate.backup", ".terraform.tfstate.lock.info"] {
            let path = self.workspace.path().join(file);
            assert!(!path.exists() || std::fs::remove_file(&path).is_ok(), "{}", path.display());
        }
        if !self.state.is_empty() {
            std::fs::write(self.workspace.path().join("terraform.tfstate"), &self.state)
                .expect("restore the state");
        }
        if self.verb != Verb::Create {
            self.wait_until_well();
        }
        lab
    }

    /// Until the nodes have started the pods again, the API shows them as they were.
    fn wait_until_well(&self) {
        let began = Instant::now();
        loop {
            let refresh = self.workspace.plan_with(&["-refresh-only"]);
            if refresh.code == 0
                && !refresh.output.contains("Cluster \"")
                && !refresh.output.contains("Link \"")
            {
                return;
            }
            assert!(began.elapsed() < WELL, "the restored mesh is not well:\n{}", refresh.output);
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// The next step as the guide has it, and what must hold then.
    fn goes_on(&self, lab: &Lab, next: &mut Vec<String>) -> Result<(), String> {
        for cluster in CLUSTERS {
            let admin = Admin::of(lab, cluster);
            if let Some(record) = Record::read(&admin, NAMESPACE) {
                record.expire(&admin);
            }
        }
        let before = uids(lab);
        let is_tainted = self.workspace.state_text().contains("\"status\": \"tainted\"");
        let mut run = self.step(command(self.verb), next);
        if let Some(import) = command_to_import(&run).filter(|_| self.verb == Verb::Create) {
            // Everything was made, and only the state is lost.
            let arguments = ["import", "-input=false", "-no-color", ADDRESS, import.as_str()];
            let imported = self.step(&arguments, next);
            if imported.code != 0 {
                return Err(imported.output);
            }
            run = self.step(command(self.verb), next);
        }
        if run.code != 0 {
            return Err(run.story().to_owned());
        }
        self.is_as_expected(lab)?;
        match self.verb {
            Verb::Destroy => nothing_is_left(lab),
            Verb::Create | Verb::Update => self.is_well(lab, if is_tainted { Uids::new() } else { before }),
        }
    }

    fn step(&self, arguments: &[&str], next: &mut Vec<String>) -> Run {
        next.push(format!("terraform {}", arguments[0]));
        self.workspace.run(arguments)
    }

    /// The objects are those of a run that nothing has interrupted.
    fn is_as_expected(&self, lab: &Lab) -> Result<(), String> {
        for (cluster, expected) in &self.expected {
            let found = names(lab, cluster);
            let differing: Vec<_> = found.symmetric_difference(expected).collect();
            if !differing.is_empty() {
                return Err(format!("{cluster}: missing or left behind: {differing:?}"));
            }
        }
        Ok(())
    }

    /// A plan changes nothing, all of it bears the mesh's identity, and nothing was made twice.
    fn is_well(&self, lab: &Lab, before: Uids) -> Result<(), String> {
        let plan = self.workspace.plan();
        if plan.code != 0 {
            return Err(format!("a plan has changes:\n{}", plan.output));
        }
        let state = self.workspace.resource(ADDRESS);
        let id = state["id"].as_str().ok_or("a mesh without identity")?;
        for cluster in CLUSTERS {
            let admin = Admin::of(lab, cluster);
            let owners = owners(&admin);
            if owners != BTreeSet::from([owner(id)]) {
                return Err(format!("{cluster}: {owners:?} instead of {id}"));
            }
            let phase = Record::read(&admin, NAMESPACE).map(|record| record.phase().to_owned());
            if phase.as_deref() != Some("complete") {
                return Err(format!("{cluster}: the record says {phase:?}"));
            }
        }
        let after = uids(lab);
        for (cluster, before) in before {
            let anew =
                before.iter().filter(|(name, uid)| after[cluster].get(*name).is_some_and(|it| it != *uid));
            let anew: Vec<_> = anew.map(|(name, _)| name).collect();
            if !anew.is_empty() {
                return Err(format!("{cluster}: made anew: {anew:?}"));
            }
        }
        Ok(())
    }
}

fn command(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Create | Verb::Update => &APPLY,
        Verb::Destroy => &DESTROY,
    }
}

/// A mesh with a part of every stage: a gateway, links, and something that `after` no longer has.
fn mesh(value: &str) -> Mesh {
    let scaled = value == "before";
    Mesh::of("shop", &CLUSTERS)
        .primary("east", "east_west_gateway {}")
        .istiod(&format!("{{ autoscaleEnabled = {scaled}, env = {{ STEP = {value:?} }} }}"))
}

/// Only Istio's definitions stay, and they are nobody's.
fn nothing_is_left(lab: &Lab) -> Result<(), String> {
    for cluster in CLUSTERS {
        let admin = Admin::of(lab, cluster);
        let remains = admin.remains();
        let left: Vec<_> = remains
            .iter()
            .filter(|it| !it.starts_with("CustomResourceDefinition ") && !it.contains("strangers"))
            // Where strangers have an istiod, nobody can tell whose revocations these are, so they stay.
            .filter(|it| !it.ends_with("/istio-ca-crl"))
            .collect();
        if !left.is_empty() || !admin.owned().is_empty() {
            return Err(format!("{cluster}: left: {left:?}, owned: {:?}", admin.owned().keys()));
        }
    }
    Ok(())
}

fn names(lab: &Lab, cluster: &str) -> BTreeSet<String> {
    Admin::of(lab, cluster).owned().into_keys().collect()
}

/// Everything of the mesh but its record.
fn uids(lab: &Lab) -> Uids {
    let uid = |(name, object): (String, Value)| Some((name, object["metadata"]["uid"].as_str()?.to_owned()));
    let of = |cluster| Admin::of(lab, cluster).owned().into_iter().filter_map(uid).collect();
    CLUSTERS.into_iter().map(|cluster| (cluster, of(cluster))).collect()
}
