//! The rules of a federation, a function each. Names that are not right are found where they are read.

mod exports;
mod gateways;
mod identities;
mod imports;
mod peer_rule;
mod peers;
mod settings;
mod share_rule;
mod trust;

use super::super::federation::Federation;
use super::super::violation::{FieldPath, Rule, Violation};

pub use peer_rule::PeerRule;
pub use share_rule::ShareRule;

pub(in crate::mesh) use identities::{allowed, identities};
pub(in crate::mesh) use imports::import_addresses;
pub(in crate::mesh) use settings::{
    count, dns_mode, duration, port_number, protocol, tls_mode, trust_binding,
};

/// A rule over the whole declaration.
type WholeRule = fn(&Federation) -> Vec<Violation>;

/// All of them.
const RULES: [WholeRule; 34] = [
    peers::name_is_free,
    peers::own_trust_domain_is_special,
    peers::trust_domains_are_special,
    peers::trust_domains_are_hosts,
    peers::domains_are_names,
    peers::trust_domains_differ_from_own,
    peers::trust_domains_differ,
    peers::mesh_ids_differ,
    peers::networks_are_free,
    trust::peers_have_roots,
    trust::roots_are_not_own,
    trust::roots_are_of_one_peer,
    trust::trust_domains_stay,
    trust::roots_are_named,
    trust::documents_are_not_older,
    trust::no_revocation_lists,
    gateways::addresses_are_of_others,
    gateways::ports_are_numbers,
    gateways::importers_have_somewhere_to_call,
    exports::are_for_peers,
    exports::have_a_gateway,
    exports::have_ports,
    exports::have_pods,
    exports::share_no_pods,
    exports::are_exported_once,
    exports::are_for_somebody,
    imports::are_from_peers,
    imports::have_ports,
    imports::hostnames_are_names,
    imports::hostnames_are_of_no_service,
    imports::hostnames_are_not_exported,
    imports::hostnames_differ,
    imports::addresses_are_of_nobody,
    imports::addresses_differ,
];

/// Everything that is wrong with a federation whatever its names.
pub(in crate::mesh) fn federation(federation: &Federation) -> Vec<Violation> {
    RULES.iter().flat_map(|rule| rule(federation)).collect()
}

fn broken(field: FieldPath, rule: impl Into<Rule>) -> Violation {
    Violation::of_mesh(field, rule)
}

/// Names of peers, for people.
fn peer_names(federation: &Federation) -> Vec<String> {
    federation.peers.keys().cloned().collect()
}
