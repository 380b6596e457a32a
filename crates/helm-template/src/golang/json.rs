//! Package `encoding/json`: `Marshal` and `MarshalIndent` of template values, `Unmarshal` to them.

mod decode;

pub(crate) use decode::{Decoded, decode};

use super::number::format_json;
use crate::value::{List, MAX_DEPTH, Map, Value};

/// Why a value has no JSON.
#[derive(Debug, thiserror::Error)]
#[error("json: unsupported value: {0}")]
pub(crate) struct UnsupportedValue(&'static str);

/// How to write.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// Write `<`, `>` and `&` as escapes, as `json.Marshal` does.
    pub(crate) escape_html: bool,
    /// Two blanks a level and one member a line, as `MarshalIndent(v, "", "  ")`.
    pub(crate) pretty: bool,
}

/// `json.Marshal`.
pub(crate) const COMPACT: Style = Style { escape_html: true, pretty: false };

/// The JSON text of a value, keys sorted.
pub(crate) fn encode(value: &Value, style: Style) -> Result<String, UnsupportedValue> {
    let mut out = String::new();
    write(&mut out, value, style, 0)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value, style: Style, level: usize) -> Result<(), UnsupportedValue> {
    if level > MAX_DEPTH {
        return Err(UnsupportedValue("encountered a cycle"));
    }
    match value {
        Value::Nil | Value::List(List { is_nil: true, .. }) | Value::Map(Map { is_nil: true, .. }) => {
            out.push_str("null");
        }
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => {
            out.push_str(&number.to_string());
        }
        Value::Float(number) => {
            let name = if number.is_nan() {
                "NaN"
            } else if *number > 0.0 {
                "+Inf"
            } else {
                "-Inf"
            };
            out.push_str(&format_json(*number).ok_or(UnsupportedValue(name))?);
        }
        Value::String(text) => write_string(out, text, style.escape_html),
        Value::RawString(bytes) => {
            out.push('"');
            for chunk in bytes.utf8_chunks() {
                write_characters(out, chunk.valid(), style.escape_html);
                out.extend(chunk.invalid().iter().map(|_| "\\ufffd"));
            }
            out.push('"');
        }
        Value::Bytes(bytes) => {
            use base64::Engine as _;
            out.push('"');
            out.push_str(&base64::engine::general_purpose::STANDARD.encode(bytes));
            out.push('"');
        }
        Value::List(list) => {
            let items: Vec<_> = list.items.iter().map(|item| (None, item)).collect();
            write_members(out, ('[', ']'), &items, style, level)?;
        }
        Value::Map(map) => {
            let entries = map.entries();
            let members: Vec<_> = entries.iter().map(|(key, value)| (Some(&**key), value)).collect();
            write_members(out, ('{', '}'), &members, style, level)?;
        }
        Value::Object(object) => write(out, &object.marshalled(), style, level)?,
    }
    Ok(())
}

fn write_members(
    out: &mut String,
    (open, close): (char, char),
    members: &[(Option<&str>, &Value)],
    style: Style,
    level: usize,
) -> Result<(), UnsupportedValue> {
    out.push(open);
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        new_line(out, style, level + 1);
        if let Some(key) = key {
            write_string(out, key, style.escape_html);
            out.push_str(if style.pretty { ": " } else { ":" });
        }
        write(out, value, style, level + 1)?;
    }
    if !members.is_empty() {
        new_line(out, style, level);
    }
    out.push(close);
    Ok(())
}

fn new_line(out: &mut String, style: Style, level: usize) {
    if style.pretty {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    }
}

fn write_string(out: &mut String, text: &str, escape_html: bool) {
    out.push('"');
    write_characters(out, text, escape_html);
    out.push('"');
}

fn write_characters(out: &mut String, text: &str, escape_html: bool) {
    use std::fmt::Write as _;
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if escape_html => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
}

/// What a string is after JSON: every byte that is not part of a character becomes U+FFFD.
pub(crate) fn replaced(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    text
}
