//! `json.Unmarshal` into `interface{}`. States and messages are those of `encoding/json/scanner.go`.

use std::rc::Rc;

use crate::golang::number::parse_float;
use crate::golang::quote::quote;
use crate::value::{Entries, Value};

/// Go's limit on nesting.
const MAX_DEPTH: usize = 10_000;

/// What a text decodes to.
pub(crate) struct Decoded {
    /// The value; nil stands for a number that is too large.
    pub(crate) value: Value,
    /// What is wrong with the first such number.
    pub(crate) problem: Option<String>,
}

/// Decodes a text that must be one JSON value; every number becomes a float.
pub(crate) fn decode(text: &str) -> Result<Decoded, String> {
    let mut decoder = Decoder { text, position: 0, depth: 0, problem: None };
    let value = decoder.value()?;
    decoder.skip_blanks();
    if decoder.position < text.len() {
        return decoder.invalid("after top-level value");
    }
    Ok(Decoded { value, problem: decoder.problem })
}

struct Decoder<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    problem: Option<String>,
}

type Result<T, E = String> = std::result::Result<T, E>;

impl Decoder<'_> {
    /// The next byte. Go's scanner takes the end of the text for a blank.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.position).copied().unwrap_or(b' ')
    }

    fn invalid<T>(&self, context: &str) -> Result<T> {
        Err(format!("invalid character {} {context}", quote_byte(self.peek())))
    }

    /// Like [`Self::invalid`] where a blank is no mistake.
    fn unexpected<T>(&self, context: &str) -> Result<T> {
        if self.position >= self.text.len() {
            return Err("unexpected end of JSON input".to_owned());
        }
        self.invalid(context)
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text.as_bytes()[self.position..];
        self.position += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.text.as_bytes().get(self.position) == Some(&byte);
        self.position += usize::from(is_next);
        is_next
    }

    fn value(&mut self) -> Result<Value> {
        self.skip_blanks();
        match self.peek() {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => {
                self.position += 1;
                self.string().map(Value::from)
            }
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal("true", Value::Bool(true)),
            b'f' => self.literal("false", Value::Bool(false)),
            b'n' => self.literal("null", Value::Nil),
            _ => self.unexpected("looking for beginning of value"),
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Value>) -> Result<Value> {
        self.position += 1;
        if self.depth >= MAX_DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        self.depth += 1;
        self.skip_blanks();
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value> {
        let mut entries = Entries::new();
        if self.take(b'}') {
            return Ok(Value::map(entries));
        }
        loop {
            self.skip_blanks();
            if !self.take(b'"') {
                return self.unexpected("looking for beginning of object key string");
            }
            let key = self.string()?;
            self.skip_blanks();
            if !self.take(b':') {
                return self.unexpected("after object key");
            }
            let value = self.value()?;
            entries.insert(Rc::from(key), value);
            self.skip_blanks();
            if self.take(b'}') {
                return Ok(Value::map(entries));
            }
            if !self.take(b',') {
                return self.unexpected("after object key:value pair");
            }
        }
    }

    fn array(&mut self) -> Result<Value> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(Value::list(items));
            }
            if !self.take(b',') {
                return self.unexpected("after array element");
            }
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value> {
        for byte in word.bytes() {
            if !self.take(byte) {
                return self.invalid(&format!("in literal {word} (expecting {})", quote_byte(byte)));
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value> {
        let start = self.position;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits("in numeric literal")?;
        }
        if self.take(b'.') {
            self.digits("after decimal point in numeric literal")?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = &self.text[start..self.position];
        if let Some(number) = parse_float(text).filter(|number| number.is_finite()) {
            return Ok(Value::Float(number));
        }
        self.problem.get_or_insert_with(|| {
            format!("json: cannot unmarshal number {text} into Go value of type float64")
        });
        Ok(Value::Nil)
    }

    /// One digit or more.
    fn digits(&mut self, context: &str) -> Result<()> {
        let rest = &self.text.as_bytes()[self.position..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.position += digits;
        if digits == 0 { self.invalid(context) } else { Ok(()) }
    }

    /// A string after its quotation mark.
    fn string(&mut self) -> Result<String> {
        let mut out = String::new();
        loop {
            let rest = &self.text[self.position..];
            let length = rest.bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            out.push_str(&rest[..length]);
            self.position += length;
            match rest.as_bytes().get(length) {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.position += 1;
                    let c = self.escape()?;
                    out.push(c);
                }
                _ => return self.unexpected("in string literal"),
            }
        }
    }

    /// What an escape stands for, after its backslash.
    fn escape(&mut self) -> Result<char> {
        let c = match self.peek() {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.position += 1;
                return self.unicode();
            }
            _ => return self.invalid("in string escape code"),
        };
        self.position += 1;
        Ok(c)
    }

    /// Four hexadecimal digits; a pair of surrogates is one character, a single one is replaced.
    fn unicode(&mut self) -> Result<char> {
        let first = self.hexadecimal()?;
        if !(0xD800..0xDC00).contains(&first) || !self.text[self.position..].starts_with("\\u") {
            return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
        }
        let before = self.position;
        self.position += 2;
        let second = self.hexadecimal()?;
        if (0xDC00..0xE000).contains(&second) {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
        }
        self.position = before;
        Ok('\u{fffd}')
    }

    fn hexadecimal(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.peek()).to_digit(16) else {
                return self.invalid("in \\u hexadecimal character escape");
            };
            code = code * 16 + digit;
            self.position += 1;
        }
        Ok(code)
    }
}

/// Go's scanner looks at bytes, and shows one that is part of a character as the character of that number.
fn quote_byte(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        _ => {
            let quoted = quote(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

#[cfg(test)]
mod tests;
