//! Authorities whose certificates ztunnel rejects, in clusters that are in ambient mode: said by the plan.
//!
//! ztunnel verifies with webpki (its `src/tls/workload.rs`), which rejects every certificate with a URI below an authority that
//! constrains URIs, even one that is permitted. Envoy and istiod take it.

use serde_json::Value;
use tfplugin::{AttributePath, Diagnostic};

use super::mesh_charts::MeshCharts;
use crate::desired::{Kept, ManifestSet, object};
use crate::lifecycle::{Facts, KnownFacts};
use crate::mesh::{Authority, ClusterName, GivenAuthority, RootKeeper, ValidatedMesh};
use crate::trust::{CA_CERT, CERT_CHAIN, Certificate, ROOT_CERT};

/// What makes istiod serve ztunnel, in the chart's profile `ambient`.
const VARIABLE: &str = "PILOT_ENABLE_AMBIENT";

/// What the plan says of given authorities that ztunnel cannot use. Hardly any mesh has one, so rendering once more costs nothing.
pub fn rejected_by_ztunnel(charts: &MeshCharts, mesh: &ValidatedMesh, facts: &Facts) -> Option<Diagnostic> {
    let is_ambient = |name: &ClusterName| {
        let facts = facts.get(name).and_then(KnownFacts::get)?;
        // What does not render has been said already, or does not for want of values that are not known yet.
        let set = charts.render_as(mesh, name, facts, &Kept::default()).ok()?;
        serves_ztunnel(&set).then_some(())
    };
    let found = mesh.primaries().keys().find_map(|name| {
        let subject = constrained(mesh.authority(), name)?;
        is_ambient(name).map(|()| (name, subject))
    });
    let (name, subject) = found?;
    let summary = format!("Cluster {:?}: ztunnel rejects all certificates of the mesh", name.as_str());
    let detail = format!(
        "istiod runs in ambient mode ({VARIABLE}), and the CA certificate {subject:?} has name constraints for URIs. Envoy accepts what \
         is signed below it, but ztunnel cannot check such constraints and rejects it, so workloads in ambient mode reach nobody. Use a \
         CA without name constraints for URIs, or turn ambient mode off in the values of the chart istiod."
    );
    Some(Diagnostic::warning(summary, detail).at(AttributePath::new("certificate_authority")))
}

/// The subject of an authority above the cluster's workloads that constrains URIs.
fn constrained(authority: &Authority, cluster: &ClusterName) -> Option<String> {
    let files = match authority {
        Authority::Given(given) => {
            let GivenAuthority { certificate, certificate_chain, root_certificates, .. } =
                given.get(cluster)?;
            vec![(CA_CERT, certificate), (CERT_CHAIN, certificate_chain), (ROOT_CERT, root_certificates)]
        }
        Authority::Generated { root: RootKeeper::User { certificate, .. }, .. } => {
            vec![(ROOT_CERT, certificate)]
        }
        Authority::Generated { .. } | Authority::Existing | Authority::SelfSigned => Vec::new(),
    };
    // One that cannot be read has been refused.
    let certificates =
        files.iter().filter_map(|(file, text)| Certificate::parse_all(file, text.as_bytes()).ok()).flatten();
    certificates.into_iter().find(Certificate::constrains_uris).map(|it| it.subject().to_owned())
}

fn serves_ztunnel(set: &ManifestSet) -> bool {
    let objects = set.manifests().iter().map(|manifest| manifest.shown().as_ref());
    let mut istiod = objects.filter(|it| object::kind(it) == "Deployment" && object::name(it) == "istiod");
    istiod.any(|istiod| {
        let containers = istiod.pointer("/spec/template/spec/containers").and_then(Value::as_array);
        let variables = containers.into_iter().flatten().filter_map(|it| it["env"].as_array()).flatten();
        variables.into_iter().any(|variable| variable["name"] == VARIABLE && variable["value"] == "true")
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, IsCa, KeyPair};
    use serde_json::json;

    use super::*;
    use crate::mesh::{ClusterFacts, Mesh};

    /// The certificate of a CA, with name constraints of this content.
    fn authority(constraints: Option<&[u8]>) -> String {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let extension = constraints.map(|content| {
            let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 30], content.to_vec());
            extension.set_criticality(true);
            extension
        });
        parameters.custom_extensions.extend(extension);
        parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    /// Permitted: the name of this form, by its tag.
    fn permitted(tag: u8, name: &[u8]) -> Vec<u8> {
        let wrapped =
            |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        wrapped(0x30, &wrapped(0xa0, &wrapped(0x30, &wrapped(tag, name))))
    }

    fn of_uri() -> Vec<u8> {
        permitted(0x86, b"shop.example")
    }

    fn said(values: &Value, root: &str) -> Option<Diagnostic> {
        let mesh: Mesh = serde_json::from_value(json!({
            "mesh_id": "shop", "trust_domain": "shop.example", "version": "1.31.0", "namespace": "istio-system",
            "chart_source": {"repository": "charts"},
            "chart": {"istiod": values},
            "certificate_authority": {"root_certificate": root},
            "primaries": {"east": {"network": "net"}},
        }))
        .unwrap();
        let mesh = mesh.validate().unwrap();
        let charts = MeshCharts::of_istio(mesh.clone());
        let facts = ClusterFacts { uid: "u".to_owned(), kubernetes_version: "v1.36.3".to_owned() };
        rejected_by_ztunnel(&charts, &mesh, &[("east".parse().unwrap(), KnownFacts::Known(facts))].into())
    }

    #[test]
    fn a_ca_with_name_constraints_for_uris_does_not_go_with_ambient_mode() {
        for values in [json!({"profile": "ambient"}), json!({"env": {"PILOT_ENABLE_AMBIENT": "true"}})] {
            let said = said(&values, &authority(Some(&of_uri()))).unwrap();
            assert_eq!(said.summary, "Cluster \"east\": ztunnel rejects all certificates of the mesh");
            assert!(!said.is_error());
        }
    }

    #[test]
    fn without_ambient_mode_or_with_other_constraints_nothing_is_said() {
        let ambient = json!({"profile": "ambient"});
        assert_eq!(said(&json!({}), &authority(Some(&of_uri()))), None);
        assert_eq!(
            said(&json!({"env": {"PILOT_ENABLE_AMBIENT": "false"}}), &authority(Some(&of_uri()))),
            None
        );
        assert_eq!(said(&ambient, &authority(None)), None);
        assert_eq!(said(&ambient, &authority(Some(&permitted(0x81, b"shop.example")))), None);
    }
}
