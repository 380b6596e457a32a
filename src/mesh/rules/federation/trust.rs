//! Which roots of other meshes are trusted.

use std::collections::BTreeSet;

use super::super::super::federation::{DeclaredPeer, Federation, PeerDocument, peer_field};
use super::super::super::violation::{FieldPath, Violation};
use super::peers::of_documents;
use super::{PeerRule, broken};

/// There is something to trust.
pub(super) fn peers_have_roots(federation: &Federation) -> Vec<Violation> {
    of_documents(federation, |_, document| document.roots.is_empty().then_some(PeerRule::NoRoot))
}

/// No peer's root has the key of one of the mesh's own, which stands for every identity already.
pub(super) fn roots_are_not_own(federation: &Federation) -> Vec<Violation> {
    of_documents(federation, |_, document| {
        let own = document.roots.iter().find(|root| federation.mesh.root_keys.contains(&root.key))?;
        Some(PeerRule::OwnRoot(own.sha256.clone()))
    })
}

/// Each root is of one peer of the mesh: of two cross-certificates with one name and key, proxies would take either.
pub(super) fn roots_are_of_one_peer(federation: &Federation) -> Vec<Violation> {
    let elsewhere = || {
        federation.other_federations().flat_map(|(other, record)| {
            record.peers.iter().flat_map(move |(peer, trusted)| {
                let keys = trusted.root_keys.iter();
                keys.map(move |key| (key.as_str(), format!("peer {peer:?} of federation {other:?}")))
            })
        })
    };
    of_documents(federation, |name, document| {
        let others = federation.documents().filter(|(other, _)| *other != name);
        let here = others.flat_map(|(other, document)| {
            document.roots.iter().map(move |root| (root.key.as_str(), format!("peer {other:?}")))
        });
        let taken: Vec<(&str, String)> = here.chain(elsewhere()).collect();
        document.roots.iter().find_map(|root| {
            let (_, other) = taken.iter().find(|(key, _)| *key == root.key)?;
            Some(PeerRule::RootTaken { root: root.sha256.clone(), other: other.clone() })
        })
    })
}

/// A peer keeps the trust domain under which it was first trusted.
pub(super) fn trust_domains_stay(federation: &Federation) -> Vec<Violation> {
    of_peers(federation, |peer, document| {
        let recorded = &peer.recorded.as_ref()?.trust_domain;
        (*recorded != document.trust_domain).then(|| PeerRule::OtherTrustDomain {
            recorded: recorded.clone(),
            found: document.trust_domain.clone(),
        })
    })
}

/// The roots of a peer are those that its user names, or else those that were first trusted: whoever alters a document alters its roots,
/// its trust domain and its gateways alike.
pub(super) fn roots_are_named(federation: &Federation) -> Vec<Violation> {
    of_peers(federation, |peer, document| {
        let found: BTreeSet<&str> = document.roots.iter().map(|root| root.sha256.as_str()).collect();
        if !peer.root_sha256.is_empty() {
            let named: BTreeSet<String> = peer.root_sha256.iter().map(|text| in_one_form(text)).collect();
            let unexpected = found.into_iter().find(|root| !named.contains(*root))?;
            return Some(PeerRule::UnexpectedRoot(unexpected.to_owned()));
        }
        let recorded = &peer.recorded.as_ref()?.roots;
        let is_same = recorded.iter().map(String::as_str).eq(found.iter().copied());
        (!is_same).then(|| PeerRule::RootsChanged {
            recorded: recorded.iter().cloned().collect(),
            found: found.iter().map(|&root| root.to_owned()).collect(),
        })
    })
}

/// `sha256:` and lower-case digits; openssl prints colons and capitals.
fn in_one_form(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let digits = lower.strip_prefix("sha256:").unwrap_or(&lower);
    format!("sha256:{}", digits.replace(':', ""))
}

/// A document is not older than the one before: it could bring back a root that was withdrawn.
pub(super) fn documents_are_not_older(federation: &Federation) -> Vec<Violation> {
    of_peers(federation, |peer, document| {
        let recorded = peer.recorded.as_ref()?.serial?;
        // One without a number is older than any with one.
        let found = document.serial.unwrap_or_default();
        (found < recorded).then_some(PeerRule::OlderDocument { recorded, found })
    })
}

/// Proxies check no revocation lists: with some, `BoringSSL` wants one of every authority of every chain
/// (`X509_V_FLAG_CRL_CHECK_ALL`), and a peer's authorities have none here.
pub(super) fn no_revocation_lists(federation: &Federation) -> Vec<Violation> {
    let is_refused = federation.mesh.has_revocation_lists && federation.documents().next().is_some();
    let rule = || broken(FieldPath::attribute("mesh"), PeerRule::RevocationLists);
    is_refused.then(rule).into_iter().collect()
}

/// A rule about each peer with a document.
fn of_peers(
    federation: &Federation,
    rule: impl Fn(&DeclaredPeer, &PeerDocument) -> Option<PeerRule>,
) -> Vec<Violation> {
    let broken = |(name, peer): (&String, &DeclaredPeer)| {
        let document = peer.document.as_ref()?;
        Some(broken(peer_field(name).then("document"), rule(peer, document)?))
    };
    federation.peers.iter().filter_map(broken).collect()
}
