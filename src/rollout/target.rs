use std::time::Duration;

use ssa::{
    ChangeSet, Engine, FieldRule, Inventory, InventoryRef, ObjectPattern, Options, Owner, Ownership, Rules,
};
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::own_root::GivenUp;
use crate::clusters::Cluster;
use crate::render::ownership::YIELDED;

/// The name under which the provider owns fields.
pub(super) const FIELD_MANAGER: &str = "terraform-provider-istio";
/// The label of every object that the provider makes; its value is the mesh's namespace, because a cluster has at most
/// one mesh a namespace.
const OWNER_LABEL: &str = "terraform-provider-istio/mesh-namespace";
/// The name of the record in the mesh's namespace.
const INVENTORY: &str = "terraform-provider-istio-inventory";

/// How long it may take to close a record.
const CLOSE_TIME: Duration = Duration::from_secs(30);

/// One cluster to roll out to.
#[derive(Clone)]
pub struct Target {
    /// The cluster's label.
    pub name: String,
    /// The cluster.
    pub cluster: Cluster,
    /// What reads and writes it.
    pub engine: Engine,
    /// Where its record is kept.
    pub inventory: InventoryRef,
}

impl Target {
    /// The mesh in `namespace` of this cluster.
    pub fn new(cluster: &Cluster, namespace: &str) -> Self {
        let owner = Owner { label: OWNER_LABEL.to_owned(), value: namespace.to_owned() };
        let options = Options { rules: rules(), ..Options::new(FIELD_MANAGER, owner) };
        Self {
            name: cluster.name().to_owned(),
            cluster: cluster.clone(),
            engine: Engine::new(cluster.client(), options),
            inventory: InventoryRef { namespace: namespace.to_owned(), name: INVENTORY.to_owned() },
        }
    }
}

fn rules() -> Rules {
    let fields = YIELDED.iter().filter_map(|field| {
        let objects = ObjectPattern::kind(field.group, field.kind);
        Some(FieldRule { objects, fields: field.field.parse().ok()?, ownership: Ownership::Yield })
    });
    // A namespace may have been prepared, with labels and quotas of its own: it gets the network's label if it needs one, and stays.
    Rules { fields: fields.collect(), shared: vec![ObjectPattern::kind("", "Namespace")], ..Rules::default() }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("name", &self.name)
            .field("inventory", &self.inventory)
            .finish_non_exhaustive()
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
    /// What its istiod was made to give up.
    pub given_up: Option<GivenUp>,
    /// The record of an installation that holds what it shall, still to be closed.
    pub unclosed: Option<Unclosed>,
}

/// A record that says that a set is not complete, though it is.
#[derive(Debug)]
pub struct Unclosed {
    pub(super) target: Target,
    pub(super) inventory: Inventory,
}

impl Unclosed {
    /// Says that the set is complete. From then on nobody may install there who does not know it from state, so this is the last
    /// thing before state is written: a run that is killed before can be taken up by the next one.
    pub async fn close(mut self) -> Result<(), RolloutError> {
        // Ctrl-C does not undo what is done.
        let uncancelled = CancellationToken::new();
        let closing = self.target.engine.complete(&mut self.inventory, &uncancelled);
        match tokio::time::timeout(CLOSE_TIME, closing).await {
            Ok(closed) => closed.map_err(RolloutError::Complete),
            Err(_) => Err(RolloutError::CompleteLate),
        }
    }
}

impl ClusterOutcome {
    pub(super) fn begun(cluster: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            claimed: true,
            changes: ChangeSet::default(),
            error: None,
            given_up: None,
            unclosed: None,
        }
    }

    pub(super) fn failed(cluster: &str, error: RolloutError) -> Self {
        Self { claimed: false, error: Some(error), ..Self::begun(cluster) }
    }

    pub(super) fn add(&mut self, changes: ChangeSet<ssa::Applied>) {
        self.changes.changes.extend(changes.changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_istiod_takes_over_is_a_rule() {
        assert_eq!(rules().fields.len(), YIELDED.len());
    }
}
