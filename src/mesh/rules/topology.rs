//! The rules of what members of a mesh are to each other: what each of them would be broken by is found by looking at two at once.

use std::collections::BTreeSet;

use thiserror::Error;

use super::super::cidr::Cidr;
use super::super::member::Member;
use super::super::names::ChartVersion;
use super::super::release::GatewayRole;
use super::super::violation::{FieldPath, Violation};

/// What is wrong between members.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TopologyRule {
    /// There is no mesh without a control plane.
    #[error("A mesh needs at least one cluster with a control plane.")]
    NoPrimary,
    /// Calls that a drained cluster no longer answers are answered by another.
    #[error("Every primary of the mesh is drained, so none is left to serve requests.")]
    AllDrained,
    /// Traffic enters a network through a gateway in one of its clusters.
    #[error(
        "The mesh has several networks, and network {network:?} has no east-west gateway, so traffic cannot enter it."
    )]
    NoGateway {
        /// The network.
        network: String,
    },
    /// On one network an address means one pod, and no Service of a cluster in it.
    #[error(
        "{range} overlaps {other} of cluster {cluster:?}, and both are on network {network:?}, {reason}."
    )]
    Overlap {
        /// The range.
        range: Cidr,
        /// The one that it overlaps.
        other: Cidr,
        /// The cluster of that.
        cluster: String,
        /// The network of both.
        network: String,
        /// Why that cannot be.
        reason: &'static str,
    },
    /// Istio supports proxies that are one minor release behind a control plane ("Supported Releases"), and with one mesh the proxies
    /// of every cluster talk to those of all others.
    #[error(
        "Control planes of one mesh must not be more than one minor release apart: {ahead:?} has {newest}, {behind:?} has \
         {oldest}."
    )]
    Skew {
        /// The cluster with the newest release.
        ahead: String,
        /// That release.
        newest: ChartVersion,
        /// The cluster with the oldest one.
        behind: String,
        /// That release.
        oldest: ChartVersion,
    },
}

/// There is a cluster with a control plane.
pub(in crate::mesh) fn has_a_primary(is_empty: bool) -> Option<Violation> {
    is_empty.then(|| Violation::of_mesh(FieldPath::attribute("primary"), TopologyRule::NoPrimary))
}

/// Some primary is not drained.
pub(in crate::mesh) fn somebody_stays(primaries: &[&Member]) -> Option<Violation> {
    let first = primaries.first()?;
    let are_all_drained = primaries.iter().all(|member| member.is_drained);
    are_all_drained.then(|| {
        Violation::of_member(first.name.as_str(), first.field().then("drain"), TopologyRule::AllDrained)
    })
}

/// Where there are several networks, traffic enters each through a gateway in one of its clusters that are not drained. Nobody calls into
/// a network whose clusters are all drained.
pub(in crate::mesh) fn networks_have_gateways(members: &[&Member]) -> Vec<Violation> {
    let networks: BTreeSet<&str> = members.iter().map(|member| member.network.as_str()).collect();
    if networks.len() < 2 {
        return Vec::new();
    }
    let closed = networks.into_iter().filter_map(|network| {
        let mut of_network =
            members.iter().filter(|member| member.network.as_str() == network && !member.is_drained);
        let first = of_network.clone().next()?;
        let is_open = of_network.any(|member| member.gateway(GatewayRole::EastWest).is_some());
        (!is_open).then(|| {
            let field = first.field().then(GatewayRole::EastWest.field());
            let rule = TopologyRule::NoGateway { network: network.to_owned() };
            Violation::of_member(first.name.as_str(), field, rule)
        })
    });
    closed.collect()
}

/// A range of one member's addresses.
struct Range<'a> {
    member: &'a Member,
    attribute: &'static str,
    cidr: Cidr,
}

impl<'a> Range<'a> {
    fn meets(&self, other: &Self) -> bool {
        self.member.network == other.member.network && self.cidr.overlaps(&other.cidr)
    }

    fn overlap(&self, other: &Self, reason: &'static str) -> Violation {
        let rule = TopologyRule::Overlap {
            range: self.cidr,
            other: other.cidr,
            cluster: other.member.name.to_string(),
            network: self.member.network.to_string(),
            reason,
        };
        Violation::of_member(self.member.name.as_str(), self.member.field().then(self.attribute), rule)
    }

    fn all(
        members: &[&'a Member],
        attribute: &'static str,
        cidrs: impl Fn(&'a Member) -> &'a BTreeSet<Cidr>,
    ) -> Vec<Self> {
        let of_member =
            |member: &&'a Member| cidrs(member).iter().map(|cidr| Self { member, attribute, cidr: *cidr });
        members.iter().flat_map(of_member).collect()
    }
}

/// On one network an address means one pod, and no Service of a cluster in it: kube-proxy of that cluster would catch calls to the pod.
/// Services of different clusters may share addresses, since only their own cluster knows them.
pub(in crate::mesh) fn ranges_are_apart(members: &[&Member]) -> Vec<Violation> {
    let pods = Range::all(members, "pod_cidrs", |member| &member.pod_cidrs);
    let services = Range::all(members, "service_cidrs", |member| &member.service_cidrs);
    let of_pods = pods.iter().enumerate().filter_map(|(index, range)| {
        let mut others = pods[..index].iter().filter(|other| other.member.name != range.member.name);
        let other = others.find(|other| range.meets(other))?;
        Some(range.overlap(other, "where each address must identify exactly one pod"))
    });
    let of_services = services.iter().filter_map(|range| {
        let other = pods.iter().find(|other| range.meets(other))?;
        Some(range.overlap(other, "where calls to these pods would be treated as calls to Services"))
    });
    of_pods.chain(of_services).collect()
}

/// The releases of control planes are one minor release apart at most.
pub(in crate::mesh) fn releases_are_close(primaries: &[&Member]) -> Option<Violation> {
    let newest = primaries.iter().max_by_key(|member| member.version.minor())?;
    let oldest = primaries.iter().min_by_key(|member| member.version.minor())?;
    let ((major, minor), (old_major, old_minor)) = (newest.version.minor(), oldest.version.minor());
    if major == old_major && minor - old_minor <= 1 {
        return None;
    }
    let rule = TopologyRule::Skew {
        ahead: newest.name.to_string(),
        newest: newest.version.clone(),
        behind: oldest.name.to_string(),
        oldest: oldest.version.clone(),
    };
    Some(Violation::of_member(oldest.name.as_str(), oldest.field().then("version"), rule))
}
