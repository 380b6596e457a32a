//! `trusted`: what is recorded of each peer when it is first trusted, and compared from then on.

use std::collections::BTreeSet;

use tfplugin::Field;

use super::model::{FederationModel, TrustedModel};
use crate::documents::texts;
use crate::mesh::{Federation, RecordedPeer};

/// What state has recorded of a peer.
pub fn recorded(prior: &FederationModel, peer: &str) -> Option<RecordedPeer> {
    let TrustedModel { trust_domain, root_sha256, serial } = prior.trusted.as_known()?.get(peer)?;
    let roots: BTreeSet<String> =
        root_sha256.as_known()?.iter().filter_map(|root| root.as_known().cloned()).collect();
    let trust_domain = trust_domain.as_known()?.clone();
    Some(RecordedPeer { trust_domain, roots, serial: serial.as_known().copied() })
}

/// What is recorded from now on. Of a peer whose document is awaited, what was recorded stays: it may come back.
pub fn recording(
    federation: &Federation,
    prior: Option<&FederationModel>,
) -> Field<std::collections::BTreeMap<String, TrustedModel>> {
    let peers = federation.peers.iter().filter_map(|(name, peer)| {
        let recorded = match &peer.document {
            Some(document) => TrustedModel {
                trust_domain: Field::Known(document.trust_domain.clone()),
                root_sha256: texts(document.roots.iter().map(|root| root.sha256.clone())),
                serial: document.serial.into(),
            },
            None => prior?.trusted.as_known()?.get(name)?.clone(),
        };
        Some((name.clone(), recorded))
    });
    Field::Known(peers.collect())
}
