use std::time::Duration;

use thiserror::Error;

use super::SharedMeshConfigError;
use crate::clusters;
use crate::trust::TrustError;

/// Why a rollout stopped in one cluster.
#[derive(Debug, Error)]
pub enum RolloutError {
    /// The record of what is made there could not be claimed, so nothing was written.
    #[error("cannot record the changes to make in the cluster")]
    Claim(#[source] ssa::InventoryError),
    /// Objects that bear the owner's label could not be listed, though the record that had them is lost.
    #[error("the record of created objects is lost, and the objects with its owner's label cannot be listed")]
    Owned(#[source] ssa::RequestError),
    /// Records could not be searched for.
    #[error("cannot look for records of created objects in the cluster")]
    Search(#[source] clusters::Error),
    /// A page beside the record could not be written.
    #[error("everything is ready, but the ConfigMap from which others read about it could not be written")]
    Page(#[source] ssa::InventoryError),
    /// An object could not be applied, or did not become ready in time for the next stage.
    #[error("cannot apply the manifests")]
    Apply(#[source] ssa::ApplyError),
    /// Objects of others are in the way, which was seen before anything but the claim was written.
    #[error("cannot apply the manifests")]
    Foreign(#[source] ssa::ApplyError),
    /// An object that is no longer wanted could not be deleted.
    #[error("cannot delete objects that are no longer needed")]
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
    #[error("cannot read the record of created objects in the cluster")]
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
    /// A root is kept where none was when it was decided that a new one is to be made.
    #[error("the cluster keeps a root certificate that was not there before the apply began")]
    RootAppeared,
    /// What was written is not what is there.
    #[error("the Secret that keeps the mesh's root certificate does not contain what was written to it")]
    RootNotStored,
    /// The root that was to be deleted is not the one that the mesh keeps from now on.
    #[error("the cluster keeps the only copy of root {kept}; elsewhere the mesh has root {elsewhere}")]
    OnlyCopy {
        /// Fingerprint of the one.
        kept: String,
        /// Fingerprint of the other.
        elsewhere: String,
    },
    /// istiod could not be told to start anew, or what it made for itself not be deleted.
    #[error("cannot remove the root certificate that istiod created for itself")]
    OwnRoot(#[source] clusters::Error),
    /// istiod could not be started anew.
    #[error("cannot restart the Deployment istiod")]
    Restart(#[source] clusters::Error),
    /// The cluster's intermediate could not be made.
    #[error("cannot create an intermediate certificate")]
    Intermediate(#[source] TrustError),
    /// What something else has written for istiod to sign with is of no use.
    #[error("istiod could not use the Secret cacerts")]
    UnusableAuthority(#[source] TrustError),
    /// The webhooks that check Istio's resources could not be opened again.
    #[error("cannot reset the webhooks that istiod in this cluster served")]
    Validators(#[source] clusters::Error),
    /// The cluster that keeps the root failed, so that this one has nothing to sign with.
    #[error(
        "the cluster that keeps the mesh's root certificate failed, and without the root nothing can be created here"
    )]
    NoRoot,
    /// What the mesh trusts could not be put together for istiod.
    #[error("cannot configure in istiod what the mesh trusts in addition to its own root")]
    SharedMeshConfig(#[source] SharedMeshConfigError),
    /// The reader's token could not be read.
    #[error("cannot read the token with which other clusters read this one")]
    ReadToken(#[source] clusters::Error),
    /// Kubernetes' token controller did not write the reader's token.
    #[error("Kubernetes wrote no token into the Secret {secret} within {waited:.0?}")]
    NoToken {
        /// The Secret.
        secret: String,
        /// For how long was waited.
        waited: Duration,
    },
    /// istiod did not read other clusters with their next tokens.
    #[error("istiod did not read other clusters with their next tokens within {waited:.0?}: {reason}")]
    NotReadAgain {
        /// For how long was waited.
        waited: Duration,
        /// What was seen last.
        reason: String,
    },
    /// A primary has not used the next token.
    #[error("the former token stays, because a primary has not read this cluster with the next one")]
    TokenInUse,
    /// Whether the cluster may join could not be looked at.
    #[error("cannot check the cluster against the other members of the mesh")]
    Admission(#[source] clusters::Error),
    /// Others were joining all the time.
    #[error("other clusters were joining the mesh until timeouts ended")]
    AdmissionLate,
    /// istiod's pods could not be listed.
    #[error("cannot ask istiod whether proxies have accepted the authorization policies")]
    Acknowledgement(#[source] clusters::Error),
    /// Some proxies have not got a change of policies.
    #[error("{count} proxies have not accepted the authorization policies within {waited:.0?}, among them {}", proxies.join(", "))]
    NotAcknowledged {
        /// How many.
        count: usize,
        /// Some of them, `<cluster>/<pod>.<namespace>`.
        proxies: Vec<String>,
        /// For how long was waited.
        waited: Duration,
    },
    /// Another member of the mesh is in the way.
    #[error("another member of the mesh is in the way: {cause}")]
    InTheWay {
        /// What is in the way.
        cause: String,
        /// What to do about it.
        way_out: String,
    },
    /// The cluster was not put on record, for a reason that a primary has.
    #[error("nothing was done here, because the cluster was not admitted to the mesh")]
    NotAdmitted,
    /// A primary that is to serve the cluster failed.
    #[error("everything that needs istiod is left out, because a primary that serves this cluster failed")]
    NotServed,
    /// The remote cluster failed.
    #[error("the cluster is not read here, because it failed to join the mesh")]
    NotJoined,
    /// The gateway chart rendered a pod template that is none.
    #[error("the gateway's pod template is not a valid Pod")]
    GatewayPod(#[source] serde_json::Error),
    /// istiod's webhook does not fill in the gateway's pods, or any.
    #[error("istiod's webhook did not inject {pod} within {waited:.0?}: {reason}")]
    NotInjected {
        /// Which pod was tried.
        pod: &'static str,
        /// For how long was waited.
        waited: Duration,
        /// What the API server said last.
        reason: String,
        /// Whether istiod is in another cluster.
        is_elsewhere: bool,
    },
    /// A policy, a quota or the API server's validation denies pods like the gateway's.
    #[error("the cluster does not admit the gateway's pods: {reason}")]
    GatewayDenied {
        /// What the API server said.
        reason: String,
    },
    /// Gateway pods that istiod's webhook has not filled in could not be made anew.
    #[error("cannot recreate the gateway's pods that have no image")]
    StuckPods(#[source] clusters::Error),
    /// It could not be seen what a remote secret says now.
    #[error("cannot read the Secret {secret}")]
    ReadRemoteSecret {
        /// The Secret.
        secret: String,
        /// Why.
        #[source]
        source: clusters::Error,
    },
    /// What others have added to a remote secret could not be taken out.
    #[error("cannot remove the entries for other clusters from the Secret {secret}")]
    RemoteSecret {
        /// The Secret.
        secret: String,
        /// Why.
        #[source]
        source: clusters::Error,
    },
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Other clusters failed before they could be linked; everything else is done.
    #[error("everything is applied except the links to {}, which failed", clusters.join(", "))]
    Links {
        /// The clusters.
        clusters: Vec<String>,
    },
    /// An object is none: a chart rendered something else.
    #[error("the charts rendered a document that is not a Kubernetes object")]
    Manifest(#[source] ssa::ManifestError),
    /// The set could not be compared with what is there.
    #[error("cannot compare the manifests with the cluster")]
    Compare(#[source] ssa::DiffError),
    /// An object could not be deleted.
    #[error("cannot delete what was created in the cluster")]
    Delete(#[source] ssa::DeleteError),
}

impl RolloutError {
    /// Whether it only says that another cluster has failed, which says why itself.
    pub fn is_consequence(&self) -> bool {
        matches!(self, Self::NotAdmitted | Self::NotServed | Self::NotJoined | Self::TokenInUse)
    }

    /// Whether the cluster was refused before anything but its claim was written.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::NotAdmitted | Self::InTheWay { .. } | Self::Foreign(_))
    }

    /// What the error is where nothing but the claim was written yet.
    pub(super) fn before_any_write(self) -> Self {
        match self {
            Self::Apply(error @ ssa::ApplyError::Refused { .. }) => Self::Foreign(error),
            error => error,
        }
    }
}
