//! `%#v`: values as Go source shows them.

use crate::golang::number::format_g;
use crate::golang::quote::quote;
use crate::value::{List, MAX_DEPTH, Map, STRING_SLICE, STRING_STRING_MAP, Value};

/// The text of a value that stands for itself.
pub(super) fn go_syntax(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Nil => out.push_str("<nil>"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => {
            out.push_str(&number.to_string());
        }
        Value::Float(number) => out.push_str(&format_g(*number)),
        Value::String(text) => out.push_str(&quote(text.as_bytes())),
        Value::RawString(bytes) => out.push_str(&quote(bytes)),
        Value::Bytes(bytes) => {
            let items = bytes.iter().map(|byte| format!("{byte:#x}"));
            out.push_str("[]byte{");
            out.push_str(&items.collect::<Vec<_>>().join(", "));
            out.push('}');
        }
        Value::List(List { is_nil: true, type_name, .. })
        | Value::Map(Map { is_nil: true, type_name, .. }) => {
            out.push_str(type_name);
            out.push_str("(nil)");
        }
        Value::List(list) => {
            let boxed = list.type_name != STRING_SLICE;
            let items = list.items.iter().map(|item| (None, item));
            write_members(out, list.type_name, items, boxed, depth);
        }
        Value::Map(map) => {
            let boxed = map.type_name != STRING_STRING_MAP;
            let entries = map.entries();
            let members = entries.iter().map(|(key, value)| (Some(&**key), value));
            write_members(out, map.type_name, members, boxed, depth);
        }
        Value::Object(object) => write(out, &object.plain(), depth + 1),
    }
}

fn write_members<'v>(
    out: &mut String,
    type_name: &str,
    members: impl Iterator<Item = (Option<&'v str>, &'v Value)>,
    boxed: bool,
    depth: usize,
) {
    out.push_str(type_name);
    out.push('{');
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        if let Some(key) = key {
            out.push_str(&quote(key.as_bytes()));
            out.push(':');
        }
        match value {
            Value::Nil if boxed => out.push_str("interface {}(nil)"),
            value => write(out, value, depth + 1),
        }
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_go_source_shows_them() {
        let list = Value::list(vec![Value::Int(1), Value::from("x"), Value::Nil, Value::Bool(true)]);
        assert_eq!(go_syntax(&list), "[]interface {}{1, \"x\", interface {}(nil), true}");
        let map = Value::map([("a".into(), Value::Float(1.0)), ("b".into(), Value::Nil)].into());
        assert_eq!(go_syntax(&map), "map[string]interface {}{\"a\":1, \"b\":interface {}(nil)}");
        assert_eq!(go_syntax(&Value::strings(["a"])), "[]string{\"a\"}");
        assert_eq!(go_syntax(&Value::Bytes([97, 10].into())), "[]byte{0x61, 0xa}");
        assert_eq!(go_syntax(&Value::Nil), "<nil>");
    }
}
