use std::time::Duration;

use futures::future::join_all;
use ssa::{Claim, DeleteOptions, Expect, Inventory, ObjectId, ObjectPattern, Phase, Propagation};
use tokio_util::sync::CancellationToken;

use super::target::{ClusterOutcome, Target};
use super::{RolloutError, holder, leftovers, release};

/// How long another run may not take over a deletion that has begun and is no longer renewed.
const CLAIM_EXPIRY: Duration = Duration::from_mins(2);

/// What one cluster shall lose.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The cluster.
    pub target: Target,
    /// What stays when the set was complete once.
    pub keep: Vec<ObjectPattern>,
    /// What stays when it never was: nobody can have come to rely on the rest.
    pub keep_unfinished: Vec<ObjectPattern>,
}

/// Deletes everything that was made in these clusters, all at once, each in reverse order; every rank of objects may take
/// `timeout` to be gone. A cluster without a record has nothing left.
pub async fn uninstall(
    removals: Vec<Removal>,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Vec<ClusterOutcome> {
    join_all(removals.iter().map(|removal| removal.run(timeout, cancel))).await
}

impl Removal {
    async fn run(&self, timeout: Duration, cancel: &CancellationToken) -> ClusterOutcome {
        let Target { name, engine, inventory: at, .. } = &self.target;
        let phase = match engine.inventory(at, cancel).await {
            Ok(Some(inventory)) => inventory.phase(),
            Ok(None) => return ClusterOutcome::begun(name),
            Err(error) => return ClusterOutcome::failed(name, RolloutError::Record(error)),
        };
        let claim =
            Claim { holder: holder(), expiry: CLAIM_EXPIRY, expect: Expect::Any, digest: String::new() };
        let mut inventory = match engine.claim(at, &claim, &[], cancel).await {
            Ok(inventory) => inventory,
            Err(error) => return ClusterOutcome::failed(name, RolloutError::Claim(error)),
        };
        let keep = if phase == Phase::Creating { &self.keep_unfinished } else { &self.keep };
        // The pods of a Deployment go before it, so that no istiod writes again what is deleted next.
        let options = DeleteOptions { propagation: Propagation::Foreground, timeout, keep: keep.clone() };
        let mut outcome = ClusterOutcome::begun(name);
        if let Err(error) = self.steps(&mut inventory, &mut outcome, &options, cancel).await {
            outcome.error = Some(error);
            release(engine, &mut inventory).await;
        }
        outcome
    }

    /// What istiod left is known by a few objects, which go after it, with the namespace.
    async fn steps(
        &self,
        inventory: &mut Inventory,
        outcome: &mut ClusterOutcome,
        options: &DeleteOptions,
        cancel: &CancellationToken,
    ) -> Result<(), RolloutError> {
        let Target { cluster, engine, inventory: at, .. } = &self.target;
        let istiod_has_run = leftovers::istiod_has_run(inventory);
        let mut last = leftovers::known_by(&at.namespace);
        last.insert(ObjectId::of_namespace(&at.namespace));
        let pruned = engine.prune(inventory, &last, options, cancel).await;
        outcome.add(pruned.changes);
        if let Some(error) = pruned.error {
            return Err(RolloutError::Delete(error));
        }
        if istiod_has_run {
            leftovers::delete(cluster, &at.namespace).await.map_err(RolloutError::Leftovers)?;
        }
        let deleted = engine.delete(inventory, options, cancel).await;
        outcome.add(deleted.changes);
        match deleted.error {
            Some(error) => Err(RolloutError::Delete(error)),
            None => Ok(()),
        }
    }
}
