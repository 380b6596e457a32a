//! What other meshes are to this one, and to each other.

use super::super::super::federation::{Federation, PeerDocument, peer_field, peer_network};
use super::super::super::member_record::{MemberKind, MemberRecord};
use super::super::super::names::{DEFAULT_TRUST_DOMAIN, is_dns_subdomain};
use super::super::super::violation::{FieldPath, Violation};
use super::{PeerRule, broken};

/// No other federation of the mesh has its name.
pub(super) fn name_is_free(federation: &Federation) -> Vec<Violation> {
    let is_same =
        |other: &&MemberRecord| other.kind == MemberKind::Federation && other.name == federation.name;
    let taken = federation.others.iter().find(is_same);
    taken.map(|_| broken(FieldPath::attribute("name"), PeerRule::NameTaken)).into_iter().collect()
}

/// The mesh has a trust domain of its own.
pub(super) fn own_trust_domain_is_special(federation: &Federation) -> Vec<Violation> {
    let is_default = federation.mesh.trust_domain == DEFAULT_TRUST_DOMAIN;
    let rule = || broken(FieldPath::attribute("mesh"), PeerRule::DefaultTrustDomain);
    is_default.then(rule).into_iter().collect()
}

/// Peers have trust domains of their own.
pub(super) fn trust_domains_are_special(federation: &Federation) -> Vec<Violation> {
    of_documents(federation, |_, document| {
        (document.trust_domain == DEFAULT_TRUST_DOMAIN).then_some(PeerRule::DefaultTrustDomain)
    })
}

/// Roots can be bound to their trust domains: `BoringSSL` refuses every name of which it cannot say whether a constraint permits it, and
/// takes a host whose last label is a number for an address (`nc_uri_is_fqdn` in `crypto/x509/v3_ncons.cc`).
pub(super) fn trust_domains_are_hosts(federation: &Federation) -> Vec<Violation> {
    of_documents(federation, |_, document| {
        let last = document.trust_domain.rsplit('.').next().unwrap_or_default();
        let is_number = match last.strip_prefix("0x") {
            Some(digits) => digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
            None => !last.is_empty() && last.bytes().all(|digit| digit.is_ascii_digit()),
        };
        is_number.then(|| PeerRule::NotAHost(document.trust_domain.clone()))
    })
}

/// Names of their Services end in a domain: it becomes part of server names here.
pub(super) fn domains_are_names(federation: &Federation) -> Vec<Violation> {
    of_documents(federation, |_, document| {
        let domain = document.domain_suffix.as_ref()?;
        (!is_dns_subdomain(domain)).then(|| PeerRule::Domain(domain.clone()))
    })
}

/// No workload of a peer has an identity of this mesh.
pub(super) fn trust_domains_differ_from_own(federation: &Federation) -> Vec<Violation> {
    let mesh = &federation.mesh;
    of_documents(federation, |_, document| {
        let found = &document.trust_domain;
        let is_own = mesh.trust_domain == *found || mesh.further_trust_domains.contains(found);
        is_own.then(|| PeerRule::OwnTrustDomain(found.clone()))
    })
}

/// No two peers of the mesh, of whichever federation, have one trust domain: either could issue the identities of the other, and what is
/// allowed to one would be allowed to both.
pub(super) fn trust_domains_differ(federation: &Federation) -> Vec<Violation> {
    let elsewhere = || {
        federation.other_federations().flat_map(|(other, record)| {
            record.peers.iter().map(move |(peer, trusted)| {
                (trusted.trust_domain.as_str(), format!("peer {peer:?} of federation {other:?}"))
            })
        })
    };
    of_documents(federation, |name, document| {
        let here = federation.documents().filter(|(other, _)| *other != name);
        let here = here.map(|(other, it)| (it.trust_domain.as_str(), format!("peer {other:?}")));
        let (trust_domain, other) = here.chain(elsewhere()).find(|(it, _)| *it == document.trust_domain)?;
        Some(PeerRule::TrustDomainTaken { trust_domain: trust_domain.to_owned(), other })
    })
}

/// Telemetry tells the meshes apart; nothing else in Istio looks at mesh IDs.
pub(super) fn mesh_ids_differ(federation: &Federation) -> Vec<Violation> {
    of_documents(federation, |_, document| {
        let is_same = !document.mesh_id.is_empty() && document.mesh_id == federation.mesh.mesh_id;
        is_same.then(|| PeerRule::SameMeshId(document.mesh_id.clone()))
    })
}

/// The mesh has no gateway for the network of a peer's endpoints.
pub(super) fn networks_are_free(federation: &Federation) -> Vec<Violation> {
    let primaries = federation.mesh.primaries.values().map(|primary| primary.network.as_str());
    let remotes = federation.remote_clusters().map(|remote| remote.network.as_str());
    let networks: Vec<&str> = primaries.chain(remotes).collect();
    let taken = federation.peers.keys().filter(|name| networks.contains(&peer_network(name).as_str()));
    taken.map(|name| broken(peer_field(name), PeerRule::NetworkTaken(peer_network(name)))).collect()
}

/// A rule about each document.
pub(super) fn of_documents(
    federation: &Federation,
    rule: impl Fn(&str, &PeerDocument) -> Option<PeerRule>,
) -> Vec<Violation> {
    let broken = |(name, document)| Some(broken(peer_field(name).then("document"), rule(name, document)?));
    federation.documents().filter_map(broken).collect()
}
