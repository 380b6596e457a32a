//! TOML: `toToml` writes it as Go's `BurntSushi/toml` does.

use std::fmt::Write as _;
use std::rc::Rc;

use super::arguments::{any, text};
use super::pure;
use crate::golang::number::format_g;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::{Entries, MAX_DEPTH, Map, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("toToml", &[Type::Any], |arguments| {
        Ok(Value::from(encode(&any(arguments, 0)).unwrap_or_else(str::to_owned)))
    }),
    pure("mustToToml", &[Type::Any], |arguments| Ok(Value::from(encode(&any(arguments, 0))?))),
    pure("fromToml", &[Type::String], from_toml),
];

const NO_KEY: &str = "toml: top-level values must be Go maps or structs";
const NIL_ELEMENT: &str = "toml: cannot encode array with nil element";
const TOO_DEEP: &str = "toml: nested too deeply";

type Result<T> = std::result::Result<T, &'static str>;

fn encode(value: &Value) -> Result<String> {
    let mut encoder = Encoder { out: String::new() };
    match value.plain() {
        Value::Map(map) => encoder.table(&[], &map)?,
        Value::Nil => return Err("reflect: call of reflect.Value.Type on zero Value"),
        other if shape(&other)? == Shape::Tables => return Err(NO_KEY),
        other => encoder.element(&other, 0)?,
    }
    Ok(encoder.out)
}

struct Encoder {
    out: String,
}

/// What decides whether a value stands in its table or has a table of its own.
#[derive(PartialEq, Eq)]
enum Shape {
    Nil,
    Direct,
    Table,
    Tables,
}

fn shape(value: &Value) -> Result<Shape> {
    Ok(match value.plain() {
        Value::Nil => Shape::Nil,
        Value::Map(map) if map.is_nil => Shape::Nil,
        Value::Map(_) => Shape::Table,
        Value::List(list) => {
            let mut all = !list.items.is_empty();
            for item in list.items.iter() {
                match shape(item)? {
                    Shape::Nil => return Err(NIL_ELEMENT),
                    Shape::Table => {}
                    _ => all = false,
                }
            }
            if all { Shape::Tables } else { Shape::Direct }
        }
        _ => Shape::Direct,
    })
}

impl Encoder {
    fn new_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, key: &[Rc<str>]) {
        self.out.extend(std::iter::repeat_n("  ", key.len().saturating_sub(1)));
    }

    fn header(&mut self, key: &[Rc<str>], (open, close): (&str, &str)) {
        self.indent(key);
        let name: Vec<String> = key.iter().map(|part| quoted_key(part)).collect();
        let _ = write!(self.out, "{open}{}{close}", name.join("."));
        self.new_line();
    }

    fn table(&mut self, key: &[Rc<str>], map: &Map) -> Result<()> {
        if key.len() == 1 {
            self.new_line();
        }
        if !key.is_empty() {
            self.header(key, ("[", "]"));
        }
        self.entries(key, map)
    }

    /// Plain values first, then tables.
    fn entries(&mut self, key: &[Rc<str>], map: &Map) -> Result<()> {
        if key.len() > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        let (direct, tables) = partition(map)?;
        for (name, value) in direct.into_iter().chain(tables) {
            let own: Vec<Rc<str>> = key.iter().cloned().chain([Rc::clone(&name)]).collect();
            match (shape(&value)?, value.plain()) {
                (Shape::Nil, _) => {}
                (Shape::Table, Value::Map(map)) => self.table(&own, &map)?,
                (Shape::Tables, Value::List(list)) => {
                    for item in list.items.iter() {
                        if let Value::Map(map) = item.plain() {
                            self.new_line();
                            self.header(&own, ("[[", "]]"));
                            self.entries(&own, &map)?;
                        }
                    }
                }
                _ => {
                    self.indent(&own);
                    let _ = write!(self.out, "{} = ", quoted_key(&name));
                    self.element(&value, 0)?;
                    self.new_line();
                }
            }
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        match value {
            Value::Bool(truth) => self.out.push_str(if *truth { "true" } else { "false" }),
            Value::Int(number) | Value::Int64(number) => self.out.push_str(&number.to_string()),
            Value::Float(number) => self.out.push_str(&float(*number)),
            Value::String(text) => self.out.push_str(&quoted(text)),
            Value::RawString(bytes) => self.out.push_str(&quoted(&String::from_utf8_lossy(bytes))),
            Value::Bytes(bytes) => {
                let items: Vec<String> = bytes.iter().map(u8::to_string).collect();
                let _ = write!(self.out, "[{}]", items.join(", "));
            }
            Value::Duration(nanoseconds) => {
                self.out.push_str(&quoted(&super::duration::format(*nanoseconds)));
            }
            Value::List(list) => {
                self.out.push('[');
                for (index, item) in list.items.iter().enumerate() {
                    if index > 0 {
                        self.out.push_str(", ");
                    }
                    self.element(item, depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Map(map) => self.inline(map, depth)?,
            Value::Object(object) => match object.time() {
                Some(time) => self.out.push_str(&time.format("2006-01-02T15:04:05.999999999Z07:00")),
                None => self.element(&object.plain(), depth + 1)?,
            },
            Value::Nil => return Err(NIL_ELEMENT),
        }
        Ok(())
    }

    fn inline(&mut self, map: &Map, depth: usize) -> Result<()> {
        let (direct, tables) = partition(map)?;
        let count = direct.len() + tables.len();
        self.out.push('{');
        for (index, (name, value)) in direct.into_iter().chain(tables).enumerate() {
            if shape(&value)? == Shape::Nil {
                continue;
            }
            let _ = write!(self.out, "{} = ", quoted_key(&name));
            self.element(&value, depth + 1)?;
            if index + 1 < count {
                self.out.push_str(", ");
            }
        }
        self.out.push('}');
        Ok(())
    }
}

type Pairs = Vec<(Rc<str>, Value)>;

fn partition(map: &Map) -> Result<(Pairs, Pairs)> {
    let (mut direct, mut tables) = (Vec::new(), Vec::new());
    for (name, value) in map.snapshot() {
        match shape(&value)? {
            Shape::Table | Shape::Tables => tables.push((name, value)),
            Shape::Nil | Shape::Direct => direct.push((name, value)),
        }
    }
    Ok((direct, tables))
}

fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let text = format_g(number);
    if text.contains(['e', '.']) { text } else { format!("{text}.0") }
}

fn quoted_key(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !key.is_empty() && key.bytes().all(is_bare) { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The table that a text describes; the entry `Error` if it is no TOML.
fn from_toml(arguments: &[Value]) -> CallResult {
    Ok(Value::map(match text(arguments, 0).parse::<toml::Table>() {
        Ok(table) => entries_of(&table),
        Err(error) => Entries::from([(Rc::from("Error"), Value::from(format!("toml: {}", error.message())))]),
    }))
}

fn entries_of(table: &toml::Table) -> Entries {
    table.iter().map(|(key, value)| (Rc::from(key.as_str()), value_of(value))).collect()
}

fn value_of(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::Int64(*number),
        toml::Value::Float(number) => Value::Float(*number),
        toml::Value::Boolean(truth) => Value::Bool(*truth),
        toml::Value::Datetime(time) => super::date::from_rfc3339(&time.to_string()),
        toml::Value::Array(items) => Value::list(items.iter().map(value_of).collect()),
        toml::Value::Table(table) => Value::map(entries_of(table)),
    }
}
