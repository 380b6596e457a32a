//! Whom a federation has the mesh trust: its record, of which the shared mesh configuration is composed with all others.

use serde_json::{Value, json};

use super::BoundRoots;
use crate::desired::object::managed;
use crate::mesh::{
    CaCertificate, Peer, PeerFacts, PeerRoot, SharedMeshConfig, TrustBinding, ValidatedFederation,
};

/// The record; the fingerprint of a root that is to be bound and is not, if there is one.
pub(super) fn record<'a>(federation: &'a ValidatedFederation, bound: &BoundRoots) -> Result<Value, &'a str> {
    let mut ca_certificates = Vec::new();
    for (peer, facts) in federation.known_peers() {
        ca_certificates.extend(entries(peer, facts, bound)?);
    }
    let record = SharedMeshConfig { ca_certificates, ..SharedMeshConfig::default() };
    Ok(managed(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": format!("{}{}", SharedMeshConfig::RECORD_OF_FEDERATION, federation.name()),
            "namespace": federation.own().namespace,
            "labels": {SharedMeshConfig::RECORD_LABEL: SharedMeshConfig::CONFIG_MAP},
        },
        "data": {SharedMeshConfig::KEY: record.to_text()},
    })))
}

/// An entry for each root, with the trust domain: proxies refuse identities of all that no entry names
/// (`TrustDomainsForValidation` in `pilot/pkg/security/trustdomain`).
fn entries<'a>(peer: &Peer, facts: &'a PeerFacts, bound: &BoundRoots) -> Result<Vec<CaCertificate>, &'a str> {
    let entry = |(fingerprint, root): (&'a String, &PeerRoot)| {
        let pem = match peer.trust_binding {
            TrustBinding::NameConstraints => bound.get(fingerprint).ok_or(fingerprint.as_str())?,
            TrustBinding::None => &root.pem,
        };
        Ok(CaCertificate {
            pem: Some(pem.clone()),
            trust_domains: vec![facts.trust_domain.to_string()],
            ..CaCertificate::default()
        })
    };
    facts.roots.iter().map(entry).collect()
}
