use std::collections::{BTreeMap, BTreeSet};

use super::gate::{Gate, Visitor};
use super::session::{Claiming, Session, owned, unless_cancelled};
use super::target::{ClusterOutcome, Target, release_annotation};
use super::{RolloutError, SharedMeshConfigError, leftovers, shared_mesh_config};
use crate::desired::Stage;
use futures::future::join_all;
use ssa::{DeleteOptions, Expect, Inventory, ObjectId, ObjectPattern, Phase, Propagation};

/// What one cluster shall lose.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The cluster.
    pub target: Target,
    /// What state says to be there, with the order of its stages: if the record is lost, this goes, and what bears the owner's label.
    pub known: BTreeMap<ObjectId, u16>,
    /// What goes before anything goes anywhere: what would call, or be called by, what goes next.
    pub first: Vec<ObjectPattern>,
    /// What stays when the set was complete once.
    pub keep: Vec<ObjectPattern>,
    /// What stays when it never was: nobody can have come to rely on the rest.
    pub keep_unfinished: Vec<ObjectPattern>,
    /// The release that what stays is of.
    pub release: String,
}

/// Deletes everything that was made in these clusters, all at once, each in reverse of the stages that made it, until the session's
/// time is over. No cluster goes on before all of them have lost what lets them read each other. A cluster without a record, of which
/// state knows nothing either, has nothing left.
pub async fn uninstall(removals: Vec<Removal>, session: &Session<'_>) -> Vec<ClusterOutcome> {
    let (begun, unlinked) = (Gate::of(removals.len()), Gate::of(removals.len()));
    let gates = || Gates { begun: begun.visitor(), unlinked: unlinked.visitor() };
    join_all(removals.iter().map(|removal| removal.run(session, gates()))).await
}

/// Where all clusters wait for each other.
struct Gates<'a> {
    /// What goes first is gone.
    begun: Visitor<'a>,
    /// What lets them read each other is gone.
    unlinked: Visitor<'a>,
}

impl Removal {
    async fn run(&self, session: &Session<'_>, gates: Gates<'_>) -> ClusterOutcome {
        let engine = &self.target.engine;
        let mut outcome = ClusterOutcome::untouched(&self.target, None);
        let mut inventory = match self.open(session).await {
            Ok(Some(inventory)) => inventory,
            nothing => {
                outcome.error = nothing.err();
                outcome.book = outcome.error.is_none().then(BTreeSet::new);
                return outcome;
            }
        };
        let steps = self.steps(&mut inventory, &mut outcome, session, gates);
        if let Err(error) = Box::pin(unless_cancelled(steps, session.cancel)).await {
            outcome.error = Some(error);
            session.release(engine, &mut inventory).await;
        }
        outcome.book = Some(inventory.entries().keys().cloned().collect());
        outcome
    }

    /// The record, claimed; if there is none, one of what is known, which lies nowhere.
    async fn open(&self, session: &Session<'_>) -> Result<Option<Inventory>, RolloutError> {
        let Target { inventory: at, owner, .. } = &self.target;
        let record = self.target.record(session.cancel).await?;
        if record.is_none_or(|record| record.identity() != owner.id()) {
            // It is lost, or another mesh has come since: what bears our label is ours all the same.
            if self.known.is_empty() {
                return Ok(None);
            }
            let mut known = self.known.clone();
            known.extend(owned(&self.target, &known, session.cancel).await?);
            return Ok(Some(Inventory::detached(at, owner.id(), &known)));
        }
        let claiming = Claiming {
            target: &self.target,
            expect: Expect::Any,
            stages: Vec::new(),
            digest: String::new(),
            settings: &BTreeMap::new(),
            known: &self.known,
        };
        session.claim(&claiming).await.map(Some)
    }

    /// What istiod left is known by a few objects, which go after it, with the namespace.
    async fn steps(
        &self,
        inventory: &mut Inventory,
        outcome: &mut ClusterOutcome,
        session: &Session<'_>,
        gates: Gates<'_>,
    ) -> Result<(), RolloutError> {
        let Target { engine, inventory: at, .. } = &self.target;
        let is_first = |id: &ObjectId, _| self.first.iter().any(|pattern| pattern.matches(id));
        if !self.first.is_empty() {
            self.prune(inventory, outcome, session, is_first).await?;
        }
        engine.holding(inventory, gates.begun.pass(), session.cancel).await.map_err(RolloutError::Claim)?;
        self.end_trust(inventory, outcome, session).await?;
        let links = self.prune(inventory, outcome, session, |_, order| order >= Stage::Links as u16).await;
        engine
            .holding(inventory, gates.unlinked.pass(), session.cancel)
            .await
            .map_err(RolloutError::Claim)?;
        links?;
        let mut last = leftovers::known_by(&self.target);
        last.insert(ObjectId::of_namespace(&at.namespace));
        self.prune(inventory, outcome, session, |id, _| !last.contains(id)).await?;
        let leftovers = engine.holding(inventory, leftovers::delete(&self.target), session.cancel).await;
        leftovers.map_err(RolloutError::Claim)?.map_err(RolloutError::Leftovers)?;
        let deleted = engine.delete(inventory, &self.options(inventory, session), session.cancel).await;
        outcome.add(deleted.changes);
        outcome.excused.extend(deleted.excused);
        deleted.error.map_or(Ok(()), |error| Err(RolloutError::Delete(error)))
    }

    /// Whoever a federation has the mesh trust is not trusted any more before the denials go. A mesh that is gone trusts nobody.
    async fn end_trust(
        &self,
        inventory: &mut Inventory,
        outcome: &mut ClusterOutcome,
        session: &Session<'_>,
    ) -> Result<(), RolloutError> {
        let Target { engine, inventory: at, cluster, .. } = &self.target;
        if !inventory.entries().values().any(|entry| entry.order >= Stage::Policies as u16) {
            return Ok(());
        }
        self.prune(inventory, outcome, session, |_, order| order >= Stage::Trust as u16).await?;
        let composed = async {
            match shared_mesh_config::write(cluster, &at.namespace, session.cancel).await {
                Err(SharedMeshConfigError::Absent) => Ok(()),
                Err(error) => Err(error),
                Ok(()) => shared_mesh_config::takes_effect(cluster, &at.namespace, session.left()).await,
            }
        };
        let composed = Box::pin(engine.holding(inventory, composed, session.cancel)).await;
        composed.map_err(RolloutError::Claim)?.map_err(RolloutError::SharedMeshConfig)
    }

    /// Deletes those of the recorded objects that are to go now, by their ids and the order of their stages.
    async fn prune(
        &self,
        inventory: &mut Inventory,
        outcome: &mut ClusterOutcome,
        session: &Session<'_>,
        goes: impl Fn(&ObjectId, u16) -> bool,
    ) -> Result<(), RolloutError> {
        let stays = inventory.entries().iter().filter(|(id, entry)| !goes(id, entry.order));
        let stays: BTreeSet<ObjectId> = stays.map(|(id, _)| id.clone()).collect();
        let options = self.options(inventory, session);
        let pruned = self.target.engine.prune(inventory, &stays, &options, session.cancel).await;
        outcome.add(pruned.changes);
        outcome.excused.extend(pruned.excused);
        pruned.error.map_or(Ok(()), |error| Err(RolloutError::Delete(error)))
    }

    /// The pods of a Deployment go before it, so that no istiod writes again what is deleted next.
    fn options(&self, inventory: &Inventory, session: &Session<'_>) -> DeleteOptions {
        let is_unfinished = inventory.phase() == Phase::Creating && !inventory.was_complete();
        let keep = if is_unfinished { &self.keep_unfinished } else { &self.keep };
        DeleteOptions {
            propagation: Propagation::Foreground,
            timeout: session.left(),
            keep: keep.clone(),
            version: Some(release_annotation(&self.release)),
        }
    }
}
