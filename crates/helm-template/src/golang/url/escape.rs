//! Escapes with a percent sign.

use std::fmt::Write as _;

use crate::golang::quote::quote;

/// The punctuation that needs no escape in a host.
pub(super) const HOST: &[u8] = b"!\"$&'()*+,-.:;<=>[]_~";
/// In a path.
pub(super) const PATH: &[u8] = b"$&+,-./:;=@_~";
/// In a user's name or password.
pub(super) const USER: &[u8] = b"$&+,-.;=_~";
/// In a fragment.
pub(super) const FRAGMENT: &[u8] = b"!$&()*+,-./:;=?@_~";

pub(super) fn escape(text: &str, kept: &[u8]) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if is_kept(byte, kept) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn is_kept(byte: u8, kept: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || kept.contains(&byte)
}

/// The text without escapes.
pub(super) fn unescape(text: &str) -> Result<String, String> {
    decode(text, |_, _| true)
}

/// The same for a host, where only bytes beyond ASCII may be escaped, and for the zone of an address.
pub(super) fn unescape_host(text: &str, is_zone: bool) -> Result<String, String> {
    if let Some(byte) = text.bytes().find(|byte| byte.is_ascii() && *byte != b'%' && !is_kept(*byte, HOST)) {
        // An escape before it may be wrong, too, and would be met first.
        let before = text.find(char::from(byte)).map_or("", |position| &text[..position]);
        unescape_host(before, is_zone)?;
        let shown = quote(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
        return Err(format!("invalid character {shown} in host name"));
    }
    decode(text, |escape, byte| {
        let is_allowed = if is_zone { byte == b' ' || is_kept(byte, HOST) } else { byte >= 0x80 };
        escape == "%25" || is_allowed
    })
}

fn decode(text: &str, is_allowed: impl Fn(&str, u8) -> bool) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find('%') {
        out.extend_from_slice(&rest.as_bytes()[..position]);
        let start = &rest[position..];
        let escape = start.get(..3).filter(|escape| escape.bytes().skip(1).all(|b| b.is_ascii_hexdigit()));
        let byte = escape.and_then(|escape| u8::from_str_radix(&escape[1..], 16).ok());
        match (escape, byte) {
            (Some(escape), Some(byte)) if is_allowed(escape, byte) => {
                out.push(byte);
                rest = &start[3..];
            }
            _ => {
                let shown = &start.as_bytes()[..start.len().min(3)];
                return Err(format!("invalid URL escape {}", quote(shown)));
            }
        }
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(String::from_utf8_lossy(&out).into_owned())
}
