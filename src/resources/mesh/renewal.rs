//! Which clusters get a new intermediate because the one that they have ends soon.

use std::collections::BTreeSet;

use super::model::MeshModel;
use crate::blocks::state_of;
use crate::desired::Placeholder;
use crate::health::AuthorityState;
use crate::mesh::AuthorityMode;
use crate::trust::ROOT_CERT;

/// The clusters whose intermediate the next apply renews.
pub fn due_for_renewal(prior: Option<&MeshModel>) -> BTreeSet<String> {
    let prior = prior.filter(|prior| prior.authority_mode() == AuthorityMode::Generated);
    let status = prior.and_then(|prior| prior.status.as_known());
    let clusters = status.and_then(|status| status.clusters.as_known()).into_iter().flatten();
    let is_due = |word| state_of(word) == Some(AuthorityState::RenewalDue);
    clusters.filter(|(_, cluster)| is_due(&cluster.authority)).map(|(label, _)| label.clone()).collect()
}

/// Whether a file belongs to an intermediate that is to be renewed. The next one has the same bundle of roots.
pub fn is_renewed(due: &BTreeSet<String>, cluster: &str, placeholder: &Placeholder) -> bool {
    let changes = matches!(placeholder, Placeholder::Intermediate { file, .. } if *file != ROOT_CERT);
    changes && due.contains(cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refresh_has_found_due_is_planned_anew_but_for_its_bundle() {
        let due: BTreeSet<String> = ["east".to_owned()].into();
        let placeholder = |file| Placeholder::Intermediate { file, version: 0 };
        for file in ["ca-cert.pem", "ca-key.pem", "cert-chain.pem"] {
            assert!(is_renewed(&due, "east", &placeholder(file)), "{file}");
            assert!(!is_renewed(&due, "west", &placeholder(file)), "{file}");
        }
        assert!(!is_renewed(&due, "east", &placeholder(ROOT_CERT)));
        assert!(!is_renewed(&due, "east", &Placeholder::Root("tls.crt")));
    }
}
