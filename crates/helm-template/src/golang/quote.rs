//! `strconv.Quote` and `strconv.Unquote`.

use std::fmt::Write as _;

use super::unprintable::UNPRINTABLE;

/// `strconv.Quote`: a Go string literal; bytes that are not UTF-8 become `\x..`.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut out, c, '"');
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// `strconv.QuoteRune`.
pub(crate) fn quote_rune(c: char) -> String {
    let mut out = String::from("'");
    push_escaped(&mut out, c, '\'');
    out.push('\'');
    out
}

/// What `strconv.QuoteToASCII` adds: characters beyond ASCII of a quoted text as escapes.
pub(crate) fn to_ascii(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        let code = u32::from(c);
        let _ = match code {
            0..=0x7f => out.write_char(c),
            0x80..=0xffff => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out
}

fn push_escaped(out: &mut String, c: char, delimiter: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        _ if c == delimiter => {
            out.push('\\');
            out.push(c);
        }
        _ if is_print(c) => out.push(c),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        _ => {
            let code = u32::from(c);
            let _ = if code < 0x20 || code == 0x7f {
                write!(out, "\\x{code:02x}")
            } else if code < 0x1_0000 {
                write!(out, "\\u{code:04x}")
            } else {
                write!(out, "\\U{code:08x}")
            };
        }
    }
}

/// `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub(crate) fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    UNPRINTABLE
        .binary_search_by(|(low, high)| {
            let code = u32::from(c);
            if *high < code {
                std::cmp::Ordering::Less
            } else if *low > code {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_err()
}

/// `strconv.Unquote` of a literal in double quotes, back quotes or single quotes.
pub(crate) fn unquote(literal: &str) -> Option<Vec<u8>> {
    let mut chars = literal.chars();
    let delimiter = chars.next()?;
    let body = chars.as_str().strip_suffix(delimiter)?;
    match delimiter {
        '`' => Some(body.chars().filter(|c| *c != '\r').collect::<String>().into_bytes()),
        '"' | '\'' => {
            let mut out = Vec::with_capacity(body.len());
            let mut rest = body;
            while !rest.is_empty() {
                rest = unquote_char(rest, delimiter, &mut out)?;
            }
            Some(out)
        }
        _ => None,
    }
}

/// Decodes one character or escape from the front of `text` and returns what follows.
fn unquote_char<'a>(text: &'a str, delimiter: char, out: &mut Vec<u8>) -> Option<&'a str> {
    let mut chars = text.chars();
    let c = chars.next()?;
    if c == delimiter || c == '\n' {
        return None;
    }
    if c != '\\' {
        push_char(out, c);
        return Some(chars.as_str());
    }
    let escape = chars.next()?;
    let rest = chars.as_str();
    let simple = match escape {
        'a' => Some(7),
        'b' => Some(8),
        'f' => Some(12),
        'n' => Some(b'\n'),
        'r' => Some(b'\r'),
        't' => Some(b'\t'),
        'v' => Some(11),
        '\\' => Some(b'\\'),
        '"' | '\'' if escape == delimiter => Some(u8::try_from(escape).ok()?),
        _ => None,
    };
    if let Some(byte) = simple {
        out.push(byte);
        return Some(rest);
    }
    match escape {
        'x' => {
            out.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
            rest.get(2..)
        }
        'u' | 'U' => {
            let width = if escape == 'u' { 4 } else { 8 };
            push_char(out, char::from_u32(u32::from_str_radix(rest.get(..width)?, 16).ok()?)?);
            rest.get(width..)
        }
        '0'..='7' => {
            out.push(u8::from_str_radix(text.get(1..4)?, 8).ok()?);
            text.get(4..)
        }
        _ => None,
    }
}

fn push_char(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_escapes_what_go_escapes() {
        assert_eq!(
            quote("a\"b\\c\n\u{1}\u{7f}é\u{200b}\u{1f600}".as_bytes()),
            r#""a\"b\\c\n\x01\x7fé\u200b😀""#
        );
        assert_eq!(quote(b"\xff"), r#""\xff""#);
    }

    #[test]
    fn unquoting_understands_every_escape() {
        assert_eq!(unquote(r#""a\tb\x41\u00e9\101""#), Some("a\tbAéA".into()));
        assert_eq!(unquote("`raw\\n`"), Some(b"raw\\n".to_vec()));
        assert_eq!(unquote(r#""bad\q""#), None);
    }
}
