//! The rules of a mesh of several clusters: what each of them would be broken by is found by looking at two at once.

use std::collections::{BTreeMap, BTreeSet};

use super::api_server::ApiServer;
use super::cidr::Cidr;
use super::declared::{DeclaredAddress, DeclaredApiServer, Mesh, Primary};
use super::gateway::{EastWestGateway, SERVICE_TYPES};
use super::release::GatewayRole;
use super::validate::Check;
use super::violation::FieldPath;

impl Check {
    /// Every rule between the clusters of the mesh.
    pub(super) fn topology(&mut self, mesh: &Mesh) {
        if mesh.primaries.is_empty() {
            let cause = "A mesh needs a cluster with a control plane.".to_owned();
            self.error(FieldPath::attribute("primary"), None, cause, "Add a block primary \"<cluster>\".");
        }
        self.somebody_stays(&mesh.primaries);
        self.networks_have_gateways(&mesh.primaries);
        self.ranges(&mesh.primaries);
        for (label, primary) in &mesh.primaries {
            let block = FieldPath::attribute("primary").key(label);
            for role in GatewayRole::ALL {
                if let Some(gateway) = primary.gateway(role) {
                    self.gateway(gateway, &block.then(role.block()), label);
                }
            }
            if let Some(api_server) = &primary.api_server {
                self.api_server(api_server, &block.then("api_server"), label, &mesh.primaries);
            }
        }
    }

    /// Every address works from another machine, and those for single readers have one.
    fn api_server(
        &mut self,
        api_server: &DeclaredApiServer,
        block: &FieldPath,
        label: &str,
        primaries: &BTreeMap<String, Primary>,
    ) {
        self.check_address(&api_server.usual, block, label);
        for (reader, address) in &api_server.from {
            let block = block.then("from").key(reader);
            let cause = if reader == label {
                "The control plane of a cluster reads its own API server by itself.".to_owned()
            } else if primaries.contains_key(reader) {
                self.check_address(address, &block, label);
                continue;
            } else {
                format!("The mesh has no primary {reader:?} that could read this API server.")
            };
            self.error(block, Some(label), cause, "Name another primary of the mesh, or remove the block.");
        }
    }

    fn check_address(&mut self, address: &DeclaredAddress, block: &FieldPath, label: &str) {
        if let Some(reason) = address.url.as_deref().and_then(ApiServer::unusable) {
            let way_out = "Give the URL by which the other clusters' control planes reach this API server.";
            self.error(block.then("url"), Some(label), format!("{reason}."), way_out);
        }
    }

    /// Calls that a drained cluster no longer answers are answered by another.
    fn somebody_stays(&mut self, primaries: &BTreeMap<String, Primary>) {
        if let Some(label) = primaries.keys().next().filter(|_| primaries.values().all(|it| it.drain)) {
            let field = FieldPath::attribute("primary").key(label).then("drain");
            let cause = "Every primary of the mesh is drained, so none is left to answer.".to_owned();
            let way_out = "Leave drain out of one of them; to remove the whole mesh, destroy it.";
            self.error(field, Some(label), cause, way_out);
        }
    }

    /// Traffic enters a network through a gateway in one of its clusters that are not drained. Nobody calls into a network
    /// whose clusters are all drained.
    fn networks_have_gateways(&mut self, primaries: &BTreeMap<String, Primary>) {
        let networks: BTreeSet<&str> = primaries.values().map(|primary| primary.network.as_str()).collect();
        if networks.len() < 2 {
            return;
        }
        for network in networks {
            let mut members =
                primaries.iter().filter(|(_, primary)| primary.network == network && !primary.drain);
            let first = members.clone().next().map(|(label, _)| label.as_str());
            if let Some(label) = first.filter(|_| members.all(|(_, it)| it.east_west_gateway.is_none())) {
                let field = FieldPath::attribute("primary").key(label).then("east_west_gateway");
                let cause = format!(
                    "The mesh has several networks, and network {network:?} has no east-west gateway, so no call could come \
                     into it."
                );
                let way_out = "Add a block east_west_gateway {} to a cluster of this network, or give clusters whose pods \
                     reach each other the same network.";
                self.error(field, Some(label), cause, way_out);
            }
        }
    }

    fn gateway(&mut self, gateway: &EastWestGateway, field: &FieldPath, cluster: &str) {
        let service_type = gateway.service_type.as_deref();
        if let Some(found) = service_type.filter(|found| !SERVICE_TYPES.contains(found)) {
            let cause = format!("{found:?} is no type of a gateway's Service.");
            let way_out = format!("Write one of {}.", SERVICE_TYPES.join(", "));
            self.error(field.then("service_type"), Some(cluster), cause, &way_out);
        }
        if gateway.replicas.is_some_and(|replicas| replicas < 1) {
            let cause = "A gateway without a pod lets nothing in.".to_owned();
            self.error(field.then("replicas"), Some(cluster), cause, "Write 1 or more, or leave it out.");
        }
        let ports = [
            ("port", gateway.port),
            ("node_port", gateway.node_port),
            ("address_port", gateway.address_port),
        ];
        for (attribute, port) in ports {
            if port.is_some_and(|port| !(1..=65535).contains(&port)) {
                let cause = "A port is a number from 1 to 65535.".to_owned();
                self.error(field.then(attribute), Some(cluster), cause, "Write a number in this range.");
            }
        }
        if gateway.address_port.is_some() && gateway.addresses.is_empty() {
            let cause = "Nothing says at which addresses this port is.".to_owned();
            let way_out = "Name them in addresses, or leave address_port out.";
            self.error(field.then("address_port"), Some(cluster), cause, way_out);
        }
        if gateway.addresses.iter().any(|address| address.trim().is_empty()) {
            let cause = "An address of the gateway is empty.".to_owned();
            let way_out = "Write IP addresses or host names that the other clusters' pods reach.";
            self.error(field.then("addresses"), Some(cluster), cause, way_out);
        }
        for text in &gateway.load_balancer_source_ranges {
            self.name::<Cidr>(text, field.then("load_balancer_source_ranges"), Some(cluster));
        }
        self.is_document(&gateway.values, &field.then("values"), Some(cluster));
    }
}

#[cfg(test)]
mod tests;
