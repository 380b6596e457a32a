//! What is trusted of each peer: its roots, bound to its trust domain.

use tfplugin::{AttributePath, Diagnostic};

use crate::diagnostics;
use crate::mesh::{Peer, PeerFacts, TrustBinding, ValidatedFederation};
use crate::render::BoundRoots;
use crate::trust::{Binding, Certificate, ROOT_CERT, TrustError};

/// The cross-certificates of all roots that are to be bound.
///
/// # Errors
/// A root cannot be bound.
pub fn bound_roots(federation: &ValidatedFederation) -> Result<BoundRoots, Diagnostic> {
    let mut bound = BoundRoots::new();
    for (peer, facts) in federation.known_peers() {
        if peer.trust_binding == TrustBinding::NameConstraints {
            bind(peer, facts, &mut bound).map_err(|error| cannot_bind(peer, &error))?;
        }
    }
    Ok(bound)
}

fn bind(peer: &Peer, facts: &PeerFacts, bound: &mut BoundRoots) -> Result<(), TrustError> {
    let binding = Binding { trust_domain: &facts.trust_domain, namespace: &facts.namespace };
    for (fingerprint, root) in &facts.roots {
        let file = format!("the document of peer {:?}", peer.name.as_str());
        for certificate in Certificate::parse_all(ROOT_CERT, root.pem.as_bytes())? {
            bound.insert(fingerprint.clone(), binding.bind(&file, &certificate)?.pem());
        }
    }
    Ok(())
}

fn cannot_bind(peer: &Peer, error: &TrustError) -> Diagnostic {
    let summary = format!("Peer {:?}: its root cannot be bound to its trust domain", peer.name.as_str());
    let path = AttributePath::new("peer").key(peer.name.as_str()).attribute("document");
    diagnostics::failure(summary, error, error.way_out(), Some(path))
}
