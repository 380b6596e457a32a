//! YAML as Helm reads and writes it: `sigs.k8s.io/yaml` on top of go-yaml v2, that is YAML 1.1 (`yes` and `on` are booleans),
//! keys in natural order, lists not indented, lines folded at 80 columns.

mod emit;
mod error;
mod event;
mod head;
mod parse;
pub(crate) mod pretty;
mod reader;
mod resolve;
mod scan;
mod sort;
mod stream;
mod tree;

pub use emit::emit;
pub use error::Error;
pub(crate) use head::{Head, mismatch, mismatch_of};
pub(crate) use parse::parse_value;
pub use parse::{parse, parse_documents};
pub(crate) use reader::refusal;

use crate::golang::json::{COMPACT, UnsupportedValue, encode};
use crate::golang::number::format_json;
use crate::value::{List, MAX_DEPTH, Map, Value};

/// Why a value has no YAML.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MarshalError {
    /// It has no JSON either.
    #[error("error marshaling into JSON: {0}")]
    Json(UnsupportedValue),
    /// go-yaml cannot read the JSON back.
    #[error("yaml: control characters are not allowed")]
    ControlCharacter,
}

/// `yaml.Marshal`: the value goes through JSON, which makes whole floats integers.
pub(crate) fn marshal(value: &Value) -> Result<String, MarshalError> {
    let json = to_json(value, 0)?;
    Ok(emit(&json))
}

fn to_json(value: &Value, depth: usize) -> Result<serde_json::Value, MarshalError> {
    use serde_json::Value as Json;
    if depth > MAX_DEPTH {
        return Err(MarshalError::ControlCharacter);
    }
    Ok(match value {
        Value::Nil | Value::List(List { is_nil: true, .. }) | Value::Map(Map { is_nil: true, .. }) => {
            Json::Null
        }
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => Json::from(*number),
        Value::Float(number) => match format_json(*number) {
            Some(_) => Json::from(*number),
            None => {
                return Err(encode(value, COMPACT)
                    .map_or_else(MarshalError::Json, |_| MarshalError::ControlCharacter));
            }
        },
        Value::String(text) => Json::String(through_json(text)?),
        Value::RawString(bytes) => Json::String(through_json(&String::from_utf8_lossy(bytes))?),
        Value::Bytes(_) => {
            let quoted = encode(value, COMPACT).map_err(MarshalError::Json)?;
            Json::String(quoted.trim_matches('"').to_owned())
        }
        Value::List(list) => {
            Json::Array(list.items.iter().map(|item| to_json(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let entries = map.entries();
            let pairs =
                entries.iter().map(|(key, value)| Ok((key_through_json(key)?, to_json(value, depth + 1)?)));
            Json::Object(pairs.collect::<Result<_, MarshalError>>()?)
        }
        Value::Object(object) => to_json(&object.marshalled(), depth + 1)?,
    })
}

/// What is left of a string after JSON wrote it and go-yaml read it: some characters are refused, and the line break U+0085
/// is folded.
fn through_json(text: &str) -> Result<String, MarshalError> {
    if text.is_ascii() && !text.contains('\u{7f}') {
        return Ok(text.to_owned());
    }
    if text.chars().any(|c| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'))
    {
        return Err(MarshalError::ControlCharacter);
    }
    if text.contains('\u{85}') { Ok(folded(text)) } else { Ok(text.to_owned()) }
}

/// A key must stand on one line.
fn key_through_json(key: &str) -> Result<String, MarshalError> {
    if key.contains('\u{85}') { Err(MarshalError::ControlCharacter) } else { through_json(key) }
}

/// Line folding in a double-quoted scalar: one break is a blank, n breaks are n-1 newlines, blanks around them vanish.
fn folded(text: &str) -> String {
    let lines: Vec<&str> = text.split('\u{85}').collect();
    let last = lines.len() - 1;
    let mut out = String::new();
    let mut breaks = 0;
    for (index, line) in lines.into_iter().enumerate() {
        let line = if index == 0 { line } else { line.trim_start_matches(' ') };
        let line = if index == last { line } else { line.trim_end_matches(' ') };
        if index > 0 {
            breaks += 1;
        }
        if index == 0 || index == last || !line.is_empty() {
            match breaks {
                0 => {}
                1 => out.push(' '),
                several => out.extend(std::iter::repeat_n('\n', several - 1)),
            }
            out.push_str(line);
            breaks = 0;
        }
    }
    out
}
