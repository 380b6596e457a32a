//! The rules of one gateway.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::chart_values::Given;
use super::cidr::Cidr;
use super::declared::{Mesh, Primary};
use super::elsewhere;
use super::gateway::{CLUSTER_IP, EastWestGateway, LOAD_BALANCER, NODE_PORT, SERVICE_TYPES};
use super::names::is_qualified_name;
use super::release::{ChartRelease, GatewayRole};
use super::topology::have_several_networks;
use super::validate::Check;
use super::violation::FieldPath;

/// Ports that the Service of a gateway has beside the one for calls.
fn other_ports(role: GatewayRole) -> &'static [i64] {
    match role {
        GatewayRole::EastWest => &[15012, 15017, 15021],
        GatewayRole::Federation => &[15021],
    }
}

impl Check {
    pub(super) fn gateway(
        &mut self,
        mesh: &Mesh,
        cluster: &str,
        primary: &Primary,
        role: GatewayRole,
        gateway: &EastWestGateway,
    ) {
        let field = FieldPath::attribute("primary").key(cluster).then(role.block());
        let given = mesh.given_values(cluster, primary);
        let is_for = |given: &&Given<'_>| given.is_for(ChartRelease::Gateway(role));
        let values: Vec<&Given<'_>> = given.iter().filter(is_for).collect();
        let service = Service::of(gateway, &values, &field);
        self.service_type(&service, cluster);
        self.fits_service_type(gateway, &service, &field, cluster);
        self.ports(role, gateway, &field, cluster);
        self.addresses(gateway, &field, cluster);
        let is_called = match role {
            GatewayRole::EastWest => have_several_networks(&mesh.primaries),
            GatewayRole::Federation => true,
        };
        if is_called && !primary.drain {
            self.is_found(role, gateway, &service, &values, cluster);
        }
        if gateway.replicas.is_some_and(|replicas| replicas < 1) {
            let cause = "A gateway needs at least one replica.".to_owned();
            self.error(field.then("replicas"), Some(cluster), cause, "Set 1 or more, or omit it.");
        }
        let settings = (
            &gateway.load_balancer_class,
            &gateway.service_annotations,
            &gateway.load_balancer_source_ranges,
        );
        self.load_balancer(settings, &field, cluster);
        self.is_document(&gateway.values, &field.then("values"), Some(cluster));
    }

    /// Class, annotations and source ranges of a Service with a load balancer.
    pub(super) fn load_balancer(
        &mut self,
        (class, annotations, ranges): (&Option<String>, &BTreeMap<String, String>, &BTreeSet<String>),
        field: &FieldPath,
        cluster: &str,
    ) {
        if let Some(class) = class.as_ref().filter(|class| !is_qualified_name(class)) {
            let cause = format!("{class:?} is not a load balancer class.");
            let way_out = "Use the class that the load balancer's controller documents, such as \"service.k8s.aws/nlb\".";
            self.error(field.then("load_balancer_class"), Some(cluster), cause, way_out);
        }
        for key in annotations.keys().filter(|key| !is_qualified_name(&key.to_ascii_lowercase())) {
            let cause = format!("{key:?} is not a valid annotation key.");
            let way_out = "Use a name of at most 63 letters, digits, \"-\", \"_\" and \".\", after an optional DNS name and \
                           \"/\".";
            self.error(field.then("service_annotations"), Some(cluster), cause, way_out);
        }
        for text in ranges {
            self.name::<Cidr>(text, field.then("load_balancer_source_ranges"), Some(cluster));
        }
    }

    fn service_type(&mut self, service: &Service, cluster: &str) {
        if !SERVICE_TYPES.contains(&service.kind.as_str()) {
            let cause = format!("{:?} is not a valid type of a gateway's Service.", service.kind);
            let way_out = format!("Use one of {}.", SERVICE_TYPES.join(", "));
            self.error(service.field.clone(), Some(cluster), cause, &way_out);
        }
    }

    /// Kubernetes refuses a Service with fields of another type, or the chart leaves them out in silence.
    fn fits_service_type(
        &mut self,
        gateway: &EastWestGateway,
        service: &Service,
        field: &FieldPath,
        cluster: &str,
    ) {
        let is_load_balancer = service.kind == LOAD_BALANCER;
        let misplaced = [
            ("load_balancer_class", gateway.load_balancer_class.is_some() && !is_load_balancer),
            (
                "load_balancer_source_ranges",
                !gateway.load_balancer_source_ranges.is_empty() && !is_load_balancer,
            ),
            ("node_port", gateway.node_port.is_some() && service.kind == CLUSTER_IP),
        ];
        for (attribute, _) in misplaced.into_iter().filter(|(_, is_misplaced)| *is_misplaced) {
            let cause = format!("A Service of type {:?} has no {attribute}.", service.kind);
            let way_out = format!("Remove {attribute}, or change the type of the Service.");
            self.error(field.then(attribute), Some(cluster), cause, &way_out);
        }
    }

    fn ports(&mut self, role: GatewayRole, gateway: &EastWestGateway, field: &FieldPath, cluster: &str) {
        let ports = [
            ("port", gateway.port),
            ("node_port", gateway.node_port),
            ("address_port", gateway.address_port),
        ];
        for (attribute, port) in ports {
            if port.is_some_and(|port| !(1..=65535).contains(&port)) {
                let cause = "A port is a number from 1 to 65535.".to_owned();
                self.error(field.then(attribute), Some(cluster), cause, "Use a number in this range.");
            }
        }
        if let Some(port) = gateway.port.filter(|port| other_ports(role).contains(port)) {
            let cause =
                format!("The Service of the gateway already uses port {port} for istiod or health checks.");
            self.error(field.then("port"), Some(cluster), cause, "Choose another port.");
        }
    }

    fn addresses(&mut self, gateway: &EastWestGateway, field: &FieldPath, cluster: &str) {
        if gateway.address_port.is_some() && gateway.addresses.is_empty() {
            let cause = "address_port is set without addresses.".to_owned();
            let way_out = "Set addresses, or omit address_port.";
            self.error(field.then("address_port"), Some(cluster), cause, way_out);
        }
        let unusable = |address: &String| {
            if address.is_empty() { Some("it is empty".to_owned()) } else { elsewhere::unusable(address) }
        };
        for reason in gateway.addresses.iter().filter_map(unusable) {
            let cause = format!("Other networks cannot use an address of the gateway: {reason}.");
            let way_out = "Use IP addresses or host names that the other clusters' pods can reach.";
            self.error(field.then("addresses"), Some(cluster), cause, way_out);
        }
    }

    /// istiod learns the addresses of a gateway from its load balancer, from the Service's `externalIPs`, from nodes that an
    /// annotation selects, or from us.
    fn is_found(
        &mut self,
        role: GatewayRole,
        gateway: &EastWestGateway,
        service: &Service,
        values: &[&Given<'_>],
        cluster: &str,
    ) {
        let has_external_addresses = last(values, &["service", "externalIPs"])
            .and_then(|(_, ips)| ips.as_array())
            .is_some_and(|ips| !ips.is_empty());
        if !gateway.addresses.is_empty() || has_external_addresses {
            return;
        }
        let way_out = match (service.kind.as_str(), role) {
            (CLUSTER_IP, _) => {
                "Set addresses to those at which callers reach the gateway, such as those of your own load balancer, or omit \
                 service_type."
            }
            (NODE_PORT, GatewayRole::EastWest) if selects_nodes(gateway, values) => return,
            (NODE_PORT, GatewayRole::EastWest) => {
                "Set addresses to those of nodes that the pods of other networks reach, or let istiod find the external \
                 addresses of nodes with service_annotations = { \"traffic.istio.io/nodeSelector\" = jsonencode({ … }) }, or \
                 omit service_type."
            }
            // Ports of nodes are in no document of the mesh unless they are chosen.
            (NODE_PORT, GatewayRole::Federation) => {
                "Set addresses to those of nodes that other meshes reach, and set node_port, or omit service_type."
            }
            _ => return,
        };
        let callers = match role {
            GatewayRole::EastWest => {
                "The mesh has several networks, but no address is configured at which the others reach this gateway"
            }
            GatewayRole::Federation => "No address is configured at which other meshes reach this gateway",
        };
        let cause = format!("{callers}: a Service of type {:?} has no load balancer.", service.kind);
        self.error(service.field.clone(), Some(cluster), cause, way_out);
    }

    /// Calls to two networks, or of the same mesh and of others, cannot go to one place.
    pub(super) fn gateways_are_told_apart(&mut self, primaries: &BTreeMap<String, Primary>) {
        let mut places: BTreeMap<(&str, i64), (&str, &str, GatewayRole)> = BTreeMap::new();
        for (label, primary) in primaries {
            for role in GatewayRole::ALL {
                let Some(gateway) = primary.gateway(role) else { continue };
                let port = gateway.address_port();
                for address in &gateway.addresses {
                    let own = (label.as_str(), primary.network.as_str(), role);
                    let other = *places.entry((address, port)).or_insert(own);
                    if (other.1, other.2) != (own.1, own.2) {
                        self.same_place(&format!("{address}, port {port},"), label, role, other);
                    }
                }
            }
        }
    }

    fn same_place(
        &mut self,
        place: &str,
        cluster: &str,
        role: GatewayRole,
        (other, network, other_role): (&str, &str, GatewayRole),
    ) {
        let cause = format!(
            "{place} is also used by the {} of cluster {other:?} on network {network:?}, so calls to one of them would reach the \
             other.",
            other_role.block()
        );
        let field = FieldPath::attribute("primary").key(cluster).then(role.block()).then("addresses");
        self.error(field, Some(cluster), cause, "Set different addresses or ports for the gateways.");
    }
}

/// What the gateway's Service will be: chart values override the block.
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

#[cfg(test)]
mod tests;
