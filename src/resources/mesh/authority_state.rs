//! How it stands with what istiod of a cluster signs with.

use std::collections::BTreeSet;

use tfplugin::Diagnostic;
use time::OffsetDateTime;

use super::expiry;
use super::model::MeshModel;
use super::place::primary;
use super::problems::{Class, Problem};
use super::status::READY;
use crate::desired::Placeholder;
use crate::observe::ControlPlane;
use crate::trust::{ROOT_CERT, Signer};

/// Little of its life is left, and the root can sign another one.
const RENEWAL_DUE: &str = "renewal_due";
/// There is no Secret `cacerts`.
const MISSING: &str = "missing";
/// The Secret `cacerts` holds nothing that leads to one of its roots.
const UNUSABLE: &str = "unusable";
/// Workloads trust another root than the Secret `cacerts` leads to.
const NOT_IN_USE: &str = "not_in_use";

/// Who signs in the mesh, as the configuration has it.
pub fn mode(mesh: &MeshModel) -> &str {
    let authority = mesh.certificate_authority.as_known();
    authority.and_then(|authority| authority.mode.as_str()).unwrap_or("generated")
}

/// The state of one cluster's authority. What has not been seen yet, such as the roots that proxies trust, is no fault.
pub fn state(control_plane: &ControlPlane, mode: &str, now: OffsetDateTime) -> &'static str {
    let Some(files) = &control_plane.authority else {
        return if mode == "self_signed" { READY } else { MISSING };
    };
    let Ok(signer) = Signer::parse(files) else { return UNUSABLE };
    let roots = expiry::roots(control_plane);
    if !roots.is_empty() && !roots.contains(signer.leads_to()) {
        NOT_IN_USE
    } else if mode == "generated" && signer.is_renewal_due(now) {
        RENEWAL_DUE
    } else {
        READY
    }
}

/// The clusters whose intermediate the next apply renews.
pub fn due_for_renewal(prior: Option<&MeshModel>) -> BTreeSet<String> {
    let status = prior.filter(|prior| mode(prior) == "generated").and_then(|prior| prior.status.as_known());
    let clusters = status.and_then(|status| status.clusters.as_known()).into_iter().flatten();
    let due = clusters.filter(|(_, cluster)| cluster.authority.as_str() == Some(RENEWAL_DUE));
    due.map(|(label, _)| label.clone()).collect()
}

/// Whether a file belongs to an intermediate that is to be renewed. The next one has the same bundle of roots.
pub fn is_renewed(due: &BTreeSet<String>, cluster: &str, placeholder: &Placeholder) -> bool {
    let changes = matches!(placeholder, Placeholder::Intermediate { file, .. } if *file != ROOT_CERT);
    changes && due.contains(cluster)
}

/// What is wrong where istiod of a cluster does not sign with what it should. That a renewal is due is none: a warning about the
/// end of the certificate says it.
pub fn problem(label: &str, state: &str) -> Option<Problem> {
    let (class, cause, detail) = match state {
        MISSING => (
            Class::Broken,
            "the Secret cacerts is missing",
            "A running istiod continues with what it has read, but one that starts now creates its own root, which no other \
             cluster trusts. Apply again; that writes the Secret, with certificates of the same root. With mode = \"existing\", \
             the tool that writes the Secret must restore it.",
        ),
        UNUSABLE => (
            Class::Broken,
            "istiod cannot sign with the Secret cacerts",
            "Its certificate leads to none of its roots, or cannot be read; an istiod that starts now fails. Apply again; that \
             restores the Secret. With mode = \"existing\", the tool that writes the Secret must correct it.",
        ),
        // Until istiod has started again, and told proxies what to trust.
        NOT_IN_USE => (
            Class::Open,
            "its workloads trust another root than the Secret cacerts leads to",
            "istiod picks up another root only when it starts. Either it started while the Secret was missing and created its \
             own root (Secret istio-ca-secret), or the Secret was replaced later. Apply again; that restores the Secret, deletes \
             what istiod created for itself and restarts the Deployment istiod. With mode = \"existing\" or \"self_signed\", \
             make sure that the Secret is the intended one, and restart the Deployment istiod.",
        ),
        _ => return None,
    };
    let message = Diagnostic::error(format!("Cluster {label:?}: {cause}"), detail).at(primary(label));
    Some(Problem { class, message })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use time::Duration;

    use super::*;
    use crate::trust::{IntermediateRequest, KeyType, Root, RootRequest};

    const KEY_TYPE: KeyType = KeyType::EcdsaP256;

    fn made() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(946_684_800).unwrap()
    }

    fn root() -> Root {
        let lifetime = Duration::days(3650);
        let (organization, common_name) = ("Shop", "Root");
        let request = RootRequest { organization, common_name, key_type: KEY_TYPE, now: made(), lifetime };
        Root::generate(&request).unwrap()
    }

    /// A control plane that finds an intermediate of `signed_by` and tells proxies to trust `trusted`.
    fn seen(signed_by: Option<&Root>, trusted: Option<&Root>) -> ControlPlane {
        let lifetime = Duration::days(730);
        let (cluster, namespace) = ("east", "istio-system");
        let request = IntermediateRequest { cluster, namespace, key_type: KEY_TYPE, now: made(), lifetime };
        let files = signed_by.map(|root| {
            let files = root.issue(&request).unwrap().files().into_iter();
            files.map(|(name, text)| (name.to_owned(), text.expose_secret().as_bytes().to_vec())).collect()
        });
        let roots = trusted.map(|root| root.certificate().pem());
        ControlPlane { is_installed: true, replicas: Ok(Vec::new()), roots, authority: files, gateway: None }
    }

    #[test]
    fn the_state_says_whether_istiod_signs_with_what_it_should() {
        let (root, other) = (root(), root());
        let cases = [
            (seen(Some(&root), Some(&root)), "generated", 0, READY),
            (seen(Some(&root), None), "generated", 0, READY),
            (seen(Some(&root), Some(&root)), "generated", 700, RENEWAL_DUE),
            (seen(Some(&root), Some(&root)), "given", 700, READY),
            (seen(Some(&root), Some(&other)), "generated", 0, NOT_IN_USE),
            (seen(Some(&root), Some(&other)), "self_signed", 0, NOT_IN_USE),
            (seen(None, Some(&other)), "generated", 0, MISSING),
            (seen(None, Some(&other)), "existing", 0, MISSING),
            (seen(None, Some(&other)), "self_signed", 0, READY),
        ];
        for (control_plane, mode, days, expected) in cases {
            assert_eq!(
                state(&control_plane, mode, made() + Duration::days(days)),
                expected,
                "{mode}, {days}"
            );
        }
        let broken = [("ca-cert.pem".to_owned(), b"nothing".to_vec())].into();
        let broken = ControlPlane { authority: Some(broken), ..seen(None, Some(&root)) };
        assert_eq!(state(&broken, "generated", made()), UNUSABLE);
    }

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

    #[test]
    fn what_an_apply_cannot_leave_as_it_is_is_a_problem() {
        for fine in [READY, RENEWAL_DUE, "unknown"] {
            assert_eq!(problem("east", fine), None, "{fine}");
        }
        for (state, text) in
            [(MISSING, "is missing"), (UNUSABLE, "cannot sign"), (NOT_IN_USE, "another root")]
        {
            let problem = problem("east", state).unwrap();
            assert!(problem.message.summary.contains(text), "{state}: {problem:?}");
        }
    }
}
