//! sprig's functions about emptiness and JSON-free flow control.

use super::arguments::any;
use super::{pure, variadic};
use crate::template::signature::{CallResult, Function, Type};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("default", &[Type::Any], Type::Any, default),
    pure("empty", &[Type::Any], |arguments| Ok(Value::Bool(is_empty(&any(arguments, 0))))),
    variadic("coalesce", &[], Type::Any, |arguments| {
        Ok(arguments.iter().find(|value| !is_empty(value)).cloned().unwrap_or(Value::Nil))
    }),
    variadic("all", &[], Type::Any, |arguments| Ok(Value::Bool(!arguments.iter().any(is_empty)))),
    variadic("any", &[], Type::Any, |arguments| {
        Ok(Value::Bool(arguments.iter().any(|value| !is_empty(value))))
    }),
    pure("ternary", &[Type::Any, Type::Any, Type::Bool], |arguments| {
        Ok(any(arguments, usize::from(!any(arguments, 2).is_true())))
    }),
];

/// sprig's `empty`: the zero value of its kind; structs never are.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.is_true()
}

fn default(arguments: &[Value]) -> CallResult {
    match arguments.get(1) {
        Some(given) if !is_empty(given) => Ok(given.clone()),
        _ => Ok(any(arguments, 0)),
    }
}
