//! Whether the last apply came to its end in a cluster.

use super::finding::{Class, Fault, SETTLES, UNSEEN};
use super::state::states;

states! {
    /// How the last apply ended in one cluster.
    pub enum LastApplyState {
        bad {
            /// It stopped before everything was applied and ready.
            Unfinished = "unfinished",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// Everything was applied, and became ready.
            Complete = "complete",
        }
    }
}

impl LastApplyState {
    /// An apply that goes on where another has stopped waits for what that one waited for.
    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Complete => return None,
            Self::Unknown => (Class::Implied, "how the last apply ended could not be observed", UNSEEN),
            Self::Unfinished => (
                Class::Unready,
                "the last apply did not finish",
                "It stopped before everything was applied and ready, so parts of the mesh may still be as they were before. Apply again: \
                 that goes on, and waits until everything is ready. If the resource is tainted, run terraform untaint first; otherwise \
                 the apply replaces it.",
            ),
        };
        Some(Fault { class, settles: SETTLES, cause, remedy })
    }
}
