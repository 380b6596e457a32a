//! Package `fmt`: `%v` and friends for template values.

mod printf;

pub(crate) use printf::sprintf;

use super::number::format_g;
use crate::value::{MAX_DEPTH, Value};

/// Appends what `fmt.Fprint` writes for one operand.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &Value) {
    write_nested(out, value, 0);
}

fn write_nested(out: &mut Vec<u8>, value: &Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Nil => out.extend_from_slice(b"<nil>"),
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Int(number) | Value::Int64(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Float(number) => out.extend_from_slice(format_g(*number).as_bytes()),
        Value::String(text) => out.extend_from_slice(text.as_bytes()),
        Value::RawString(bytes) => out.extend_from_slice(bytes),
        Value::Bytes(bytes) => {
            write_sequence(out, bytes.iter(), |out, byte| out.extend_from_slice(byte.to_string().as_bytes()));
        }
        Value::List(list) => {
            write_sequence(out, list.items.iter(), |out, item| write_nested(out, item, depth + 1));
        }
        Value::Map(map) => {
            out.extend_from_slice(b"map");
            write_sequence(out, map.entries().iter(), |out, (key, value)| {
                out.extend_from_slice(key.as_bytes());
                out.push(b':');
                write_nested(out, value, depth + 1);
            });
        }
        Value::Duration(nanoseconds) => {
            out.extend_from_slice(crate::funcs::duration::format(*nanoseconds).as_bytes());
        }
        Value::Object(object) => write_nested(out, &object.plain(), depth + 1),
    }
}

fn write_sequence<T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write(out, item);
    }
    out.push(b']');
}

/// `fmt.Sprintf("%v", value)`, invalid UTF-8 replaced.
pub(crate) fn to_text(value: &Value) -> String {
    let mut out = Vec::new();
    write_value(&mut out, value);
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// `fmt.Sprint`: a space between operands when neither is a string.
pub(crate) fn sprint(values: &[Value]) -> Vec<u8> {
    let is_string = |value: &Value| matches!(value, Value::String(_) | Value::RawString(_));
    let mut out = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 && !is_string(value) && !is_string(&values[index - 1]) {
            out.push(b' ');
        }
        write_value(&mut out, value);
    }
    out
}

/// `fmt.Sprintln`: a space between all operands, a newline at the end.
pub(crate) fn sprintln(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write_value(&mut out, value);
    }
    out.push(b'\n');
    out
}
