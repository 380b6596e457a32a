//! Whom the mesh trusts besides its own root: what the user says in `caCertificates` of `mesh_config`, and what istiod is told of
//! all records together.

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Severity};

use super::place::primary;
use super::problems::{Class, Problem};
use super::status::{ABSENT, READY};
use crate::diagnostics;
use crate::mesh::ValidatedMesh;
use crate::observe::{self, Snapshot};
use crate::rollout::{SharedMeshConfigError, shared_mesh_config};
use crate::trust;

/// Someone else has written the list.
const CHANGED: &str = "changed";
/// A record gives no list.
const INVALID_RECORD: &str = "invalid_record";

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

/// Whether istiod of this cluster is told what the records say; a warning if that cannot be seen.
pub async fn observe(cluster: &Snapshot, namespace: &str) -> Result<&'static str, Diagnostic> {
    let found = observe::shared_mesh_config(cluster, namespace).await;
    let found = found.map_err(SharedMeshConfigError::Read);
    match found.and_then(|found| shared_mesh_config::is_composed(found.data.as_ref(), &found.records)) {
        Ok(Some(true)) => Ok(READY),
        Ok(Some(false)) => Ok(CHANGED),
        Ok(None) => Ok(ABSENT),
        Err(SharedMeshConfigError::Compose(_)) => Ok(INVALID_RECORD),
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

/// What is wrong with it, and what to do.
pub fn problem(label: &str, state: &str) -> Option<Problem> {
    let (cause, help) = match state {
        CHANGED => (
            "does not match its records",
            "The ConfigMap shared-mesh-config in the mesh's namespace contains what the mesh trusts in addition to its own root. \
             It, or one of its records, was changed outside Terraform. Apply again; that restores it.",
        ),
        ABSENT => (
            "does not exist",
            "The ConfigMap shared-mesh-config in the mesh's namespace was deleted, so istiod trusts only the mesh's own root. \
             Apply again; that restores it.",
        ),
        INVALID_RECORD => (
            "cannot be composed from its records",
            "A ConfigMap with the label terraform-provider-istio/record-of=shared-mesh-config in the mesh's namespace was edited \
             by hand. Until it is repaired, no change of what the mesh trusts takes effect. Apply again; if the record is not \
             the mesh's own, apply the resource that owns it.",
        ),
        _ => return None,
    };
    let summary = format!("Cluster {label:?}: the shared mesh configuration {cause}");
    let message = Diagnostic::error(summary, help).at(primary(label));
    // The apply has composed it: who undoes that goes on doing so.
    Some(Problem { class: Class::Broken, message })
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

    #[test]
    fn a_list_that_istiod_does_not_have_as_it_is_meant_is_a_problem() {
        assert!([CHANGED, ABSENT, INVALID_RECORD].iter().all(|state| problem("east", state).is_some()));
        assert!(problem("east", READY).is_none());
    }
}
