//! Whether istiod of a cluster serves its proxies.

use super::finding::{Class, Fault, RELOADS, UNSEEN};
use super::state::states;
use crate::observe::ControlPlane;

states! {
    /// The state of one cluster's istiod.
    pub enum ControlPlaneState {
        bad {
            /// It is not installed at all.
            Absent = "absent",
            /// It is installed, and no pod of it is ready.
            NotReady = "not_ready",
            /// A pod of it gives identities of another trust domain than the mesh's.
            OtherTrustDomain = "other_trust_domain",
            /// A pod of it runs another mesh configuration than the one that it was given.
            OtherConfiguration = "other_configuration",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// A pod of it is ready.
            Ready = "ready",
        }
    }
}

/// What the mesh configuration that istiod runs is beside the one that it was given. Of two, the worse one is the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunningConfiguration {
    /// It has another trust domain.
    OtherTrustDomain,
    /// It says something else.
    Other,
    /// It is the same.
    AsGiven,
}

impl ControlPlaneState {
    /// The state of what was observed.
    pub fn of(seen: &ControlPlane) -> Self {
        if seen.is_running() {
            Self::Ready
        } else if seen.is_installed {
            Self::NotReady
        } else {
            Self::Absent
        }
    }

    /// The state of one that runs its mesh configuration like this.
    #[must_use]
    pub fn running(self, configuration: RunningConfiguration) -> Self {
        match (self, configuration) {
            (Self::Ready, RunningConfiguration::OtherTrustDomain) => Self::OtherTrustDomain,
            (Self::Ready, RunningConfiguration::Other) => Self::OtherConfiguration,
            _ => self,
        }
    }

    /// What was last known of the configuration when `status` came to be this.
    pub fn configuration(self) -> RunningConfiguration {
        match self {
            Self::OtherTrustDomain => RunningConfiguration::OtherTrustDomain,
            Self::OtherConfiguration => RunningConfiguration::Other,
            Self::Absent | Self::NotReady | Self::Unknown | Self::Ready => RunningConfiguration::AsGiven,
        }
    }

    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready => return None,
            Self::Unknown => (Class::Implied, "the control plane could not be observed", UNSEEN),
            Self::NotReady => (
                Class::Unready,
                "the control plane is not ready",
                "No pod of the Deployment istiod is ready, so proxies of this cluster get no configuration and no certificates. \
                 Check the events of its pods and the number of replicas, fix the cause, and apply again.",
            ),
            Self::OtherTrustDomain => (
                Class::Broken,
                "istiod runs with another trust domain than the mesh's",
                "istiod does not run the mesh configuration in the ConfigMap istio of the mesh's namespace, so workloads get identities \
                 that no policy of the mesh means. Its log shows why it rejected the configuration (\"invalid mesh config\"). If the \
                 ConfigMap was changed outside Terraform, apply again; that restores it.",
            ),
            Self::OtherConfiguration => (
                Class::Broken,
                "istiod does not run the mesh configuration that it was given",
                "Settings in the ConfigMap istio of the mesh's namespace have no effect, or removed ones still do. istiod's log shows why it rejected the \
                 configuration (\"invalid mesh config\"). If the ConfigMap was changed outside Terraform, apply again; that restores it. \
                 If there is no such line in the log, restart the Deployment istiod.",
            ),
            Self::Absent => (
                Class::Broken,
                "the mesh is not installed",
                "The mesh's namespace has no Deployment istiod: it was deleted, or the cluster was recreated. The plan lists what is \
                 missing; applying it installs the mesh again.",
            ),
        };
        Some(Fault { class, settles: RELOADS, cause, remedy })
    }
}
