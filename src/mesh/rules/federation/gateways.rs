//! Where other meshes are reached.

use core::net::IpAddr;

use super::super::super::cidr::Cidr;
use super::super::super::elsewhere;
use super::super::super::federation::{Federation, import_field, peer_field};
use super::super::super::violation::Violation;
use super::{PeerRule, ShareRule, broken};

/// The gateways of a peer are on machines that are not of this mesh: a document could otherwise lead calls, and with them the identities
/// of callers, to any workload here.
pub(super) fn addresses_are_of_others(federation: &Federation) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, document) in federation.documents() {
        let addresses = document.gateways.values().flat_map(|gateway| &gateway.addresses);
        let rules = addresses.filter_map(|address| misplaced(federation, address));
        found.extend(rules.map(|rule| broken(peer_field(name).then("document"), rule)));
    }
    found
}

fn misplaced(federation: &Federation, address: &str) -> Option<PeerRule> {
    let of = |address: &str| address.to_owned();
    if let Some(reason) = elsewhere::unusable(address) {
        return Some(PeerRule::GatewayAddress { address: of(address), reason });
    }
    if federation.mesh.gateway_addresses.iter().any(|own| in_one_form(own) == in_one_form(address)) {
        return Some(PeerRule::OwnGateway(of(address)));
    }
    let range = range_of(federation, address.parse().ok()?)?;
    Some(PeerRule::GatewayInside { address: of(address), range: range.to_string() })
}

/// An address or a host name, however it is written.
fn in_one_form(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => address.trim_end_matches('.').to_ascii_lowercase(),
    }
}

/// The range of pods or Services of the mesh that an address is in. Ranges that are not right are found elsewhere.
pub(super) fn range_of(federation: &Federation, address: IpAddr) -> Option<Cidr> {
    let primaries = federation.mesh.primaries.values();
    let primaries = primaries.flat_map(|primary| primary.pod_cidrs.iter().chain(&primary.service_cidrs));
    let remotes =
        federation.remote_clusters().flat_map(|remote| remote.pod_cidrs.iter().chain(&remote.service_cidrs));
    let mut ranges = primaries.chain(remotes).filter_map(|range| range.parse::<Cidr>().ok());
    ranges.find(|range| range.contains(address))
}

/// The ports of a peer's gateways are ports.
pub(super) fn ports_are_numbers(federation: &Federation) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, document) in federation.documents() {
        let wrong = document
            .gateways
            .iter()
            .filter(|(_, gateway)| !(1..=i64::from(u16::MAX)).contains(&gateway.port));
        found.extend(wrong.map(|(cluster, gateway)| {
            let rule = PeerRule::GatewayPort { cluster: cluster.clone(), port: gateway.port };
            broken(peer_field(name).then("document"), rule)
        }));
    }
    found
}

/// Whatever is imported is behind a gateway.
pub(super) fn importers_have_somewhere_to_call(federation: &Federation) -> Vec<Violation> {
    let is_closed = |from: &str| {
        let mut documents = federation.documents().filter(|(name, _)| *name == from);
        documents.any(|(_, document)| document.gateways.values().all(|gateway| gateway.addresses.is_empty()))
    };
    let closed = federation.imports.iter().filter(|(_, import)| is_closed(&import.from));
    let rule = |from: &str| ShareRule::NoGateway(from.to_owned());
    closed.map(|(name, import)| broken(import_field(name).then("from"), rule(&import.from))).collect()
}
