//! Reading arguments whose types the caller has checked.

use std::borrow::Cow;

use crate::golang::fmt::{to_text, write_value};
use crate::golang::json::replaced;
use crate::golang::number::{parse_float, parse_int};
use crate::value::{Map, Value};

/// A string argument; bytes that are not UTF-8 are replaced.
pub(crate) fn text(arguments: &[Value], index: usize) -> Cow<'_, str> {
    match arguments.get(index) {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(Value::RawString(bytes) | Value::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(replaced(bytes)),
        },
        _ => Cow::Borrowed(""),
    }
}

/// A string argument, byte for byte.
pub(super) fn bytes(arguments: &[Value], index: usize) -> &[u8] {
    match arguments.get(index) {
        Some(Value::String(text)) => text.as_bytes(),
        Some(Value::RawString(bytes) | Value::Bytes(bytes)) => bytes,
        _ => b"",
    }
}

/// An integer argument.
pub(super) fn int(arguments: &[Value], index: usize) -> i64 {
    match arguments.get(index) {
        Some(Value::Int(number) | Value::Int64(number) | Value::Duration(number)) => *number,
        _ => 0,
    }
}

/// A map argument; a nil map is empty.
pub(super) fn map(arguments: &[Value], index: usize) -> Map {
    match arguments.get(index) {
        Some(Value::Map(map)) => map.clone(),
        _ => Map::new(crate::value::Entries::new()),
    }
}

/// Any argument; a missing one is nil.
pub(crate) fn any(arguments: &[Value], index: usize) -> Value {
    arguments.get(index).cloned().unwrap_or(Value::Nil)
}

/// sprig's `strval`: a string as it is, anything else as `%v` prints it.
pub(super) fn strval(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        other => write_value(&mut out, other),
    }
    out
}

/// sprig's `strslice`: the elements of a list as strings, without the nils; anything else as the only element.
pub(super) fn strslice(value: &Value) -> Vec<String> {
    match value.plain() {
        Value::List(list) => list.items.iter().filter(|item| !item.is_nil()).map(to_text).collect(),
        Value::Nil => Vec::new(),
        other => vec![to_text(&other)],
    }
}

/// `cast.ToInt64`: numbers are truncated, numeric strings parsed, all else is 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => *number,
        // Go on amd64 gives the smallest integer for what does not fit.
        Value::Float(number) if number.is_nan() || number.abs() >= i64::MAX as f64 => i64::MIN,
        Value::Float(number) => *number as i64,
        Value::String(text) => parse_int(trim_zero_decimal(text)).unwrap_or(0),
        Value::Bool(truth) => i64::from(*truth),
        _ => 0,
    }
}

/// `1.00` is as good as `1`.
fn trim_zero_decimal(text: &str) -> &str {
    let without_zeros = text.trim_end_matches('0');
    match without_zeros.strip_suffix('.') {
        Some(whole) if without_zeros.len() < text.len() => whole,
        _ => text,
    }
}

/// `cast.ToFloat64`.
#[allow(clippy::cast_precision_loss)]
pub(super) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => *number as f64,
        Value::Float(number) => *number,
        Value::String(text) => parse_float(text).unwrap_or(0.0),
        Value::Bool(true) => 1.0,
        _ => 0.0,
    }
}

/// What Go reports when a function meets a nil that it did not expect.
pub(super) const NIL_DEREFERENCE: &str = "runtime error: invalid memory address or nil pointer dereference";
