use serde_json::Value;

use crate::compare::Difference;
use crate::field_path::FieldPath;
use crate::object_id::ObjectId;

/// Fields that Kubernetes never lets change (validation of the kinds in `pkg/apis/*/validation`). Everything below them counts too.
const IMMUTABLE: &[(&str, &str, &[&str])] = &[
    ("apps", "Deployment", &["spec.selector"]),
    ("apps", "ReplicaSet", &["spec.selector"]),
    ("apps", "DaemonSet", &["spec.selector"]),
    (
        "apps",
        "StatefulSet",
        &["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"],
    ),
    ("batch", "Job", &["spec.selector", "spec.template", "spec.completionMode", "spec.manualSelector"]),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef"]),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef"]),
    ("", "Secret", &["type"]),
    ("", "Service", &["spec.clusterIP", "spec.clusterIPs"]),
    ("scheduling.k8s.io", "PriorityClass", &["value", "preemptionPolicy"]),
    ("storage.k8s.io", "StorageClass", &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
    ("node.k8s.io", "RuntimeClass", &["handler"]),
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        &["spec.group", "spec.scope", "spec.names.plural", "spec.names.kind"],
    ),
    ("networking.k8s.io", "IngressClass", &["spec.controller"]),
];

/// The immutable fields among those that change, sorted.
pub(crate) fn immutable_fields(id: &ObjectId, live: &Value, differences: &[Difference]) -> Vec<FieldPath> {
    let fields: Vec<FieldPath> = names(id, live).filter_map(|field| field.parse().ok()).collect();
    let changed = differences.iter().map(|difference| &difference.path);
    changed.filter(|path| fields.iter().any(|field| path.starts_with(field))).cloned().collect()
}

fn names<'a>(id: &'a ObjectId, live: &Value) -> impl Iterator<Item = &'static str> + use<'a> {
    let rules = IMMUTABLE.iter().filter(|(group, kind, _)| *group == id.group && *kind == id.kind);
    let is_frozen = matches!((id.group.as_str(), id.kind.as_str()), ("", "ConfigMap" | "Secret"))
        && live["immutable"] == true;
    let frozen: &[&str] = if is_frozen { &["data", "binaryData", "immutable"] } else { &[] };
    rules.flat_map(|(_, _, fields)| *fields).chain(frozen).copied()
}
