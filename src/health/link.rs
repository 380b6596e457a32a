//! Whether calls from one cluster reach another.

use std::fmt;

use crate::observe::Refusal;

/// What keeps calls from one cluster out of another, the worst first: of what two pods of istiod say, the worse counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkState {
    /// No istiod is ready that could read the other cluster.
    NoControlPlane,
    /// istiod does not know the other cluster, and nothing tells it of that.
    Missing,
    /// The remote secret does not say how to read the other cluster.
    InvalidSecret,
    /// The API server does not know the token that istiod has. The next apply hands out the present one.
    TokenRefused,
    /// The API server does not let istiod read.
    ReaderForbidden,
    /// istiod does not trust the API server.
    UntrustedCertificate,
    /// Nothing answers at the API server's address.
    Unreachable,
    /// istiod has given the other cluster up.
    Closed,
    /// istiod got no answer for longer than it waits.
    Timeout,
    /// istiod has yet to read everything.
    Syncing,
    /// The proxies of the two clusters trust different roots.
    RootsDiffer,
    /// No gateway of the other network is open.
    NoGateway,
    /// Some pod of istiod still reads a cluster that is on its way out.
    Draining,
    /// No control plane reads the cluster any more, as the user wants it.
    Drained,
    /// It could not be observed, and nothing is known from before.
    Unknown,
    /// Calls get through.
    Ready,
}

impl LinkState {
    /// All of them, the worst first.
    pub const ALL: [Self; 16] = [
        Self::NoControlPlane,
        Self::Missing,
        Self::InvalidSecret,
        Self::TokenRefused,
        Self::ReaderForbidden,
        Self::UntrustedCertificate,
        Self::Unreachable,
        Self::Closed,
        Self::Timeout,
        Self::Syncing,
        Self::RootsDiffer,
        Self::NoGateway,
        Self::Draining,
        Self::Drained,
        Self::Unknown,
        Self::Ready,
    ];

    /// The word in `status`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoControlPlane => "no_control_plane",
            Self::Missing => "missing",
            Self::InvalidSecret => "invalid_secret",
            Self::TokenRefused => "token_refused",
            Self::ReaderForbidden => "reader_forbidden",
            Self::UntrustedCertificate => "untrusted_certificate",
            Self::Unreachable => "unreachable",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Syncing => "syncing",
            Self::RootsDiffer => "roots_differ",
            Self::NoGateway => "no_gateway",
            Self::Draining => "draining",
            Self::Drained => "drained",
            Self::Unknown => "unknown",
            Self::Ready => "ready",
        }
    }

    /// The state that `status` has this word for; one of another release of the provider is unknown.
    pub fn of_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.name() == name).unwrap_or(Self::Unknown)
    }

    /// What istiod says of a cluster that it reads (`syncStatus` of `/debug/clusterz`, `pkg/cluster` of Istio).
    pub fn of_istiod(said: Option<&str>) -> Self {
        match said {
            Some("synced") => Self::Ready,
            Some("closed") => Self::Closed,
            Some("timeout") => Self::Timeout,
            Some(_) => Self::Syncing,
            None => Self::Missing,
        }
    }

    /// Whether it was seen without istiod: in the Secrets, or at the API server to which they lead.
    fn is_fault_of_access(self) -> bool {
        matches!(
            self,
            Self::Missing
                | Self::InvalidSecret
                | Self::TokenRefused
                | Self::ReaderForbidden
                | Self::UntrustedCertificate
                | Self::Unreachable
        )
    }

    /// What istiod was last heard to say when `status` came to be this: whatever else keeps calls out is only looked for where it has
    /// accepted the other cluster.
    fn last_heard(self) -> Self {
        if matches!(self, Self::RootsDiffer | Self::NoGateway) { Self::Ready } else { self }
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Refusal> for LinkState {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Token => Self::TokenRefused,
            Refusal::Rights => Self::ReaderForbidden,
            Refusal::Certificate => Self::UntrustedCertificate,
            Refusal::Unreachable => Self::Unreachable,
            Refusal::Kubeconfig => Self::InvalidSecret,
        }
    }
}

/// What the remote secret of a link is found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It could not be looked at.
    Unseen,
    /// It is not there.
    Absent,
    /// It says nothing that istiod could use.
    Unusable,
    /// It has another token than the one by which the cluster is read now.
    Old,
    /// It has the present token.
    Current,
}

/// What is known of istiod's own view of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its answer.
    Now(LinkState),
    /// It cannot be asked; this is what `status` said before.
    Before(LinkState),
}

/// What a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This.
    Is(LinkState),
    /// This, unless the API server itself refuses what the remote secret says.
    Unless(LinkState),
}

/// What a link is by what is known of it. What cannot be seen is no cause; istiod's word stands.
pub fn judged(heard: Heard, held: Held) -> Verdict {
    let last = match heard {
        Heard::Now(LinkState::NoControlPlane) => return Verdict::Is(LinkState::NoControlPlane),
        Heard::Now(said) => said,
        Heard::Before(last) => last.last_heard(),
    };
    match (held, heard) {
        (Held::Unusable, _) => Verdict::Is(LinkState::InvalidSecret),
        // istiod goes on as it is until it starts again, or the connection breaks.
        (Held::Old, _) => Verdict::Is(LinkState::TokenRefused),
        (Held::Absent, Heard::Before(_)) => Verdict::Is(LinkState::Missing),
        (Held::Absent, Heard::Now(_)) if last != LinkState::Ready => Verdict::Is(LinkState::Missing),
        (Held::Current, Heard::Now(LinkState::Missing)) => Verdict::Unless(LinkState::Syncing),
        (Held::Current, Heard::Now(_)) if last != LinkState::Ready => Verdict::Unless(last),
        (Held::Current, Heard::Before(_)) if last.is_fault_of_access() => Verdict::Unless(LinkState::Unknown),
        _ => Verdict::Is(last),
    }
}

#[cfg(test)]
mod tests {
    use super::LinkState::{
        Closed, InvalidSecret, Missing, NoControlPlane, NoGateway, Ready, RootsDiffer, Syncing, Timeout,
        TokenRefused, Unknown,
    };
    use super::Verdict::{Is, Unless};
    use super::*;

    #[test]
    fn every_state_has_one_word_and_stands_once() {
        for state in LinkState::ALL {
            assert_eq!(LinkState::of_name(state.name()), state);
        }
        assert!(LinkState::ALL.is_sorted());
        assert_eq!(LinkState::of_name("something new"), Unknown);
    }

    #[test]
    fn of_what_two_pods_say_the_worse_counts_and_not_the_first_of_the_alphabet() {
        assert!(Missing < Closed && Closed < Timeout && Timeout < Syncing && Syncing < Ready);
        let said = [Some("synced"), Some("timeout"), Some("initial sync")].map(LinkState::of_istiod);
        assert_eq!(said.into_iter().min(), Some(Timeout));
        assert_eq!([Some("synced"), None].map(LinkState::of_istiod).into_iter().min(), Some(Missing));
    }

    #[test]
    fn an_old_token_is_seen_though_istiod_cannot_be_asked() {
        for last in [Ready, Unknown, Syncing, TokenRefused] {
            assert_eq!(judged(Heard::Before(last), Held::Old), Is(TokenRefused), "{last}");
        }
        assert_eq!(judged(Heard::Now(Ready), Held::Old), Is(TokenRefused));
    }

    #[test]
    fn what_the_secrets_say_counts_without_istiod() {
        assert_eq!(judged(Heard::Before(Ready), Held::Absent), Is(Missing));
        assert_eq!(judged(Heard::Before(Ready), Held::Unusable), Is(InvalidSecret));
        assert_eq!(judged(Heard::Before(Ready), Held::Unseen), Is(Ready));
    }

    #[test]
    fn what_was_last_seen_stays_where_nothing_speaks_against_it() {
        for last in [Ready, Unknown, Syncing, Timeout] {
            assert_eq!(judged(Heard::Before(last), Held::Current), Is(last));
        }
    }

    #[test]
    fn a_fault_that_istiod_did_not_report_is_looked_for_again() {
        let of_secrets = [Missing, InvalidSecret, TokenRefused];
        let of_api_server =
            [LinkState::ReaderForbidden, LinkState::UntrustedCertificate, LinkState::Unreachable];
        for last in of_secrets.into_iter().chain(of_api_server) {
            assert_eq!(judged(Heard::Before(last), Held::Current), Unless(Unknown), "{last}");
        }
    }

    #[test]
    fn what_else_kept_calls_out_is_looked_for_again() {
        for last in [RootsDiffer, NoGateway] {
            assert_eq!(judged(Heard::Before(last), Held::Current), Is(Ready), "{last}");
        }
    }

    #[test]
    fn istiods_word_is_tried_out_where_it_is_not_good() {
        assert_eq!(judged(Heard::Now(Ready), Held::Current), Is(Ready));
        assert_eq!(judged(Heard::Now(Ready), Held::Absent), Is(Ready));
        assert_eq!(judged(Heard::Now(Timeout), Held::Current), Unless(Timeout));
        assert_eq!(judged(Heard::Now(Missing), Held::Current), Unless(Syncing));
        assert_eq!(judged(Heard::Now(Missing), Held::Absent), Is(Missing));
        assert_eq!(judged(Heard::Now(Syncing), Held::Unseen), Is(Syncing));
        assert_eq!(judged(Heard::Now(NoControlPlane), Held::Old), Is(NoControlPlane));
    }
}
