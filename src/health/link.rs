//! Whether calls from one cluster reach another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::finding::{Class, Finding, Place, SETTLES, UNSEEN};
use super::state::states;
use crate::mesh::well_known::remote_secret_name;
use crate::mesh::{ClusterName, InvalidName};
use crate::observe::{ControlPlane, Refusal, RemoteAccess, RemoteSecret, Replica};

/// An ordered pair of clusters: istiod of the first reads the second, so that calls get from the first to the second. As text it is
/// `east->west`, its key in `status`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Where calls come from.
    pub reader: ClusterName,
    /// Where they go.
    pub read: ClusterName,
}

impl Link {
    /// Every ordered pair of these clusters.
    pub fn between(clusters: &[ClusterName]) -> Vec<Self> {
        let pairs = clusters.iter().flat_map(|reader| clusters.iter().map(move |read| (reader, read)));
        let pairs = pairs.filter(|(reader, read)| reader != read);
        pairs.map(|(reader, read)| Self { reader: reader.clone(), read: read.clone() }).collect()
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}->{}", self.reader, self.read)
    }
}

impl FromStr for Link {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let (reader, read) = text.split_once("->").unwrap_or((text, ""));
        Ok(Self { reader: reader.parse()?, read: read.parse()? })
    }
}

states! {
    /// What keeps calls from one cluster out of another: of what two pods of istiod say, the worse counts.
    pub enum LinkState {
        bad {
            /// No istiod is ready that could read the other cluster.
            NoControlPlane = "no_control_plane",
            /// istiod does not know the other cluster, and nothing tells it of that.
            Missing = "missing",
            /// The remote secret does not say how to read the other cluster.
            InvalidSecret = "invalid_secret",
            /// The API server does not know the token that istiod has. The next apply hands out the present one.
            TokenRefused = "token_refused",
            /// The address does not know the present token: what answers there has identities of its own.
            TokenNotAccepted = "token_not_accepted",
            /// The API server does not let istiod read.
            ReaderForbidden = "reader_forbidden",
            /// istiod does not trust the API server.
            UntrustedCertificate = "untrusted_certificate",
            /// Nothing answers at the API server's address.
            Unreachable = "unreachable",
            /// istiod has given the other cluster up.
            Closed = "closed",
            /// istiod got no answer for longer than it waits.
            Timeout = "timeout",
            /// istiod has yet to read everything.
            Syncing = "syncing",
            /// The proxies of the two clusters trust different roots.
            RootsDiffer = "roots_differ",
            /// No gateway of the other network is open.
            NoGateway = "no_gateway",
            /// istiod sends calls to addresses at which the other cluster's gateway is no longer found.
            StaleGateway = "stale_gateway",
            /// istiod has not all addresses at which the other cluster's gateway is found.
            GatewayNotFound = "gateway_not_found",
            /// Some pod of istiod still reads a cluster that is on its way out.
            Draining = "draining",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// No control plane reads the cluster any more, as the user wants it.
            Drained = "drained",
            /// Calls get through.
            Ready = "ready",
        }
    }
}

impl LinkState {
    /// What istiod says of a cluster that it reads (`syncStatus` of `/debug/clusterz`, `pkg/cluster` of Istio).
    fn of_istiod(said: Option<&str>) -> Self {
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
                | Self::TokenNotAccepted
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

impl Held {
    /// `secret` is `None` if it could not be looked at; `is_current` tells whether it has the token by which the cluster is read now.
    pub fn of(secret: Option<&RemoteSecret>, is_current: impl Fn(&RemoteAccess) -> bool) -> Self {
        match secret {
            None => Self::Unseen,
            Some(RemoteSecret::Absent) => Self::Absent,
            Some(RemoteSecret::Unusable) => Self::Unusable,
            Some(RemoteSecret::Usable(access)) if is_current(access) => Self::Current,
            Some(RemoteSecret::Usable(_)) => Self::Old,
        }
    }
}

/// What a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This.
    Is(LinkState),
    /// This, unless the API server itself refuses what the remote secret says.
    Unless(LinkState),
}

/// What a link to the cluster `read` is by what is known of it: `reader` is the control plane that reads it, if that could be observed,
/// `before` what `status` said of the link. Whether calls then get in is another matter, see [`obstacle`].
pub fn judged(
    reader: Option<&ControlPlane>,
    read: &ClusterName,
    is_drained: bool,
    held: Held,
    before: LinkState,
) -> Verdict {
    match reader.map(|reader| &reader.replicas) {
        None => Verdict::Is(before),
        Some(Ok(replicas)) if is_drained => Verdict::Is(drained(replicas, read)),
        Some(Err(_)) if is_drained => {
            let is_gone = matches!(held, Held::Unseen | Held::Absent);
            Verdict::Is(if is_gone { before } else { LinkState::Draining })
        }
        Some(Ok(replicas)) => weighed(Heard::Now(worst(replicas, read)), held),
        Some(Err(_)) => weighed(Heard::Before(before), held),
    }
}

/// Whether every replica has let go of a cluster that is on its way out.
fn drained(replicas: &[Replica], read: &ClusterName) -> LinkState {
    let reads = replicas.iter().any(|replica| replica.clusters.contains_key(read.as_str()));
    if reads { LinkState::Draining } else { LinkState::Drained }
}

/// What the replica that is least far says.
fn worst(replicas: &[Replica], read: &ClusterName) -> LinkState {
    let said = replicas.iter().map(|replica| replica.clusters.get(read.as_str()).map(String::as_str));
    said.map(LinkState::of_istiod).min().unwrap_or(LinkState::NoControlPlane)
}

/// What is known of istiod's own view of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// Its answer.
    Now(LinkState),
    /// It cannot be asked; this is what `status` said before.
    Before(LinkState),
}

/// What cannot be seen is no cause; istiod's word stands.
fn weighed(heard: Heard, held: Held) -> Verdict {
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
        // Where nothing was ever heard, what can be seen from here has to be enough.
        (Held::Current, Heard::Before(_)) if last.is_fault_of_access() || last == LinkState::Unknown => {
            Verdict::Unless(LinkState::Unknown)
        }
        _ => Verdict::Is(last),
    }
}

/// One side of a link, as far as it decides whether calls get through once istiod knows the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side<'a> {
    /// The network of its pods.
    pub network: &'a str,
    /// Whether it is on its way out of the mesh.
    pub is_drained: bool,
    /// Fingerprints of the roots that its proxies trust, as far as they are known.
    pub roots: Option<BTreeSet<&'a str>>,
    /// Whether its east-west gateway takes calls. Of a cluster that was never seen, nothing speaks against it.
    pub is_open: bool,
}

/// What calls fail at though istiod knows the other cluster; `sides` are the members of the mesh.
pub fn obstacle(link: &Link, sides: &BTreeMap<ClusterName, Side<'_>>) -> Option<LinkState> {
    let (reader, read) = (sides.get(&link.reader)?, sides.get(&link.read)?);
    if let (Some(own), Some(other)) = (&reader.roots, &read.roots)
        && own.is_disjoint(other)
    {
        return Some(LinkState::RootsDiffer);
    }
    if reader.network == read.network {
        return None;
    }
    let mut entered = sides.values().filter(|side| side.network == read.network && !side.is_drained);
    (!entered.any(|side| side.is_open)).then_some(LinkState::NoGateway)
}

impl LinkState {
    /// What keeps calls out, and what to do about it; `None` if nothing does.
    pub fn finding(self, link: &Link) -> Option<Finding> {
        let (class, cause) = self.cause(link)?;
        let (place, remedy) = (Place::Link(link.clone()), self.remedy(link));
        Some(Finding { place, class, settles: SETTLES, cause, remedy })
    }

    fn cause(self, link: &Link) -> Option<(Class, String)> {
        let (reader, read) = (link.reader.as_str(), link.read.as_str());
        Some(match self {
            Self::Ready | Self::Drained => return None,
            Self::Unknown => {
                (Class::Implied, "it could not be observed whether calls get through".to_owned())
            }
            Self::NoControlPlane => (Class::Implied, format!("no istiod of {reader:?} is ready")),
            Self::NoGateway => (Class::Implied, format!("no gateway of the network of {read:?} is ready")),
            Self::StaleGateway => (
                Class::Open,
                format!("istiod of {reader:?} uses former addresses of the east-west gateway of {read:?}"),
            ),
            Self::GatewayNotFound => (
                Class::Open,
                format!(
                    "istiod of {reader:?} does not have the addresses of the east-west gateway of {read:?}"
                ),
            ),
            Self::Draining => {
                (Class::Open, format!("istiod of {reader:?} still reads {read:?}, which is being drained"))
            }
            Self::RootsDiffer => {
                (Class::Open, format!("proxies of {reader:?} and {read:?} trust different roots"))
            }
            Self::Missing => (Class::Open, format!("istiod of {reader:?} does not know cluster {read:?}")),
            Self::InvalidSecret => (
                Class::Broken,
                format!("the remote secret in {reader:?} is not a valid one for cluster {read:?}"),
            ),
            Self::TokenRefused => {
                (Class::Broken, format!("{read:?} rejects the token of istiod of {reader:?}"))
            }
            Self::TokenNotAccepted => (
                Class::Broken,
                format!("the address of {read:?} does not accept the token of istiod of {reader:?}"),
            ),
            Self::ReaderForbidden => {
                (Class::Broken, format!("istiod of {reader:?} has no permission to read {read:?}"))
            }
            Self::UntrustedCertificate => {
                (Class::Broken, format!("istiod of {reader:?} does not trust the API server of {read:?}"))
            }
            Self::Unreachable => (
                Class::Open,
                format!("nothing responds at the address at which istiod of {reader:?} reads {read:?}"),
            ),
            Self::Timeout | Self::Syncing | Self::Closed => {
                (Class::Open, format!("istiod of {reader:?} cannot read the API server of {read:?} ({self})"))
            }
        })
    }

    fn remedy(self, link: &Link) -> String {
        let secret = remote_secret_name(&link.read);
        let (reader, read) = (link.reader.as_str(), link.read.as_str());
        let stays = format!("Until then, calls stay inside {reader:?}.");
        match self {
            Self::Ready | Self::Drained => String::new(),
            Self::Unknown => UNSEEN.to_owned(),
            Self::NoControlPlane => format!("The message about the control plane of {reader:?} shows what to do."),
            Self::NoGateway => "The messages about the gateways of that network show what to do.".to_owned(),
            Self::StaleGateway => format!(
                "istiod keeps the addresses of a gateway whose Service has lost its last one until it restarts, and calls from \
                 {reader:?} go there. Apply again; that restarts the Deployment istiod in {reader:?}."
            ),
            Self::GatewayNotFound => format!(
                "Calls from {reader:?} do not go to the addresses that status shows as gateway_addresses of {read:?}. If one is a \
                 host name, the name servers of istiod's pods in {reader:?} must resolve it; the log of istiod shows failures."
            ),
            Self::Draining => format!(
                "The Secret {secret} is still in {reader:?}, or istiod there still uses it. Apply again, and do not remove the \
                 cluster before that: calls would still be sent to it."
            ),
            Self::RootsDiffer => "Every call between them fails its TLS handshake. istiod of one of them signs with another root: it \
                 started while the Secret cacerts was missing and created its own root, or the Secret was replaced and istiod \
                 restarted since. Apply again; that restores the Secret and restarts the Deployment istiod there, after which \
                 proxies fetch certificates of the mesh's root. If the message stays, compare root_fingerprints in status with the \
                 root-cert.pem of the Secret in each cluster."
                .to_owned(),
            Self::Missing => format!("The Secret {secret} in {reader:?} is missing. Apply again; that creates it. {stays}"),
            Self::InvalidSecret => format!(
                "The Secret {secret} in {reader:?} must have exactly one key, {read:?}, whose value is a kubeconfig with a \
                 server and a token. If it was changed outside Terraform, apply again; that restores it. Otherwise check the \
                 api_server block of {read:?}. {stays}"
            ),
            Self::TokenRefused => format!(
                "The token in the Secret {secret} in {reader:?} is no longer that of the reader in {read:?}, whose Secret was \
                 deleted or recreated. Apply again; that distributes the current one. Until then, istiod does not see changes in \
                 {read:?}."
            ),
            Self::TokenNotAccepted => format!(
                "The Secret {secret} in {reader:?} has the current token of the reader in {read:?}, and the address in it still \
                 responds with 401: a proxy or endpoint in front of the API server does not take service account tokens. Set url \
                 in the api_server block of {read:?} to an address that does (GKE: enable Kubernetes tokens on the DNS endpoint; \
                 Rancher: the authorized cluster endpoint), and apply again. {stays}"
            ),
            Self::ReaderForbidden => format!(
                "The ClusterRole or ClusterRoleBinding of the ServiceAccount istio-mesh-reader in {read:?} was changed, or an \
                 admission policy removes permissions from it. Apply again; that restores the role. {stays}"
            ),
            Self::UntrustedCertificate => format!(
                "The certificate of the API server was not signed by the certificate authority in the Secret {secret}, is for \
                 another name, or has expired. If the Secret was edited, apply again. Otherwise correct cluster_ca_certificate or \
                 tls_server_name in the api_server block of {read:?}, or in its cluster block of the provider. {stays}"
            ),
            Self::Unreachable => format!(
                "The address in the Secret {secret} does not respond from here either. Check url in the api_server block of \
                 {read:?}, and that the API server is running. {stays}"
            ),
            Self::Timeout | Self::Syncing | Self::Closed => format!(
                "From here, the address, the certificate and the token in the Secret {secret} work. Allow traffic from the pods \
                 of istiod in {reader:?} to it: firewalls, network policies, authorised networks of the API server. {stays}"
            ),
        }
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
    fn of_what_two_pods_say_the_worse_counts_and_not_the_first_of_the_alphabet() {
        assert!(Missing < Closed && Closed < Timeout && Timeout < Syncing && Syncing < Ready);
        let said = [Some("synced"), Some("timeout"), Some("initial sync")].map(LinkState::of_istiod);
        assert_eq!(said.into_iter().min(), Some(Timeout));
        assert_eq!([Some("synced"), None].map(LinkState::of_istiod).into_iter().min(), Some(Missing));
    }

    #[test]
    fn an_old_token_is_seen_though_istiod_cannot_be_asked() {
        for last in [Ready, Unknown, Syncing, TokenRefused] {
            assert_eq!(weighed(Heard::Before(last), Held::Old), Is(TokenRefused), "{last}");
        }
        assert_eq!(weighed(Heard::Now(Ready), Held::Old), Is(TokenRefused));
    }

    #[test]
    fn an_address_that_takes_no_service_account_tokens_is_not_told_to_be_a_matter_of_the_token() {
        let link: Link = "east->west".parse().unwrap();
        let finding = LinkState::TokenNotAccepted.finding(&link).unwrap();
        assert_eq!(finding.class, Class::Broken);
        assert_eq!(finding.cause, "the address of \"west\" does not accept the token of istiod of \"east\"");
        assert!(finding.remedy.contains("Set url in the api_server block of \"west\""), "{}", finding.remedy);
        assert_eq!(weighed(Heard::Before(LinkState::TokenNotAccepted), Held::Current), Unless(Unknown));
    }

    #[test]
    fn what_the_secrets_say_counts_without_istiod() {
        assert_eq!(weighed(Heard::Before(Ready), Held::Absent), Is(Missing));
        assert_eq!(weighed(Heard::Before(Ready), Held::Unusable), Is(InvalidSecret));
        assert_eq!(weighed(Heard::Before(Ready), Held::Unseen), Is(Ready));
    }

    #[test]
    fn what_was_last_seen_stays_where_nothing_speaks_against_it() {
        for last in [Ready, Syncing, Timeout] {
            assert_eq!(weighed(Heard::Before(last), Held::Current), Is(last));
        }
    }

    #[test]
    fn a_link_of_which_nothing_was_ever_heard_is_tried_out() {
        assert_eq!(weighed(Heard::Before(Unknown), Held::Current), Unless(Unknown));
        assert_eq!(weighed(Heard::Before(Unknown), Held::Unseen), Is(Unknown));
    }

    #[test]
    fn a_fault_that_istiod_did_not_report_is_looked_for_again() {
        let of_secrets = [Missing, InvalidSecret, TokenRefused];
        let of_api_server =
            [LinkState::ReaderForbidden, LinkState::UntrustedCertificate, LinkState::Unreachable];
        for last in of_secrets.into_iter().chain(of_api_server) {
            assert_eq!(weighed(Heard::Before(last), Held::Current), Unless(Unknown), "{last}");
        }
    }

    #[test]
    fn what_else_kept_calls_out_is_looked_for_again() {
        for last in [RootsDiffer, NoGateway] {
            assert_eq!(weighed(Heard::Before(last), Held::Current), Is(Ready), "{last}");
        }
    }

    #[test]
    fn istiods_word_is_tried_out_where_it_is_not_good() {
        assert_eq!(weighed(Heard::Now(Ready), Held::Current), Is(Ready));
        assert_eq!(weighed(Heard::Now(Ready), Held::Absent), Is(Ready));
        assert_eq!(weighed(Heard::Now(Timeout), Held::Current), Unless(Timeout));
        assert_eq!(weighed(Heard::Now(Missing), Held::Current), Unless(Syncing));
        assert_eq!(weighed(Heard::Now(Missing), Held::Absent), Is(Missing));
        assert_eq!(weighed(Heard::Now(Syncing), Held::Unseen), Is(Syncing));
        assert_eq!(weighed(Heard::Now(NoControlPlane), Held::Old), Is(NoControlPlane));
    }
}
