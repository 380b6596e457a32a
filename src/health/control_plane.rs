//! Whether istiod of a cluster serves its proxies.

use super::finding::{Class, Fault, UNSEEN};
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
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// A pod of it is ready.
            Ready = "ready",
        }
    }
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
            Self::Absent => (
                Class::Broken,
                "the mesh is not installed",
                "The mesh's namespace has no Deployment istiod: it was deleted, or the cluster was recreated. The plan lists what is \
                 missing; applying it installs the mesh again.",
            ),
        };
        Some(Fault { class, cause, remedy })
    }
}
