//! Who injects the proxies of a cluster that joins a mesh.

use serde::{Deserialize, Serialize};

use super::authority::AuthorityMode;
use super::names::ClusterName;

/// Whose istiod injects the proxies of a cluster without a control plane of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Injector {
    /// That of the primaries that serve it.
    #[default]
    Primary,
    /// One in the cluster itself, which does nothing else for them.
    Local,
}

/// Where what the istiod of a cluster signs with comes from that injects its own proxies. It must be of the mesh's root: the API server
/// knows istiod by it, and proxies are told to trust it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAuthority {
    /// The provider issues it by the root whose key a Secret of this primary keeps.
    Issued(ClusterName),
    /// Someone else writes it.
    Existing,
}

impl Injector {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Primary, Self::Local];

    /// Whether it is the one that a record without a word of it means.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The setting's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Local => "local",
        }
    }

    /// The value of the setting's text, `None` if it is no such value.
    pub fn from_setting(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|injector| injector.as_str() == text)
    }
}

impl LocalAuthority {
    /// In a mesh whose authority is of this mode and whose root this cluster keeps, as its document says. `None` where nobody but istiod of
    /// the primary has the root.
    pub fn of(mode: Option<&str>, key_cluster: Option<&str>) -> Option<Self> {
        let mode = mode.and_then(AuthorityMode::from_setting);
        let keeper = key_cluster.and_then(|name| name.parse().ok());
        match (mode, keeper) {
            (Some(AuthorityMode::SelfSigned), _) => None,
            (Some(AuthorityMode::Generated), Some(keeper)) => Some(Self::Issued(keeper)),
            _ => Some(Self::Existing),
        }
    }

    /// Who writes it, in the words of a mesh.
    pub fn mode(&self) -> AuthorityMode {
        match self {
            Self::Issued(_) => AuthorityMode::Generated,
            Self::Existing => AuthorityMode::Existing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_issues_only_what_it_has_the_root_of() {
        let of = LocalAuthority::of;
        assert_eq!(
            of(Some("generated"), Some("east")),
            Some(LocalAuthority::Issued("east".parse().unwrap()))
        );
        assert_eq!(of(Some("generated"), None), Some(LocalAuthority::Existing), "the user has the root");
        assert_eq!(of(Some("existing"), None), Some(LocalAuthority::Existing));
        assert_eq!(of(Some("given"), None), Some(LocalAuthority::Existing));
        assert_eq!(of(None, None), Some(LocalAuthority::Existing), "a mesh of others");
        assert_eq!(of(Some("self_signed"), None), None);
    }
}
