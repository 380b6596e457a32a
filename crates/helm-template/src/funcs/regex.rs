//! sprig's regular expressions, in the syntax of Go's `regexp` (RE2).

use regex::Regex;

use super::arguments::{int, text};
use super::pure;
use crate::golang::quote::quote;
use crate::template::error::CallError;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::{List, STRING_SLICE, Value};

const TWO: &[Type] = &[Type::String, Type::String];
const THREE: &[Type] = &[Type::String, Type::String, Type::String];
const LIMITED: &[Type] = &[Type::String, Type::String, Type::Int];

pub(super) const FUNCTIONS: &[Function] = &[
    pure("regexMatch", TWO, |arguments| {
        Ok(Value::Bool(compile(&text(arguments, 0)).is_ok_and(|regex| regex.is_match(&text(arguments, 1)))))
    }),
    pure("mustRegexMatch", TWO, |arguments| {
        Ok(Value::Bool(compile(&text(arguments, 0))?.is_match(&text(arguments, 1))))
    }),
    pure("regexFindAll", LIMITED, |arguments| {
        find_all(arguments).map_err(|error| panicked(arguments, &error))
    }),
    pure("mustRegexFindAll", LIMITED, find_all),
    pure("regexFind", TWO, |arguments| find(arguments).map_err(|error| panicked(arguments, &error))),
    pure("mustRegexFind", TWO, find),
    pure("regexReplaceAll", THREE, |arguments| {
        replace_all(arguments).map_err(|error| panicked(arguments, &error))
    }),
    pure("mustRegexReplaceAll", THREE, replace_all),
    pure("regexReplaceAllLiteral", THREE, |arguments| {
        replace_all_literal(arguments).map_err(|error| panicked(arguments, &error))
    }),
    pure("mustRegexReplaceAllLiteral", THREE, replace_all_literal),
    pure("regexSplit", LIMITED, |arguments| split(arguments).map_err(|error| panicked(arguments, &error))),
    pure("mustRegexSplit", LIMITED, split),
    pure("regexQuoteMeta", &[Type::String], |arguments| Ok(Value::from(quote_meta(&text(arguments, 0))))),
];

fn compile(pattern: &str) -> Result<Regex, CallError> {
    Regex::new(&translate(pattern)).map_err(|_| {
        let shown = shown(pattern);
        format!("error parsing regexp: invalid or unsupported regular expression: {shown}").into()
    })
}

fn shown(pattern: &str) -> String {
    if pattern.contains('`') { quote(pattern.as_bytes()) } else { format!("`{pattern}`") }
}

/// What the functions without `must` say, which panic in Go.
fn panicked(arguments: &[Value], error: &CallError) -> CallError {
    format!("regexp: Compile({}): {error}", shown(&text(arguments, 0))).into()
}

/// RE2's Perl classes know ASCII only, and brackets in a class stand for themselves.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut class_start = None;
    let mut consumed = 0usize;
    while let Some(c) = chars.next() {
        consumed += 1;
        match c {
            '\\' => {
                let Some(escaped) = chars.next() else {
                    out.push('\\');
                    break;
                };
                consumed += 1;
                match escaped {
                    'd' => out.push_str("[0-9]"),
                    'D' => out.push_str("[^0-9]"),
                    'w' => out.push_str("[0-9A-Za-z_]"),
                    'W' => out.push_str("[^0-9A-Za-z_]"),
                    's' => out.push_str("[\\t\\n\\x0C\\r ]"),
                    'S' => out.push_str("[^\\t\\n\\x0C\\r ]"),
                    'b' if class_start.is_none() => out.push_str("(?-u:\\b)"),
                    'Q' => {
                        let rest: String = chars.clone().collect();
                        let literal = rest.split("\\E").next().unwrap_or_default();
                        let skip = literal.chars().count() + if rest.contains("\\E") { 2 } else { 0 };
                        out.push_str(&regex::escape(literal));
                        for _ in 0..skip {
                            chars.next();
                        }
                    }
                    _ => {
                        out.push('\\');
                        out.push(escaped);
                    }
                }
            }
            '[' if class_start.is_none() => {
                out.push('[');
                if chars.peek() == Some(&'^') {
                    out.push('^');
                    chars.next();
                    consumed += 1;
                }
                if chars.peek() == Some(&']') {
                    out.push_str("\\]");
                    chars.next();
                    consumed += 1;
                }
                class_start = Some(consumed);
            }
            '[' if chars.peek() == Some(&':') => {
                out.push('[');
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' => out.push_str("\\["),
            ']' if class_start.is_some() => {
                out.push(']');
                class_start = None;
            }
            '&' | '~' if class_start.is_some() => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn limit(arguments: &[Value]) -> usize {
    usize::try_from(int(arguments, 2)).unwrap_or(usize::MAX)
}

fn find_all(arguments: &[Value]) -> CallResult {
    let regex = compile(&text(arguments, 0))?;
    let haystack = text(arguments, 1);
    let found = regex.find_iter(&haystack).take(limit(arguments)).map(|found| Value::from(found.as_str()));
    Ok(Value::List(List::appended(STRING_SLICE, found.collect())))
}

fn find(arguments: &[Value]) -> CallResult {
    let regex = compile(&text(arguments, 0))?;
    let haystack = text(arguments, 1);
    Ok(Value::from(regex.find(&haystack).map_or("", |found| found.as_str())))
}

fn replace_all(arguments: &[Value]) -> CallResult {
    let regex = compile(&text(arguments, 0))?;
    Ok(Value::from(regex.replace_all(&text(arguments, 1), &*text(arguments, 2)).into_owned()))
}

fn replace_all_literal(arguments: &[Value]) -> CallResult {
    let regex = compile(&text(arguments, 0))?;
    let replacement = text(arguments, 2);
    Ok(Value::from(regex.replace_all(&text(arguments, 1), regex::NoExpand(&replacement)).into_owned()))
}

/// `Regexp.Split`: an empty match at the start does not split.
fn split(arguments: &[Value]) -> CallResult {
    let regex = compile(&text(arguments, 0))?;
    let (haystack, limit) = (text(arguments, 1), limit(arguments));
    if limit == 0 {
        return Ok(Value::List(List::nil(STRING_SLICE)));
    }
    if haystack.is_empty() {
        return Ok(Value::strings([""]));
    }
    let mut parts: Vec<&str> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for found in regex.find_iter(&haystack) {
        if parts.len() + 1 == limit {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(&haystack[start..end]);
        }
        start = found.end();
    }
    if end != haystack.len() {
        parts.push(&haystack[start..]);
    }
    Ok(Value::strings(parts))
}

fn quote_meta(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
