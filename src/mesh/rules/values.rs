//! What values of charts may not say, because the mesh says it or because it makes the cluster something else.

use core::net::IpAddr;

use serde_json::Value;
use thiserror::Error;

use super::super::chart::ChartName;
use super::super::derived::{DerivedValue, Origin};
use super::super::gateway::EastWestGateway;
use super::super::given::Given;
use super::super::identity::MeshIdentity;
use super::super::member::Member;
use super::super::release::GatewayRole;
use super::super::shared_mesh_config::CA_CERTIFICATES;
use super::super::violation::Violation;
use super::super::well_known::ISTIOD_PORT;

/// What is wrong with a value; `path` is its own in the document.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ValueRule {
    /// The mesh says something else.
    #[error("{path} is {found}, but {origin} requires {value}.", value = Required(.required))]
    Contradicts {
        /// Where it stands.
        path: String,
        /// What it says.
        found: Value,
        /// What the right one follows from.
        origin: Origin,
        /// The right one; null if there must be none.
        required: Value,
    },
    /// Of two mesh configurations, the one that the chart writes replaces the list of the shared one.
    #[error(
        "{path} would replace the list of everything that the mesh trusts, including what its federations add."
    )]
    ReplacesTrust {
        /// Where it stands.
        path: String,
    },
    /// It makes the cluster something else.
    #[error("{path} is {found}, {why}.")]
    OtherRole {
        /// Where it stands.
        path: String,
        /// What it says.
        found: Value,
        /// What that would do.
        why: OtherRole,
    },
    /// The mesh must see it, and nobody sees a secret.
    #[error(
        "{path} decides what this control plane, its gateways or their objects are, so it must not be secret."
    )]
    Decisive {
        /// Where it stands.
        path: String,
    },
    /// The names of Services end otherwise than in another cluster.
    #[error(
        "{path} is {found:?}, but names of Services in cluster {other:?} end in {theirs:?}. In a mesh, a host name means the same \
         service in every cluster."
    )]
    OtherDomain {
        /// Where it stands.
        path: String,
        /// How they end here.
        found: String,
        /// The other cluster.
        other: String,
        /// How they end there.
        theirs: String,
    },
    /// The end of the names of Services is no domain.
    #[error("{path} is not a domain.")]
    Domain {
        /// Where it stands.
        path: String,
    },
    /// istiod leaves out the gateways that it has no IP address of, and with them all that runs behind them.
    #[error(
        "{path} is false, so this control plane would ignore gateways of other networks that have a host name and no IP address."
    )]
    IgnoresHostNames {
        /// Where it stands.
        path: String,
    },
}

/// What a value would make of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OtherRole {
    /// A cluster without a control plane.
    #[error("which makes the cluster one without its own control plane")]
    NoControlPlane,
    /// A revision.
    #[error(
        "but a mesh has only the default revision: with another, the objects of the control plane get other names, and it injects \
         neither the gateways nor the workloads of the mesh"
    )]
    Revision,
    /// A cluster where nothing is injected.
    #[error("so nothing would inject the gateways and workloads of the mesh")]
    NoInjection,
    /// A cluster that nobody else can read.
    #[error("so the other control planes of the mesh could not read this cluster")]
    Unreadable,
    /// A gateway that nobody finds.
    #[error("so the mesh could not find its own gateway")]
    NoGateway,
    /// Proxies whose certificates others sign.
    #[error("so another certificate authority than that of the mesh would sign the identities of workloads")]
    OtherAuthority,
    /// Proxies that look for roots elsewhere.
    #[error(
        "so proxies would take the roots of the mesh from elsewhere than the ConfigMap that the mesh observes"
    )]
    OtherRoots,
    /// istiod without what the mesh says to it.
    #[error("so istiod would not run with the configuration of the mesh")]
    NoConfiguration,
    /// A cluster with an istiod.
    #[error("which installs parts of a control plane in a cluster that another one serves")]
    OwnControlPlane,
    /// A cluster whose Istio resources istiod would read.
    #[error(
        "which installs a webhook that nobody serves; the primaries read Istio resources from their own clusters only"
    )]
    ConfigCluster,
    /// istiod that does not tell what it does.
    #[error(
        "so it could not be observed whether istiod has accepted the other clusters, and which mesh configuration it runs"
    )]
    Unobservable,
}

/// A value that must be something, or must not be set.
struct Required<'a>(&'a Value);

impl std::fmt::Display for Required<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Value::Null => f.write_str("that it is not set"),
            value => write!(f, "{value}"),
        }
    }
}

/// A chart, a key of its values, which values of it are refused, and what they would do.
pub type RefusedValue = (ChartName, &'static [&'static str], Refused, OtherRole);

/// Further values that the mesh itself reads, or that decide who is trusted and found: by chart and key.
#[rustfmt::skip]
pub(in crate::mesh) const DECISIVE_VALUES: &[(ChartName, &[&str])] = &[
    (ChartName::Istiod, &["meshConfig", CA_CERTIFICATES[0]]),
    (ChartName::Istiod, &["meshConfig", CA_CERTIFICATES[1]]),
    (ChartName::Istiod, &["meshConfig", "rootNamespace"]),
    (ChartName::Istiod, &["meshConfig", "discoverySelectors"]),
    (ChartName::Istiod, &["meshConfig", "defaultConfig", "meshId"]),
    (ChartName::Istiod, &["global", "proxy", "clusterDomain"]),
    (ChartName::Istiod, &RESOLVES),
    (ChartName::Gateway, &["service", "type"]),
    (ChartName::Gateway, &["service", "externalIPs"]),
    (ChartName::Gateway, &["service", "annotations", EastWestGateway::NODE_SELECTOR]),
    (ChartName::Gateway, &["annotations", EastWestGateway::NODE_SELECTOR]),
];

/// Which values of a key are refused.
#[derive(Clone, Copy, Debug)]
pub enum Refused {
    /// This text.
    Text(&'static str),
    /// Every text but these.
    OtherThan(&'static [&'static str]),
    /// A list that is not empty.
    Items,
    /// A mapping that is not empty.
    Members,
    /// A list with one of these arguments of a program.
    Arguments(&'static [&'static str]),
    /// What Go reads as false, however it is written.
    Off,
    /// True.
    True,
    /// False.
    False,
}

impl Refused {
    fn is(self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value == text,
            Self::OtherThan(texts) => match value {
                Value::String(text) => !texts.contains(&text.as_str()),
                // YAML reads `revision: 1` as a number, and the chart prints it as it is.
                Value::Number(_) | Value::Bool(_) => true,
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            },
            Self::Items => value.as_array().is_some_and(|items| !items.is_empty()),
            Self::Members => value.as_object().is_some_and(|members| !members.is_empty()),
            Self::Arguments(names) => value.as_array().into_iter().flatten().any(|argument| {
                let name = argument.as_str().and_then(|text| text.split('=').next());
                name.is_some_and(|name| names.contains(&name))
            }),
            Self::Off => is_false(value),
            Self::True => value == &Value::Bool(true),
            Self::False => value == &Value::Bool(false),
        }
    }
}

/// The values of a member say nothing else than the mesh, nor make it something else.
pub(in crate::mesh) fn values_fit(
    identity: &MeshIdentity,
    member: &Member,
    derived: &[DerivedValue],
    refused: &[RefusedValue],
) -> Vec<Violation> {
    let documents = identity.documents(member);
    let has_own_address = derived.iter().any(|derived| derived.path == DISCOVERY_ADDRESS);
    let broken = documents.iter().flat_map(|given| {
        let derived = derived.iter().filter(|derived| given.is_for(derived.release));
        let contradictions =
            derived.flat_map(|derived| contradictions(given, &derived.path, &derived.value, derived.origin));
        let of_istiod = of_istiod(identity, member, given, has_own_address);
        let broken = contradictions.chain(of_istiod).chain(other_roles(given, refused));
        broken.map(|rule| Violation::of_member(member.name.as_str(), given.field.clone(), rule))
    });
    broken.collect()
}

/// Values of the istiod chart that the chart itself, or istiod, makes of the mesh's names; whoever writes them too writes the same.
#[rustfmt::skip]
pub(in crate::mesh) const OF_NAMES: &[(&[&str], Origin)] = &[
    (&["meshConfig", "defaultConfig", "meshId"], Origin::MeshId),
    (&["meshConfig", "defaultConfig", "proxyMetadata", "ISTIO_META_MESH_ID"], Origin::MeshId),
    (&["meshConfig", "defaultConfig", "proxyMetadata", "ISTIO_META_CLUSTER_ID"], Origin::ClusterName),
    (&["meshConfig", "defaultConfig", "proxyMetadata", "ISTIO_META_NETWORK"], Origin::Network),
    (&["env", "CLUSTER_ID"], Origin::ClusterName),
];

/// Where proxies are told which istiod to ask.
pub(in crate::mesh) const DISCOVERY_ADDRESS: [&str; 3] = ["meshConfig", "defaultConfig", "discoveryAddress"];

fn of_istiod(
    identity: &MeshIdentity,
    member: &Member,
    given: &Given<'_>,
    has_own_address: bool,
) -> Vec<ValueRule> {
    if given.chart != ChartName::Istiod {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for (path, origin) in OF_NAMES {
        let name = match origin {
            Origin::MeshId => identity.mesh_id.as_str(),
            Origin::Network => member.network.as_str(),
            _ => member.name.as_str(),
        };
        broken.extend(contradictions(given, path, &Value::from(name), *origin));
    }
    if !has_own_address {
        broken.extend(other_address(identity, given));
    }
    for name in CA_CERTIFICATES.into_iter().filter(|_| given.prefix.is_empty()) {
        let path = ["meshConfig", name];
        broken.extend(given.find(&path).map(|(path, _)| ValueRule::ReplacesTrust { path }));
    }
    broken
}

/// Proxies ask istiod of their own cluster.
fn other_address(identity: &MeshIdentity, given: &Given<'_>) -> Vec<ValueRule> {
    let short = format!("istiod.{}.svc:{ISTIOD_PORT}", identity.namespace);
    let long = format!("istiod.{}.svc.{}:{ISTIOD_PORT}", identity.namespace, identity.domain_suffix);
    let mut broken = contradictions(given, &DISCOVERY_ADDRESS, &Value::from(short), Origin::Namespace);
    broken.retain(|rule| !matches!(rule, ValueRule::Contradicts { found, .. } if *found == *long));
    broken
}

fn contradictions(
    given: &Given<'_>,
    path: &[&'static str],
    required: &Value,
    origin: Origin,
) -> Vec<ValueRule> {
    let others = given.find(path).filter(|(_, found)| *found != required);
    let broken = others.map(|(path, found)| ValueRule::Contradicts {
        path,
        found: found.clone(),
        origin,
        required: required.clone(),
    });
    broken.collect()
}

fn other_roles(given: &Given<'_>, refused: &[RefusedValue]) -> Vec<ValueRule> {
    let mut broken = Vec::new();
    for (_, path, refused, why) in refused.iter().filter(|(chart, ..)| *chart == given.chart) {
        for (path, found) in given.find(path).filter(|(_, found)| refused.is(found)) {
            broken.push(ValueRule::OtherRole { path, found: found.clone(), why: *why });
        }
    }
    broken
}

/// Where the values of the istiod chart say whether istiod looks host names of gateways up (Istio, "pilot-discovery").
const RESOLVES: [&str; 2] = ["env", "RESOLVE_HOSTNAME_GATEWAYS"];

/// istiod of a member looks up the host names that gateways of `others` on other networks may have.
pub(in crate::mesh) fn host_names_are_resolved(
    identity: &MeshIdentity,
    member: &Member,
    others: &[&Member],
) -> Vec<Violation> {
    let mut gateways = others.iter().filter(|other| other.network != member.network);
    let may_have_host_name = |other: &&Member| {
        other.gateway(GatewayRole::EastWest).is_some_and(|gateway| may_have_host_name(&gateway.settings))
    };
    if !gateways.any(may_have_host_name) {
        return Vec::new();
    }
    let documents = identity.documents(member);
    let broken = documents.iter().filter(|given| given.chart == ChartName::Istiod).flat_map(|given| {
        let found = given.find(&RESOLVES).filter(|(_, value)| is_false(value)).collect::<Vec<_>>();
        found.into_iter().map(|(path, _)| {
            let rule = ValueRule::IgnoresHostNames { path };
            Violation::of_member(member.name.as_str(), given.field.clone(), rule)
        })
    });
    broken.collect()
}

/// What its load balancer has is not known before it is there.
fn may_have_host_name(gateway: &EastWestGateway) -> bool {
    let is_name = |address: &String| address.parse::<IpAddr>().is_err();
    gateway.addresses.is_empty() || gateway.addresses.iter().any(is_name)
}

/// As Go's `strconv.ParseBool` reads the text that the chart writes.
fn is_false(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => ["0", "f", "F", "false", "False", "FALSE"].contains(&text.as_str()),
        _ => false,
    }
}
