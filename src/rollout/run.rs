//! One run in one cluster: its record is held, objects come stage after stage, what is no longer wanted goes, and the rest is waited
//! for. In which order, the resource says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ssa::{Action, DeleteOptions, Inventory, ObjectId, ObjectPattern, Preflight, StageReady, Status};
use tokio::sync::Barrier;

use super::fill::Produced;
use super::installation::{Installation, definitions};
use super::session::{Session, withdraw};
use super::target::{ClusterOutcome, Target, Unclosed, release_annotation};
use super::{RolloutError, own_root};
use crate::desired::Stage;

/// How long custom resource definitions and namespaces may take to be served.
const SERVED: Duration = Duration::from_mins(1);

/// The run in one cluster.
pub(super) struct Run<'a> {
    pub(super) installation: &'a Installation,
    pub(super) session: &'a Session<'a>,
    /// What the record has.
    pub(super) inventory: Inventory,
    /// What was done.
    pub(super) outcome: ClusterOutcome,
    /// What was found before the first write.
    preflight: Preflight,
    all_done: Arc<Barrier>,
}

/// Takes hold of the records of all clusters, or says why nothing was written in any.
pub(super) async fn begin<'a>(
    installations: &[&'a Installation],
    session: &'a Session<'a>,
) -> Result<Vec<Run<'a>>, Vec<ClusterOutcome>> {
    let untouched = |mut errors: BTreeMap<usize, RolloutError>| {
        let outcomes = installations.iter().enumerate().map(|(place, installation)| {
            ClusterOutcome::untouched(&installation.target, errors.remove(&place))
        });
        outcomes.collect::<Vec<_>>()
    };
    let mut claimings = Vec::new();
    for (place, installation) in installations.iter().enumerate() {
        match installation.claiming() {
            Ok(claiming) => claimings.push(claiming),
            Err(error) => return Err(untouched(BTreeMap::from([(place, error)]))),
        }
    }
    let claimed = session.claim_all(&claimings).await.map_err(untouched)?;
    let all_done = Arc::new(Barrier::new(installations.len()));
    let run = |(installation, inventory): (&&'a Installation, Inventory)| Run {
        installation,
        session,
        inventory,
        outcome: ClusterOutcome::untouched(&installation.target, None),
        preflight: Preflight::default(),
        all_done: Arc::clone(&all_done),
    };
    Ok(installations.iter().zip(claimed).map(run).collect())
}

impl Run<'_> {
    /// Waits for something and keeps the claim meanwhile.
    pub(super) async fn holding<T>(
        &mut self,
        work: impl Future<Output = T> + Send,
    ) -> Result<T, RolloutError> {
        let engine = &self.installation.target.engine;
        engine.holding(&mut self.inventory, work, self.session.cancel).await.map_err(RolloutError::Claim)
    }

    /// Before the first write: nothing is written if something must not be.
    pub(super) async fn refuse_what_is_not_ours(&mut self) -> Result<(), RolloutError> {
        let Installation { target, .. } = self.installation;
        let (manifests, policy) = (self.manifests()?, self.installation.policy());
        let (engine, cancel) = (&target.engine, self.session.cancel);
        let preflight = engine.preflight(&manifests, Some(&self.inventory), &policy, cancel).await;
        let preflight = preflight.map_err(RolloutError::Compare)?;
        let is_refused = |action: &Action| match action {
            Action::Foreign { .. } | Action::Conflict { .. } => true,
            Action::Recreated { .. } => !policy.recreate,
            _ => false,
        };
        let objects = preflight.changes.iter().filter(|change| is_refused(&change.action));
        let objects: Vec<_> = objects.cloned().collect();
        if objects.is_empty() {
            self.preflight = preflight;
            return Ok(());
        }
        Err(RolloutError::Apply(ssa::ApplyError::Refused { objects }))
    }

    /// Applies these stages. An object with a placeholder that nothing fills is left out.
    pub(super) async fn apply(
        &mut self,
        stages: &[Stage],
        produced: &Produced<'_>,
    ) -> Result<(), RolloutError> {
        let wanted = self.installation.set.stages().filter(|(stage, _)| stages.contains(stage));
        let mut applied = Vec::new();
        for (stage, manifests) in wanted {
            let objects = manifests.iter().filter_map(|manifest| produced.fill(manifest)).collect();
            applied.push(self.stage(stage, objects)?);
        }
        self.apply_stages(&applied).await
    }

    /// Applies this object of a stage in place of the one in the set, which comes later.
    pub(super) async fn apply_instead(&mut self, stage: Stage, object: Value) -> Result<(), RolloutError> {
        let stage = self.stage(stage, vec![object])?;
        self.apply_stages(&[stage]).await
    }

    fn stage(&self, stage: Stage, objects: Vec<Value>) -> Result<ssa::Stage, RolloutError> {
        Ok(ssa::Stage {
            name: stage.name().to_owned(),
            order: stage as u16,
            manifests: self.installation.parse(objects)?,
            ready: self.ready(stage),
        })
    }

    async fn apply_stages(&mut self, stages: &[ssa::Stage]) -> Result<(), RolloutError> {
        let policy = self.installation.policy();
        let (engine, cancel) = (&self.installation.target.engine, self.session.cancel);
        let done = engine.apply_after(&self.preflight, stages, &mut self.inventory, &policy, cancel).await;
        self.outcome.add(done.changes);
        done.error.map_or(Ok(()), |error| Err(RolloutError::Apply(error)))
    }

    /// Deletes what is no longer wanted, forgets what `keep` leaves to others, and waits until everything is ready that is not so already.
    pub(super) async fn finish(&mut self, keep: Vec<ObjectPattern>) -> Result<(), RolloutError> {
        let Installation { target, release, .. } = self.installation;
        let ids: BTreeSet<ObjectId> =
            self.manifests()?.iter().map(|manifest| manifest.id().clone()).collect();
        let options = DeleteOptions {
            timeout: self.session.left(),
            keep,
            version: Some(release_annotation(release)),
            ..DeleteOptions::default()
        };
        let pruned = target.engine.prune(&mut self.inventory, &ids, &options, self.session.cancel).await;
        self.outcome.add(pruned.changes);
        self.outcome.excused.extend(pruned.excused);
        if let Some(error) = pruned.error {
            return Err(RolloutError::Prune(error));
        }
        let open = ids.into_iter().filter(can_be_unready).collect();
        let wait = target.engine.wait(&open, self.session.left(), self.session.cancel);
        let excused = Box::pin(self.holding(wait)).await?.map_err(RolloutError::Wait)?;
        self.outcome.excused.extend(excused);
        if self.outcome.given_up.as_ref().is_some_and(|given_up| given_up.was_restarted) {
            let ended = own_root::former_has_ended(target, self.session.left());
            Box::pin(self.holding(ended)).await??;
        }
        Ok(())
    }

    /// What became of the cluster. The others may take longer, and the record is closed when all are done.
    pub(super) async fn end(self, done: Result<(), RolloutError>) -> ClusterOutcome {
        let Self { installation, session, mut inventory, mut outcome, all_done, .. } = self;
        let Target { engine, .. } = &installation.target;
        outcome.book = Some(inventory.entries().keys().cloned().collect());
        match done {
            Ok(()) => {
                let others = Box::pin(engine.holding(&mut inventory, all_done.wait(), session.cancel));
                outcome.error = others.await.err().map(RolloutError::Claim);
                let target = installation.target.clone();
                outcome.unclosed = outcome.error.is_none().then_some(Unclosed { target, inventory });
            }
            Err(error) if error.is_refusal() => {
                Box::pin(withdraw(engine, inventory)).await;
                outcome.book = None;
                outcome.error = Some(error);
                all_done.wait().await;
            }
            Err(error) => {
                Box::pin(session.release(engine, &mut inventory)).await;
                outcome.error = Some(error);
                all_done.wait().await;
            }
        }
        outcome
    }

    fn ready(&self, stage: Stage) -> StageReady {
        match stage {
            Stage::Definitions | Stage::Namespaces => StageReady::Within(SERVED.min(self.session.left())),
            Stage::Workloads | Stage::Gateways => StageReady::Within(self.session.left()),
            Stage::Root
            | Stage::Authority
            | Stage::Configuration
            | Stage::Tokens
            | Stage::Admission
            | Stage::GatewayServices
            | Stage::Exposure
            | Stage::Links
            | Stage::Policies
            | Stage::Trust
            | Stage::Exports
            | Stage::Imports => StageReady::Written,
        }
    }

    fn manifests(&self) -> Result<Vec<ssa::Manifest>, RolloutError> {
        let manifests = self.installation.set.manifests().iter();
        self.installation.parse(manifests.map(|manifest| Value::clone(&manifest.object)).collect())
    }
}

/// Whether an object that was applied can be unready. Definitions and namespaces are not: their stage has waited until they were served.
fn can_be_unready(id: &ObjectId) -> bool {
    let served = [definitions(), ObjectPattern::kind("", "Namespace")];
    Status::is_of_kind(&id.group_kind()) && !served.iter().any(|pattern| pattern.matches(id))
}
