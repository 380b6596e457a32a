//! Name constraints as Go reads them (`crypto/x509/constraints.go`).

use core::net::IpAddr;

use super::super::facts::Facts;
use super::{Constraints, Forbidden, Name, alternative_names, is_below};

/// That a certificate may have its names below `constraints`. Go does not look at subjects.
pub(in super::super) fn check(facts: &Facts, constraints: &Constraints) -> Result<(), Forbidden> {
    // Of other forms Go knows nothing; that it refuses them where they are critical is decided elsewhere.
    for name in alternative_names(facts).filter(|name| name.is_known_to_go()) {
        if let Name::Uri(uri) = name {
            host(uri).ok_or_else(|| Forbidden::NameSyntax(uri.clone()))?;
        }
        constraints.judge(name, |name, base| Ok(is_within(name, base)))?;
    }
    Ok(())
}

fn is_within(name: &Name, base: &Name) -> bool {
    match (name, base) {
        (Name::Uri(uri), Name::Uri(base)) => host(uri).is_some_and(|host| is_below(&host, base)),
        (Name::Dns(name), Name::Dns(base)) => is_below(name, base),
        (Name::Email(address), Name::Email(base)) => {
            match (address.rsplit_once('@'), base.rsplit_once('@')) {
                (Some((local, domain)), Some((base_local, base_domain))) => {
                    local == base_local && domain.eq_ignore_ascii_case(base_domain)
                }
                (Some((_, domain)), None) => is_below(domain, base),
                (None, _) => false,
            }
        }
        (Name::Address(octets), Name::Address(network)) => {
            let (address, mask) = network.split_at(network.len() / 2);
            octets.len() == address.len()
                && octets
                    .iter()
                    .zip(address)
                    .zip(mask)
                    .all(|((octet, base), mask)| octet & mask == base & mask)
        }
        _ => false,
    }
}

/// The host of a URI, which must be there and no IP address (`parseURIs`).
fn host(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_ascii_lowercase();
    let is_good = !host.is_empty() && !host.starts_with('[') && host.parse::<IpAddr>().is_err();
    is_good.then_some(host)
}
