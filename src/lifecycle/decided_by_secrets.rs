//! Which fields an object has must not depend on a secret: a plan shows them.

use tfplugin::{AttributePath, Diagnostic};

use crate::desired::ManifestSet;
use crate::diagnostics;
use crate::manifests::{self, FingerprintKey, ObjectId};

/// Refuses a set in which a secret decides which fields an object has; `path` is where the configuration has the cluster.
///
/// # Errors
/// The first such object, with its fields.
pub fn secrets_decide_nothing(set: &ManifestSet, path: AttributePath) -> Result<(), Diagnostic> {
    // Only names of fields are compared.
    let key = FingerprintKey::new([0; 32]);
    for manifest in set.manifests() {
        let Some(fields) = manifests::decided_by_secrets(manifest, &key) else { continue };
        let id = ObjectId::of(set.cluster(), manifest.shown());
        let fields = if fields.is_empty() {
            "It has fields that it does not have with another value.".to_owned()
        } else {
            format!(
                "With another value it does not have:\n\n{}",
                diagnostics::lines(fields.iter().map(String::as_str))
            )
        };
        let summary =
            format!("Cluster {:?}: a secret decides which fields {} {} has", id.cluster, id.kind, id.name);
        return Err(
            Diagnostic::error(summary, format!("{fields}\n\n{}", diagnostics::SECRET_DECIDES)).at(path)
        );
    }
    Ok(())
}
