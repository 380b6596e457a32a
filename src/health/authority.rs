//! How it stands with what istiod of a cluster signs with, and how long that lasts.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::finding::{Class, Fault, SETTLES, UNSEEN};
use super::state::states;
use crate::mesh::{AuthorityMode, ClusterName};
use crate::observe::{CertificateFiles, ControlPlane};
use crate::trust::{Certificate, ROOT_CERT, Signer};

states! {
    /// The state of one cluster's authority.
    pub enum AuthorityState {
        bad {
            /// There is no Secret `cacerts`.
            Missing = "missing",
            /// The Secret `cacerts` holds nothing that leads to one of its roots.
            Unusable = "unusable",
            /// Workloads trust another root than the Secret `cacerts` leads to.
            NotInUse = "not_in_use",
            /// Little of its life is left, and the root can sign another one.
            RenewalDue = "renewal_due",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// istiod signs with what it should.
            Ready = "ready",
        }
    }
}

impl AuthorityState {
    /// The state of what was observed. What has not been seen yet, such as the roots that proxies trust, is no fault.
    pub fn of(seen: &ControlPlane, mode: AuthorityMode, now: OffsetDateTime) -> Self {
        Self::of_files(seen.authority.as_ref(), seen.roots.as_deref(), mode, now)
    }

    /// The same of a cluster whose istiod finds these files to sign with, and whose proxies trust these roots.
    pub fn of_files(
        files: Option<&CertificateFiles>,
        roots: Option<&str>,
        mode: AuthorityMode,
        now: OffsetDateTime,
    ) -> Self {
        let Some(files) = files else {
            return if mode == AuthorityMode::SelfSigned { Self::Ready } else { Self::Missing };
        };
        let signer = Signer::parse(files).and_then(|signer| Signer::check_notation(files).map(|()| signer));
        let Ok(signer) = signer else { return Self::Unusable };
        let roots = parsed(roots.unwrap_or_default());
        if !roots.is_empty() && !roots.contains(signer.leads_to()) {
            Self::NotInUse
        } else if mode == AuthorityMode::Generated && signer.is_renewal_due(now) {
            Self::RenewalDue
        } else {
            Self::Ready
        }
    }

    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready => return None,
            Self::Unknown => (Class::Implied, "it could not be observed what its istiod signs with", UNSEEN),
            // A warning about the end of the certificate says it, too.
            Self::RenewalDue => (
                Class::Implied,
                "its CA certificate is due for renewal",
                "The next apply renews it: the same root signs a new one.",
            ),
            Self::Missing => (
                Class::Broken,
                "the Secret cacerts is missing",
                "A running istiod continues with what it has read, but one that starts now creates its own root, which no other \
                 cluster trusts. Apply again; that writes the Secret, with certificates of the same root. With mode = \"existing\", \
                 the tool that writes the Secret must restore it.",
            ),
            Self::Unusable => (
                Class::Broken,
                "istiod cannot sign with the Secret cacerts",
                "Its certificate leads to none of its roots, or cannot be read; an istiod that starts now fails. Apply again; that \
                 restores the Secret. With mode = \"existing\", the tool that writes the Secret must correct it.",
            ),
            // Until istiod has started again, and told proxies what to trust.
            Self::NotInUse => (
                Class::Open,
                "its workloads trust another root than the Secret cacerts leads to",
                "istiod picks up another root only when it starts. Either it started while the Secret was missing and created its \
                 own root (Secret istio-ca-secret), or the Secret was replaced later. Apply again; that restores the Secret, deletes \
                 what istiod created for itself and restarts the Deployment istiod. With mode = \"existing\" or \"self_signed\", \
                 make sure that the Secret is the intended one, and restart the Deployment istiod.",
            ),
        };
        Some(Fault { class, settles: SETTLES, cause, remedy })
    }
}

/// The roots that proxies of a cluster trust; those that cannot be read are left out.
pub fn roots(seen: &ControlPlane) -> Vec<Certificate> {
    parsed(seen.roots.as_deref().unwrap_or_default())
}

fn parsed(roots: &str) -> Vec<Certificate> {
    Certificate::parse_all(ROOT_CERT, roots.as_bytes()).unwrap_or_default()
}

/// What a cluster's istiod finds to sign with, if that is no root of its own.
pub fn signer(seen: &ControlPlane) -> Option<Signer> {
    let signer = Signer::parse(seen.authority.as_ref()?).ok()?;
    (!signer.is_istiods_own()).then_some(signer)
}

/// An authority of a mesh that will not be valid much longer. With one that has expired, proxies get no certificates any more and
/// every call fails within a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expiring {
    /// A root.
    Root {
        /// When it expires.
        at: String,
        /// Whose it is.
        subject: String,
    },
    /// What istiod of one cluster signs with.
    Intermediate {
        /// The cluster.
        cluster: ClusterName,
        /// When it expires.
        at: String,
        /// Whether its root can sign another one that lasts longer.
        is_renewal_due: bool,
    },
}

impl Expiring {
    /// Every root and every intermediate that is near its end, each once.
    pub fn among(seen: &BTreeMap<ClusterName, ControlPlane>, now: OffsetDateTime) -> BTreeSet<Self> {
        let is_near = |certificate: &Certificate| certificate.is_near_its_end(now);
        let roots = seen.values().flat_map(roots).filter(is_near);
        let roots =
            roots.map(|root| Self::Root { at: root.not_after_text(), subject: root.subject().to_owned() });
        let intermediates = seen.iter().filter_map(|(cluster, seen)| {
            let signer = signer(seen).filter(|signer| is_near(signer.certificate()))?;
            Some(Self::Intermediate {
                at: signer.certificate().not_after_text(),
                cluster: cluster.clone(),
                is_renewal_due: signer.is_renewal_due(now),
            })
        });
        roots.chain(intermediates).collect()
    }

    /// What happens, when.
    pub fn cause(&self) -> String {
        match self {
            Self::Root { at, subject } => format!("The root {subject:?} of the mesh expires at {at}"),
            Self::Intermediate { at, cluster, .. } => {
                format!("Cluster {:?}: its CA certificate expires at {at}", cluster.as_str())
            }
        }
    }

    /// What that means, and what to do in time.
    pub fn remedy(&self, mode: AuthorityMode) -> String {
        match self {
            Self::Root { .. } => {
                format!("Every certificate of the mesh expires with it. {}", replacement_of_root(mode))
            }
            Self::Intermediate { cluster, is_renewal_due, .. } => format!(
                "It signs the certificates of all workloads of {:?}, and they expire with it. {} istiod picks up a new certificate of \
                 the same root without a restart.",
                cluster.as_str(),
                replacement_of_intermediate(mode, *is_renewal_due)
            ),
        }
    }
}

fn replacement_of_root(mode: AuthorityMode) -> &'static str {
    match mode {
        AuthorityMode::SelfSigned => {
            "istiod renews its own root before that, unless it has no permission to write the Secret istio-ca-secret: check its \
             log."
        }
        AuthorityMode::Existing => "The tool that writes the Secrets cacerts must replace it.",
        AuthorityMode::Generated | AuthorityMode::Given => {
            "Plan its replacement in time: all workloads must trust the new root before anything is signed with it."
        }
    }
}

fn replacement_of_intermediate(mode: AuthorityMode, is_renewal_due: bool) -> &'static str {
    match mode {
        AuthorityMode::Given => {
            "Provide a new one signed by the same root, with its key, in the given block of this cluster."
        }
        AuthorityMode::Existing => "The tool that writes the Secret cacerts there must renew it.",
        AuthorityMode::Generated if is_renewal_due => {
            "The next apply renews it: the same root signs a new one."
        }
        AuthorityMode::Generated | AuthorityMode::SelfSigned => {
            "It expires with its root, so a new one from the same root would not be valid for longer."
        }
    }
}

#[cfg(test)]
mod tests;
