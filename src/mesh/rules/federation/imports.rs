//! What is imported, and under which names.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use super::super::super::cidr::Cidr;
use super::super::super::federation::{
    DeclaredImport, DeclaredPort, Federation, import_field, virtual_address,
};
use super::super::super::names::is_dns_subdomain;
use super::super::super::violation::{FieldPath, Violation};
use super::gateways::range_of;
use super::{ShareRule, broken, peer_names};

/// The addresses that istiod gives to hosts without one (`pilot/pkg/networking/serviceentry`, `ipallocate`).
const OF_ISTIOD: [&str; 2] = ["240.240.0.0/16", "2001:2::/48"];
/// What every east-west gateway of a mesh with the usual domain opens (`*.local`).
const LOCAL: &str = "local";

/// Imports are from peers that there are.
pub(super) fn are_from_peers(federation: &Federation) -> Vec<Violation> {
    let unknown = federation.imports.iter().filter(|(_, it)| !federation.peers.contains_key(&it.from));
    let rule = |import: &DeclaredImport| ShareRule::NoPeer {
        name: import.from.clone(),
        choices: peer_names(federation),
    };
    unknown.map(|(name, import)| broken(import_field(name).then("from"), rule(import))).collect()
}

/// They have ports, each once. While the document of their peer is awaited, it may say them.
pub(super) fn have_ports(federation: &Federation) -> Vec<Violation> {
    let is_awaited = |from: &str| federation.peers.get(from).is_some_and(|peer| peer.document.is_none());
    let broken = |(name, import): (&String, &DeclaredImport)| {
        let rule =
            ports(&import.ports).filter(|rule| *rule != ShareRule::NoPort || !is_awaited(&import.from))?;
        Some(broken(import_field(name).then("port"), rule))
    };
    federation.imports.iter().filter_map(broken).collect()
}

/// What is wrong with the ports of a Service as a whole.
pub(super) fn ports(ports: &BTreeMap<String, DeclaredPort>) -> Option<ShareRule> {
    if ports.is_empty() {
        return Some(ShareRule::NoPort);
    }
    let mut numbers = BTreeSet::new();
    let twice = ports.values().find(|port| !numbers.insert(port.number))?;
    Some(ShareRule::PortTwice(twice.number))
}

/// Hosts are names that a `ServiceEntry` and DNS take.
pub(super) fn hostnames_are_names(federation: &Federation) -> Vec<Violation> {
    of_hostnames(federation, |_, hostname| {
        let is_name =
            is_dns_subdomain(hostname) && hostname.contains('.') && hostname.parse::<IpAddr>().is_err();
        (!is_name).then(|| ShareRule::Hostname(hostname.to_owned()))
    })
}

/// No import takes the place of a Service of the mesh.
pub(super) fn hostnames_are_of_no_service(federation: &Federation) -> Vec<Violation> {
    let domain = federation.mesh.domain_suffix();
    of_hostnames(federation, |_, hostname| {
        is_below(hostname, &format!("svc.{domain}")).then(|| ShareRule::HostnameOfService {
            hostname: hostname.to_owned(),
            domain: domain.to_owned(),
        })
    })
}

/// No import is below what the mesh's own east-west gateways open: that would export it again, to whoever reaches them.
pub(super) fn hostnames_are_not_exported(federation: &Federation) -> Vec<Violation> {
    let suffix = federation.mesh.domain_suffix();
    of_hostnames(federation, |_, hostname| {
        if is_below(hostname, &format!("svc.{suffix}")) {
            return None;
        }
        let domain = [LOCAL, suffix].into_iter().find(|domain| is_below(hostname, domain))?;
        Some(ShareRule::HostnameExported { hostname: hostname.to_owned(), domain: domain.to_owned() })
    })
}

fn is_below(hostname: &str, domain: &str) -> bool {
    hostname.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// No two imports of the mesh have one name: clients of both would reach either.
pub(super) fn hostnames_differ(federation: &Federation) -> Vec<Violation> {
    of_hostnames(federation, |name, hostname| {
        let mut others = federation.imports.iter().filter(|(other, _)| *other != name);
        let here = others.find(|(_, other)| other.hostname == hostname);
        let here = here.map(|(other, _)| format!("import {other:?}"));
        let elsewhere = || {
            let mut others = federation.other_federations();
            let (other, _) = others.find(|(_, record)| record.imports.contains_key(hostname))?;
            Some(format!("an import of federation {other:?}"))
        };
        let other = here.or_else(elsewhere)?;
        Some(ShareRule::HostnameTaken { hostname: hostname.to_owned(), other })
    })
}

/// What an import's name means to clients: the addresses that are given, else the one that follows from the name.
pub(in crate::mesh) fn import_addresses(
    import: &DeclaredImport,
    field: &FieldPath,
) -> Result<BTreeSet<IpAddr>, Vec<Violation>> {
    if import.addresses.is_empty() {
        return Ok([virtual_address(&import.hostname).into()].into());
    }
    let (mut addresses, mut found) = (BTreeSet::new(), Vec::new());
    for text in &import.addresses {
        if let Ok(address) = text.parse::<IpAddr>() {
            addresses.insert(address);
        } else {
            let (address, reason) = (text.clone(), "it is not an IP address".to_owned());
            found.push(broken(field.then("addresses"), ShareRule::ImportAddress { address, reason }));
        }
    }
    if found.is_empty() { Ok(addresses) } else { Err(found) }
}

/// The addresses of imports are those of no machine of the mesh, and none that istiod gives to something else.
pub(super) fn addresses_are_of_nobody(federation: &Federation) -> Vec<Violation> {
    of_addresses(federation, |_, address| {
        let of_istiod = OF_ISTIOD.iter().filter_map(|range| range.parse::<Cidr>().ok());
        let reason = if let Some(range) = of_istiod.into_iter().find(|range| range.contains(address)) {
            format!("istiod assigns addresses of {range} itself")
        } else if let Some(range) = range_of(federation, address) {
            format!("it is in {range}, a range of pods or Services of this mesh")
        } else {
            return None;
        };
        Some(ShareRule::ImportAddress { address: address.to_string(), reason })
    })
}

/// No two imports of the mesh have one address: what is not HTTP is told apart by it alone.
pub(super) fn addresses_differ(federation: &Federation) -> Vec<Violation> {
    let of = |import: &DeclaredImport| import_addresses(import, &FieldPath::default()).unwrap_or_default();
    of_addresses(federation, |name, address| {
        let mut others = federation.imports.iter().filter(|(other, _)| *other != name);
        let here = others.find(|(_, other)| of(other).contains(&address));
        let here = here.map(|(other, _)| format!("import {other:?}"));
        let shown = address.to_string();
        let elsewhere = || {
            let mut others = federation.other_federations();
            let has = |addresses: &BTreeSet<String>| addresses.contains(&shown);
            let (other, _) = others.find(|(_, record)| record.imports.values().any(has))?;
            Some(format!("an import of federation {other:?}"))
        };
        let other = here.or_else(elsewhere)?;
        Some(ShareRule::AddressTaken { address: shown, other })
    })
}

/// A rule about the name of each import.
fn of_hostnames(
    federation: &Federation,
    rule: impl Fn(&String, &str) -> Option<ShareRule>,
) -> Vec<Violation> {
    let broken = |(name, import): (&String, &DeclaredImport)| {
        Some(broken(import_field(name).then("hostname"), rule(name, &import.hostname)?))
    };
    federation.imports.iter().filter_map(broken).collect()
}

/// A rule about each address of each import.
fn of_addresses(
    federation: &Federation,
    rule: impl Fn(&String, IpAddr) -> Option<ShareRule>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, import) in &federation.imports {
        let addresses = import_addresses(import, &FieldPath::default()).unwrap_or_default();
        let rules = addresses.into_iter().filter_map(|address| rule(name, address));
        found.extend(rules.map(|rule| broken(import_field(name).then("addresses"), rule)));
    }
    found
}
