//! Paths and URLs.

use super::arguments::{map, text};
use super::pure;
use crate::golang::path;
use crate::golang::url::Url;
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

fn url_parse(arguments: &[Value]) -> CallResult {
    let url = Url::parse(&text(arguments, 0)).map_err(|problem| format!("unable to parse url: {problem}"))?;
    let hostname = url.hostname().to_owned();
    let pairs = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", url.userinfo.unwrap_or_default()),
    ];
    let entries: Entries =
        pairs.into_iter().map(|(key, value)| (std::rc::Rc::from(key), Value::from(value))).collect();
    Ok(Value::map(entries))
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
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        userinfo: None,
    };
    let userinfo = part("userinfo")?;
    if !userinfo.is_empty() {
        let of_user = Url::parse(&format!("proto://{userinfo}@host"))
            .map_err(|problem| format!("unable to parse userinfo in dict: {problem}"))?;
        url.userinfo = of_user.userinfo;
    }
    Ok(Value::from(url.to_text()))
}
