//! What decides which root a mesh has: who shall sign, and what its clusters hold.

use std::collections::BTreeMap;

use super::certificate::Certificate;
use super::signer::Signer;

/// Who signs, as far as it decides which root a mesh has.
#[derive(Clone, Debug)]
pub enum Signing {
    /// One root of the provider's; a Secret of this cluster keeps its key.
    Kept {
        /// The cluster.
        key_cluster: String,
    },
    /// One root of the user's, who gives its key at each apply.
    User(Box<Certificate>),
    /// What the user gives for each cluster.
    Given(BTreeMap<String, Signer>),
    /// What someone else writes.
    Existing,
    /// A root that istiod makes for itself.
    SelfSigned,
}

/// The same without what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// See [`Signing::Kept`].
    Kept,
    /// See [`Signing::User`].
    User,
    /// See [`Signing::Given`].
    Given,
    /// See [`Signing::Existing`].
    Existing,
    /// See [`Signing::SelfSigned`].
    SelfSigned,
}

/// What a Secret is found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// There is none.
    Absent,
    /// It cannot be used, for this reason.
    Unusable(String),
    /// This.
    Holds(T),
}

/// One cluster of the mesh as it was before or shall be.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Whether the mesh shall be there.
    pub is_planned: bool,
    /// Whether the mesh has been there so far: state knows this very cluster.
    pub is_known: bool,
    /// What the configuration of before gave it; `None` if it gave nothing.
    pub configured: Option<Signer>,
    /// What was read in it; `None` if that could not be done.
    pub seen: Option<Seen>,
}

/// The certificates that a cluster holds.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The root in the Secret that keeps its key.
    pub root: Found<Certificate>,
    /// Whether that is the one that the last apply wrote.
    pub is_as_written: bool,
    /// What istiod finds to sign with.
    pub authority: Found<Signer>,
    /// What istiod made for itself, because it found nothing.
    pub own: Found<Certificate>,
    /// What the mesh's istiod has told proxies to trust; nothing where it never ran.
    pub trusted: Vec<Certificate>,
}

impl Signing {
    /// What kind it is.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Kept { .. } => Mode::Kept,
            Self::User(_) => Mode::User,
            Self::Given(_) => Mode::Given,
            Self::Existing => Mode::Existing,
            Self::SelfSigned => Mode::SelfSigned,
        }
    }
}

impl<T> Found<T> {
    /// What it holds, if that can be used.
    pub fn held(&self) -> Option<&T> {
        match self {
            Self::Holds(held) => Some(held),
            Self::Absent | Self::Unusable(_) => None,
        }
    }

    /// The fingerprint that `root` tells of what it holds, or why there is none; `None` where nothing is.
    pub(super) fn told(&self, root: impl Fn(&T) -> &Certificate) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Unusable(reason) => Some(reason.clone()),
            Self::Holds(held) => Some(root(held).fingerprint()),
        }
    }
}
