//! What a plain scalar means in go-yaml v2.

use std::sync::LazyLock;

use regex::Regex;

use crate::golang::number::{parse_float, parse_int, parse_uint};

/// The meaning of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// A date or time; it is decoded as the string that it is.
    Timestamp,
    String,
}

static YAML_FLOAT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").ok());
static BASE_60: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$").ok());

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// Resolves an untagged plain scalar.
pub(super) fn resolve(text: &str) -> Resolved {
    resolve_tagged(text, true)
}

/// Resolves a scalar with one of YAML's own tags; only without one, or with that of dates, is a date looked for.
pub(super) fn resolve_tagged(text: &str, may_be_date: bool) -> Resolved {
    let Some(first) = text.bytes().next() else { return Resolved::Null };
    match first {
        b'+'
        | b'-'
        | b'0'..=b'9'
        | b'.'
        | b'y'
        | b'Y'
        | b'n'
        | b'N'
        | b't'
        | b'T'
        | b'f'
        | b'F'
        | b'o'
        | b'O'
        | b'~' => {}
        _ => return Resolved::String,
    }
    match text {
        "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Resolved::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Resolved::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match first {
        b'.' => parse_float(text).map_or(Resolved::String, Resolved::Float),
        b'+' | b'-' | b'0'..=b'9' => number(text, may_be_date),
        _ => Resolved::String,
    }
}

fn number(text: &str, may_be_date: bool) -> Resolved {
    if may_be_date && is_timestamp(text) {
        return Resolved::Timestamp;
    }
    let plain = text.replace('_', "");
    if let Some(int) = parse_int(&plain) {
        return Resolved::Int(int);
    }
    if let Some(uint) = parse_uint(&plain) {
        return Resolved::Uint(uint);
    }
    if matches(&YAML_FLOAT, &plain)
        && let Some(float) = parse_float(&plain)
    {
        return Resolved::Float(float);
    }
    // What Go's parser refuses after the prefix go-yaml parses once more, with a sign if it has one.
    let signed = plain.strip_prefix("0b").filter(|digits| digits.starts_with(['+', '-']));
    match signed.and_then(|digits| i64::from_str_radix(digits, 2).ok()) {
        Some(int) => Resolved::Int(int),
        None => Resolved::String,
    }
}

/// Whether a string that is plain text must be quoted because YAML 1.1 reads it as a number to the base of 60.
pub(super) fn is_base_60(text: &str) -> bool {
    text.contains(':')
        && text.starts_with(|c: char| c == '+' || c == '-' || c.is_ascii_digit())
        && matches(&BASE_60, text)
}

/// go-yaml's four layouts: a date; a date and a time with `T` and a zone; a date and a time with blanks between them.
fn is_timestamp(text: &str) -> bool {
    let mut reader = Reader { rest: text };
    let Some(year) = reader.year() else { return false };
    let month = reader.literal("-").and_then(|()| reader.number(1..=12));
    let Some(month) = month else { return false };
    let day = reader.literal("-").and_then(|()| reader.number(1..=days_in(year, month)));
    if day.is_none() {
        return false;
    }
    if reader.rest.is_empty() {
        return true;
    }
    if let Some(rest) = reader.rest.strip_prefix(['T', 't']) {
        reader.rest = rest;
        return reader.time().is_some() && reader.zone();
    }
    let rest = reader.rest.trim_start_matches(' ');
    let after_blank = rest.len() < reader.rest.len();
    reader.rest = rest;
    after_blank && reader.time().is_some() && reader.rest.is_empty()
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn literal(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn year(&mut self) -> Option<u32> {
        let year = self.rest.get(..4).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        let number = year.parse().ok()?;
        self.rest = &self.rest[4..];
        Some(number)
    }

    /// One or two digits within a range.
    fn number(&mut self, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let digits = self.rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let number = self.rest[..digits].parse().ok().filter(|number| range.contains(number))?;
        self.rest = &self.rest[digits..];
        Some(number)
    }

    fn time(&mut self) -> Option<()> {
        self.number(0..=23)?;
        self.literal(":")?;
        self.number(0..=59)?;
        self.literal(":")?;
        self.number(0..=59)?;
        if let Some(fraction) = self.rest.strip_prefix(['.', ',']) {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                self.rest = &fraction[digits..];
            }
        }
        Some(())
    }

    fn zone(&mut self) -> bool {
        if self.rest == "Z" {
            return true;
        }
        let Some(offset) = self.rest.strip_prefix(['+', '-']) else { return false };
        let bytes = offset.as_bytes();
        let two = |from: usize| offset.get(from..from + 2).and_then(|text| text.parse::<u32>().ok());
        bytes.len() == 5
            && bytes[2] == b':'
            && !offset.contains(['+', '-'])
            && two(0).is_some_and(|hours| hours <= 24)
            && two(3).is_some_and(|minutes| minutes <= 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_yaml_1_1_says() {
        for (text, meaning) in [
            ("", Resolved::Null),
            ("on", Resolved::Bool(true)),
            ("No", Resolved::Bool(false)),
            ("0x10", Resolved::Int(16)),
            ("010", Resolved::Int(8)),
            ("1_000", Resolved::Int(1000)),
            ("18446744073709551615", Resolved::Uint(u64::MAX)),
            ("1e3", Resolved::Float(1000.0)),
            (".5", Resolved::Float(0.5)),
            ("2001-02-03", Resolved::Timestamp),
            ("2001-02-30", Resolved::String),
            ("2001-2-3T4:5:6Z", Resolved::Timestamp),
            ("<<", Resolved::String),
            ("nope", Resolved::String),
            ("1.2.3", Resolved::String),
            ("2001-02-03☃", Resolved::String),
            ("2001-02-03T☃", Resolved::String),
        ] {
            assert_eq!(resolve(text), meaning, "{text}");
        }
    }

    #[test]
    fn base_60_numbers_are_found() {
        assert!(is_base_60("1:30") && is_base_60("-1:30.5"));
        assert!(!is_base_60("1:75") && !is_base_60("a:30"));
    }
}
