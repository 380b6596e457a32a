//! Schemas of custom resource definitions.

use serde_json::{Map, Value};

use super::digest::digest_of_value;

/// The members of a CRD's version that a digest stands for. The API server fills in defaults around them (`names`,
/// `conversion`), but never inside, so the digest of an untouched definition stays the same.
const DIGESTED: [&str; 2] = ["schema", "additionalPrinterColumns"];

/// The text that stands for a member of an item of a CRD's `spec.versions`, if it is one that is too long to show.
pub(super) fn digest_of_version_member(parent: &str, name: &str, value: &Value) -> Option<String> {
    let is_digested = parent.starts_with("spec.versions[") && DIGESTED.contains(&name);
    is_digested.then(|| digest_of_value(&normal_member(value)))
}

/// A schema without what Go's `JSONSchemaProps` does not keep: it is decoded into a struct whose members are written only
/// when they are not empty, so that `nullable: false` or `required: []` are gone when it is read back.
fn normal_member(value: &Value) -> Value {
    match value {
        Value::Object(members) => normal_schema(members),
        Value::Array(items) => items.iter().map(normal_member).collect(),
        scalar => scalar.clone(),
    }
}

fn normal_schema(members: &Map<String, Value>) -> Value {
    let mut normal = Map::new();
    for (keyword, value) in members {
        let kept = match keyword.as_str() {
            // Free JSON, which the API server keeps as it is.
            "default" | "enum" | "example" => Some(value.clone()),
            // Members are named by the user, so none of them is a keyword; an empty map is not kept.
            "properties" | "patternProperties" | "definitions" | "dependencies" => normal_map(value),
            // Of a printer column.
            "priority" if value == 0 => None,
            _ => Some(normal_member(value)).filter(|value| !is_dropped(value)),
        };
        normal.extend(kept.map(|value| (keyword.clone(), value)));
    }
    Value::Object(normal)
}

fn normal_map(value: &Value) -> Option<Value> {
    let members = value.as_object().filter(|members| !members.is_empty())?;
    Some(Value::Object(members.iter().map(|(name, schema)| (name.clone(), normal_member(schema))).collect()))
}

fn is_dropped(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Number(_) | Value::Bool(true) | Value::Object(_) => false,
    }
}
