//! Paths and URLs.

use std::fmt::Write as _;

use super::arguments::{map, text};
use super::pure;
use crate::golang::path;
use crate::template::error::CallError;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::{Entries, Value};

const TEXT: &[Type] = &[Type::String];

pub(super) const FUNCTIONS: &[Function] = &[
    pure("base", TEXT, |arguments| Ok(Value::from(path::base(&text(arguments, 0))))),
    pure("osBase", TEXT, |arguments| Ok(Value::from(path::base(&text(arguments, 0))))),
    pure("dir", TEXT, |arguments| Ok(Value::from(path::dir(&text(arguments, 0))))),
    pure("osDir", TEXT, |arguments| Ok(Value::from(path::dir(&text(arguments, 0))))),
    pure("clean", TEXT, |arguments| Ok(Value::from(path::clean(&text(arguments, 0))))),
    pure("osClean", TEXT, |arguments| Ok(Value::from(path::clean(&text(arguments, 0))))),
    pure("ext", TEXT, |arguments| Ok(Value::from(path::ext(&text(arguments, 0))))),
    pure("osExt", TEXT, |arguments| Ok(Value::from(path::ext(&text(arguments, 0))))),
    pure("isAbs", TEXT, |arguments| Ok(Value::Bool(text(arguments, 0).starts_with('/')))),
    pure("osIsAbs", TEXT, |arguments| Ok(Value::Bool(text(arguments, 0).starts_with('/')))),
    pure("urlParse", TEXT, url_parse),
    pure("urlJoin", &[Type::Map], url_join),
];

/// The parts of a URL as `net/url` splits them.
fn url_parse(arguments: &[Value]) -> CallResult {
    let whole = text(arguments, 0);
    if whole.contains(|c: char| char::is_ascii_control(&c)) {
        let shown = crate::golang::quote::quote(whole.as_bytes());
        return Err(
            format!("unable to parse url: parse {shown}: net/url: invalid control character in URL").into()
        );
    }
    let (before_fragment, fragment) = whole.split_once('#').unwrap_or((&whole, ""));
    let (scheme, rest) = scheme(before_fragment);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut userinfo, mut host, mut opaque, mut url_path) = ("", "", "", rest);
    if !scheme.is_empty() && !rest.starts_with('/') {
        opaque = rest;
        url_path = "";
    } else if let Some(after) = rest.strip_prefix("//") {
        let end = after.find('/').unwrap_or(after.len());
        let authority = &after[..end];
        url_path = &after[end..];
        (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    }
    let pairs = [
        ("scheme", scheme.to_ascii_lowercase()),
        ("host", percent_decode(host)),
        ("hostname", percent_decode(hostname(host))),
        ("path", percent_decode(url_path)),
        ("query", query.to_owned()),
        ("opaque", opaque.to_owned()),
        ("fragment", percent_decode(fragment)),
        ("userinfo", userinfo.to_owned()),
    ];
    let entries: Entries =
        pairs.into_iter().map(|(key, value)| (std::rc::Rc::from(key), Value::from(value))).collect();
    Ok(Value::map(entries))
}

fn scheme(text: &str) -> (&str, &str) {
    let Some((scheme, rest)) = text.split_once(':') else { return ("", text) };
    let mut bytes = scheme.bytes();
    let good = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if good { (scheme, rest) } else { ("", text) }
}

fn hostname(host: &str) -> &str {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.split(']').next().unwrap_or(inner);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let code = text.get(index + 1..index + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[index], code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                index += 3;
            }
            (byte, _) => {
                out.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The escaping of `URL.String` for a path or a fragment.
fn percent_encode(text: &str, kept: &[u8]) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn url_join(arguments: &[Value]) -> CallResult {
    let parts = map(arguments, 0);
    let part = |key: &str| match parts.get(key) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.to_string()),
        Some(other) => {
            let kind = super::reflect::kind(&other);
            Err(CallError::from(format!(
                "unable to parse {key} key, must be of type string, but {kind} found"
            )))
        }
    };
    let (scheme, host, url_path, opaque) = (part("scheme")?, part("host")?, part("path")?, part("opaque")?);
    let (query, fragment, userinfo) = (part("query")?, part("fragment")?, part("userinfo")?);
    let mut out = String::new();
    if !scheme.is_empty() {
        let _ = write!(out, "{scheme}:");
    }
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            if !host.is_empty() || !url_path.is_empty() || !userinfo.is_empty() {
                out.push_str("//");
            }
            if !userinfo.is_empty() {
                let _ = write!(out, "{userinfo}@");
            }
            out.push_str(&host);
        }
        if !url_path.is_empty() && !url_path.starts_with('/') && !host.is_empty() {
            out.push('/');
        }
        out.push_str(&percent_encode(&url_path, b"-_.~$&+,/:;=@!'()*"));
    } else {
        out.push_str(&opaque);
    }
    if !query.is_empty() {
        let _ = write!(out, "?{query}");
    }
    if !fragment.is_empty() {
        let _ = write!(out, "#{}", percent_encode(&fragment, b"-_.~$&+,/:;=?@!()*'"));
    }
    Ok(Value::from(out))
}
