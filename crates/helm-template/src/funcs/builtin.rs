//! The functions of `text/template` itself, without the comparisons.

use super::arguments::{any, text};
use super::{pure, variadic};
use crate::golang::fmt::{sprint, sprintf, sprintln, to_text};
use crate::template::signature::{Body, CallResult, Function, Type};
use crate::value::{STRING_STRING_MAP, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "and", parameters: &[Type::Reflect], variadic: Some(Type::Reflect), body: Body::And },
    Function { name: "or", parameters: &[Type::Reflect], variadic: Some(Type::Reflect), body: Body::Or },
    variadic("call", &[Type::Reflect], Type::Reflect, call),
    variadic("html", &[], Type::Any, |arguments| Ok(escape(arguments, html_char))),
    variadic("index", &[Type::Reflect], Type::Reflect, index),
    variadic("js", &[], Type::Any, |arguments| Ok(escape(arguments, js_char))),
    pure("len", &[Type::Reflect], len),
    pure("not", &[Type::Reflect], |arguments| Ok(Value::Bool(!any(arguments, 0).is_true()))),
    variadic("print", &[], Type::Any, |arguments| Ok(Value::bytes_as_string(sprint(arguments)))),
    variadic("printf", &[Type::String], Type::Any, |arguments| {
        Ok(Value::bytes_as_string(sprintf(&text(arguments, 0), arguments.get(1..).unwrap_or_default())))
    }),
    variadic("println", &[], Type::Any, |arguments| Ok(Value::bytes_as_string(sprintln(arguments)))),
    variadic("urlquery", &[], Type::Any, |arguments| Ok(Value::from(query_escape(&eval_args(arguments))))),
];

fn call(arguments: &[Value]) -> CallResult {
    match any(arguments, 0) {
        Value::Nil => Err("call of nil".into()),
        function => {
            let shown = to_text(&function);
            Err(format!("non-function {shown} of type {}", function.type_name()).into())
        }
    }
}

fn index(arguments: &[Value]) -> CallResult {
    let mut item = any(arguments, 0);
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    for index in arguments.iter().skip(1) {
        item = match item.plain() {
            Value::Nil => return Err("index of nil pointer".into()),
            Value::List(list) => {
                list.items.get(position(index, list.items.len())?).cloned().ok_or("index out of range")?
            }
            Value::Map(map) => match index {
                Value::String(key) => map.get(key).unwrap_or_else(|| {
                    if map.type_name == STRING_STRING_MAP { Value::string("") } else { Value::Nil }
                }),
                Value::Nil => return Err("value is nil; should be of type string".into()),
                other => return Err(format!("value has type {}; should be string", other.type_name()).into()),
            },
            Value::String(text) => byte_at(text.as_bytes(), index)?,
            Value::RawString(bytes) | Value::Bytes(bytes) => byte_at(&bytes, index)?,
            other => return Err(format!("can't index item of type {}", other.type_name()).into()),
        };
    }
    Ok(item)
}

fn byte_at(bytes: &[u8], index: &Value) -> Result<Value, String> {
    let position = position(index, bytes.len())?;
    bytes
        .get(position)
        .map(|byte| Value::Int(i64::from(*byte)))
        .ok_or_else(|| "index out of range".to_owned())
}

fn position(index: &Value, length: usize) -> Result<usize, String> {
    match index {
        Value::Int(number) | Value::Int64(number) => match usize::try_from(*number) {
            Ok(position) if position < length => Ok(position),
            Ok(position) if position == length => Err("reflect: slice index out of range".to_owned()),
            _ => Err(format!("index out of range: {number}")),
        },
        Value::Nil => Err("cannot index slice/array with nil".to_owned()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name())),
    }
}

fn len(arguments: &[Value]) -> CallResult {
    let value = any(arguments, 0);
    let length = match value.plain() {
        Value::Nil => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Value::List(list) => list.items.len(),
        Value::Map(map) => map.len(),
        Value::String(text) => text.len(),
        Value::RawString(bytes) | Value::Bytes(bytes) => bytes.len(),
        _ => return Err(format!("len of type {}", value.type_name()).into()),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// The only argument if it is a string, otherwise all of them as `print` shows them.
fn eval_args(arguments: &[Value]) -> String {
    if let [Value::String(text)] = arguments {
        return text.to_string();
    }
    let printable: Vec<Value> = arguments
        .iter()
        .map(|argument| if argument.is_nil() { Value::from("<no value>") } else { argument.clone() })
        .collect();
    to_text(&Value::bytes_as_string(sprint(&printable)))
}

fn escape(arguments: &[Value], escaped: fn(char) -> Option<String>) -> Value {
    let mut out = String::new();
    for c in eval_args(arguments).chars() {
        match escaped(c) {
            Some(replacement) => out.push_str(&replacement),
            None => out.push(c),
        }
    }
    Value::from(out)
}

fn html_char(c: char) -> Option<String> {
    let replacement = match c {
        '\0' => "\u{fffd}",
        '"' => "&#34;",
        '\'' => "&#39;",
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => return None,
    };
    Some(replacement.to_owned())
}

fn js_char(c: char) -> Option<String> {
    match c {
        '\\' => Some("\\\\".to_owned()),
        '\'' => Some("\\'".to_owned()),
        '"' => Some("\\\"".to_owned()),
        '<' | '>' | '&' | '=' => Some(format!("\\u{:04X}", u32::from(c))),
        _ if c < ' ' || (!c.is_ascii() && !crate::golang::quote::is_print(c)) => {
            Some(format!("\\u{:04X}", u32::from(c)))
        }
        _ => None,
    }
}

fn query_escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
