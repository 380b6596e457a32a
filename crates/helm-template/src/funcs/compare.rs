//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: values of different kinds cannot be compared.

use super::arguments::any;
use super::{pure, variadic};
use crate::golang::fmt::{sprintf, to_text};
use crate::template::error::CallError;
use crate::template::signature::{Function, Type};
use crate::value::Value;

const PAIR: &[Type] = &[Type::Reflect, Type::Reflect];

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("eq", &[Type::Reflect], Type::Reflect, |arguments| {
        eq(&any(arguments, 0), arguments.get(1..).unwrap_or_default()).map(Value::Bool)
    }),
    pure("ne", PAIR, |arguments| {
        eq(&any(arguments, 0), arguments.get(1..).unwrap_or_default()).map(|equal| Value::Bool(!equal))
    }),
    pure("lt", PAIR, |arguments| lt(arguments).map(Value::Bool)),
    pure("le", PAIR, |arguments| le(arguments).map(Value::Bool)),
    pure("gt", PAIR, |arguments| le(arguments).map(|less_or_equal| Value::Bool(!less_or_equal))),
    pure("ge", PAIR, |arguments| lt(arguments).map(|less| Value::Bool(!less))),
];

const BAD_TYPE: &str = "invalid type for comparison";

/// Go's `basicKind`.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    Bool,
    Int,
    Float,
    String,
}

fn basic_kind(value: &Value) -> Option<Kind> {
    match value {
        Value::Bool(_) => Some(Kind::Bool),
        Value::Int(_) | Value::Int64(_) | Value::Duration(_) => Some(Kind::Int),
        Value::Float(_) => Some(Kind::Float),
        Value::String(_) | Value::RawString(_) => Some(Kind::String),
        _ => None,
    }
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => *number,
        _ => 0,
    }
}

fn bytes(value: &Value) -> &[u8] {
    match value {
        Value::String(text) => text.as_bytes(),
        Value::RawString(bytes) => bytes,
        _ => b"",
    }
}

fn float(value: &Value) -> f64 {
    if let Value::Float(number) = value { *number } else { 0.0 }
}

fn incompatible(first: &Value, second: &Value) -> CallError {
    let (first, second) = (first.type_name(), second.type_name());
    format!("incompatible types for comparison: {first} and {second}").into()
}

fn eq(first: &Value, others: &[Value]) -> Result<bool, CallError> {
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if eq_one(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[allow(clippy::float_cmp)]
fn eq_one(first: &Value, second: &Value) -> Result<bool, CallError> {
    let (first_kind, second_kind) = (basic_kind(first), basic_kind(second));
    if first_kind != second_kind {
        return if first.is_nil() || second.is_nil() { Ok(false) } else { Err(incompatible(first, second)) };
    }
    match first_kind {
        Some(Kind::Bool) => Ok(first.is_true() == second.is_true()),
        Some(Kind::Int) => Ok(integer(first) == integer(second)),
        Some(Kind::Float) => Ok(float(first) == float(second)),
        Some(Kind::String) => Ok(bytes(first) == bytes(second)),
        None if first.is_nil() || second.is_nil() => Ok(first.is_nil() && second.is_nil()),
        None if std::mem::discriminant(first) != std::mem::discriminant(second) => {
            let (first_type, second_type) = (first.type_name(), second.type_name());
            Err(format!(
                "non-comparable types {}: {first_type}, {second_type}: {}",
                to_text(first),
                to_text(second)
            )
            .into())
        }
        None => {
            let shown = sprintf("%s", std::slice::from_ref(second));
            let shown = String::from_utf8_lossy(&shown);
            Err(format!("non-comparable type {shown}: {}", second.type_name()).into())
        }
    }
}

fn lt(arguments: &[Value]) -> Result<bool, CallError> {
    let (first, second) = (any(arguments, 0), any(arguments, 1));
    let first_kind = basic_kind(&first).ok_or(BAD_TYPE)?;
    let second_kind = basic_kind(&second).ok_or(BAD_TYPE)?;
    if first_kind != second_kind {
        return Err(incompatible(&first, &second));
    }
    match first_kind {
        Kind::Bool => Err(BAD_TYPE.into()),
        Kind::Int => Ok(integer(&first) < integer(&second)),
        Kind::Float => Ok(float(&first) < float(&second)),
        Kind::String => Ok(bytes(&first) < bytes(&second)),
    }
}

fn le(arguments: &[Value]) -> Result<bool, CallError> {
    Ok(lt(arguments)? || eq_one(&any(arguments, 0), &any(arguments, 1))?)
}
