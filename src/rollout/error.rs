use std::time::Duration;

use thiserror::Error;

use crate::clusters;
use crate::trust::TrustError;

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
    /// The same, for lack of an answer.
    #[error("everything is ready, but the API server took too long to record that")]
    CompleteLate,
    /// The record of what was made could not be read.
    #[error("cannot read the record of what was made in the cluster")]
    Record(#[source] ssa::InventoryError),
    /// What istiod itself wrote could not be read or deleted.
    #[error("cannot remove what istiod wrote into other namespaces")]
    Leftovers(#[source] clusters::Error),
    /// The Secrets of the certificate authority could not be read.
    #[error("cannot read the Secrets of the certificate authority")]
    ReadAuthority(#[source] clusters::Error),
    /// The mesh's root could not be made, or what keeps it is broken.
    #[error("the root certificate of the mesh cannot be used")]
    Root(#[source] TrustError),
    /// The cluster's intermediate could not be made.
    #[error("no intermediate certificate could be made")]
    Intermediate(#[source] TrustError),
    /// The cluster that keeps the root failed, so that this one has nothing to sign with.
    #[error(
        "the cluster that keeps the mesh's root certificate failed, and without the root nothing can be made here"
    )]
    NoRoot,
    /// The reader's token could not be read.
    #[error("cannot read the token by which other clusters shall read this one")]
    ReadToken(#[source] clusters::Error),
    /// Kubernetes' token controller did not write the reader's token.
    #[error("Kubernetes wrote no token into Secret {secret} within {waited:.0?}")]
    NoToken {
        /// The Secret.
        secret: &'static str,
        /// For how long was waited.
        waited: Duration,
    },
    /// The gateway chart rendered a pod template that is none.
    #[error("the gateway's pod template is no pod")]
    GatewayPod(#[source] serde_json::Error),
    /// istiod's webhook does not fill in the gateway's pods.
    #[error("istiod's webhook did not fill in the gateway's pod within {waited:.0?}: {reason}")]
    NotInjected {
        /// For how long was waited.
        waited: Duration,
        /// What the API server said last.
        reason: String,
    },
    /// A policy, a quota or the API server's validation denies pods like the gateway's.
    #[error("the cluster does not admit the gateway's pods: {reason}")]
    GatewayDenied {
        /// What the API server said.
        reason: String,
    },
    /// Gateway pods that istiod's webhook has not filled in could not be made anew.
    #[error("cannot make the gateway's pods anew that have no image")]
    StuckPods(#[source] clusters::Error),
    /// What others have added to a remote secret could not be taken out.
    #[error("cannot take out of Secret {secret} what tells istiod of other clusters")]
    RemoteSecret {
        /// The Secret.
        secret: String,
        /// Why.
        #[source]
        source: clusters::Error,
    },
    /// Other clusters failed before they could be linked; everything else is done.
    #[error("everything is applied but the links to {}, which failed", clusters.join(", "))]
    Links {
        /// The clusters.
        clusters: Vec<String>,
    },
    /// An object is none: a chart rendered something else.
    #[error("the charts rendered something that is no object")]
    Manifest(#[source] ssa::ManifestError),
    /// The set could not be compared with what is there.
    #[error("cannot compare the manifests with the cluster")]
    Compare(#[source] ssa::DiffError),
    /// An object could not be deleted.
    #[error("cannot delete what was made in the cluster")]
    Delete(#[source] ssa::DeleteError),
}
