//! What a federation records of itself in every primary, for the rules that hold over all federations of a mesh.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// One federation of the mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FederationRecord {
    /// The peers that are trusted, by name.
    pub peers: BTreeMap<String, TrustedPeer>,
    /// The Services that are exported, `namespace/name`, with the labels of their pods.
    pub exports: BTreeMap<String, BTreeMap<String, String>>,
    /// Names of the imported Services, with what they mean to clients.
    pub imports: BTreeMap<String, BTreeSet<String>>,
}

/// One peer that is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrustedPeer {
    /// Its trust domain.
    pub trust_domain: String,
    /// Digests of the keys of its roots.
    pub root_keys: BTreeSet<String>,
}
