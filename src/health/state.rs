//! What every state has: a word, an order, and whether it is good.

use std::fmt::Debug;

/// A state that a part of a mesh can be in. Of two, the worse one is the lesser.
pub trait State: Copy + Debug + Ord + 'static {
    /// All of them, the worst first.
    const ALL: &'static [Self];
    /// It could not be observed, and nothing is known from before.
    const UNKNOWN: Self;

    /// The word in `status`.
    fn name(self) -> &'static str;

    /// Whether an apply may leave the part like this.
    fn is_good(self) -> bool;

    /// The state that `status` has this word for; one of another release of the provider is unknown.
    fn of_name(name: &str) -> Self {
        Self::ALL.iter().copied().find(|state| state.name() == name).unwrap_or(Self::UNKNOWN)
    }
}

/// Declares the states of one part, the worst first, each with its word in `status`. One of those that are not good is `Unknown`.
macro_rules! states {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            bad { $($(#[$bad_doc:meta])* $bad:ident = $bad_word:literal,)* }
            good { $($(#[$good_doc:meta])* $good:ident = $good_word:literal,)* }
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$bad_doc])* $bad,)*
            $($(#[$good_doc])* $good,)*
        }

        impl $crate::health::State for $name {
            const ALL: &'static [Self] = &[$(Self::$bad,)* $(Self::$good,)*];
            const UNKNOWN: Self = Self::Unknown;

            fn name(self) -> &'static str {
                match self {
                    $(Self::$bad => $bad_word,)*
                    $(Self::$good => $good_word,)*
                }
            }

            fn is_good(self) -> bool {
                matches!(self, $(Self::$good)|*)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::health::State::name(*self))
            }
        }
    };
}

pub(super) use states;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{
        AuthorityState, ControlPlaneState, ExportState, GatewayState, ImportState, LastApplyState, LinkState,
        PeerState, RemoteControlPlaneState, SharedMeshConfigState,
    };

    fn check<S: State>() {
        assert!(S::ALL.is_sorted());
        for state in S::ALL {
            assert_eq!(S::of_name(state.name()), *state, "a word for each");
        }
        assert_eq!(S::of_name("of_a_newer_release"), S::UNKNOWN);
        assert!(!S::UNKNOWN.is_good());
        let good = S::ALL.iter().filter(|state| state.is_good());
        assert!(
            good.max().is_some_and(|best| *best > S::UNKNOWN),
            "what is good is better than what is not known"
        );
    }

    #[test]
    fn every_state_has_a_word_of_its_own_and_a_place_in_the_order() {
        check::<AuthorityState>();
        check::<ControlPlaneState>();
        check::<ExportState>();
        check::<GatewayState>();
        check::<ImportState>();
        check::<LastApplyState>();
        check::<LinkState>();
        check::<PeerState>();
        check::<RemoteControlPlaneState>();
        check::<SharedMeshConfigState>();
    }
}
