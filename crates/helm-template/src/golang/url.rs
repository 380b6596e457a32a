//! Package `net/url`: `Parse` and `URL.String`.

mod escape;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::net::IpAddr;

use super::quote::quote;
use escape::{FRAGMENT, HOST, PATH, USER, escape, unescape, unescape_host};

/// A URL in its parts, without their escapes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: String,
    /// What follows the scheme if that is no path.
    pub(crate) opaque: String,
    /// User and password, with their escapes.
    pub(crate) userinfo: Option<String>,
    /// Name and port.
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) fragment: String,
}

impl Url {
    /// `url.Parse`; the error is Go's text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        let failed = |shown: &str, problem: String| format!("parse {}: {problem}", quote(shown.as_bytes()));
        let mut url = Self::without_fragment(before).map_err(|problem| failed(before, problem))?;
        url.fragment = unescape(fragment).map_err(|problem| failed(text, problem))?;
        Ok(url)
    }

    fn without_fragment(text: &str) -> Result<Self, String> {
        if text.contains(|c: char| c.is_ascii_control()) {
            return Err("net/url: invalid control character in URL".into());
        }
        let mut url = Self::default();
        let (scheme, rest) = scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        query.clone_into(&mut url.query);
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
                rest.clone_into(&mut url.opaque);
                return Ok(url);
            }
            if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let has_authority = !scheme.is_empty() || !rest.starts_with("///");
        if let Some(after) = rest.strip_prefix("//").filter(|_| has_authority) {
            let end = after.find('/').unwrap_or(after.len());
            rest = &after[end..];
            url.authority(&after[..end])?;
        }
        url.path = unescape(rest)?;
        Ok(url)
    }

    fn authority(&mut self, text: &str) -> Result<(), String> {
        let (userinfo, host) =
            text.rsplit_once('@').map_or((None, text), |(userinfo, host)| (Some(userinfo), host));
        self.host = self.parse_host(host)?;
        let Some(userinfo) = userinfo else { return Ok(()) };
        let is_good = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
        if !userinfo.chars().all(is_good) {
            return Err("net/url: invalid userinfo".into());
        }
        let parts = userinfo.splitn(2, ':').map(|part| unescape(part).map(|part| escape(&part, USER)));
        self.userinfo = Some(parts.collect::<Result<Vec<_>, _>>()?.join(":"));
        Ok(())
    }

    fn parse_host(&self, host: &str) -> Result<String, String> {
        let invalid_port = |port: &str| format!("invalid port {} after host", quote(port.as_bytes()));
        match host.rfind('[') {
            None => {}
            Some(0) => {
                let end = host.rfind(']').ok_or("missing ']' in host")?;
                let port = &host[end + 1..];
                if !is_optional_port(port) {
                    return Err(invalid_port(port));
                }
                return Ok(format!("[{}]{port}", address(&host[1..end])?));
            }
            Some(_) => return Err("invalid IP-literal".into()),
        }
        let is_web = matches!(self.scheme.as_str(), "http" | "https");
        if let Some(colon) = if is_web { host.find(':') } else { host.rfind(':') } {
            let port = &host[colon..];
            if !is_optional_port(port) {
                return Err(invalid_port(port));
            }
        }
        unescape_host(host, false)
    }

    /// The host without its port and its brackets.
    pub(crate) fn hostname(&self) -> &str {
        let host = match self.host.rfind(':') {
            Some(colon) if is_optional_port(&self.host[colon..]) => &self.host[..colon],
            _ => &self.host,
        };
        host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
    }

    /// `URL.String`.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            let _ = write!(out, "{}:", self.scheme);
        }
        if self.opaque.is_empty() {
            self.push_hierarchy(&mut out);
        } else {
            out.push_str(&self.opaque);
        }
        if !self.query.is_empty() {
            let _ = write!(out, "?{}", self.query);
        }
        if !self.fragment.is_empty() {
            let _ = write!(out, "#{}", escape(&self.fragment, FRAGMENT));
        }
        out
    }

    /// Authority and path.
    fn push_hierarchy(&self, out: &mut String) {
        let has_authority = !self.host.is_empty() || self.userinfo.is_some();
        if has_authority || (!self.scheme.is_empty() && !self.path.is_empty()) {
            out.push_str("//");
        }
        if let Some(userinfo) = &self.userinfo {
            let _ = write!(out, "{userinfo}@");
        }
        out.push_str(&escape(&self.host, HOST));
        if !self.path.is_empty() && !self.path.starts_with('/') && !self.host.is_empty() {
            out.push('/');
        }
        let path = if self.path == "*" { "*".to_owned() } else { escape(&self.path, PATH) };
        if out.is_empty() && path.split('/').next().is_some_and(|segment| segment.contains(':')) {
            out.push_str("./");
        }
        out.push_str(&path);
    }
}

/// The scheme, if there is one, and what follows it.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    match text[end..].strip_prefix(':') {
        Some(_) if end == 0 => Err("missing protocol scheme".into()),
        Some(rest) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => Ok((&text[..end], rest)),
        _ => Ok(("", text)),
    }
}

fn is_optional_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What stands in brackets: an address of IPv6, perhaps with a zone.
fn address(text: &str) -> Result<String, String> {
    let address = match text.find("%25") {
        Some(zone) => unescape_host(&text[..zone], false)? + &unescape_host(&text[zone..], true)?,
        None => unescape_host(text, false)?,
    };
    let (number, zone) = address.split_once('%').unwrap_or((&address, "zone"));
    match number.parse() {
        Ok(IpAddr::V6(_)) if !zone.is_empty() => Ok(address),
        Ok(IpAddr::V4(_)) if number.len() == address.len() => Err("invalid IP-literal".into()),
        // Go goes on to say what is wrong with the address.
        _ => Err(format!("invalid host: ParseAddr({}): unable to parse IP", quote(address.as_bytes()))),
    }
}
