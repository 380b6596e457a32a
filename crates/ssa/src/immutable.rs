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
    ("", "ResourceQuota", &["spec.scopes"]),
    ("", "Secret", &["type"]),
    // The first family is that of the address that the Service has; a second one may come and go.
    ("", "Service", &["spec.clusterIP", "spec.clusterIPs", "spec.ipFamilies[0]"]),
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

/// Group, kind and field, and the other fields with their values.
type Conditional = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Fields that cannot change while other fields are and stay what they are: group, kind, field, and the others with their values.
const CONDITIONALLY: &[Conditional] = &[
    ("", "Service", "spec.loadBalancerClass", &[("spec.type", "LoadBalancer")]),
    (
        "",
        "Service",
        "spec.healthCheckNodePort",
        &[("spec.type", "LoadBalancer"), ("spec.externalTrafficPolicy", "Local")],
    ),
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

/// The fields among `changed` that Kubernetes never lets change in this object, in their order. `before` and `after` give the texts of
/// its single fields.
pub fn immutable<'p>(
    id: &ObjectId,
    changed: impl IntoIterator<Item = &'p str>,
    before: impl Fn(&str) -> Option<String>,
    after: impl Fn(&str) -> Option<String>,
) -> Vec<&'p str> {
    let is_frozen = matches!((id.group.as_str(), id.kind.as_str()), ("", "ConfigMap" | "Secret"))
        && before("immutable").as_deref() == Some("true");
    let frozen: &[&str] = if is_frozen { &["data", "binaryData", "immutable"] } else { &[] };
    let always = IMMUTABLE.iter().filter(|(group, kind, _)| *group == id.group && *kind == id.kind);
    let stays = |(field, value): &(&str, &str)| {
        before(field).as_deref() == Some(*value) && after(field).as_deref() == Some(*value)
    };
    let conditionally = CONDITIONALLY.iter().filter(|(group, kind, _, others)| {
        *group == id.group && *kind == id.kind && others.iter().all(stays)
    });
    let fields: Vec<&str> = always
        .flat_map(|(_, _, fields)| *fields)
        .chain(frozen)
        .copied()
        .chain(conditionally.map(|(_, _, field, _)| *field))
        .collect();
    changed.into_iter().filter(|path| fields.iter().any(|field| is_at_or_below(path, field))).collect()
}

fn is_at_or_below(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The immutable fields among those that change, sorted.
pub(crate) fn immutable_fields(id: &ObjectId, live: &Value, differences: &[Difference]) -> Vec<FieldPath> {
    let before = |path: &str| text(path.parse::<FieldPath>().ok()?.find(live)?);
    let after = |path: &str| {
        let changed = differences.iter().find(|difference| difference.path.to_string() == path);
        changed.map_or_else(|| before(path), |difference| text(difference.after.as_ref()?))
    };
    let is_immutable = |difference: &&Difference| {
        let paths = changed_paths(difference);
        !immutable(id, paths.iter().map(String::as_str), before, after).is_empty()
    };
    differences.iter().filter(is_immutable).map(|difference| difference.path.clone()).collect()
}

/// The field, or the items of a list that changes as a whole.
fn changed_paths(difference: &Difference) -> Vec<String> {
    match (&difference.before, &difference.after) {
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            let positions = 0..before.len().max(after.len());
            let changed = positions.filter(|position| before.get(*position) != after.get(*position));
            let items = changed.map(|position| format!("{}[{position}]", difference.path));
            items.chain([difference.path.to_string()]).collect()
        }
        _ => vec![difference.path.to_string()],
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn difference(path: &str, before: Value, after: Value) -> Difference {
        let value = |value: Value| Some(value).filter(|value| !value.is_null());
        Difference { path: path.parse().unwrap(), before: value(before), after: value(after) }
    }

    fn refused(kind: &str, live: &Value, differences: &[Difference]) -> Vec<String> {
        let id = ObjectId::new("", kind, "mesh", "gateway");
        immutable_fields(&id, live, differences).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_class_of_a_load_balancer_is_immutable_while_it_stays_one() {
        let live = json!({"spec": {"type": "LoadBalancer", "loadBalancerClass": "a"}});
        let class = |after: Value| difference("spec.loadBalancerClass", json!("a"), after);
        let service_type = || difference("spec.type", json!("LoadBalancer"), json!("ClusterIP"));
        assert_eq!(refused("Service", &live, &[class(json!("b"))]), ["spec.loadBalancerClass"]);
        assert_eq!(refused("Service", &live, &[class(Value::Null)]), ["spec.loadBalancerClass"]);
        assert_eq!(refused("Service", &live, &[class(Value::Null), service_type()]), [""; 0]);
        let without = json!({"spec": {"type": "LoadBalancer"}});
        let added = difference("spec.loadBalancerClass", Value::Null, json!("b"));
        assert_eq!(refused("Service", &without, &[added]), ["spec.loadBalancerClass"]);
        let internal = json!({"spec": {"type": "ClusterIP"}});
        let becomes = [
            difference("spec.loadBalancerClass", Value::Null, json!("b")),
            difference("spec.type", json!("ClusterIP"), json!("LoadBalancer")),
        ];
        assert_eq!(refused("Service", &internal, &becomes), [""; 0]);
    }

    #[test]
    fn the_first_family_of_a_service_stays_and_others_may_come() {
        let live = json!({"spec": {"type": "ClusterIP"}});
        let families = |after: Value| difference("spec.ipFamilies", json!(["IPv4"]), after);
        assert_eq!(refused("Service", &live, &[families(json!(["IPv6"]))]), ["spec.ipFamilies"]);
        assert_eq!(refused("Service", &live, &[families(json!(["IPv4", "IPv6"]))]), [""; 0]);
    }

    #[test]
    fn what_an_immutable_secret_holds_stays() {
        let data = || [difference("data.a", json!("b25l"), json!("dHdv"))];
        assert_eq!(refused("Secret", &json!({"immutable": true}), &data()), ["data.a"]);
        assert_eq!(refused("Secret", &json!({"immutable": false}), &data()), [""; 0]);
        let kind = difference("type", json!("Opaque"), json!("kubernetes.io/tls"));
        assert_eq!(refused("Secret", &json!({}), &[kind]), ["type"]);
    }

    #[test]
    fn fields_whose_names_only_begin_alike_are_others() {
        assert!(is_at_or_below("spec.selector.matchLabels.app", "spec.selector"));
        assert!(is_at_or_below("spec.ipFamilies[0]", "spec.ipFamilies"));
        assert!(!is_at_or_below("spec.clusterIPs", "spec.clusterIP"));
    }
}
