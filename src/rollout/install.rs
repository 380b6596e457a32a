use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::join_all;
use ssa::{Claim, DeleteOptions, Expect, Inventory, Manifest, ObjectId, Policy, Stage};
use tokio_util::sync::CancellationToken;

use super::target::{ClusterOutcome, Target};
use super::{RolloutError, holder, release};

/// How long another run may not take over what this one has begun and no longer renews.
const CLAIM_EXPIRY: Duration = Duration::from_mins(2);

/// What one cluster shall hold.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The cluster.
    pub target: Target,
    /// The objects, in the order in which they are written.
    pub stages: Vec<Stage>,
    /// Whether this is the first installation.
    pub expect: Expect,
    /// What may be taken over.
    pub policy: Policy,
}

/// Brings every cluster to what it shall hold, all at once: records, applies stage after stage, deletes what is no longer
/// wanted and waits until everything is ready, for at most `timeout`. One cluster's failure does not stop the others.
pub async fn install(
    installations: Vec<Installation>,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Vec<ClusterOutcome> {
    join_all(installations.iter().map(|installation| installation.run(timeout, cancel))).await
}

impl Installation {
    async fn run(&self, timeout: Duration, cancel: &CancellationToken) -> ClusterOutcome {
        let manifests: Vec<Manifest> = self.stages.iter().flat_map(|stage| stage.manifests.clone()).collect();
        let claim = Claim {
            holder: holder(),
            expiry: CLAIM_EXPIRY,
            expect: self.expect,
            digest: ssa::digest(&manifests),
        };
        let Target { name, engine, inventory, .. } = &self.target;
        let mut inventory = match engine.claim(inventory, &claim, &manifests, cancel).await {
            Ok(inventory) => inventory,
            Err(error) => return ClusterOutcome::failed(name, RolloutError::Claim(error)),
        };
        let mut outcome = ClusterOutcome::begun(name);
        let ids = manifests.iter().map(|manifest| manifest.id().clone()).collect();
        match self.steps(&ids, &mut inventory, &mut outcome, timeout, cancel).await {
            Ok(()) => {
                outcome.error =
                    engine.complete(&mut inventory, cancel).await.map_err(RolloutError::Complete).err();
            }
            Err(error) => {
                outcome.error = Some(error);
                release(engine, &mut inventory).await;
            }
        }
        outcome
    }

    async fn steps(
        &self,
        ids: &BTreeSet<ObjectId>,
        inventory: &mut Inventory,
        outcome: &mut ClusterOutcome,
        timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<(), RolloutError> {
        let began = Instant::now();
        let engine = &self.target.engine;
        let applied = engine.apply(&self.stages, inventory, &self.policy, cancel).await;
        outcome.add(applied.changes);
        if let Some(error) = applied.error {
            return Err(RolloutError::Apply(error));
        }
        let options =
            DeleteOptions { timeout: timeout.saturating_sub(began.elapsed()), ..DeleteOptions::default() };
        let pruned = engine.prune(inventory, ids, &options, cancel).await;
        outcome.add(pruned.changes);
        if let Some(error) = pruned.error {
            return Err(RolloutError::Prune(error));
        }
        let left = timeout.saturating_sub(began.elapsed());
        engine.wait(ids, left, cancel).await.map_err(RolloutError::Wait)
    }
}
