//! A value seen through its schema: its leaf fields, and the field set that owning it means.

use serde_json::Value;

use crate::field_path::{FieldPath, PathElement};
use crate::field_set::FieldSet;
use crate::schema::Schema;

/// What lies below a value.
pub(crate) enum Shape<'v> {
    /// An object whose members are fields of their own.
    Members(&'v serde_json::Map<String, Value>),
    /// A list whose items are fields of their own.
    Items(Vec<(PathElement, &'v Value)>),
    /// One value.
    Leaf,
}

/// How server-side apply takes `value` apart.
pub(crate) fn shape<'v>(value: &'v Value, schema: &Schema) -> Shape<'v> {
    match value {
        Value::Object(members) if !schema.is_atomic_object() => Shape::Members(members),
        Value::Array(items) => match schema.items(items) {
            Some(elements) => Shape::Items(elements.into_iter().zip(items).collect()),
            None => Shape::Leaf,
        },
        _ => Shape::Leaf,
    }
}

/// The leaf fields of a value, in the value's order. An empty object or list is a leaf.
pub(crate) fn leaves(value: &Value, schema: &Schema, at: &FieldPath, found: &mut Vec<(FieldPath, Value)>) {
    match shape(value, schema) {
        Shape::Members(members) if !members.is_empty() => {
            for (name, member) in members {
                leaves(member, &schema.field(name), &at.field(name), found);
            }
        }
        Shape::Items(items) if !items.is_empty() => {
            for (element, item) in items {
                leaves(item, &schema.item(), &at.child(element), found);
            }
        }
        _ => found.push((at.clone(), value.clone())),
    }
}

/// The fields that a manager owns who applies this object; as in structured-merge-diff, without the fields that are the object's identity.
pub(crate) fn field_set(object: &Value, schema: &Schema) -> FieldSet {
    let mut set = FieldSet::default();
    for (name, member) in object.as_object().into_iter().flatten() {
        let at = FieldPath::root().field(name);
        match (name.as_str(), member) {
            ("apiVersion" | "kind" | "status", _) => {}
            ("metadata", Value::Object(metadata)) => {
                for (name, member) in metadata.iter().filter(|(name, _)| !is_identity(name)) {
                    collect(member, &schema.field("metadata").field(name), &at.field(name), true, &mut set);
                }
            }
            _ => collect(member, &schema.field(name), &at, schema.declares(name), &mut set),
        }
    }
    set
}

/// Members of `metadata` that are in no field set.
fn is_identity(name: &str) -> bool {
    matches!(
        name,
        "name"
            | "namespace"
            | "uid"
            | "creationTimestamp"
            | "generation"
            | "resourceVersion"
            | "selfLink"
            | "managedFields"
    )
}

/// A list item, and a member that the schema does not declare, is in the set itself, beside what is below it.
fn collect(value: &Value, schema: &Schema, at: &FieldPath, declared: bool, set: &mut FieldSet) {
    match shape(value, schema) {
        Shape::Members(members) => {
            if members.is_empty() || !declared {
                set.insert(at);
            }
            for (name, member) in members {
                collect(member, &schema.field(name), &at.field(name), schema.declares(name), set);
            }
        }
        Shape::Items(items) => {
            if !declared {
                set.insert(at);
            }
            for (element, item) in items {
                collect(item, &schema.item(), &at.child(element), false, set);
            }
        }
        Shape::Leaf => set.insert(at),
    }
}
