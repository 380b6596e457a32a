//! The functions of templates: Go's own, sprig's and Helm's, by family.

// All functions of templates have one signature, whether they can fail or not.
#![allow(clippy::unnecessary_wraps)]

pub(crate) mod arguments;
mod builtin;
mod compare;
pub(crate) mod crypto;
pub(crate) mod date;
mod defaults;
mod dict;
pub(crate) mod duration;
mod encoding;
pub(crate) mod engine;
mod list;
mod numeric;
mod paths;
mod random;
mod reflect;
mod regex;
pub(crate) mod semver;
mod strings;
mod toml;
mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::release::Helm;
use crate::template::Templates;
use crate::template::exec::Engine;
use crate::template::signature::{Body, CallResult, Function, Type};
use crate::value::Value;

/// The functions that Helm has from version 4 on.
const SINCE_HELM_4: [&str; 13] = [
    "mustToYaml",
    "mustToToml",
    "mustToDuration",
    "durationSeconds",
    "durationMilliseconds",
    "durationMicroseconds",
    "durationNanoseconds",
    "durationMinutes",
    "durationHours",
    "durationDays",
    "durationWeeks",
    "durationRoundTo",
    "durationTruncateTo",
];

/// The function that templates know by that name.
pub(crate) fn find(name: &str, helm: Helm) -> Option<&'static Function> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
        FAMILIES.iter().flat_map(|family| family.iter()).map(|function| (function.name, function)).collect()
    });
    let function = BY_NAME.get(name).copied()?;
    (helm == Helm::V4 || !SINCE_HELM_4.contains(&name)).then_some(function)
}

/// Helm's own come last: they replace sprig's of the same name, which replace Go's.
static FAMILIES: [&[Function]; 19] = [
    builtin::FUNCTIONS,
    compare::FUNCTIONS,
    strings::FUNCTIONS,
    words::FUNCTIONS,
    numeric::FUNCTIONS,
    defaults::FUNCTIONS,
    dict::FUNCTIONS,
    list::FUNCTIONS,
    encoding::FUNCTIONS,
    reflect::FUNCTIONS,
    regex::FUNCTIONS,
    semver::FUNCTIONS,
    paths::FUNCTIONS,
    duration::FUNCTIONS,
    date::FUNCTIONS,
    random::FUNCTIONS,
    crypto::FUNCTIONS,
    toml::FUNCTIONS,
    engine::FUNCTIONS,
];

/// A function of fixed parameters.
const fn pure(name: &'static str, parameters: &'static [Type], body: fn(&[Value]) -> CallResult) -> Function {
    Function { name, parameters, variadic: None, body: Body::Pure(body) }
}

/// A function that takes any number of further arguments.
const fn variadic(
    name: &'static str,
    parameters: &'static [Type],
    rest: Type,
    body: fn(&[Value]) -> CallResult,
) -> Function {
    Function { name, parameters, variadic: Some(rest), body: Body::Pure(body) }
}

/// A function that needs the engine.
const fn with_engine(
    name: &'static str,
    parameters: &'static [Type],
    body: fn(&Engine<'_>, &Templates<'_>, &[Value]) -> CallResult,
) -> Function {
    Function { name, parameters, variadic: None, body: Body::Engine(body) }
}
