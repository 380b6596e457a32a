//! The rules of where else a member is entered: by other meshes, and by clusters without a control plane.

use core::net::IpAddr;

use thiserror::Error;

use super::super::elsewhere;
use super::super::gateway::{CLUSTER_IP, EastWestGateway, NODE_PORT};
use super::super::identity::MeshIdentity;
use super::super::member::Member;
use super::super::names::{DEFAULT_TRUST_DOMAIN, Namespace, is_dns_subdomain};
use super::super::release::GatewayRole;
use super::super::remote_control_plane::RemoteControlPlane;
use super::super::violation::{FieldPath, Violation};
use super::gateway::LoadBalancer;
use super::service::Service;

/// What is wrong with an entrance.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EntranceRule {
    /// Other meshes reach what a Gateway resource opens that selects the federation gateway, so nobody may come to select it, or to be
    /// beside it, by accident.
    #[error(
        "Namespace {:?} is also that of the control plane or of the east-west gateway, but the federation gateway needs its own \
         namespace.", .0.as_str()
    )]
    FederationNotApart(Namespace),
    /// Identities of two meshes with Istio's default trust domain cannot be told apart.
    #[error("A mesh with trust domain {DEFAULT_TRUST_DOMAIN:?} cannot be federated.")]
    NoTrustDomain,
    /// Nobody can dial this.
    #[error("{0:?} is neither a host name nor an IP address.")]
    HostName(String),
    /// It means another machine for others.
    #[error("Other clusters cannot use this host name: {reason}.")]
    HostNameElsewhere {
        /// Why.
        reason: String,
    },
    /// istiod has no load balancer of its own.
    #[error(
        "{0} has no effect here: other clusters reach this control plane through the Service of its east-west gateway."
    )]
    NoLoadBalancer(&'static str),
    /// Ports of nodes are not istiod's, and a gateway that only its own cluster knows leads nobody there.
    #[error(
        "No address is configured at which other clusters reach this control plane: the Service of its east-west gateway has no \
         load balancer."
    )]
    NoAddress,
}

/// The federation gateway has a namespace of its own; `of_mesh` is that of the control plane.
pub(in crate::mesh) fn federation_gateway_is_apart(
    of_mesh: &Namespace,
    member: &Member,
) -> Option<Violation> {
    let namespace = |role| member.gateway(role).map(|gateway| &gateway.namespace);
    let federation = namespace(GatewayRole::Federation)?;
    let is_shared = [Some(of_mesh), namespace(GatewayRole::EastWest)].contains(&Some(federation));
    is_shared.then(|| {
        let field = member.field().then(GatewayRole::Federation.field()).then("namespace");
        let rule = EntranceRule::FederationNotApart(federation.clone());
        Violation::of_member(member.name.as_str(), field, rule)
    })
}

/// A mesh with federation gateways has a trust domain of its own.
pub(in crate::mesh) fn federation_has_a_trust_domain(
    trust_domain: &str,
    members: &[&Member],
) -> Option<Violation> {
    let federated = members.iter().find(|member| member.gateway(GatewayRole::Federation).is_some())?;
    (trust_domain == DEFAULT_TRUST_DOMAIN).then(|| {
        let field = federated.field().then(GatewayRole::Federation.field());
        Violation::of_member(federated.name.as_str(), field, EntranceRule::NoTrustDomain)
    })
}

/// Clusters without a control plane reach istiod through the east-west gateway, or else through a load balancer of istiod's own.
pub(in crate::mesh) fn remote_control_plane(
    identity: &MeshIdentity,
    member: &Member,
    remote: Option<&RemoteControlPlane>,
) -> Vec<Violation> {
    let Some(remote) = remote else { return Vec::new() };
    let (field, cluster) = (member.field().then("remote_control_plane"), member.name.as_str());
    let mut found = Vec::new();
    if let Some(rule) = remote.hostname.as_deref().and_then(hostname) {
        found.push(Violation::of_member(cluster, field.then("hostname"), rule));
    }
    let balancer = LoadBalancer {
        class: remote.load_balancer_class.as_deref(),
        annotations: &remote.service_annotations,
        source_ranges: &remote.load_balancer_source_ranges,
    };
    found.extend(balancer.check(&field, cluster));
    if let Some(gateway) = member.gateway(GatewayRole::EastWest) {
        found.extend(has_no_load_balancer(remote, &field, cluster));
        if remote.hostname.is_none() && !leads_to_istiod(identity, member, &gateway.settings) {
            found.push(Violation::of_member(cluster, field.then("hostname"), EntranceRule::NoAddress));
        }
    }
    found
}

fn hostname(hostname: &str) -> Option<EntranceRule> {
    if hostname.parse::<IpAddr>().is_err() && !is_dns_subdomain(hostname) {
        return Some(EntranceRule::HostName(hostname.to_owned()));
    }
    elsewhere::unusable(hostname).map(|reason| EntranceRule::HostNameElsewhere { reason })
}

fn has_no_load_balancer(remote: &RemoteControlPlane, field: &FieldPath, cluster: &str) -> Vec<Violation> {
    let set = [
        ("service_annotations", !remote.service_annotations.is_empty()),
        ("load_balancer_class", remote.load_balancer_class.is_some()),
        ("load_balancer_source_ranges", !remote.load_balancer_source_ranges.is_empty()),
    ];
    let set = set.into_iter().filter(|(_, is_set)| *is_set);
    let broken = set.map(|(attribute, _)| {
        Violation::of_member(cluster, field.then(attribute), EntranceRule::NoLoadBalancer(attribute))
    });
    broken.collect()
}

/// At nodes, the ports are not istiod's.
fn leads_to_istiod(identity: &MeshIdentity, member: &Member, gateway: &EastWestGateway) -> bool {
    let documents = identity.documents(member);
    let service = Service::of_gateway(gateway, GatewayRole::EastWest, &documents);
    match service.kind() {
        NODE_PORT => !gateway.is_typed() && service.has_external_addresses() && !service.selects_nodes(),
        CLUSTER_IP => {
            !gateway.addresses.is_empty() || (!gateway.is_typed() && service.has_external_addresses())
        }
        _ => true,
    }
}
