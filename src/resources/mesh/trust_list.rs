//! Whom the user has the mesh trust besides its own root: `caCertificates` of `mesh_config`.

use tfplugin::{AttributePath, Diagnostics};

use crate::diagnostics;
use crate::mesh::ValidatedMesh;
use crate::trust;

/// Refuses what istiod would: for one certificate that it cannot use it ignores the whole list, in silence.
pub fn check(mesh: &ValidatedMesh) -> Result<(), Diagnostics> {
    let entries = mesh.ca_certificates().iter().enumerate();
    let problems = entries.filter_map(|(position, entry)| {
        let place = format!("caCertificates[{position}]");
        let error = trust::anchors(&place, entry.pem.as_ref()?.as_bytes()).err()?;
        let summary = format!("mesh_config has a certificate in {place} that cannot be trusted");
        let path = AttributePath::new("mesh_config");
        Some(diagnostics::failure(summary, &error, error.way_out(), Some(path)))
    });
    problems.collect::<Diagnostics>().into_result()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mesh::{ChartSource, Mesh, Primary};

    fn checked(pem: &str) -> Result<(), Diagnostics> {
        let mesh = Mesh {
            mesh_id: "shop".to_owned(),
            trust_domain: "shop.example".to_owned(),
            version: "1.31.0".to_owned(),
            namespace: "istio-system".to_owned(),
            chart_source: ChartSource { repository: "charts".to_owned() },
            mesh_config: json!({"caCertificates": [{"spiffeBundleUrl": "https://a.example"}, {"pem": pem}]}),
            primaries: [("east".to_owned(), Primary { network: "net".to_owned(), ..Primary::default() })]
                .into(),
            ..Mesh::default()
        };
        check(&mesh.validate().unwrap())
    }

    #[test]
    fn a_text_that_is_no_certificate_is_refused_by_its_place() {
        let error = checked("no certificate").unwrap_err().iter().next().unwrap().clone();
        assert_eq!(
            error.summary,
            "mesh_config has a certificate in caCertificates[1] that cannot be trusted"
        );
    }
}
