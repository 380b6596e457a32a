//! Helm's functions that need the engine or the caller: `include`, `tpl`, `required`, `fail`, `lookup`.

use super::arguments::{any, text};
use super::{pure, with_engine};
use crate::golang::quote::quote;
use crate::template::error::{CallError, WARN_END, WARN_START};
use crate::template::exec::{Engine, Evaluated, execute};
use crate::template::signature::{CallResult, Function, Type};
use crate::template::{Templates, parse};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    with_engine("include", &[Type::String, Type::Any], include),
    with_engine("tpl", &[Type::String, Type::Any], tpl),
    pure("required", &[Type::String, Type::Any], required),
    pure("fail", &[Type::String], |arguments| Err(marked(&text(arguments, 0)))),
    with_engine("lookup", &[Type::String, Type::String, Type::String, Type::String], lookup),
    pure("getHostByName", &[Type::String], |_| Ok(Value::from(""))),
];

/// The name that Helm gives to the set of all templates, and to the text of `tpl`.
const SET_NAME: &str = "gotpl";

/// A template may be included in itself this often.
const MAX_INCLUDES: usize = 1000;

fn marked(message: &str) -> CallError {
    format!("{WARN_START}{message}{WARN_END}").into()
}

fn required(arguments: &[Value]) -> CallResult {
    match any(arguments, 1) {
        Value::Nil => Err(marked(&text(arguments, 0))),
        Value::String(value) if value.is_empty() => Err(marked(&text(arguments, 0))),
        value => Ok(value),
    }
}

fn include(engine: &Engine<'_>, templates: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let name = text(arguments, 0);
    let including = engine.included.borrow().get(&*name).copied().unwrap_or(0);
    if including > MAX_INCLUDES {
        let reason = "unable to execute template";
        return Err(format!("rendering template has a nested reference name: {name}: {reason}").into());
    }
    let Some(tree) = templates.get(&name) else {
        let (name, set) = (quote(name.as_bytes()), quote(SET_NAME.as_bytes()));
        return Err(CallError::NoTemplate(format!(
            "template: no template {name} associated with template {set}"
        )));
    };
    engine.included.borrow_mut().insert(name.clone().into_owned(), including + 1);
    let written = execute(engine, templates, tree, Evaluated::concrete(any(arguments, 1)));
    engine.included.borrow_mut().insert(name.into_owned(), including);
    Ok(Value::bytes_as_string(written?))
}

fn tpl(engine: &Engine<'_>, templates: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let source = text(arguments, 0);
    let shown = || quote(source.as_bytes());
    let trees = parse::parse(SET_NAME, &source, &|name| super::find(name, engine.helm))
        .map_err(|error| format!("cannot parse template {}: {error}", shown()))?;
    // The text itself is run even if it is blank, while a blank definition does not replace another.
    let (own, defined): (Vec<_>, Vec<_>) = trees.into_iter().partition(|tree| &*tree.name == SET_NAME);
    let mut inner = Templates::inside(templates);
    inner.add(defined);
    let Some(tree) = own.first() else { return Ok(Value::from("")) };
    let written = execute(engine, &inner, tree, Evaluated::concrete(any(arguments, 1)))
        .map_err(|error| format!("error during tpl function execution for {}: {}", shown(), error.message))?;
    Ok(Value::bytes_as_string(without_no_value(written)))
}

/// Removes what Go writes for missing values.
pub(crate) fn without_no_value(text: Vec<u8>) -> Vec<u8> {
    const NO_VALUE: &[u8] = b"<no value>";
    // The search in a `str` is much faster than the one in bytes, and nearly all text is a `str` without the mark.
    if std::str::from_utf8(&text).is_ok_and(|text| !text.contains("<no value>")) {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_slice();
    while let Some(position) = rest.windows(NO_VALUE.len()).position(|window| window == NO_VALUE) {
        out.extend_from_slice(&rest[..position]);
        rest = &rest[position + NO_VALUE.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn lookup(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let Some(source) = engine.source else { return Ok(Value::map(crate::value::Entries::new())) };
    let found =
        source.lookup(&text(arguments, 0), &text(arguments, 1), &text(arguments, 2), &text(arguments, 3));
    Ok(Value::from_json(&found))
}
