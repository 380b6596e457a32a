//! The defaults of Kubernetes' own kinds that the published schema does not mention (`pkg/apis/*/*/defaults.go` of
//! Kubernetes). They are needed where a value is compared as a whole, and where a field of ours is taken out of a manifest.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// Defaults that depend on nothing else, by type and member. The group's prefix `io.k8s.api.` is left out.
static CONSTANT: LazyLock<BTreeMap<String, Map<String, Value>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("builtin_defaults.json")).unwrap_or_default());

const CRD_NAMES: &str =
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames";

/// Whether defaulting writes `value` into member `name` of an `object` of this type that lacks it.
pub(crate) fn has(type_name: &str, object: &Map<String, Value>, name: &str, value: &Value) -> bool {
    let short = type_name.strip_prefix("io.k8s.api.").unwrap_or(type_name);
    if let Some(constant) = CONSTANT.get(short).and_then(|members| members.get(name)) {
        return value == constant;
    }
    match (short, name) {
        ("core.v1.Container" | "core.v1.EphemeralContainer", "imagePullPolicy") => {
            object.get("image").and_then(Value::as_str).is_some_and(|image| *value == pull_policy(image))
        }
        ("core.v1.ResourceRequirements" | "core.v1.VolumeResourceRequirements", "requests") => {
            is_within(value, object.get("limits"))
        }
        ("core.v1.ServicePort", "targetPort") => Some(value) == object.get("port"),
        ("networking.v1.NetworkPolicySpec", "policyTypes") => *value == policy_types(object),
        ("core.v1.PodSpec", "serviceAccount") => Some(value) == object.get("serviceAccountName"),
        ("core.v1.PodSpec", "serviceAccountName") => Some(value) == object.get("serviceAccount"),
        (CRD_NAMES, "singular") => kind(object).is_some_and(|kind| *value == kind.to_lowercase()),
        (CRD_NAMES, "listKind") => kind(object).is_some_and(|kind| *value == format!("{kind}List")),
        ("rbac.v1.Subject", "apiGroup") => match object.get("kind").and_then(Value::as_str) {
            Some("User" | "Group") => value == "rbac.authorization.k8s.io",
            _ => value == "",
        },
        _ => false,
    }
}

fn kind(names: &Map<String, Value>) -> Option<&str> {
    names.get("kind").and_then(Value::as_str)
}

fn policy_types(spec: &Map<String, Value>) -> Value {
    let has_egress = spec.get("egress").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    if has_egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) }
}

/// The tag decides; a digest alone counts as a fixed image.
fn pull_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let is_fixed = name.contains('@') || name.split_once(':').is_some_and(|(_, tag)| tag != "latest");
    if is_fixed { "IfNotPresent" } else { "Always" }
}

fn is_within(value: &Value, limits: Option<&Value>) -> bool {
    let (Some(value), Some(limits)) = (value.as_object(), limits.and_then(Value::as_object)) else {
        return false;
    };
    value.iter().all(|(name, quantity)| limits.get(name) == Some(quantity))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::has;

    #[test]
    fn a_constant_default_is_known_by_type_and_member() {
        let probe = Map::new();
        assert!(has("io.k8s.api.core.v1.Probe", &probe, "periodSeconds", &json!(10)));
        assert!(!has("io.k8s.api.core.v1.Probe", &probe, "periodSeconds", &json!(11)));
        assert!(!has("io.k8s.api.core.v1.Probe", &probe, "initialDelaySeconds", &json!(10)));
    }

    #[test]
    fn the_pull_policy_follows_the_image() {
        for (image, policy) in [
            ("web", "Always"),
            ("registry.example:5000/web", "Always"),
            ("web:latest", "Always"),
            ("web:1", "IfNotPresent"),
            ("registry.example:5000/web@sha256:00", "IfNotPresent"),
        ] {
            let container = Map::from_iter([("image".to_owned(), json!(image))]);
            assert!(
                has("io.k8s.api.core.v1.Container", &container, "imagePullPolicy", &json!(policy)),
                "{image}"
            );
        }
    }
}
