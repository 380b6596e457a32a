//! Schemas of custom resource definitions.

use serde_json::{Map, Value};

use super::digest::{digest, write_canonical, write_joined, write_name};

/// The members of a CRD's version that a digest stands for. The API server fills in defaults around them (`names`,
/// `conversion`), but never inside, so the digest of an untouched definition stays the same.
const DIGESTED: [&str; 2] = ["schema", "additionalPrinterColumns"];

/// The text that stands for a member of an item of a CRD's `spec.versions`, if it is one that is too long to show.
pub(super) fn digest_of_version_member(parent: &str, name: &str, value: &Value) -> Option<String> {
    let is_digested = parent.starts_with("spec.versions[") && DIGESTED.contains(&name);
    is_digested.then(|| {
        // What stands for it is the digest of its canonical JSON.
        let mut json = String::new();
        normal_member(value).write(&mut json);
        digest(json.as_bytes())
    })
}

/// A schema without what Go's `JSONSchemaProps` does not keep: it is decoded into a struct whose members are written only
/// when they are not empty, so that `nullable: false` or `required: []` are gone when it is read back. Nothing of it is copied:
/// schemas are most of what a plan renders.
enum Normal<'a> {
    Whole(&'a Value),
    Map(Vec<(&'a str, Normal<'a>)>),
    List(Vec<Normal<'a>>),
}

fn normal_member(value: &Value) -> Normal<'_> {
    match value {
        Value::Object(members) => normal_schema(members),
        Value::Array(items) => Normal::List(items.iter().map(normal_member).collect()),
        scalar => Normal::Whole(scalar),
    }
}

fn normal_schema(members: &Map<String, Value>) -> Normal<'_> {
    let kept = members.iter().filter_map(|(keyword, value)| {
        let kept = match keyword.as_str() {
            // Free JSON, which the API server keeps as it is.
            "default" | "enum" | "example" => Some(Normal::Whole(value)),
            // Members are named by the user, so none of them is a keyword; an empty map is not kept.
            "properties" | "patternProperties" | "definitions" | "dependencies" => normal_map(value),
            // Of a printer column.
            "priority" if value == 0 => None,
            _ => Some(normal_member(value)).filter(|value| !value.is_dropped()),
        };
        Some((keyword.as_str(), kept?))
    });
    Normal::Map(kept.collect())
}

fn normal_map(value: &Value) -> Option<Normal<'_>> {
    let members = value.as_object().filter(|members| !members.is_empty())?;
    Some(Normal::Map(members.iter().map(|(name, schema)| (name.as_str(), normal_member(schema))).collect()))
}

impl Normal<'_> {
    fn is_dropped(&self) -> bool {
        match self {
            Self::Whole(Value::Null | Value::Bool(false)) => true,
            Self::Whole(Value::String(text)) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Whole(_) | Self::Map(_) => false,
        }
    }

    /// Adds its canonical JSON.
    fn write(self, json: &mut String) {
        match self {
            Self::Whole(value) => write_canonical(value, json),
            Self::Map(mut members) => {
                members.sort_unstable_by_key(|(name, _)| *name);
                write_joined(json, ['{', '}'], members, |(name, member), json| {
                    write_name(name, json);
                    member.write(json);
                });
            }
            Self::List(items) => write_joined(json, ['[', ']'], items, Normal::write),
        }
    }
}
