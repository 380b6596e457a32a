//! Authorities of a mesh that will not be valid much longer. With one that has expired, proxies get no certificates any more and
//! every call fails within a day.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{AttributePath, Diagnostic};
use time::OffsetDateTime;

use super::place::primary;
use crate::observe::ControlPlane;
use crate::trust::{Certificate, Signer};

/// The roots that proxies of a cluster trust; those that cannot be read are left out.
pub fn roots(control_plane: &ControlPlane) -> Vec<Certificate> {
    let roots = control_plane.roots.as_deref().unwrap_or_default();
    Certificate::parse_all("root-cert.pem", roots.as_bytes()).unwrap_or_default()
}

/// What a cluster's istiod finds to sign with, if that is no root of its own.
pub fn signer(control_plane: &ControlPlane) -> Option<Signer> {
    let signer = Signer::parse(control_plane.authority.as_ref()?).ok()?;
    (!signer.is_istiods_own()).then_some(signer)
}

/// A warning for every root and every intermediate that is near its end.
pub fn warnings(seen: &BTreeMap<String, ControlPlane>, mode: &str, now: OffsetDateTime) -> Vec<Diagnostic> {
    let is_near = |certificate: &Certificate| certificate.is_near_its_end(now);
    let roots: BTreeSet<(String, String)> = seen
        .values()
        .flat_map(roots)
        .filter(is_near)
        .map(|root| (root.not_after_text(), root.subject().to_owned()))
        .collect();
    let intermediates = seen.iter().filter_map(|(label, control_plane)| {
        let signer = signer(control_plane).filter(|signer| is_near(signer.certificate()))?;
        Some(intermediate(label, &signer, mode, now))
    });
    roots.into_iter().map(|(at, subject)| root(&subject, &at, mode)).chain(intermediates).collect()
}

fn intermediate(label: &str, signer: &Signer, mode: &str, now: OffsetDateTime) -> Diagnostic {
    let at = signer.certificate().not_after_text();
    let way_out = match mode {
        "given" => {
            "Provide a new one signed by the same root, with its key, in the given block of this cluster."
        }
        "existing" => "The tool that writes the Secret cacerts there must renew it.",
        "generated" if signer.is_renewal_due(now) => {
            "The next apply renews it: the same root signs a new one."
        }
        _ => "It expires with its root, so a new one from the same root would not be valid for longer.",
    };
    let detail = format!(
        "It signs the certificates of all workloads of {label:?}, and they expire with it. {way_out} istiod picks up a new certificate \
         of the same root without a restart."
    );
    let summary = format!("Cluster {label:?}: its CA certificate expires at {at}");
    Diagnostic::warning(summary, detail).at(primary(label))
}

fn root(subject: &str, at: &str, mode: &str) -> Diagnostic {
    let way_out = match mode {
        "self_signed" => {
            "istiod renews its own root before that, unless it has no permission to write the Secret istio-ca-secret: check its \
             log."
        }
        "existing" => "The tool that writes the Secrets cacerts must replace it.",
        _ => {
            "Plan its replacement in time: all workloads must trust the new root before anything is signed with it."
        }
    };
    let detail = format!("Every certificate of the mesh expires with it. {way_out}");
    let summary = format!("The root {subject:?} of the mesh expires at {at}");
    Diagnostic::warning(summary, detail).at(AttributePath::new("certificate_authority"))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use time::Duration;

    use super::*;
    use crate::trust::{IntermediateRequest, KeyType, Root, RootRequest};

    /// When the certificates are made, 2000-01-01T00:00:00Z.
    fn made() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(946_684_800).unwrap()
    }

    /// A root of ten years and an intermediate of two, or of ten.
    fn seen(days: i64) -> BTreeMap<String, ControlPlane> {
        let (key_type, now) = (KeyType::EcdsaP256, made());
        let lifetime = Duration::days(3650);
        let request = RootRequest { organization: "Shop", common_name: "Root", key_type, now, lifetime };
        let root = Root::generate(&request).unwrap();
        let lifetime = Duration::days(days);
        let request =
            IntermediateRequest { cluster: "east", namespace: "istio-system", key_type, now, lifetime };
        let files = root.issue(&request).unwrap().files();
        let files = files.iter().filter(|(name, _)| !name.contains("key"));
        let files = files
            .map(|(name, text)| ((*name).to_owned(), text.expose_secret().as_bytes().to_vec()))
            .collect();
        let of_both = |authority| ControlPlane {
            is_installed: true,
            replicas: Ok(Vec::new()),
            roots: Some(root.certificate().pem()),
            authority,
            gateway: None,
        };
        [("east".to_owned(), of_both(Some(files))), ("west".to_owned(), of_both(None))].into()
    }

    fn summaries(days: i64) -> Vec<String> {
        let warnings = warnings(&seen(730), "generated", made() + Duration::days(days));
        warnings.into_iter().map(|warning| warning.summary).collect()
    }

    #[test]
    fn every_authority_is_announced_once_when_its_end_is_near() {
        let root = "The root \"O=Shop, CN=Root\" of the mesh expires at 2009-12-29T00:00:00Z";
        let intermediate = "Cluster \"east\": its CA certificate expires at 2001-12-31T00:00:00Z";
        assert_eq!(summaries(600), Vec::<String>::new());
        assert_eq!(summaries(700), [intermediate]);
        assert_eq!(summaries(3600), [root, intermediate]);
    }

    #[test]
    fn the_way_out_is_that_of_who_makes_the_authority() {
        for (days, mode, of_root, of_intermediate) in [
            (730, "generated", "Plan its replacement", "The next apply renews it"),
            (3650, "generated", "Plan its replacement", "It expires with its root"),
            (730, "given", "Plan its replacement", "in the given block"),
            (730, "existing", "The tool that writes the Secrets", "The tool that writes the Secret"),
        ] {
            let warnings = warnings(&seen(days), mode, made() + Duration::days(3600));
            let details: Vec<String> = warnings.into_iter().map(|warning| warning.detail).collect();
            let [root, intermediate] = details.as_slice() else { panic!("{details:?}") };
            assert!(root.contains(of_root) && intermediate.contains(of_intermediate), "{mode}: {details:?}");
        }
    }

    #[test]
    fn no_way_out_deletes_what_istiod_signs_with() {
        for mode in ["generated", "given", "existing", "self_signed"] {
            let warnings = warnings(&seen(730), mode, made() + Duration::days(3600));
            assert!(warnings.iter().all(|warning| !warning.detail.contains("Delete")), "{warnings:?}");
        }
    }
}
