//! The rules of one gateway.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use thiserror::Error;

use super::super::cidr::Cidr;
use super::super::elsewhere;
use super::super::gateway::{CLUSTER_IP, EastWestGateway, LOAD_BALANCER, NODE_PORT, Place, SERVICE_TYPES};
use super::super::identity::MeshIdentity;
use super::super::member::{Member, MemberGateway};
use super::super::names::is_qualified_name;
use super::super::release::GatewayRole;
use super::super::violation::{FieldPath, Violation};
use super::names::{document, name};
use super::service::Service;

/// What is wrong with a gateway, or with the load balancer of a Service.
#[derive(Clone, Debug, PartialEq, Error)]
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
    /// It is no selector of nodes.
    #[error("The annotation {} is {}, which is not a JSON object of node labels.", EastWestGateway::NODE_SELECTOR, .0)]
    NodeSelector(Value),
    /// Its Service would say something else to istiod.
    #[error("{path} is {found}, but {origin} requires {required}.")]
    NotTold {
        /// Where that stands in the values.
        path: String,
        /// What it is.
        found: Value,
        /// What the right one follows from.
        origin: &'static str,
        /// The right one.
        required: Value,
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
    service: Service<'a>,
    cluster: &'a str,
    field: FieldPath,
}

/// Every gateway of a member can be installed, and found by those whom it is for.
pub(in crate::mesh) fn gateways(identity: &MeshIdentity, member: &Member) -> Vec<Violation> {
    let documents = identity.documents(member);
    let mut found = Vec::new();
    for (role, MemberGateway { settings, .. }) in member.gateways() {
        let field = member.field().then(role.field());
        let service = Service::of_gateway(settings, role, &documents);
        let gateway = Gateway { role, settings, service, cluster: member.name.as_str(), field };
        found.extend(gateway.service_type());
        found.extend(gateway.fits_service_type());
        found.extend(gateway.ports());
        found.extend(gateway.addresses());
        found.extend(gateway.node_selector());
        if role == GatewayRole::EastWest {
            found.extend(gateway.tells_its_port());
        }
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
        let kind = self.service.kind();
        let rule = GatewayRule::ServiceType(kind.to_owned());
        let field = self.service.field_of_kind(&self.field);
        (!SERVICE_TYPES.contains(&kind)).then(|| Violation::of_member(self.cluster, field, rule))
    }

    fn fits_service_type(&self) -> Vec<Violation> {
        let (settings, kind) = (self.settings, self.service.kind());
        let is_load_balancer = kind == LOAD_BALANCER;
        let ranges = &settings.load_balancer_source_ranges;
        let misplaced = [
            ("load_balancer_class", settings.load_balancer_class.is_some() && !is_load_balancer),
            ("load_balancer_source_ranges", !ranges.is_empty() && !is_load_balancer),
            ("node_port", settings.node_port.is_some() && kind == CLUSTER_IP),
        ];
        let misplaced = misplaced.into_iter().filter(|(_, is_misplaced)| *is_misplaced);
        let broken = misplaced.map(|(attribute, _)| {
            self.broken(attribute, GatewayRule::Misplaced { kind: kind.to_owned(), attribute })
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
        let alone = (address_port.is_some() && !self.settings.is_typed())
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
        let kind = self.service.kind();
        let is_balanced = ![CLUSTER_IP, NODE_PORT].contains(&kind);
        let is_at_nodes =
            kind == NODE_PORT && self.role == GatewayRole::EastWest && self.service.selects_nodes();
        if is_balanced || is_at_nodes || self.service.has_external_addresses() || self.settings.is_typed() {
            return None;
        }
        let rule = GatewayRule::NotFound { role: self.role, kind: kind.to_owned() };
        Some(Violation::of_member(self.cluster, self.service.field_of_kind(&self.field), rule))
    }

    /// istiod takes a selector that it cannot read for one that selects every node.
    fn node_selector(&self) -> Option<Violation> {
        let (field, selector) = self.service.node_selector(&self.field)?;
        let is_empty = selector.as_str().is_some_and(str::is_empty);
        let labels = selector.as_str().and_then(|text| serde_json::from_str(text).ok());
        let labels: Option<BTreeMap<String, String>> = labels;
        (labels.is_none() && !is_empty)
            .then(|| Violation::of_member(self.cluster, field, GatewayRule::NodeSelector(selector)))
    }

    /// istiod calls the gateway at 15443 or the port that a label names, if the Service
    /// has that (`pilot/pkg/serviceregistry/kube/controller/network.go`).
    fn tells_its_port(&self) -> Vec<Violation> {
        let port = self.settings.service_port();
        let required: [(&[&'static str], Value, &'static str); 3] = [
            (&["networkGatewayPorts", EastWestGateway::PORT_NAME, "port"], Value::from(port), "port"),
            (
                &["networkGatewayPorts", EastWestGateway::PORT_NAME, "targetPort"],
                Value::from(EastWestGateway::DEFAULT_PORT),
                "the port that its pods listen on",
            ),
            (&["labels", EastWestGateway::PORT_LABEL], Value::from(port.to_string()), "port"),
        ];
        let others = required.into_iter().filter_map(|(path, required, origin)| {
            let (given, found) = self.service.value(path)?;
            let rule = GatewayRule::NotTold {
                path: path.join("."),
                found: found.clone(),
                required: required.clone(),
                origin,
            };
            let is_other = text(found) != text(&required);
            is_other.then(|| Violation::of_member(self.cluster, given.field.clone(), rule))
        });
        others.collect()
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

/// No two gateways of these members are at one place, unless they are for the same calls to the same network. Each caller has its own
/// addresses.
pub(in crate::mesh) fn gateways_are_told_apart(members: &[&Member]) -> Vec<Violation> {
    let callers = members.iter().map(|caller| Some(caller.name.as_str()));
    let found = [None].into_iter().chain(callers).flat_map(|caller| at_one_place(members, caller));
    let mut found: Vec<Violation> = found.collect();
    found.dedup();
    found
}

/// The gateways that `caller`, or whoever else calls, takes for one.
fn at_one_place(members: &[&Member], caller: Option<&str>) -> Vec<Violation> {
    let mut places: BTreeMap<(&str, i64), (&Member, GatewayRole)> = BTreeMap::new();
    let mut found = Vec::new();
    for &member in members {
        for (role, MemberGateway { settings, .. }) in member.gateways() {
            let Place { addresses, port } = settings.seen_from(caller.unwrap_or_default());
            for address in addresses {
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
                let field = member.field().then(role.field());
                let own = caller.filter(|caller| settings.from.contains_key(*caller));
                let field = own.map_or_else(|| field.clone(), |caller| field.then("from").key(caller));
                found.push(Violation::of_member(member.name.as_str(), field.then("addresses"), rule));
            }
        }
    }
    found
}

/// A number or a text as the chart prints both.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
