//! sprig's functions on maps. They change maps in place, as in Go.

use std::rc::Rc;

use super::arguments::{any, map, strval, text};
use super::{pure, variadic};
use crate::template::error::CallError;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::{Entries, Map, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("dict", &[], Type::Any, dict),
    pure("get", &[Type::Map, Type::String], |arguments| {
        Ok(map(arguments, 0).get(&text(arguments, 1)).unwrap_or_else(|| Value::string("")))
    }),
    pure("set", &[Type::Map, Type::String, Type::Any], set),
    pure("unset", &[Type::Map, Type::String], |arguments| {
        map(arguments, 0).entries_mut().remove(&*text(arguments, 1));
        Ok(any(arguments, 0))
    }),
    pure("hasKey", &[Type::Map, Type::String], |arguments| {
        Ok(Value::Bool(map(arguments, 0).entries().contains_key(&*text(arguments, 1))))
    }),
    variadic("pluck", &[Type::String], Type::Map, |arguments| {
        let key = text(arguments, 0);
        Ok(Value::list((1..arguments.len()).filter_map(|index| map(arguments, index).get(&key)).collect()))
    }),
    variadic("keys", &[], Type::Map, |arguments| {
        let keys: Vec<Rc<str>> = (0..arguments.len())
            .flat_map(|index| map(arguments, index).snapshot())
            .map(|(key, _)| key)
            .collect();
        Ok(Value::strings(keys))
    }),
    pure("values", &[Type::Map], |arguments| {
        Ok(Value::list(map(arguments, 0).snapshot().into_iter().map(|(_, value)| value).collect()))
    }),
    variadic("pick", &[Type::Map], Type::String, pick),
    variadic("omit", &[Type::Map], Type::String, omit),
    variadic("merge", &[Type::Map], Type::Map, |arguments| merge_all(arguments, false)),
    variadic("mustMerge", &[Type::Map], Type::Map, |arguments| merge_all(arguments, false)),
    variadic("mergeOverwrite", &[Type::Map], Type::Map, |arguments| merge_all(arguments, true)),
    variadic("mustMergeOverwrite", &[Type::Map], Type::Map, |arguments| merge_all(arguments, true)),
    pure("deepCopy", &[Type::Any], |arguments| Ok(any(arguments, 0).deep_copy())),
    pure("mustDeepCopy", &[Type::Any], |arguments| Ok(any(arguments, 0).deep_copy())),
    variadic("dig", &[], Type::Any, dig),
];

fn dict(arguments: &[Value]) -> CallResult {
    let mut entries = Entries::new();
    for pair in arguments.chunks(2) {
        let key = String::from_utf8_lossy(&strval(&pair[0])).into_owned();
        entries.insert(Rc::from(key), pair.get(1).cloned().unwrap_or_else(|| Value::string("")));
    }
    Ok(Value::map(entries))
}

fn set(arguments: &[Value]) -> CallResult {
    if matches!(any(arguments, 0), Value::Nil | Value::Map(Map { is_nil: true, .. })) {
        return Err("assignment to entry in nil map".into());
    }
    map(arguments, 0).set(&text(arguments, 1), any(arguments, 2));
    Ok(any(arguments, 0))
}

fn pick(arguments: &[Value]) -> CallResult {
    let source = map(arguments, 0);
    let picked = (1..arguments.len()).filter_map(|index| {
        let key = text(arguments, index);
        source.get(&key).map(|value| (Rc::from(&*key), value))
    });
    Ok(Value::map(picked.collect()))
}

fn omit(arguments: &[Value]) -> CallResult {
    let mut entries: Entries = map(arguments, 0).snapshot().into_iter().collect();
    for index in 1..arguments.len() {
        entries.remove(&*text(arguments, index));
    }
    Ok(Value::map(entries))
}

fn merge_all(arguments: &[Value], overwrite: bool) -> CallResult {
    let target = map(arguments, 0);
    for index in 1..arguments.len() {
        merge(&target, &map(arguments, index), overwrite);
    }
    Ok(Value::Map(target))
}

/// mergo's `Merge` for maps: what the target lacks is taken from the source, shared, not copied. With `overwrite` the source
/// wins, even with nil and empty values.
fn merge(target: &Map, source: &Map, overwrite: bool) {
    if target.is_same(source) {
        return;
    }
    for (key, new) in source.snapshot() {
        let old = target.get(&key);
        if new.is_nil() {
            if overwrite {
                target.set(&key, Value::Nil);
            }
            continue;
        }
        if let (Value::Map(new_map), Some(Value::Map(old_map))) = (&new, &old) {
            merge(old_map, new_map, overwrite);
        }
        let old_is_present = old.as_ref().is_some_and(Value::is_true);
        let replaces_list = matches!(new, Value::List(_)) && !overwrite;
        let merged_maps = matches!((&new, &old), (Value::Map(_), Some(Value::Map(_))));
        if old_is_present && (replaces_list || merged_maps) {
            continue;
        }
        if overwrite || !old_is_present {
            target.set(&key, new);
        }
    }
}

fn dig(arguments: &[Value]) -> CallResult {
    let [path @ .., default, start] = arguments else {
        return Err("dig needs at least three arguments".into());
    };
    if path.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut current = as_map(start)?;
    for (index, key) in path.iter().enumerate() {
        let Value::String(key) = key else { return Err(conversion(key, "string")) };
        let Some(step) = current.get(key) else { return Ok(default.clone()) };
        if index + 1 == path.len() {
            return Ok(step);
        }
        current = as_map(&step)?;
    }
    Ok(default.clone())
}

fn as_map(value: &Value) -> Result<Map, CallError> {
    match value {
        Value::Map(map) if map.type_name == crate::value::STRING_INTERFACE_MAP => Ok(map.clone()),
        other => Err(conversion(other, crate::value::STRING_INTERFACE_MAP)),
    }
}

fn conversion(value: &Value, wanted: &str) -> CallError {
    let got = if value.is_nil() { "nil" } else { value.type_name() };
    format!("interface conversion: interface {{}} is {got}, not {wanted}").into()
}
