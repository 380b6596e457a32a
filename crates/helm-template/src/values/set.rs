//! `--set` expressions: Helm's `strvals`.

mod list;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::golang::quote::quote;

/// Why an expression is not understood; the words are Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key has no value.
    #[error("key {} has no value{}", quote(key.as_bytes()), if *ends_with_comma { " (cannot end with ,)" } else { "" })]
    NoValue {
        /// The key.
        key: String,
        /// A comma follows it.
        ends_with_comma: bool,
    },
    /// Nothing follows the dot after a key.
    #[error("key map {} has no value", quote(.0.as_bytes()))]
    EmptyMap(String),
    /// An index is not a number.
    #[error("error parsing index: strconv.Atoi: parsing {}: invalid syntax", quote(.0.as_bytes()))]
    Index(String),
    /// An index is below zero.
    #[error("negative {0} index not allowed")]
    NegativeIndex(i64),
    /// An index is too large.
    #[error("index of {index} is greater than maximum supported index of {maximum}")]
    LargeIndex {
        /// The index.
        index: i64,
        /// Helm's limit.
        maximum: i64,
    },
    /// Something stands between an index and what must follow it.
    #[error("unexpected data at end of array index: {}", quote(.0.as_bytes()))]
    AfterIndex(String),
    /// A list in braces is not closed.
    #[error("list must terminate with '}}'")]
    OpenList,
    /// A name has too many parts.
    #[error("value name nested level is greater than maximum supported nested level of {MAX_NESTED}")]
    Nested,
    /// A key goes on where a value of another kind already is.
    #[error("unable to parse key: interface conversion: interface {{}} is {is}, not {wanted}")]
    Conversion {
        /// The Go type of what is there.
        is: &'static str,
        /// The Go type that the expression needs.
        wanted: &'static str,
    },
    /// The value of `--set-json` is no JSON.
    #[error("{0}")]
    Json(String),
    /// The file of `--set-file` cannot be read.
    #[error("{0}")]
    File(String),
}

/// How a value's text is understood.
pub(super) enum Mode<'a> {
    /// Numbers, booleans and null are recognised.
    Typed,
    /// Everything is a string.
    Strings,
    /// JSON.
    Json,
    /// The rest of the expression is the value.
    Literal,
    /// The path of a file whose content is the value.
    File(&'a dyn Fn(&str) -> Result<String, String>),
}

/// Helm's limit on the parts of a name.
const MAX_NESTED: usize = 30;
const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

/// Puts what the expression says into the values.
pub(super) fn apply(values: &mut Map<String, Value>, expression: &str, mode: Mode<'_>) -> Result<(), Error> {
    let mut parser = Parser { chars: expression.chars().collect(), position: 0, mode };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

/// Why reading stops.
enum Stop {
    /// The expression ends, which is no mistake.
    End,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

struct Parser<'a> {
    chars: Vec<char>,
    position: usize,
    mode: Mode<'a>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += 1;
        Some(c)
    }

    /// Text up to one of the stops, and which it was; a backslash takes the next character as it is.
    fn until(&mut self, stops: &str) -> (String, Option<char>) {
        let is_literal = matches!(self.mode, Mode::Literal);
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                _ if stops.contains(c) => return (text, Some(c)),
                '\\' if !is_literal => match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => break,
                },
                _ => text.push(c),
            }
        }
        (text, None)
    }

    fn key(&mut self, data: &mut Map<String, Value>, level: usize) -> Result<(), Stop> {
        let stops = if matches!(self.mode, Mode::Literal) { "=[." } else { "=[,." };
        let (key, stop) = self.until(stops);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(Error::NoValue { key, ends_with_comma: false }.into()),
            Some('[') => {
                let index = self.index()?;
                let mut items = match data.get_mut(&key) {
                    None => Vec::new(),
                    Some(Value::Array(items)) => std::mem::take(items),
                    Some(other) => return Err(conversion(other, LIST)),
                };
                let outcome = self.list_item(&mut items, index, level);
                put(data, key, Value::Array(items));
                outcome
            }
            Some('=') => match self.value() {
                Ok(value) => {
                    put(data, key, value);
                    Ok(())
                }
                Err(Stop::End) => {
                    put(data, key, Value::String(String::new()));
                    Err(Stop::End)
                }
                Err(failed) => Err(failed),
            },
            Some('.') => {
                if level >= MAX_NESTED {
                    return Err(Error::Nested.into());
                }
                let mut inner = match data.get_mut(&key) {
                    None => Map::new(),
                    Some(Value::Object(inner)) => std::mem::take(inner),
                    Some(other) => return Err(conversion(other, MAP)),
                };
                let outcome = self.key(&mut inner, level + 1);
                if inner.is_empty() {
                    outcome?;
                    return Err(Error::EmptyMap(key).into());
                }
                put(data, key, Value::Object(inner));
                outcome
            }
            Some(_) => {
                put(data, key.clone(), Value::String(String::new()));
                Err(Error::NoValue { key, ends_with_comma: true }.into())
            }
        }
    }

    /// What follows an equals sign; the end if nothing does.
    fn value(&mut self) -> Result<Value, Stop> {
        match self.mode {
            Mode::Json => self.json(),
            Mode::Literal => {
                let rest = self.chars[self.position..].iter().collect();
                self.position = self.chars.len();
                Ok(Value::String(rest))
            }
            _ => match self.peek() {
                None => Err(Stop::End),
                Some('{') => {
                    self.next();
                    self.list()
                }
                Some(_) => {
                    let (text, _) = self.until(",");
                    self.typed(text)
                }
            },
        }
    }

    /// The items of a list up to its closing brace.
    fn list(&mut self) -> Result<Value, Stop> {
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.until(",}");
            if stop.is_none() {
                return Err(Error::OpenList.into());
            }
            items.push(self.typed(text)?);
            if stop == Some('}') {
                if self.peek() == Some(',') {
                    self.next();
                }
                return Ok(Value::Array(items));
            }
        }
    }

    fn json(&mut self) -> Result<Value, Stop> {
        if self.is_blank_value() {
            return Ok(Value::Null);
        }
        let rest: String = self.chars[self.position..].iter().collect();
        let mut values = serde_json::Deserializer::from_str(&rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(mut value)) => {
                super::to_floats(&mut value);
                self.position += rest[..values.byte_offset()].chars().count();
                self.is_blank_value();
                Ok(value)
            }
            Some(Err(error)) => Err(Error::Json(error.to_string()).into()),
            None => Ok(Value::Null),
        }
    }

    /// Skips blanks and one comma; whether there was nothing else before it.
    fn is_blank_value(&mut self) -> bool {
        while let Some(c) = self.peek() {
            match c {
                ',' => {
                    self.next();
                    return true;
                }
                _ if c.is_whitespace() => {
                    self.next();
                }
                _ => return false,
            }
        }
        true
    }

    fn typed(&self, text: String) -> Result<Value, Stop> {
        match &self.mode {
            Mode::Typed => Ok(typed(text)),
            Mode::File(read) => Ok(Value::String(read(&text).map_err(Error::File)?)),
            _ => Ok(Value::String(text)),
        }
    }
}

/// A value without a name is left out.
fn put(data: &mut Map<String, Value>, key: String, value: Value) {
    if !key.is_empty() {
        data.insert(key, value);
    }
}

fn conversion(value: &Value, wanted: &'static str) -> Stop {
    let is = match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => LIST,
        Value::Object(_) => MAP,
    };
    Error::Conversion { is, wanted }.into()
}

fn typed(text: String) -> Value {
    match text.to_lowercase().as_str() {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        "null" => return Value::Null,
        "0" => return Value::from(0),
        _ => {}
    }
    // A leading zero makes it text, so that it is not taken for an octal number.
    let number = if text.starts_with('0') { None } else { text.parse::<i64>().ok() };
    number.map_or(Value::String(text), Value::from)
}
