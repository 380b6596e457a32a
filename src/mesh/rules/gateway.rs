//! The rules of one gateway.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use thiserror::Error;

use super::super::cidr::Cidr;
use super::super::elsewhere;
use super::super::gateway::{CLUSTER_IP, EastWestGateway, LOAD_BALANCER, NODE_PORT, SERVICE_TYPES};
use super::super::given::Given;
use super::super::identity::MeshIdentity;
use super::super::member::{Member, MemberGateway};
use super::super::names::is_qualified_name;
use super::super::release::{ChartRelease, GatewayRole};
use super::super::violation::{FieldPath, Violation};
use super::names::{document, name};

/// What is wrong with a gateway, or with the load balancer of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GatewayRule {
    /// No Service of a gateway is of this type.
    #[error("{0:?} is not a valid type of a gateway's Service.")]
    ServiceType(String),
    /// Kubernetes refuses a Service with fields of another type, or the chart leaves them out in silence.
    #[error("A Service of type {kind:?} has no {attribute}.")]
    Misplaced {
        /// The type.
        kind: String,
        /// What it does not have.
        attribute: &'static str,
    },
    /// It is not a port.
    #[error("A port is a number from 1 to 65535.")]
    Port,
    /// The Service has this port already.
    #[error("The Service of the gateway already uses port {0} for istiod or health checks.")]
    PortTaken(i64),
    /// A port at addresses that there are not.
    #[error("address_port is set without addresses.")]
    PortWithoutAddresses,
    /// Nobody else finds this address.
    #[error("Other networks cannot use an address of the gateway: {reason}.")]
    Address {
        /// Why.
        reason: String,
    },
    /// Callers are not told where it is.
    #[error("{}: a Service of type {kind:?} has no load balancer.", callers(*.role))]
    NotFound {
        /// Who the callers are.
        role: GatewayRole,
        /// The type of its Service.
        kind: String,
    },
    /// Calls to two networks, or of the same mesh and of others, cannot go to one place.
    #[error(
        "{place} is also used by the {} of cluster {other:?} on network {network:?}, so calls to one of them would reach the \
         other.", .role.field()
    )]
    SamePlace {
        /// Address and port.
        place: String,
        /// What the other one is for.
        role: GatewayRole,
        /// The cluster of the other one.
        other: String,
        /// The network of the other one.
        network: String,
    },
    /// Without a pod it takes no calls.
    #[error("A gateway needs at least one replica.")]
    NoReplica,
    /// No load balancer can be of this class.
    #[error("{0:?} is not a load balancer class.")]
    LoadBalancerClass(String),
    /// No annotation has such a key.
    #[error("{0:?} is not a valid annotation key.")]
    AnnotationKey(String),
}

fn callers(role: GatewayRole) -> &'static str {
    match role {
        GatewayRole::EastWest => {
            "The mesh has several networks, but no address is configured at which the others reach this gateway"
        }
        GatewayRole::Federation => "No address is configured at which other meshes reach this gateway",
    }
}

/// Ports that the Service of a gateway has beside the one for calls.
fn other_ports(role: GatewayRole) -> &'static [i64] {
    match role {
        GatewayRole::EastWest => &[15012, 15017, 15021],
        GatewayRole::Federation => &[15021],
    }
}

/// One gateway, and what is said of it.
struct Gateway<'a> {
    role: GatewayRole,
    settings: &'a EastWestGateway,
    service: Service,
    /// Documents for its chart.
    values: Vec<&'a Given<'a>>,
    cluster: &'a str,
    field: FieldPath,
}

/// Every gateway of a member can be installed, and found by those whom it is for.
pub(in crate::mesh) fn gateways(identity: &MeshIdentity, member: &Member) -> Vec<Violation> {
    let documents = identity.documents(member);
    let mut found = Vec::new();
    for (role, MemberGateway { settings, .. }) in member.gateways() {
        let field = member.field().then(role.field());
        let is_for = |given: &&Given<'_>| given.is_for(ChartRelease::Gateway(role));
        let values: Vec<&Given<'_>> = documents.iter().filter(is_for).collect();
        let service = Service::of(settings, &values, &field);
        let gateway = Gateway { role, settings, service, values, cluster: member.name.as_str(), field };
        found.extend(gateway.service_type());
        found.extend(gateway.fits_service_type());
        found.extend(gateway.ports());
        found.extend(gateway.addresses());
        let is_called = role == GatewayRole::Federation || identity.has_several_networks();
        found.extend(gateway.is_found().filter(|_| is_called && !member.is_drained));
        found.extend(gateway.has_replicas());
        let balancer = LoadBalancer {
            class: settings.load_balancer_class.as_deref(),
            annotations: &settings.service_annotations,
            source_ranges: &settings.load_balancer_source_ranges,
        };
        found.extend(balancer.check(&gateway.field, gateway.cluster));
        let values = document(&settings.values, gateway.field.then("values"), Some(gateway.cluster));
        found.extend(values.err().map(|violation| *violation));
    }
    found
}

impl Gateway<'_> {
    fn broken(&self, attribute: &'static str, rule: GatewayRule) -> Violation {
        Violation::of_member(self.cluster, self.field.then(attribute), rule)
    }

    fn service_type(&self) -> Option<Violation> {
        let Service { kind, field } = &self.service;
        let rule = GatewayRule::ServiceType(kind.clone());
        let is_one = SERVICE_TYPES.contains(&kind.as_str());
        (!is_one).then(|| Violation::of_member(self.cluster, field.clone(), rule))
    }

    fn fits_service_type(&self) -> Vec<Violation> {
        let (settings, kind) = (self.settings, &self.service.kind);
        let is_load_balancer = kind == LOAD_BALANCER;
        let ranges = &settings.load_balancer_source_ranges;
        let misplaced = [
            ("load_balancer_class", settings.load_balancer_class.is_some() && !is_load_balancer),
            ("load_balancer_source_ranges", !ranges.is_empty() && !is_load_balancer),
            ("node_port", settings.node_port.is_some() && kind == CLUSTER_IP),
        ];
        let misplaced = misplaced.into_iter().filter(|(_, is_misplaced)| *is_misplaced);
        let broken = misplaced.map(|(attribute, _)| {
            self.broken(attribute, GatewayRule::Misplaced { kind: kind.clone(), attribute })
        });
        broken.collect()
    }

    fn ports(&self) -> Vec<Violation> {
        let EastWestGateway { port, node_port, address_port, .. } = self.settings;
        let ports = [("port", port), ("node_port", node_port), ("address_port", address_port)];
        let is_none = |port: &i64| !(1..=65535).contains(port);
        let invalid = ports.into_iter().filter(|(_, port)| port.as_ref().is_some_and(is_none));
        let taken = port.filter(|port| other_ports(self.role).contains(port));
        let taken = taken.map(|port| self.broken("port", GatewayRule::PortTaken(port)));
        invalid.map(|(attribute, _)| self.broken(attribute, GatewayRule::Port)).chain(taken).collect()
    }

    fn addresses(&self) -> Vec<Violation> {
        let EastWestGateway { addresses, address_port, .. } = self.settings;
        let alone = (address_port.is_some() && addresses.is_empty())
            .then(|| self.broken("address_port", GatewayRule::PortWithoutAddresses));
        let unusable = |address: &String| {
            if address.is_empty() { Some("it is empty".to_owned()) } else { elsewhere::unusable(address) }
        };
        let unusable = addresses.iter().filter_map(unusable);
        let unusable = unusable.map(|reason| self.broken("addresses", GatewayRule::Address { reason }));
        alone.into_iter().chain(unusable).collect()
    }

    /// istiod learns the addresses of a gateway from its load balancer, from the Service's `externalIPs`, from nodes that an
    /// annotation selects, or from us. Ports of nodes are in no document for other meshes unless they are chosen.
    fn is_found(&self) -> Option<Violation> {
        let has_external_addresses = last(&self.values, &["service", "externalIPs"])
            .and_then(|(_, ips)| ips.as_array())
            .is_some_and(|ips| !ips.is_empty());
        let is_balanced = ![CLUSTER_IP, NODE_PORT].contains(&self.service.kind.as_str());
        let is_at_nodes = self.service.kind == NODE_PORT
            && self.role == GatewayRole::EastWest
            && selects_nodes(self.settings, &self.values);
        if is_balanced || is_at_nodes || has_external_addresses || !self.settings.addresses.is_empty() {
            return None;
        }
        let rule = GatewayRule::NotFound { role: self.role, kind: self.service.kind.clone() };
        Some(Violation::of_member(self.cluster, self.service.field.clone(), rule))
    }

    fn has_replicas(&self) -> Option<Violation> {
        let is_none = self.settings.replicas.is_some_and(|replicas| replicas < 1);
        is_none.then(|| self.broken("replicas", GatewayRule::NoReplica))
    }
}

/// What is said of the load balancer of a Service.
pub(in crate::mesh) struct LoadBalancer<'a> {
    pub(super) class: Option<&'a str>,
    pub(super) annotations: &'a BTreeMap<String, String>,
    pub(super) source_ranges: &'a BTreeSet<String>,
}

impl LoadBalancer<'_> {
    /// Kubernetes takes class, annotations and source ranges; `field` has them.
    pub(super) fn check(&self, field: &FieldPath, cluster: &str) -> Vec<Violation> {
        let broken =
            |attribute, rule: GatewayRule| Violation::of_member(cluster, field.then(attribute), rule);
        let class = self.class.filter(|class| !is_qualified_name(class));
        let class = class
            .map(|class| broken("load_balancer_class", GatewayRule::LoadBalancerClass(class.to_owned())));
        let keys = self.annotations.keys().filter(|key| !is_qualified_name(&key.to_ascii_lowercase()));
        let keys = keys.map(|key| broken("service_annotations", GatewayRule::AnnotationKey(key.clone())));
        let range = |text: &String| {
            let field = field.then("load_balancer_source_ranges");
            name::<Cidr>(text, field, Some(cluster)).err().map(|violation| *violation)
        };
        class.into_iter().chain(keys).chain(self.source_ranges.iter().filter_map(range)).collect()
    }
}

/// No two gateways of these members are at one place, unless they are for the same calls to the same network.
pub(in crate::mesh) fn gateways_are_told_apart(members: &[&Member]) -> Vec<Violation> {
    let mut places: BTreeMap<(&str, i64), (&Member, GatewayRole)> = BTreeMap::new();
    let mut found = Vec::new();
    for &member in members {
        for (role, MemberGateway { settings, .. }) in member.gateways() {
            let port = settings.address_port();
            for address in &settings.addresses {
                let (other, other_role) = *places.entry((address, port)).or_insert((member, role));
                if (&other.network, other_role) == (&member.network, role) {
                    continue;
                }
                let rule = GatewayRule::SamePlace {
                    place: format!("{address}, port {port},"),
                    role: other_role,
                    other: other.name.to_string(),
                    network: other.network.to_string(),
                };
                let field = member.field().then(role.field()).then("addresses");
                found.push(Violation::of_member(member.name.as_str(), field, rule));
            }
        }
    }
    found
}

/// What the gateway's Service will be: chart values override its settings.
struct Service {
    /// `spec.type`.
    kind: String,
    /// Where that is said.
    field: FieldPath,
}

impl Service {
    fn of(gateway: &EastWestGateway, values: &[&Given<'_>], field: &FieldPath) -> Self {
        if let Some((given, Value::String(kind))) = last(values, &["service", "type"]) {
            return Self { kind: kind.clone(), field: given.field.clone() };
        }
        let kind = gateway.service_type.clone().unwrap_or_else(|| LOAD_BALANCER.to_owned());
        Self { kind, field: field.then("service_type") }
    }
}

/// Whether istiod is told to take the addresses of nodes.
fn selects_nodes(gateway: &EastWestGateway, values: &[&Given<'_>]) -> bool {
    gateway.service_annotations.contains_key(EastWestGateway::NODE_SELECTOR)
        || last(values, &["service", "annotations", EastWestGateway::NODE_SELECTOR]).is_some()
        || last(values, &["annotations", EastWestGateway::NODE_SELECTOR]).is_some()
}

/// The value that wins: the documents come in the order in which they are merged.
fn last<'a, 'g>(values: &[&'g Given<'a>], path: &[&'static str]) -> Option<(&'g Given<'a>, &'a Value)> {
    values.iter().rev().find_map(|given| Some((*given, given.find(path).last()?.1)))
}
