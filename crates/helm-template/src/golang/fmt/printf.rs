//! `fmt.Sprintf`.

mod float;
mod spec;
mod syntax;

use std::fmt::Write as _;

use super::super::json::replaced;
use super::super::number::special;
use super::super::quote::{is_print, quote, quote_rune, to_ascii};
use super::write_value;
use crate::value::Value;
use float::{binary, exponential, general, hexadecimal};
use spec::{Spec, digits, sign_of};
use syntax::go_syntax;

/// Widths above this are an error in Go, too.
const TOO_LARGE: i64 = 1_000_000;

/// Formats `arguments` according to `format`; mistakes end up in the text, as in Go (`%!d(string=x)`).
pub(crate) fn sprintf(format: &str, arguments: &[Value]) -> Vec<u8> {
    let mut printer = Printer { arguments, next: 0, reordered: false, out: Vec::with_capacity(format.len()) };
    let mut rest = format;
    while let Some(position) = rest.find('%') {
        printer.out.extend_from_slice(&rest.as_bytes()[..position]);
        rest = printer.directive(&rest[position + 1..]);
    }
    printer.out.extend_from_slice(rest.as_bytes());
    printer.extra_arguments();
    printer.out
}

struct Printer<'a> {
    arguments: &'a [Value],
    next: usize,
    reordered: bool,
    out: Vec<u8>,
}

impl Printer<'_> {
    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Handles what follows a percent sign and returns what follows the verb.
    fn directive<'t>(&mut self, text: &'t str) -> &'t str {
        let mut spec = Spec::default();
        let mut rest = text;
        let mut bad_index = false;
        while let Some(flag) = rest.chars().next() {
            match flag {
                '+' => spec.plus = true,
                '-' => {
                    spec.minus = true;
                    spec.zero = false;
                }
                '#' => spec.sharp = true,
                ' ' => spec.space = true,
                '0' => spec.zero = !spec.minus,
                _ => break,
            }
            rest = &rest[1..];
        }
        rest = self.argument_index(rest, &mut bad_index);
        rest = self.width(rest, &mut spec);
        if let Some(after) = rest.strip_prefix('.') {
            rest = self.argument_index(after, &mut bad_index);
            rest = self.precision(rest, &mut spec);
        }
        rest = self.argument_index(rest, &mut bad_index);
        let Some(verb) = rest.chars().next() else {
            self.push("%!(NOVERB)");
            return "";
        };
        rest = &rest[verb.len_utf8()..];
        if verb == '%' {
            self.out.push(b'%');
        } else if bad_index {
            self.push(&format!("%!{verb}(BADINDEX)"));
        } else if let Some(argument) = self.arguments.get(self.next).cloned() {
            self.next += 1;
            if verb == 'v' {
                // With %v these flags are about structs and Go syntax, not about signs.
                spec.plus = false;
            }
            if verb == 'v' && spec.sharp {
                self.pad(go_syntax(&argument).as_bytes(), &spec);
            } else {
                self.argument(&argument, verb, &spec);
            }
        } else {
            self.push(&format!("%!{verb}(BADARG)").replace("BADARG", "MISSING"));
        }
        rest
    }

    fn argument_index<'t>(&mut self, text: &'t str, bad: &mut bool) -> &'t str {
        let Some(after) = text.strip_prefix('[') else { return text };
        self.reordered = true;
        let Some((number, rest)) = after.split_once(']') else {
            *bad = true;
            return after;
        };
        match number.parse::<usize>() {
            Ok(index) if (1..=self.arguments.len()).contains(&index) => self.next = index - 1,
            _ => *bad = true,
        }
        rest
    }

    fn width<'t>(&mut self, text: &'t str, spec: &mut Spec) -> &'t str {
        if let Some(rest) = text.strip_prefix('*') {
            match self.star() {
                Some(width) if width < 0 => {
                    spec.minus = true;
                    spec.zero = false;
                    spec.width = usize::try_from(-width).ok();
                }
                Some(width) => spec.width = usize::try_from(width).ok(),
                None => self.push("%!(BADWIDTH)"),
            }
            return rest;
        }
        let (number, rest) = digits(text);
        spec.width = number;
        rest
    }

    fn precision<'t>(&mut self, text: &'t str, spec: &mut Spec) -> &'t str {
        if let Some(rest) = text.strip_prefix('*') {
            match self.star() {
                Some(precision) if precision < 0 => spec.precision = None,
                Some(precision) => spec.precision = usize::try_from(precision).ok(),
                None => self.push("%!(BADPREC)"),
            }
            return rest;
        }
        let (number, rest) = digits(text);
        spec.precision = Some(number.unwrap_or(0));
        rest
    }

    fn star(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        match argument {
            Value::Int(number) | Value::Int64(number) if number.abs() <= TOO_LARGE => Some(*number),
            _ => None,
        }
    }

    fn extra_arguments(&mut self) {
        if self.reordered || self.next >= self.arguments.len() {
            return;
        }
        self.push("%!(EXTRA ");
        for index in self.next..self.arguments.len() {
            if index > self.next {
                self.push(", ");
            }
            let argument = self.arguments[index].clone();
            self.push(argument.type_name());
            if !argument.is_nil() {
                self.out.push(b'=');
                write_value(&mut self.out, &argument);
            }
        }
        self.out.push(b')');
    }

    fn argument(&mut self, argument: &Value, verb: char, spec: &Spec) {
        match verb {
            'T' => return self.pad(truncated(argument.type_name().as_bytes(), spec.precision), spec),
            'w' | 'p' => return self.bad_verb(argument, verb, spec),
            _ => {}
        }
        match argument {
            Value::Nil if verb == 'v' => self.pad(b"<nil>", spec),
            Value::Nil => self.bad_verb(argument, verb, spec),
            Value::Bool(truth) => match verb {
                't' | 'v' => self.pad(truth.to_string().as_bytes(), spec),
                _ => self.bad_verb(argument, verb, spec),
            },
            Value::Int(number) | Value::Int64(number) => self.integer(argument, *number, verb, spec),
            Value::Float(number) => self.float(argument, *number, verb, spec),
            Value::String(text) => self.string(argument, text.as_bytes(), verb, spec),
            Value::RawString(bytes) => self.string(argument, bytes, verb, spec),
            Value::Bytes(bytes) => match verb {
                'd' | 'v' => {
                    let mut text = Vec::new();
                    write_value(&mut text, argument);
                    self.pad(&text, spec);
                }
                _ => self.string(argument, bytes, verb, spec),
            },
            Value::Duration(nanoseconds) => match verb {
                'v' | 's' | 'q' | 'x' | 'X' => {
                    let text = crate::funcs::duration::format(*nanoseconds);
                    self.string(argument, text.as_bytes(), verb, spec);
                }
                _ => self.integer(argument, *nanoseconds, verb, spec),
            },
            Value::List(list) => {
                self.out.push(b'[');
                for (index, item) in list.items.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b' ');
                    }
                    self.element(item, verb, spec);
                }
                self.out.push(b']');
            }
            Value::Map(map) => self.map(&map.snapshot(), verb, spec),
            Value::Object(object) => self.argument(&object.plain(), verb, spec),
        }
    }

    fn map(&mut self, entries: &[(std::rc::Rc<str>, Value)], verb: char, spec: &Spec) {
        self.push("map[");
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.out.push(b' ');
            }
            self.argument(&Value::String(std::rc::Rc::clone(key)), verb, spec);
            self.out.push(b':');
            self.element(value, verb, spec);
        }
        self.out.push(b']');
    }

    /// An element of a list or map: nil has no bad verb there.
    fn element(&mut self, element: &Value, verb: char, spec: &Spec) {
        match element {
            Value::Nil => self.push("<nil>"),
            other => self.argument(other, verb, spec),
        }
    }

    fn bad_verb(&mut self, argument: &Value, verb: char, spec: &Spec) {
        self.push(&format!("%!{verb}("));
        if argument.is_nil() {
            self.push("<nil>");
        } else {
            self.push(argument.type_name());
            self.out.push(b'=');
            self.argument(argument, 'v', spec);
        }
        self.out.push(b')');
    }

    /// Writes text in the field's width; zeros to the left only for numbers, which call it with `zero` unset otherwise.
    fn pad(&mut self, text: &[u8], spec: &Spec) {
        let length = replaced(text).chars().count();
        let missing = spec.width.unwrap_or(0).saturating_sub(length);
        let fill = if spec.zero && !spec.minus { b'0' } else { b' ' };
        if !spec.minus {
            self.out.extend(std::iter::repeat_n(fill, missing));
        }
        self.out.extend_from_slice(text);
        if spec.minus {
            self.out.extend(std::iter::repeat_n(b' ', missing));
        }
    }

    fn string(&mut self, argument: &Value, bytes: &[u8], verb: char, spec: &Spec) {
        match verb {
            'v' | 's' => {
                let text = truncated(bytes, spec.precision);
                self.pad(text, spec);
            }
            'q' => {
                let text = truncated(bytes, spec.precision);
                let quoted = match std::str::from_utf8(text) {
                    Ok(plain) if spec.sharp && can_backquote(plain) => format!("`{plain}`"),
                    _ if spec.plus => to_ascii(&quote(text)),
                    _ => quote(text),
                };
                self.pad(quoted.as_bytes(), spec);
            }
            'x' | 'X' => {
                let text = &bytes[..spec.precision.unwrap_or(bytes.len()).min(bytes.len())];
                let mut hex = String::new();
                for (index, byte) in text.iter().enumerate() {
                    if spec.space && index > 0 {
                        hex.push(' ');
                    }
                    if spec.sharp && (spec.space || index == 0) {
                        hex.push_str(if verb == 'x' { "0x" } else { "0X" });
                    }
                    let _ = if verb == 'x' { write!(hex, "{byte:02x}") } else { write!(hex, "{byte:02X}") };
                }
                self.pad(hex.as_bytes(), spec);
            }
            _ => self.bad_verb(argument, verb, spec),
        }
    }

    fn integer(&mut self, argument: &Value, number: i64, verb: char, spec: &Spec) {
        let magnitude = number.unsigned_abs();
        let (digits, prefix) = match verb {
            'v' | 'd' => (magnitude.to_string(), ""),
            'b' => (format!("{magnitude:b}"), if spec.sharp { "0b" } else { "" }),
            'o' => (format!("{magnitude:o}"), if spec.sharp { "0" } else { "" }),
            'O' => (format!("{magnitude:o}"), "0o"),
            'x' => (format!("{magnitude:x}"), if spec.sharp { "0x" } else { "" }),
            'X' => (format!("{magnitude:X}"), if spec.sharp { "0X" } else { "" }),
            'c' | 'q' | 'U' => return self.rune(number, verb, spec),
            _ => return self.bad_verb(argument, verb, spec),
        };
        if spec.precision == Some(0) && number == 0 {
            return self.pad(b"", &Spec { zero: false, ..spec.clone() });
        }
        let sign = sign_of(number < 0, spec);
        let mut digits = digits;
        let wanted = match (spec.precision, spec.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if spec.zero && !spec.minus => {
                width.saturating_sub(sign.len() + prefix.len())
            }
            _ => 0,
        };
        if digits.len() < wanted {
            digits.insert_str(0, &"0".repeat(wanted - digits.len()));
        }
        let text = format!("{sign}{prefix}{digits}");
        self.pad(text.as_bytes(), &Spec { zero: false, ..spec.clone() });
    }

    fn rune(&mut self, number: i64, verb: char, spec: &Spec) {
        let c = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        let text = match verb {
            'c' => c.to_string(),
            'q' if spec.plus => to_ascii(&quote_rune(c)),
            'q' => quote_rune(c),
            _ => {
                let code = format!(
                    "U+{:0width$X}",
                    number.cast_unsigned(),
                    width = spec.precision.unwrap_or(4).max(4)
                );
                if spec.sharp && is_print(c) { format!("{code} '{c}'") } else { code }
            }
        };
        self.pad(text.as_bytes(), &Spec { zero: spec.zero && verb != 'U', ..spec.clone() });
    }

    fn float(&mut self, argument: &Value, number: f64, verb: char, spec: &Spec) {
        let magnitude = number.abs();
        let text = if let Some(text) = special(magnitude) {
            text.trim_start_matches('+').to_owned()
        } else {
            match verb {
                'v' | 'g' | 'G' => general(magnitude, spec.precision),
                'f' | 'F' => format!("{magnitude:.*}", spec.precision.unwrap_or(6)),
                'e' | 'E' => exponential(magnitude, spec.precision.unwrap_or(6)),
                'x' | 'X' if spec.precision.is_none() => hexadecimal(magnitude),
                'b' => binary(magnitude),
                _ => return self.bad_verb(argument, verb, spec),
            }
        };
        let text = if verb.is_uppercase() {
            text.to_uppercase().replace("INF", "Inf").replace("NAN", "NaN")
        } else {
            text
        };
        let negative = number.is_sign_negative() && !number.is_nan();
        let sign = if number == f64::INFINITY && !spec.space { "+" } else { sign_of(negative, spec) };
        let zero = spec.zero && number.is_finite();
        let missing = spec.width.unwrap_or(0).saturating_sub(sign.len() + text.len());
        let zeros = if zero && !spec.minus { "0".repeat(missing) } else { String::new() };
        self.pad(format!("{sign}{zeros}{text}").as_bytes(), &Spec { zero: false, ..spec.clone() });
    }
}

fn truncated(bytes: &[u8], precision: Option<usize>) -> &[u8] {
    let Some(limit) = precision else { return bytes };
    let mut end = 0;
    for _ in 0..limit {
        if end >= bytes.len() {
            break;
        }
        end += 1;
        while end < bytes.len() && bytes[end] & 0xC0 == 0x80 {
            end += 1;
        }
    }
    &bytes[..end]
}

fn can_backquote(text: &str) -> bool {
    text.chars().all(|c| c != '`' && c != '\u{feff}' && (c == '\t' || (c >= ' ' && c != '\u{7f}')))
}
