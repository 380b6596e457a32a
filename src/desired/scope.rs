//! What is in no namespace.

use serde_json::Value;
use ssa::GroupKind;

use super::object;

/// Whether this is a custom resource definition.
pub(crate) fn is_definition(object: &Value) -> bool {
    object::group(object) == "apiextensions.k8s.io"
}

/// Whether objects of this kind are in no namespace, among the kinds that charts install.
pub(crate) fn is_cluster_scoped(object: &Value) -> bool {
    let (group, kind) = (object::group(object).to_owned(), object::kind(object).to_owned());
    ssa::is_cluster_scoped(&GroupKind { group, kind })
}
