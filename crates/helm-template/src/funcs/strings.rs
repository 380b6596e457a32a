//! sprig's functions on strings.

use super::arguments::{any, bytes, int, strval, text};
use super::{pure, variadic, with_engine};
use crate::golang::fmt::{sprint, to_text};
use crate::golang::quote::quote;
use crate::template::Templates;
use crate::template::exec::Engine;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::{Entries, Map, STRING_STRING_MAP, Value};

const TEXT: &[Type] = &[Type::String];
const TWO: &[Type] = &[Type::String, Type::String];
const THREE: &[Type] = &[Type::String, Type::String, Type::String];
const COUNT_TEXT: &[Type] = &[Type::Int, Type::String];

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("quote", &[], Type::Any, |arguments| Ok(quoted(arguments, |value| quote(&strval(value))))),
    variadic("squote", &[], Type::Any, |arguments| {
        Ok(quoted(arguments, |value| format!("'{}'", to_text(value))))
    }),
    variadic("cat", &[], Type::Any, cat),
    with_engine("indent", COUNT_TEXT, |engine, _, arguments| indent(engine, "", arguments)),
    with_engine("nindent", COUNT_TEXT, |engine, _, arguments| indent(engine, "\n", arguments)),
    pure("replace", THREE, |arguments| Ok(replace(arguments))),
    pure("trim", TEXT, |arguments| Ok(Value::from(trim_space(&text(arguments, 0))))),
    pure("trimAll", TWO, |arguments| Ok(trim_all(arguments))),
    pure("trimall", TWO, |arguments| Ok(trim_all(arguments))),
    pure("trimSuffix", TWO, |arguments| {
        let (suffix, whole) = (text(arguments, 0), text(arguments, 1));
        Ok(Value::from(whole.strip_suffix(&*suffix).unwrap_or(&whole)))
    }),
    pure("trimPrefix", TWO, |arguments| {
        let (prefix, whole) = (text(arguments, 0), text(arguments, 1));
        Ok(Value::from(whole.strip_prefix(&*prefix).unwrap_or(&whole)))
    }),
    pure("upper", TEXT, |arguments| Ok(Value::from(text(arguments, 0).to_uppercase()))),
    pure("lower", TEXT, |arguments| Ok(Value::from(map_chars(&text(arguments, 0), to_lower)))),
    pure("contains", TWO, |arguments| Ok(Value::Bool(text(arguments, 1).contains(&*text(arguments, 0))))),
    pure("hasPrefix", TWO, |arguments| Ok(Value::Bool(text(arguments, 1).starts_with(&*text(arguments, 0))))),
    pure("hasSuffix", TWO, |arguments| Ok(Value::Bool(text(arguments, 1).ends_with(&*text(arguments, 0))))),
    with_engine("repeat", COUNT_TEXT, repeat),
    pure("substr", &[Type::Int, Type::Int, Type::String], substr),
    pure("trunc", COUNT_TEXT, trunc),
    pure("split", TWO, |arguments| {
        let (separator, whole) = (text(arguments, 0), text(arguments, 1));
        Ok(numbered(split(&whole, &separator, None)))
    }),
    pure("splitn", &[Type::String, Type::Int, Type::String], |arguments| {
        let (separator, whole) = (text(arguments, 0), text(arguments, 2));
        Ok(numbered(split(&whole, &separator, Some(int(arguments, 1)))))
    }),
    pure("splitList", TWO, |arguments| {
        let (separator, whole) = (text(arguments, 0), text(arguments, 1));
        Ok(Value::strings(split(&whole, &separator, None)))
    }),
    pure("toString", &[Type::Any], |arguments| Ok(Value::bytes_as_string(strval(&any(arguments, 0))))),
    pure("hello", &[], |_| Ok(Value::from("Hello!"))),
    pure("plural", &[Type::String, Type::String, Type::Int], |arguments| {
        Ok(any(arguments, usize::from(int(arguments, 2) != 1)))
    }),
];

fn quoted(arguments: &[Value], each: impl Fn(&Value) -> String) -> Value {
    let parts: Vec<String> = arguments.iter().filter(|value| !value.is_nil()).map(each).collect();
    Value::from(parts.join(" "))
}

fn cat(arguments: &[Value]) -> CallResult {
    let mut out: Vec<u8> = Vec::new();
    for (index, value) in arguments.iter().filter(|value| !value.is_nil()).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend(sprint(std::slice::from_ref(value)));
    }
    Ok(Value::bytes_as_string(out))
}

fn indent(engine: &Engine<'_>, before: &str, arguments: &[Value]) -> CallResult {
    let spaces = usize::try_from(int(arguments, 0)).map_err(|_| "strings: negative Repeat count")?;
    let content = bytes(arguments, 1);
    let lines = content.split(|byte| *byte == b'\n').count();
    engine.spend(spaces.saturating_mul(lines))?;
    let padding = " ".repeat(spaces);
    let mut out = Vec::with_capacity(before.len() + content.len() + spaces * lines);
    out.extend_from_slice(before.as_bytes());
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        out.extend_from_slice(padding.as_bytes());
        out.extend_from_slice(line);
    }
    Ok(Value::bytes_as_string(out))
}

/// `strings.Replace(.., -1)`: an empty pattern matches before every character and at the end.
fn replace(arguments: &[Value]) -> Value {
    match arguments.get(2) {
        Some(Value::RawString(whole)) if !bytes(arguments, 0).is_empty() => {
            Value::bytes_as_string(replace_bytes(whole, bytes(arguments, 0), bytes(arguments, 1)))
        }
        _ => Value::from(text(arguments, 2).replace(&*text(arguments, 0), &text(arguments, 1))),
    }
}

fn replace_bytes(whole: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(whole.len());
    let mut rest = whole;
    while let Some(position) = rest.windows(old.len()).position(|window| window == old) {
        out.extend_from_slice(&rest[..position]);
        out.extend_from_slice(new);
        rest = &rest[position + old.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// `strings.TrimSpace`.
pub(super) fn trim_space(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `unicode.IsSpace`.
pub(super) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn trim_all(arguments: &[Value]) -> Value {
    let set: Vec<char> = text(arguments, 0).chars().collect();
    Value::from(text(arguments, 1).trim_matches(set.as_slice()))
}

fn map_chars(text: &str, each: impl Fn(char) -> char) -> String {
    text.chars().map(each).collect()
}

/// `unicode.ToLower`: one character for one.
pub(super) fn to_lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        (Some(first), Some(_)) if c == 'İ' => first,
        _ => c,
    }
}

/// `unicode.ToUpper`: one character for one.
pub(super) fn to_upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

fn repeat(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let count = usize::try_from(int(arguments, 0)).map_err(|_| "strings: negative Repeat count")?;
    let content = bytes(arguments, 1);
    engine.spend(content.len().saturating_mul(count))?;
    Ok(Value::bytes_as_string(content.repeat(count)))
}

/// The bytes from `start` to `end`, or what Go's panic says.
fn cut(content: &[u8], start: i64, end: i64) -> CallResult {
    let length = content.len();
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(from), Ok(to)) if from <= to && to <= length => {
            Ok(Value::bytes_as_string(content[from..to].to_vec()))
        }
        (_, Ok(to)) if to > length => {
            Err(format!("runtime error: slice bounds out of range [:{to}] with length {length}").into())
        }
        (_, Err(_)) => Err(format!("runtime error: slice bounds out of range [:{end}]").into()),
        _ => Err(format!("runtime error: slice bounds out of range [{start}:{end}]").into()),
    }
}

fn substr(arguments: &[Value]) -> CallResult {
    let (start, end, content) = (int(arguments, 0), int(arguments, 1), bytes(arguments, 2));
    let length = i64::try_from(content.len()).unwrap_or(i64::MAX);
    if start < 0 {
        cut(content, 0, end)
    } else if end < 0 || end > length {
        if start > length {
            return Err(format!("runtime error: slice bounds out of range [{start}:{length}]").into());
        }
        cut(content, start, length)
    } else {
        cut(content, start, end)
    }
}

fn trunc(arguments: &[Value]) -> CallResult {
    let (count, content) = (int(arguments, 0), bytes(arguments, 1));
    let length = i64::try_from(content.len()).unwrap_or(i64::MAX);
    if count < 0 && length + count > 0 {
        cut(content, length + count, length)
    } else if count >= 0 && length > count {
        cut(content, 0, count)
    } else {
        Ok(any(arguments, 1))
    }
}

/// `strings.SplitN`; an empty separator splits after each character.
pub(super) fn split(whole: &str, separator: &str, limit: Option<i64>) -> Vec<String> {
    let limit = match limit {
        Some(0) => return Vec::new(),
        Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    if !separator.is_empty() {
        return whole.splitn(limit, separator).map(str::to_owned).collect();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut rest = whole;
    while let Some(c) = rest.chars().next() {
        if parts.len() + 1 == limit {
            parts.push(rest.to_owned());
            break;
        }
        parts.push(c.to_string());
        rest = &rest[c.len_utf8()..];
    }
    parts
}

/// `_0`, `_1` and so on.
fn numbered(parts: Vec<String>) -> Value {
    let entries: Entries = parts
        .into_iter()
        .enumerate()
        .map(|(index, part)| (std::rc::Rc::from(format!("_{index}")), Value::from(part)))
        .collect();
    Value::Map(Map::typed(STRING_STRING_MAP, entries))
}
