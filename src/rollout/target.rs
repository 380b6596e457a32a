use ssa::{ChangeSet, Engine, InventoryRef};

use super::RolloutError;

/// One cluster to roll out to.
#[derive(Clone)]
pub struct Target {
    /// The cluster's label.
    pub cluster: String,
    /// What reads and writes it.
    pub engine: Engine,
    /// Where its record is kept.
    pub inventory: InventoryRef,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("cluster", &self.cluster).field("inventory", &self.inventory).finish()
    }
}

/// What became of one cluster: what was done is kept also when something failed.
#[derive(Debug)]
pub struct ClusterOutcome {
    /// The cluster's label.
    pub cluster: String,
    /// Whether its record was claimed: before that nothing is written.
    pub claimed: bool,
    /// What was done, in order.
    pub changes: ChangeSet<ssa::Applied>,
    /// Why it stopped; `None` if all was done.
    pub error: Option<RolloutError>,
}

impl ClusterOutcome {
    pub(super) fn begun(cluster: &str) -> Self {
        Self { cluster: cluster.to_owned(), claimed: true, changes: ChangeSet::default(), error: None }
    }

    pub(super) fn failed(cluster: &str, error: RolloutError) -> Self {
        Self { claimed: false, error: Some(error), ..Self::begun(cluster) }
    }

    pub(super) fn add(&mut self, changes: ChangeSet<ssa::Applied>) {
        self.changes.changes.extend(changes.changes);
    }
}
