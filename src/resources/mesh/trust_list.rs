//! Whom the mesh trusts besides its own root: what the user says in `caCertificates` of `mesh_config`, and what istiod is told of
//! all records together.

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Severity};

use super::place::primary;
use crate::diagnostics;
use crate::health::SharedMeshConfigState;
use crate::mesh::ValidatedMesh;
use crate::observe::{self, Snapshot};
use crate::rollout::{SharedMeshConfigError, shared_mesh_config};
use crate::trust;

/// Refuses what istiod would: for one certificate that it cannot use it ignores the whole list, in silence.
pub fn check(mesh: &ValidatedMesh) -> Result<(), Diagnostics> {
    let entries = mesh.identity().ca_certificates().iter().enumerate();
    let problems = entries.filter_map(|(position, entry)| {
        let place = format!("caCertificates[{position}]");
        let error = trust::anchors(&place, entry.pem.as_ref()?.as_bytes()).err()?;
        let summary = format!("mesh_config has a certificate in {place} that cannot be trusted");
        let path = AttributePath::new("mesh_config");
        Some(diagnostics::failure(summary, &error, error.way_out(), Some(path)))
    });
    problems.collect::<Diagnostics>().into_result()
}

/// Whether istiod of this cluster is told what the records say; a warning if that cannot be seen.
pub async fn observe(cluster: &Snapshot, namespace: &str) -> Result<SharedMeshConfigState, Diagnostic> {
    let is_composed = match observe::shared_mesh_config(cluster, namespace).await {
        Ok(found) => shared_mesh_config::is_composed(found.data.as_ref(), &found.records),
        Err(error) => Err(SharedMeshConfigError::Read(error)),
    };
    match is_composed {
        Ok(Some(true)) => Ok(SharedMeshConfigState::Ready),
        Ok(Some(false)) => Ok(SharedMeshConfigState::Changed),
        Ok(None) => Ok(SharedMeshConfigState::Absent),
        Err(SharedMeshConfigError::Compose(_)) => Ok(SharedMeshConfigState::InvalidRecord),
        Err(error) => {
            let summary =
                format!("Cluster {:?}: could not read the shared mesh configuration", cluster.name());
            let help = "status keeps what was last observed of it. Reading it requires permission to get and list ConfigMaps in \
                        the mesh's namespace.";
            let failure = diagnostics::failure(summary, &error, help, Some(primary(cluster.name())));
            Err(Diagnostic { severity: Severity::Warning, ..failure })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mesh::{ChartSource, DeclaredMember, Mesh, Primary};

    fn checked(pem: &str) -> Result<(), Diagnostics> {
        let member = DeclaredMember { network: "net".to_owned(), ..DeclaredMember::default() };
        let mesh = Mesh {
            mesh_id: "shop".to_owned(),
            trust_domain: "shop.example".to_owned(),
            version: "1.31.0".to_owned(),
            namespace: "istio-system".to_owned(),
            chart_source: ChartSource { repository: "charts".to_owned() },
            mesh_config: json!({"caCertificates": [{"spiffeBundleUrl": "https://a.example"}, {"pem": pem}]}),
            primaries: [("east".to_owned(), Primary { member, ..Primary::default() })].into(),
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
