use core::time::Duration;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::names::ClusterName;

/// Who signs the identities of the mesh's workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// One root for the mesh and an intermediate for each cluster, both made by the provider.
    Generated {
        /// Where the root's key comes from.
        root: RootKeeper,
        /// How long a new root is valid.
        root_lifetime: Duration,
        /// How long a new intermediate is valid.
        intermediate_lifetime: Duration,
        /// Which intermediates these are: the number tells one set from the next.
        intermediate_version: i64,
        /// Kind of all keys.
        key_type: KeyType,
    },
    /// Every cluster's certificates and key come from the user.
    Given(BTreeMap<ClusterName, GivenAuthority>),
    /// Someone else writes what istiod signs with.
    Existing,
    /// istiod makes its own root when it first starts.
    SelfSigned,
}

/// Where what istiod signs with comes from, as the setting `mode` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorityMode {
    /// The provider makes it.
    #[default]
    Generated,
    /// The user gives it.
    Given,
    /// Someone else writes it.
    Existing,
    /// istiod makes its own root.
    SelfSigned,
}

impl AuthorityMode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Generated, Self::Given, Self::Existing, Self::SelfSigned];

    /// The setting's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Given => "given",
            Self::Existing => "existing",
            Self::SelfSigned => "self_signed",
        }
    }

    /// The value of the setting's text, `None` if it is no such value.
    pub fn from_setting(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// Where the key of the mesh's root comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootKeeper {
    /// The provider makes the root, and a Secret of this cluster keeps its key.
    Cluster(ClusterName),
    /// The user gives the root at each apply; no cluster has its key.
    User {
        /// Its certificate, as PEM.
        certificate: String,
        /// Which key it is.
        key_version: i64,
    },
}

/// What istiod of one cluster signs with, but for the key, which is in no value of the mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GivenAuthority {
    /// The certificate that signs workload certificates, as PEM.
    pub certificate: String,
    /// The certificates from `certificate` up to its root, as PEM.
    pub certificate_chain: String,
    /// The roots that all workloads trust, as PEM.
    pub root_certificates: String,
    /// Which key it is: the number tells one from the next.
    pub private_key_version: i64,
}

/// Kind of the private keys that the provider makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
}

impl KeyType {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::EcdsaP256, Self::EcdsaP384];

    /// The setting's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
        }
    }

    /// The value of the setting's text, `None` if it is no such value.
    pub fn from_setting(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key_type| key_type.as_str() == text)
    }
}
