use core::time::Duration;

use super::names::ClusterName;

/// Who signs the identities of the mesh's workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// One root for the mesh and an intermediate for each cluster, both made by the provider.
    Generated {
        /// The cluster whose Secret keeps the root's key.
        key_cluster: ClusterName,
        /// How long a new root is valid.
        root_lifetime: Duration,
        /// How long a new intermediate is valid.
        intermediate_lifetime: Duration,
        /// Kind of all keys.
        key_type: KeyType,
    },
    /// istiod makes its own root when it first starts.
    SelfSigned,
}

/// Kind of a private key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
}

impl KeyType {
    /// The value of the setting's text, `None` if it is no such value.
    pub fn from_setting(text: &str) -> Option<Self> {
        match text {
            "ecdsa-p256" => Some(Self::EcdsaP256),
            "ecdsa-p384" => Some(Self::EcdsaP384),
            _ => None,
        }
    }
}
