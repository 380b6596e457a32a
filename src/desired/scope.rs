//! What is in no namespace.

use super::object;
use serde_json::Value;

/// Whether this is a custom resource definition.
pub(crate) fn is_definition(object: &Value) -> bool {
    object::group(object) == "apiextensions.k8s.io"
}

/// Whether objects of this kind are in no namespace, among the kinds that charts install.
pub(crate) fn is_cluster_scoped(object: &Value) -> bool {
    match (object::group(object), object::kind(object)) {
        (
            "admissionregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "apiregistration.k8s.io"
            | "scheduling.k8s.io",
            _,
        )
        | ("", "Namespace" | "Node" | "PersistentVolume")
        | ("certificates.k8s.io", "ClusterTrustBundle")
        | ("gateway.networking.k8s.io", "GatewayClass")
        | ("networking.k8s.io", "IngressClass")
        | ("node.k8s.io", "RuntimeClass") => true,
        ("rbac.authorization.k8s.io", kind) => kind.starts_with("Cluster"),
        ("storage.k8s.io", kind) => kind != "CSIStorageCapacity",
        _ => false,
    }
}
