//! The rules of a mesh of several clusters: what each of them would be broken by is found by looking at two at once.

use std::collections::{BTreeMap, BTreeSet};

use super::api_server::ApiServer;
use super::declared::{DeclaredAddress, DeclaredApiServer, Mesh, Primary};
use super::release::GatewayRole;
use super::validate::Check;
use super::violation::FieldPath;

impl Check {
    /// Every rule between the clusters of the mesh.
    pub(super) fn topology(&mut self, mesh: &Mesh) {
        if mesh.primaries.is_empty() {
            let cause = "A mesh needs at least one cluster with a control plane.".to_owned();
            self.error(FieldPath::attribute("primary"), None, cause, "Add a block primary \"<cluster>\".");
        }
        self.somebody_stays(&mesh.primaries);
        self.networks_have_gateways(&mesh.primaries);
        self.gateways_are_told_apart(&mesh.primaries);
        self.ranges(&mesh.primaries);
        for (label, primary) in &mesh.primaries {
            let block = FieldPath::attribute("primary").key(label);
            for role in GatewayRole::ALL {
                if let Some(gateway) = primary.gateway(role) {
                    self.gateway(mesh, label, primary, role, gateway);
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
                "A control plane does not need this block to read its own API server.".to_owned()
            } else if primaries.contains_key(reader) {
                self.check_address(address, &block, label);
                continue;
            } else {
                format!("The mesh has no primary {reader:?} that could read this API server.")
            };
            self.error(
                block,
                Some(label),
                cause,
                "Use the label of another primary of the mesh, or remove the block.",
            );
        }
    }

    fn check_address(&mut self, address: &DeclaredAddress, block: &FieldPath, label: &str) {
        if let Some(reason) = address.url.as_deref().and_then(ApiServer::unusable) {
            let cause = format!("The other control planes cannot use this URL: {reason}.");
            let way_out = "Set the URL at which the other clusters' control planes reach this API server.";
            self.error(block.then("url"), Some(label), cause, way_out);
        }
    }

    /// Calls that a drained cluster no longer answers are answered by another.
    fn somebody_stays(&mut self, primaries: &BTreeMap<String, Primary>) {
        if let Some(label) = primaries.keys().next().filter(|_| primaries.values().all(|it| it.drain)) {
            let field = FieldPath::attribute("primary").key(label).then("drain");
            let cause = "Every primary of the mesh is drained, so none is left to serve requests.".to_owned();
            let way_out = "Remove drain from one of them; to remove the whole mesh, destroy it.";
            self.error(field, Some(label), cause, way_out);
        }
    }

    /// Traffic enters a network through a gateway in one of its clusters that are not drained. Nobody calls into a network
    /// whose clusters are all drained.
    fn networks_have_gateways(&mut self, primaries: &BTreeMap<String, Primary>) {
        if !have_several_networks(primaries) {
            return;
        }
        let networks: BTreeSet<&str> = primaries.values().map(|primary| primary.network.as_str()).collect();
        for network in networks {
            let mut members =
                primaries.iter().filter(|(_, primary)| primary.network == network && !primary.drain);
            let first = members.clone().next().map(|(label, _)| label.as_str());
            if let Some(label) = first.filter(|_| members.all(|(_, it)| it.east_west_gateway.is_none())) {
                let field = FieldPath::attribute("primary").key(label).then("east_west_gateway");
                let cause = format!(
                    "The mesh has several networks, and network {network:?} has no east-west gateway, so traffic cannot \
                     enter it."
                );
                let way_out = "Add a block east_west_gateway {} to a cluster of this network, or set the same network for \
                               clusters whose pods reach each other.";
                self.error(field, Some(label), cause, way_out);
            }
        }
    }
}

/// Whether pods of the mesh are on networks that do not reach each other.
pub(super) fn have_several_networks(primaries: &BTreeMap<String, Primary>) -> bool {
    let mut networks = primaries.values().map(|primary| primary.network.as_str());
    networks.next().is_some_and(|first| networks.any(|network| network != first))
}

#[cfg(test)]
mod tests;
