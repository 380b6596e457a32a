//! What is shown of a field that changes.

use serde_json::Value;

use crate::change_set::{FieldChange, FieldValue};
use crate::compare::Difference;
use crate::field_path::{FieldPath, PathElement};
use crate::manifest::Manifest;

/// The annotation in which `kubectl apply` keeps the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What may be shown of a difference between a manifest and the live object.
pub(crate) fn shown(manifest: &Manifest, difference: &Difference) -> FieldChange {
    let masked = manifest.is_confidential() || (manifest.id().is_secret() && holds_secrets(&difference.path));
    let show = |value: &Option<Value>| {
        let value = value.clone()?;
        Some(if masked { FieldValue::Masked } else { FieldValue::Plain(value) })
    };
    FieldChange {
        path: difference.path.clone(),
        before: show(&difference.before),
        after: show(&difference.after),
    }
}

/// Whether a field of a Secret holds its data: so does the copy that `kubectl apply` keeps in an annotation. What is above such a field
/// holds it too.
fn holds_secrets(path: &FieldPath) -> bool {
    let field = |name: &str| PathElement::Field(name.to_owned());
    let copy = [field("metadata"), field("annotations"), field(LAST_APPLIED)];
    match path.elements() {
        [first, ..] if *first == field("data") => true,
        elements => copy.starts_with(elements),
    }
}
