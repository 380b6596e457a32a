//! `toYaml`: template values as YAML.

use std::borrow::Cow;

use super::emit::{Dialect, Emit, Emitter, Place, emit_dialect};
use crate::golang::json::{COMPACT, UnsupportedValue, encode, replaced};
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

/// `yaml.Marshal`, which writes JSON and reads that with go-yaml. The way through JSON makes whole floats integers, and fails
/// for some values; both is known without the JSON text.
pub(crate) fn marshal(value: &Value) -> Result<String, MarshalError> {
    check(value, 0)?;
    Ok(emit_dialect(value, Dialect::V2))
}

/// Whether the value has JSON that go-yaml can read.
fn check(value: &Value, depth: usize) -> Result<(), MarshalError> {
    if depth > MAX_DEPTH {
        return Err(MarshalError::ControlCharacter);
    }
    match value {
        Value::Float(number) if !number.is_finite() => encode(value, COMPACT)
            .map_or_else(|error| Err(MarshalError::Json(error)), |_| Err(MarshalError::ControlCharacter)),
        Value::String(text) => check_text(text),
        Value::RawString(bytes) => check_text(&replaced(bytes)),
        Value::List(list) => list.items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Map(map) => map.entries().iter().try_for_each(|(key, value)| {
            check_key(key)?;
            check(value, depth + 1)
        }),
        Value::Object(object) => check(&object.marshalled(), depth + 1),
        _ => Ok(()),
    }
}

fn check_text(text: &str) -> Result<(), MarshalError> {
    let is_refused = |c| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    // Of the characters of one byte only the last is refused.
    let is_harmless = text.is_ascii() && !text.as_bytes().contains(&0x7f);
    if is_harmless || !text.contains(is_refused) { Ok(()) } else { Err(MarshalError::ControlCharacter) }
}

/// A key must stand on one line.
fn check_key(key: &str) -> Result<(), MarshalError> {
    check_text(key)?;
    if !key.is_ascii() && key.contains('\u{85}') { Err(MarshalError::ControlCharacter) } else { Ok(()) }
}

/// Writes what [`check`] has passed.
impl Emit for Value {
    fn emit(&self, emitter: &mut Emitter, place: Place) {
        match self {
            Self::Nil | Self::List(List { is_nil: true, .. }) | Self::Map(Map { is_nil: true, .. }) => {
                emitter.null(place);
            }
            Self::Bool(truth) => emitter.bool(*truth, place),
            Self::Int(number) | Self::Int64(number) | Self::Duration(number) => emitter.int(*number, place),
            Self::Float(number) => emitter.float(*number, place),
            Self::String(text) => emitter.string(&through_json(text), place),
            Self::RawString(bytes) => emitter.string(&through_json(&replaced(bytes)), place),
            Self::Bytes(_) => {
                let quoted = encode(self, COMPACT).unwrap_or_default();
                emitter.string(quoted.trim_matches('"'), place);
            }
            Self::List(list) => emitter.sequence(&list.items, place),
            Self::Map(map) => {
                let entries = map.entries();
                emitter.mapping(entries.iter().map(|(key, value)| (&**key, value)).collect(), place);
            }
            Self::Object(object) => object.marshalled().emit(emitter, place),
        }
    }
}

/// What is left of a string after JSON wrote it and go-yaml read it: the line break U+0085 is folded.
fn through_json(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() && text.contains('\u{85}') { Cow::Owned(folded(text)) } else { Cow::Borrowed(text) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_is_not_utf_8_is_replaced_by_itself() {
        let value = Value::bytes_as_string(b"a\xe2\x82b".to_vec());
        assert_eq!(marshal(&value).unwrap(), "a\u{fffd}\u{fffd}b\n");
    }
}
