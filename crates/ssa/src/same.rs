//! Whether two values mean the same to the API server.

use serde_json::{Map, Value};

use crate::quantity;
use crate::schema::{ListType, Schema};

/// Whether the server, given `wanted`, stores `live`: canonical quantities, base64 without line ends, numbers by value, empty and unknown
/// members left out, and, inside values that are compared as a whole, members that it adds by defaulting.
pub(crate) fn same(wanted: &Value, live: &Value, schema: &Schema) -> bool {
    if wanted == live {
        return true;
    }
    match (wanted, live) {
        _ if schema.is_quantity() => quantity::same(wanted, live),
        (Value::Number(wanted), Value::Number(live)) => wanted.as_f64() == live.as_f64(),
        (Value::String(wanted), Value::String(live)) => schema.is_bytes() && same_bytes(wanted, live),
        (Value::Object(wanted), Value::Object(live)) => same_members(wanted, live, schema),
        (Value::Array(wanted), Value::Array(live)) => same_items(wanted, live, schema),
        _ => false,
    }
}

/// Whether the server may leave out a member with this value.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_zero),
    }
}

/// Whether the server, finding member `name` empty in `wanted`, stores `live` there.
pub(crate) fn is_defaulted(wanted: &Map<String, Value>, name: &str, live: &Value, schema: &Schema) -> bool {
    wanted.get(name).is_none_or(is_zero) && schema.is_default(wanted, name, live)
}

fn same_bytes(wanted: &str, live: &str) -> bool {
    let text = |base64: &str| base64.replace(['\r', '\n'], "");
    text(wanted) == text(live)
}

fn same_members(wanted: &Map<String, Value>, live: &Map<String, Value>, schema: &Schema) -> bool {
    let wanted_is_there = wanted.iter().all(|(name, value)| match live.get(name) {
        Some(live) => same(value, live, &schema.field(name)) || is_defaulted(wanted, name, live, schema),
        None => is_zero(value) || schema.drops(name),
    });
    let is_added_by_server = |(name, value): (&String, &Value)| {
        wanted.contains_key(name) || is_zero(value) || is_defaulted(wanted, name, value, schema)
    };
    wanted_is_there && live.iter().all(is_added_by_server)
}

fn same_items(wanted: &[Value], live: &[Value], schema: &Schema) -> bool {
    let item = schema.item();
    let is_set = schema.list_type() == ListType::Set;
    let has = |value: &Value| live.iter().any(|live| same(value, live, &item));
    wanted.len() == live.len()
        && if is_set {
            wanted.iter().all(has)
        } else {
            wanted.iter().zip(live).all(|(wanted, live)| same(wanted, live, &item))
        }
}
