//! Identities that are pinned or allowed.

use std::collections::BTreeSet;

use super::super::super::federation::{DeclaredIdentity, WorkloadIdentity};
use super::super::super::names::TrustDomain;
use super::super::super::violation::{FieldPath, Violation};
use super::{ShareRule, broken};

/// Whose the pods of a Service are: at least one identity, all of the trust domain of the Service's mesh. Istio accepts any identity of
/// any trusted root where none is pinned (`pilot/pkg/networking/core/cluster_tls.go`).
pub(in crate::mesh) fn identities(
    texts: &BTreeSet<String>,
    field: &FieldPath,
    trust_domain: &TrustDomain,
) -> Result<BTreeSet<WorkloadIdentity>, Vec<Violation>> {
    if texts.is_empty() {
        return Err(vec![broken(field.clone(), ShareRule::NoIdentity)]);
    }
    read_all(texts, field, |text, declared| {
        let identity = declared.of(trust_domain);
        if identity.trust_domain() == trust_domain {
            return Ok(identity);
        }
        let expected = vec![trust_domain.to_string()];
        Err(ShareRule::ForeignIdentity { identity: text.to_owned(), expected })
    })
}

/// Who may call an export, each with a trust domain; of which peers that may be is a rule over all of them.
pub(in crate::mesh) fn allowed(
    texts: &BTreeSet<String>,
    field: &FieldPath,
) -> Result<BTreeSet<WorkloadIdentity>, Vec<Violation>> {
    read_all(texts, field, |text, declared| match declared.trust_domain.clone() {
        Some(trust_domain) => Ok(declared.of(&trust_domain)),
        None => Err(ShareRule::NoTrustDomain(text.to_owned())),
    })
}

fn read_all(
    texts: &BTreeSet<String>,
    field: &FieldPath,
    read: impl Fn(&str, DeclaredIdentity) -> Result<WorkloadIdentity, ShareRule>,
) -> Result<BTreeSet<WorkloadIdentity>, Vec<Violation>> {
    let (mut identities, mut found) = (BTreeSet::new(), Vec::new());
    for text in texts {
        let declared = DeclaredIdentity::parse(text);
        let declared = declared.ok_or_else(|| ShareRule::Identity(text.clone()));
        match declared.and_then(|declared| read(text, declared)) {
            Ok(identity) => {
                identities.insert(identity);
            }
            Err(rule) => found.push(broken(field.clone(), rule)),
        }
    }
    if found.is_empty() { Ok(identities) } else { Err(found) }
}
