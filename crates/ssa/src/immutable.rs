use kube::core::Status;
use serde_json::Value;

use crate::compare::Difference;
use crate::field_path::FieldPath;
use crate::object_id::ObjectId;

/// Fields that Kubernetes never lets change (validation of the kinds in `pkg/apis/*/validation`). Everything below them counts too.
const IMMUTABLE: &[(&str, &str, &[&str])] = &[
    (
        "",
        "PersistentVolume",
        &["spec.csi", "spec.nfs", "spec.hostPath", "spec.local", "spec.nodeAffinity", "spec.volumeMode"],
    ),
    (
        "",
        "PersistentVolumeClaim",
        &[
            "spec.accessModes",
            "spec.selector",
            "spec.storageClassName",
            "spec.volumeMode",
            "spec.volumeName",
            "spec.dataSource",
        ],
    ),
    ("", "Secret", &["type"]),
    ("", "Service", &["spec.clusterIP", "spec.clusterIPs"]),
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        &["spec.group", "spec.scope", "spec.names.plural", "spec.names.kind"],
    ),
    ("apps", "ControllerRevision", &["data"]),
    ("apps", "DaemonSet", &["spec.selector"]),
    ("apps", "Deployment", &["spec.selector"]),
    ("apps", "ReplicaSet", &["spec.selector"]),
    (
        "apps",
        "StatefulSet",
        &["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"],
    ),
    ("batch", "Job", &["spec.selector", "spec.template", "spec.completionMode", "spec.manualSelector"]),
    ("certificates.k8s.io", "CertificateSigningRequest", &["spec"]),
    ("discovery.k8s.io", "EndpointSlice", &["addressType"]),
    ("networking.k8s.io", "IngressClass", &["spec.controller"]),
    ("node.k8s.io", "RuntimeClass", &["handler"]),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef"]),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef"]),
    ("scheduling.k8s.io", "PriorityClass", &["value", "preemptionPolicy"]),
    ("storage.k8s.io", "CSIDriver", &["spec.attachRequired", "spec.volumeLifecycleModes"]),
    ("storage.k8s.io", "StorageClass", &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
    ("storage.k8s.io", "VolumeAttachment", &["spec"]),
];

/// How the server words that a field cannot change (the validation of each kind has its own words; a rule of a custom kind mostly says
/// "immutable").
const WORDS: &[&str] = &[
    "immutable",
    "may not be changed",
    "may not change",
    "cannot change",
    "can not be changed",
    "updates to ",
];

/// The fields that a refusal says to be immutable; none if it is about something else.
pub(crate) fn immutable_causes(status: &Status) -> Vec<FieldPath> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let immutable = causes.filter(|cause| WORDS.iter().any(|words| cause.message.contains(words)));
    let mut fields: Vec<FieldPath> = immutable.map(|cause| server_path(&cause.field)).collect();
    fields.sort();
    fields.dedup();
    fields
}

/// The server writes `.spec.containers[name="a"].image`; what cannot be read is kept as one member.
pub(crate) fn server_path(text: &str) -> FieldPath {
    let trimmed = text.trim_start_matches('.');
    trimmed.parse().unwrap_or_else(|_| FieldPath::root().field(trimmed))
}

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
