//! `ValidateMeshNetworks`.

use super::names;
use super::node::Node;
use crate::mesh_config::finding::{Finding, Invalid};
use crate::mesh_config::go_text::is_ip_address;

pub(super) fn check(networks: &Node<'_>, broken: &mut Vec<Finding>) {
    let networks = networks.get("networks");
    for (_, network) in networks.iter().flat_map(Node::entries) {
        for endpoint in network.items_of("endpoints") {
            let range = endpoint.get("fromCidr").filter(|it| !is_range(it.text()));
            broken.extend(range.map(|it| it.breaks(Invalid::Cidr)));
            let registry = endpoint.get("fromRegistry").filter(|it| !names::is_label(it.text()));
            broken.extend(registry.map(|it| it.breaks(Invalid::Host)));
        }
        for gateway in network.items_of("gateways") {
            let service = gateway.get("registryServiceName").filter(|it| !names::is_host(it.text()));
            broken.extend(service.map(|it| it.breaks(Invalid::Host)));
            let is_place = |it: &Node<'_>| is_ip_address(it.text()) || names::is_host(it.text());
            let address = gateway.get("address").filter(|it| !is_place(it));
            broken.extend(address.map(|it| it.breaks(Invalid::Gateway)));
            match gateway.get("port") {
                None => broken.push(gateway.breaks(Invalid::Missing("port"))),
                Some(port) => broken.extend(names::port(port.number()).map(|rule| port.breaks(rule))),
            }
        }
    }
}

/// `ValidateIPSubnet`: a range, or a single address.
fn is_range(text: &str) -> bool {
    match text.split_once('/') {
        None => is_ip_address(text),
        Some((address, bits)) => {
            let most = if address.contains(':') { 128 } else { 32 };
            let is_plain = bits == "0" || !bits.starts_with(['0', '+']);
            !address.contains('%')
                && is_ip_address(address)
                && is_plain
                && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
        }
    }
}
