use thiserror::Error;

/// Why a rollout stopped in one cluster.
#[derive(Debug, Error)]
pub enum RolloutError {
    /// The record of what is made there could not be claimed, so nothing was written.
    #[error("cannot record what will be done in the cluster")]
    Claim(#[source] ssa::InventoryError),
    /// An object could not be applied, or did not become ready in time for the next stage.
    #[error("cannot apply the manifests")]
    Apply(#[source] ssa::ApplyError),
    /// An object that is no longer wanted could not be deleted.
    #[error("cannot delete what is no longer wanted")]
    Prune(#[source] ssa::DeleteError),
    /// Everything was applied, and something did not become ready.
    #[error("everything is applied, but not ready")]
    Wait(#[source] ssa::WaitError),
    /// Everything is ready, and the record could not be closed.
    #[error("everything is ready, but that could not be recorded")]
    Complete(#[source] ssa::InventoryError),
    /// The record of what was made could not be read.
    #[error("cannot read the record of what was made in the cluster")]
    Record(#[source] ssa::InventoryError),
    /// What istiod itself wrote could not be read or deleted.
    #[error("cannot remove what istiod wrote into other namespaces")]
    Leftovers(#[source] crate::clusters::Error),
    /// An object could not be deleted.
    #[error("cannot delete what was made in the cluster")]
    Delete(#[source] ssa::DeleteError),
}
