//! sprig's functions about types.

use super::arguments::{any, text};
use super::pure;
use crate::template::signature::{Function, Type};
use crate::value::Value;

const NAMED: &[Type] = &[Type::String, Type::Any];

pub(super) const FUNCTIONS: &[Function] = &[
    pure("typeOf", &[Type::Any], |arguments| Ok(Value::from(any(arguments, 0).type_name()))),
    pure("typeIs", NAMED, |arguments| Ok(Value::Bool(text(arguments, 0) == any(arguments, 1).type_name()))),
    pure("typeIsLike", NAMED, |arguments| {
        let (wanted, value) = (text(arguments, 0), any(arguments, 1));
        Ok(Value::Bool(wanted == value.type_name() || format!("*{wanted}") == value.type_name()))
    }),
    pure("kindOf", &[Type::Any], |arguments| Ok(Value::from(kind(&any(arguments, 0))))),
    pure("kindIs", NAMED, |arguments| Ok(Value::Bool(text(arguments, 0) == kind(&any(arguments, 1))))),
    pure("deepEqual", &[Type::Any, Type::Any], |arguments| {
        Ok(Value::Bool(deep_equal(&any(arguments, 0), &any(arguments, 1))))
    }),
];

/// `reflect.Kind`'s name.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Int64(_) | Value::Duration(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) | Value::RawString(_) => "string",
        Value::Bytes(_) | Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Object(object) if object.type_name().starts_with('*') => "ptr",
        Value::Object(object) => match object.plain() {
            Value::Map(_) if object.type_name().ends_with("files") => "map",
            Value::List(_) => "slice",
            _ => "struct",
        },
    }
}

/// `reflect.DeepEqual`: the types must be the same, too.
#[allow(clippy::float_cmp)]
pub(super) fn deep_equal(first: &Value, second: &Value) -> bool {
    match (first, second) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b))
        | (Value::Int64(a), Value::Int64(b))
        | (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::RawString(a), Value::RawString(b)) | (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.type_name == b.type_name
                && a.items.len() == b.items.len()
                && a.items.iter().zip(b.items.iter()).all(|(a, b)| deep_equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.is_same(b) {
                return true;
            }
            let (left, right) = (a.entries(), b.entries());
            a.type_name == b.type_name
                && left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| deep_equal(value, other)))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.type_name() == b.type_name() && deep_equal(&a.plain(), &b.plain())
        }
        _ => false,
    }
}
