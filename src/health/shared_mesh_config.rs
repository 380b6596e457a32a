//! Whether istiod of a cluster is told what the mesh trusts in addition to its own root.

use super::finding::{Class, Fault, SETTLES, UNSEEN};
use super::state::states;

states! {
    /// The state of one cluster's shared mesh configuration.
    pub enum SharedMeshConfigState {
        bad {
            /// It is not there: istiod trusts the mesh's own root only.
            Absent = "absent",
            /// A record gives no list.
            InvalidRecord = "invalid_record",
            /// Someone else has written the list.
            Changed = "changed",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// It says what the records say.
            Ready = "ready",
        }
    }
}

impl SharedMeshConfigState {
    /// Broken, whatever it is: the apply has composed it, and whatever undoes that goes on doing so.
    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready => return None,
            Self::Unknown => (Class::Implied, "the shared mesh configuration could not be observed", UNSEEN),
            Self::Changed => (
                Class::Broken,
                "the shared mesh configuration does not match its records",
                "The ConfigMap shared-mesh-config in the mesh's namespace contains what the mesh trusts in addition to its own root. \
                 It, or one of its records, was changed outside Terraform. Apply again; that restores it.",
            ),
            Self::Absent => (
                Class::Broken,
                "the shared mesh configuration does not exist",
                "The ConfigMap shared-mesh-config in the mesh's namespace was deleted, so istiod trusts only the mesh's own root. \
                 Apply again; that restores it.",
            ),
            Self::InvalidRecord => (
                Class::Broken,
                "the shared mesh configuration cannot be composed from its records",
                "A ConfigMap with the label terraform-provider-istio/record-of=shared-mesh-config in the mesh's namespace was edited \
                 by hand. Until it is repaired, no change of what the mesh trusts takes effect. Apply again; if the record is not \
                 the mesh's own, apply the resource that owns it.",
            ),
        };
        Some(Fault { class, settles: SETTLES, cause, remedy })
    }
}
