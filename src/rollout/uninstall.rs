use std::time::Duration;

use futures::future::join_all;
use ssa::{Claim, DeleteOptions, Expect, ObjectPattern, Phase, Propagation};
use tokio_util::sync::CancellationToken;

use super::target::{ClusterOutcome, Target};
use super::{RolloutError, holder, release};

/// How long another run may not take over a deletion that has begun and is no longer renewed.
const CLAIM_EXPIRY: Duration = Duration::from_secs(120);

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
        let Target { cluster, engine, inventory: at } = &self.target;
        let phase = match engine.inventory(at, cancel).await {
            Ok(Some(inventory)) => inventory.phase(),
            Ok(None) => return ClusterOutcome::begun(cluster),
            Err(error) => return ClusterOutcome::failed(cluster, RolloutError::Record(error)),
        };
        let claim =
            Claim { holder: holder(), expiry: CLAIM_EXPIRY, expect: Expect::Any, digest: String::new() };
        let mut inventory = match engine.claim(at, &claim, &[], cancel).await {
            Ok(inventory) => inventory,
            Err(error) => return ClusterOutcome::failed(cluster, RolloutError::Claim(error)),
        };
        let keep = if phase == Phase::Creating { &self.keep_unfinished } else { &self.keep };
        let options = DeleteOptions { propagation: Propagation::Background, timeout, keep: keep.clone() };
        let deleted = engine.delete(&mut inventory, &options, cancel).await;
        if deleted.error.is_some() {
            release(engine, &mut inventory).await;
        }
        let mut outcome = ClusterOutcome::begun(cluster);
        outcome.add(deleted.changes);
        outcome.error = deleted.error.map(RolloutError::Delete);
        outcome
    }
}
