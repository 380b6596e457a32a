//! sprig's functions on lists. Lists are never changed in place.

use super::arguments::{NIL_DEREFERENCE, any, strslice, strval, text, to_int64};
use super::defaults::is_empty;
use super::reflect::{deep_equal, kind};
use super::{pure, variadic};
use crate::template::error::CallError;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::{INTERFACE_SLICE, List, Value};

const ANY: &[Type] = &[Type::Any];
const TWO: &[Type] = &[Type::Any, Type::Any];

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("list", &[], Type::Any, |arguments| Ok(Value::list(arguments.to_vec()))),
    variadic("tuple", &[], Type::Any, |arguments| Ok(Value::list(arguments.to_vec()))),
    pure("append", TWO, push),
    pure("push", TWO, push),
    pure("mustAppend", TWO, push),
    pure("mustPush", TWO, push),
    pure("prepend", TWO, prepend),
    pure("mustPrepend", TWO, prepend),
    pure("first", ANY, first),
    pure("mustFirst", ANY, first),
    pure("rest", ANY, rest),
    pure("mustRest", ANY, rest),
    pure("last", ANY, last),
    pure("mustLast", ANY, last),
    pure("initial", ANY, initial),
    pure("mustInitial", ANY, initial),
    pure("reverse", ANY, reverse),
    pure("mustReverse", ANY, reverse),
    pure("compact", ANY, compact),
    pure("mustCompact", ANY, compact),
    pure("uniq", ANY, uniq),
    pure("mustUniq", ANY, uniq),
    variadic("without", ANY, Type::Any, without),
    variadic("mustWithout", ANY, Type::Any, without),
    pure("has", TWO, has),
    pure("mustHas", TWO, has),
    variadic("slice", ANY, Type::Any, slice),
    variadic("mustSlice", ANY, Type::Any, slice),
    variadic("concat", &[], Type::Any, concat),
    pure("chunk", &[Type::Int, Type::Any], chunk),
    pure("mustChunk", &[Type::Int, Type::Any], chunk),
    pure("sortAlpha", ANY, sort_alpha),
    pure("join", &[Type::String, Type::Any], |arguments| {
        Ok(Value::from(strslice(&any(arguments, 1)).join(&text(arguments, 0))))
    }),
    pure("toStrings", ANY, |arguments| Ok(Value::strings(strslice(&any(arguments, 0))))),
];

fn items(value: &Value, act: &str) -> Result<Vec<Value>, CallError> {
    match value.plain() {
        Value::List(list) => Ok(list.items.to_vec()),
        Value::Bytes(bytes) => Ok(bytes.iter().map(|byte| Value::Int(i64::from(*byte))).collect()),
        Value::Nil => Err(NIL_DEREFERENCE.into()),
        other => Err(format!("Cannot {act} type {}", kind(&other)).into()),
    }
}

fn push(arguments: &[Value]) -> CallResult {
    let mut all = items(&any(arguments, 0), "push on")?;
    all.push(any(arguments, 1));
    Ok(Value::list(all))
}

fn prepend(arguments: &[Value]) -> CallResult {
    let mut all = items(&any(arguments, 0), "prepend on")?;
    all.insert(0, any(arguments, 1));
    Ok(Value::list(all))
}

fn first(arguments: &[Value]) -> CallResult {
    Ok(items(&any(arguments, 0), "find first on")?.into_iter().next().unwrap_or(Value::Nil))
}

fn last(arguments: &[Value]) -> CallResult {
    Ok(items(&any(arguments, 0), "find last on")?.pop().unwrap_or(Value::Nil))
}

fn rest(arguments: &[Value]) -> CallResult {
    let all = items(&any(arguments, 0), "find rest on")?;
    Ok(nil_if_from_empty(all.is_empty(), all.into_iter().skip(1).collect()))
}

fn initial(arguments: &[Value]) -> CallResult {
    let mut all = items(&any(arguments, 0), "find initial on")?;
    let was_empty = all.pop().is_none();
    Ok(nil_if_from_empty(was_empty, all))
}

/// sprig returns nil for what remains of an empty list.
fn nil_if_from_empty(was_empty: bool, items: Vec<Value>) -> Value {
    Value::List(List { is_nil: was_empty, ..List::new(items) })
}

fn reverse(arguments: &[Value]) -> CallResult {
    let mut all = items(&any(arguments, 0), "find reverse on")?;
    all.reverse();
    Ok(Value::list(all))
}

fn compact(arguments: &[Value]) -> CallResult {
    let all = items(&any(arguments, 0), "compact on")?;
    Ok(Value::list(all.into_iter().filter(|item| !is_empty(item)).collect()))
}

fn uniq(arguments: &[Value]) -> CallResult {
    let mut unique: Vec<Value> = Vec::new();
    for item in items(&any(arguments, 0), "find uniq on")? {
        if !unique.iter().any(|known| deep_equal(&item, known)) {
            unique.push(item);
        }
    }
    Ok(Value::list(unique))
}

fn without(arguments: &[Value]) -> CallResult {
    let omitted = arguments.get(1..).unwrap_or_default();
    let all = items(&any(arguments, 0), "find without on")?;
    let kept = all.into_iter().filter(|item| !omitted.iter().any(|other| deep_equal(item, other)));
    Ok(Value::list(kept.collect()))
}

fn has(arguments: &[Value]) -> CallResult {
    let haystack = any(arguments, 1);
    if haystack.is_nil() {
        return Ok(Value::Bool(false));
    }
    let needle = any(arguments, 0);
    Ok(Value::Bool(items(&haystack, "find has on")?.iter().any(|item| deep_equal(&needle, item))))
}

fn slice(arguments: &[Value]) -> CallResult {
    let list = match any(arguments, 0).plain() {
        Value::List(list) => list,
        Value::Nil => return Err(NIL_DEREFERENCE.into()),
        other => return Err(format!("list should be type of slice or array but {}", kind(&other)).into()),
    };
    if list.items.is_empty() {
        return Ok(Value::Nil);
    }
    let start = arguments.get(1).map_or(Ok(0), |index| usize::try_from(to_int64(index)));
    let end = arguments.get(2).map_or(Ok(list.items.len()), |index| usize::try_from(to_int64(index)));
    match (start, end) {
        (Ok(start), Ok(end)) if start <= end && end <= list.items.len() => {
            Ok(Value::List(List::typed(list.type_name, list.items[start..end].to_vec())))
        }
        _ => Err("reflect.Value.Slice: slice index out of bounds".into()),
    }
}

fn concat(arguments: &[Value]) -> CallResult {
    let mut all = Vec::new();
    for argument in arguments {
        match argument.plain() {
            Value::List(list) => all.extend(list.items.iter().cloned()),
            Value::Nil => return Err(NIL_DEREFERENCE.into()),
            other => return Err(format!("Cannot concat type {} as list", kind(&other)).into()),
        }
    }
    Ok(Value::List(List::appended(INTERFACE_SLICE, all)))
}

fn chunk(arguments: &[Value]) -> CallResult {
    let all = items(&any(arguments, 1), "chunk")?;
    let size = usize::try_from(to_int64(&any(arguments, 0))).unwrap_or(0);
    if size == 0 {
        return Err("runtime error: makeslice: len out of range".into());
    }
    let chunks = all.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect();
    Ok(Value::List(List::typed("[][]interface {}", chunks)))
}

fn sort_alpha(arguments: &[Value]) -> CallResult {
    let value = any(arguments, 0);
    if !matches!(value.plain(), Value::List(_)) {
        return Ok(Value::strings([String::from_utf8_lossy(&strval(&value))]));
    }
    let mut all = strslice(&value);
    all.sort();
    Ok(Value::strings(all))
}
