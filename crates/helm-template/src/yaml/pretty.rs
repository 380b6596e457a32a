//! `toYamlPretty`: go-yaml v3 with lists indented below their key and lines of any length.

use serde_json::{Map, Value as Json};

use super::emit::{Dialect, emit_dialect};
use crate::golang::fmt::to_text;
use crate::value::{MAX_DEPTH, Value};

/// The text that go-yaml v3's encoder writes with an indentation of two.
pub(crate) fn marshal(value: &Value) -> String {
    emit_dialect(&to_json(value, 0), Dialect::V3)
}

fn to_json(value: &Value, depth: usize) -> Json {
    if depth > MAX_DEPTH {
        return Json::Null;
    }
    match value {
        Value::Nil => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) | Value::Int64(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Bytes(bytes) => Json::Array(bytes.iter().map(|byte| Json::from(*byte)).collect()),
        Value::List(list) => Json::Array(list.items.iter().map(|item| to_json(item, depth + 1)).collect()),
        Value::Map(map) => {
            let pairs = map
                .entries()
                .iter()
                .map(|(key, value)| (key.to_string(), to_json(value, depth + 1)))
                .collect();
            Json::Object(Map::from_iter::<Vec<_>>(pairs))
        }
        Value::Object(object) => to_json(&object.plain(), depth + 1),
        other => Json::String(to_text(other)),
    }
}
