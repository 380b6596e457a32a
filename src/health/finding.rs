//! What is not as it should be: where, why, and what to do about it.

use core::time::Duration;
use std::collections::BTreeMap;
use std::fmt;

use super::{
    AuthorityState, ControlPlaneState, ExportState, GatewayState, ImportState, InjectionState,
    LastApplyState, Link, LinkState, PeerState, RemoteControlPlaneState, SharedMeshConfigState,
};
use crate::mesh::{ClusterName, GatewayRole};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What an apply makes of it.
    pub class: Class,
    /// How long after an apply it may be what is left of before: until then it is no verdict, whatever its class.
    pub settles: Duration,
    /// What is wrong, as the end of a sentence that begins with the place.
    pub cause: String,
    /// What it means, and what to do about it.
    pub remedy: String,
}

/// What an apply that has applied everything makes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It follows from another finding, or nobody can tell: it is no problem by itself.
    Implied,
    /// It may pass, and is waited for. A mesh that was created but for this is not worth creating again: a link, an address or
    /// the comparison of roots.
    Open,
    /// It may pass, and is waited for. A mesh without it was not created: a control plane or a gateway's pods.
    Unready,
    /// No waiting changes it.
    Broken,
}

/// Where something is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A part of one cluster.
    Cluster(ClusterName, Part),
    /// Between two clusters.
    Link(Link),
    /// A federation as a whole.
    Federation,
    /// A mesh that this one is federated with, by its name here.
    Peer(String),
    /// An exported Service.
    Export(String),
    /// An imported Service.
    Import(String),
}

/// A part of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// istiod.
    ControlPlane,
    /// A gateway.
    Gateway(GatewayRole),
    /// Where clusters without a control plane reach istiod.
    RemoteControlPlane,
    /// What the mesh trusts in addition to its own root.
    SharedMeshConfig,
    /// What istiod signs with.
    Authority,
    /// How far the last apply came.
    LastApply,
    /// Who injects the proxies of a cluster without a control plane.
    Injection,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(cluster, _) => write!(f, "Cluster {:?}", cluster.as_str()),
            Self::Link(Link { reader, read }) => {
                write!(f, "Link {:?} -> {:?}", reader.as_str(), read.as_str())
            }
            Self::Federation => f.write_str("Federation"),
            Self::Peer(name) => write!(f, "Peer {name:?}"),
            Self::Export(name) => write!(f, "Export {name:?}"),
            Self::Import(name) => write!(f, "Import {name:?}"),
        }
    }
}

/// The states of one cluster's parts; none of what it does not have, and of what was never observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterStates {
    /// Of istiod.
    pub control_plane: Option<ControlPlaneState>,
    /// Of the east-west gateway.
    pub gateway: Option<GatewayState>,
    /// Of the federation gateway.
    pub federation_gateway: Option<GatewayState>,
    /// Of where clusters without a control plane reach istiod.
    pub remote_control_plane: Option<RemoteControlPlaneState>,
    /// Of what the mesh trusts in addition to its own root.
    pub shared_mesh_config: Option<SharedMeshConfigState>,
    /// Of what istiod signs with.
    pub authority: Option<AuthorityState>,
    /// Of the last apply.
    pub last_apply: Option<LastApplyState>,
    /// Of who injects proxies, in a cluster without a control plane.
    pub injection: Option<InjectionState>,
}

impl ClusterStates {
    /// Whether nothing is installed, which says all there is to say of the cluster.
    fn is_absent(self) -> bool {
        self.control_plane == Some(ControlPlaneState::Absent)
    }

    fn findings(self, cluster: &ClusterName) -> Vec<Finding> {
        let found = |part: Part, fault: Option<Fault>| {
            let Fault { class, settles, cause, remedy } = fault?;
            let place = Place::Cluster(cluster.clone(), part);
            Some(Finding { place, class, settles, cause: cause.to_owned(), remedy: remedy.to_owned() })
        };
        let control_plane = self.control_plane.and_then(ControlPlaneState::fault);
        let gateway = |state: Option<GatewayState>, role| {
            found(Part::Gateway(role), state.and_then(|state| state.fault(role)))
        };
        let others = [
            gateway(self.gateway, GatewayRole::EastWest),
            gateway(self.federation_gateway, GatewayRole::Federation),
            found(
                Part::RemoteControlPlane,
                self.remote_control_plane.and_then(RemoteControlPlaneState::fault),
            ),
            found(Part::SharedMeshConfig, self.shared_mesh_config.and_then(SharedMeshConfigState::fault)),
            found(Part::Authority, self.authority.and_then(AuthorityState::fault)),
            found(Part::Injection, self.injection.and_then(InjectionState::fault)),
            found(Part::LastApply, self.last_apply.and_then(LastApplyState::fault)),
        ];
        let others = others.into_iter().flatten().filter(|_| !self.is_absent());
        found(Part::ControlPlane, control_plane).into_iter().chain(others).collect()
    }
}

/// Everything that is not as it should be, by cluster, then by link. Where nothing is installed, that is all that is said.
pub fn findings(
    clusters: &BTreeMap<ClusterName, ClusterStates>,
    links: &BTreeMap<Link, LinkState>,
) -> Vec<Finding> {
    let of_clusters = clusters.iter().flat_map(|(cluster, states)| states.findings(cluster));
    let is_absent = |cluster: &ClusterName| clusters.get(cluster).is_some_and(|states| states.is_absent());
    let of_links = links.iter().filter(|(link, _)| !is_absent(&link.reader) && !is_absent(&link.read));
    of_clusters.chain(of_links.filter_map(|(link, state)| state.finding(link))).collect()
}

/// What is wrong with a federation.
pub fn findings_of_federation(
    peers: &BTreeMap<String, PeerState>,
    exports: &BTreeMap<String, ExportState>,
    imports: &BTreeMap<String, ImportState>,
    last_apply: Option<LastApplyState>,
) -> Vec<Finding> {
    let peers = peers.iter().map(|(name, state)| (Place::Peer(name.clone()), state.fault()));
    let exports = exports.iter().map(|(name, state)| (Place::Export(name.clone()), state.fault()));
    let imports = imports.iter().map(|(name, state)| (Place::Import(name.clone()), state.fault()));
    let found = |(place, fault): (Place, Option<Fault>)| {
        let Fault { class, settles, cause, remedy } = fault?;
        Some(Finding { place, class, settles, cause: cause.to_owned(), remedy: remedy.to_owned() })
    };
    let whole = (Place::Federation, last_apply.and_then(LastApplyState::fault));
    peers.chain(exports).chain(imports).chain([whole]).filter_map(found).collect()
}

/// What is wrong with a part of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) class: Class,
    pub(super) settles: Duration,
    pub(super) cause: &'static str,
    pub(super) remedy: &'static str,
}

/// How long API servers and istiod may take to act upon what was just written.
pub(super) const SETTLES: Duration = Duration::from_secs(5);

/// How long istiod may take to run a configuration that was just written: where it reads a file, kubelet renews that once a minute.
pub(super) const RELOADS: Duration = Duration::from_mins(1);

/// What to do where a part could not be observed.
pub(super) const UNSEEN: &str =
    "If the cluster cannot be read, the message about that shows why. Every refresh looks again.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::State as _;

    fn name(label: &str) -> ClusterName {
        label.parse().unwrap()
    }

    fn classes(states: ClusterStates) -> Vec<Class> {
        findings(&[(name("west"), states)].into(), &BTreeMap::new()).iter().map(|it| it.class).collect()
    }

    #[test]
    fn every_state_that_is_not_good_has_a_cause_and_a_remedy_and_no_other() {
        let link: Link = "east->west".parse().unwrap();
        for state in LinkState::ALL {
            let finding = state.finding(&link);
            assert_eq!(finding.is_none(), state.is_good(), "{state}");
            assert!(finding.is_none_or(|finding| !finding.remedy.is_empty()), "{state}");
        }
        for state in GatewayState::ALL {
            for role in GatewayRole::ALL {
                assert_eq!(state.fault(role).is_none(), state.is_good(), "{state}");
            }
        }
        assert!(ControlPlaneState::ALL.iter().all(|state| state.fault().is_none() == state.is_good()));
        assert!(AuthorityState::ALL.iter().all(|state| state.fault().is_none() == state.is_good()));
        assert!(RemoteControlPlaneState::ALL.iter().all(|state| state.fault().is_none() == state.is_good()));
        assert!(SharedMeshConfigState::ALL.iter().all(|state| state.fault().is_none() == state.is_good()));
        assert!(LastApplyState::ALL.iter().all(|state| state.fault().is_none() == state.is_good()));
    }

    #[test]
    fn a_mesh_that_is_gone_is_said_to_be_gone_and_nothing_else() {
        let states = |control_plane| ClusterStates {
            control_plane: Some(control_plane),
            authority: Some(AuthorityState::Missing),
            federation_gateway: Some(GatewayState::Absent),
            shared_mesh_config: Some(SharedMeshConfigState::Absent),
            ..ClusterStates::default()
        };
        assert_eq!(classes(states(ControlPlaneState::Ready)), [Class::Broken; 3]);
        assert_eq!(classes(states(ControlPlaneState::Absent)), [Class::Broken]);
        let links = [
            ("east->west".parse().unwrap(), LinkState::TokenRefused),
            ("west->east".parse().unwrap(), LinkState::Unreachable),
        ];
        let clusters = [(name("west"), states(ControlPlaneState::Absent))];
        let found = findings(&clusters.into(), &links.into());
        let [gone] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(gone.cause, "the mesh is not installed");
        assert!(!gone.remedy.contains("events"), "{}", gone.remedy);
    }

    #[test]
    fn a_link_waits_unless_it_is_decided() {
        use LinkState::*;
        let class = |state: LinkState| state.finding(&"east->west".parse().unwrap()).map(|it| it.class);
        for state in [
            Missing,
            Syncing,
            Timeout,
            Closed,
            Unreachable,
            Draining,
            RootsDiffer,
            StaleGateway,
            GatewayNotFound,
        ] {
            assert_eq!(class(state), Some(Class::Open), "{state}");
        }
        for state in [InvalidSecret, TokenRefused, TokenNotAccepted, ReaderForbidden, UntrustedCertificate] {
            assert_eq!(class(state), Some(Class::Broken), "{state}");
        }
        for state in [Unknown, NoGateway, NoControlPlane] {
            assert_eq!(class(state), Some(Class::Implied), "{state}");
        }
    }
}
