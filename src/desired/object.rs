//! What an object says of itself.

use serde_json::Value;

pub(crate) fn group(object: &Value) -> &str {
    text(object, &["apiVersion"]).split_once('/').map_or("", |(group, _)| group)
}

pub(crate) fn kind(object: &Value) -> &str {
    text(object, &["kind"])
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"])
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"])
}

fn text<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    path.iter().try_fold(object, |value, name| value.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// Whether two manifests are of one object, whatever they say about it.
pub(crate) fn is_same(one: &Value, other: &Value) -> bool {
    let identity = |object| (group(object), kind(object), namespace(object), name(object));
    identity(one) == identity(other)
}

/// The object as people write it: `Deployment istio-system/istiod`.
pub(crate) fn describe(object: &Value) -> String {
    match namespace(object) {
        "" => format!("{} {}", kind(object), name(object)),
        namespace => format!("{} {namespace}/{}", kind(object), name(object)),
    }
}

/// Who manages what the provider installs.
pub(crate) const MANAGED_BY: &str = "terraform-provider-istio";

/// An object of ours, with the label that says whose it is.
pub(crate) fn managed(mut object: Value) -> Value {
    object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = Value::from(MANAGED_BY);
    object
}
