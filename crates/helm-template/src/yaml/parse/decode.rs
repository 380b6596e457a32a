//! Nodes to plain data.

use serde_json::{Map, Number, Value};

use super::{Kind, MAX_DEPTH, Node};
use crate::golang::number::{format_g, format_g32};
use crate::golang::quote::quote;
use crate::yaml::error::Error;
use crate::yaml::resolve::{Resolved, resolve, resolve_tagged};

/// Tags of YAML itself start with this; errors show them with `!!` instead.
const LONG_PREFIX: &str = "tag:yaml.org,2002:";

pub(super) struct Decoder<'n> {
    nodes: &'n [Node<'n>],
    /// Aliases that are being followed.
    following: Vec<usize>,
    decoded: usize,
    aliased: usize,
    /// The first thing that JSON cannot hold: it is reported once everything is decoded.
    not_json: Option<Error>,
}

impl<'n> Decoder<'n> {
    pub(super) fn new(nodes: &'n [Node<'n>]) -> Self {
        Self { nodes, following: Vec::new(), decoded: 1, aliased: 0, not_json: None }
    }

    pub(super) fn document(mut self, root: usize) -> Result<Value, Error> {
        let value = self.value(root, 0)?;
        self.not_json.map_or(Ok(value), Err)
    }

    /// Counts the work, so that a short text cannot become endless data.
    fn count(&mut self) -> Result<(), Error> {
        self.decoded += 1;
        self.aliased += usize::from(!self.following.is_empty());
        if self.aliased > 100
            && self.decoded > 1000
            && self.aliased * 100 > self.decoded * allowed_percentage(self.decoded)
        {
            return fail("document contains excessive aliasing");
        }
        Ok(())
    }

    fn value(&mut self, index: usize, depth: usize) -> Result<Value, Error> {
        self.count()?;
        if depth > MAX_DEPTH {
            return fail(format!("exceeded max depth of {MAX_DEPTH}"));
        }
        let nodes = self.nodes;
        match &nodes[index].kind {
            Kind::Scalar { text, is_plain } => self.scalar(nodes[index].tag.as_deref(), text, *is_plain),
            Kind::Alias { name, target } => {
                self.followed(index, name, |decoder| decoder.value(*target, depth + 1))
            }
            Kind::Sequence(children) => {
                let items = children.iter().map(|child| self.value(*child, depth + 1));
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
            Kind::Mapping(children) => {
                let mut entries = Map::new();
                self.mapping(children, &mut entries, depth)?;
                Ok(Value::Object(entries))
            }
        }
    }

    fn followed<T>(
        &mut self,
        alias: usize,
        name: &str,
        follow: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.following.contains(&alias) {
            return fail(format!("anchor '{name}' value contains itself"));
        }
        self.following.push(alias);
        let outcome = follow(self);
        self.following.pop();
        outcome
    }

    fn mapping(
        &mut self,
        children: &[usize],
        entries: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Error> {
        for pair in children.chunks_exact(2) {
            if self.is_merge(pair[0]) {
                self.merge(pair[1], entries, depth)?;
                continue;
            }
            let key = self.value(pair[0], depth + 1)?;
            if key.is_object() || key.is_array() {
                return fail(format!("invalid map key: {}", go_syntax(&key)));
            }
            let value = self.value(pair[1], depth + 1)?;
            if let Some(text) = key_text(&key) {
                entries.insert(text, value);
            } else {
                let problem = format!(
                    "unsupported map key of type: %!s(<nil>), key: <nil>, value: {}",
                    if value.is_null() { "<nil>".to_owned() } else { go_syntax(&value) }
                );
                self.not_json.get_or_insert(Error::NotJson(problem));
            }
        }
        Ok(())
    }

    fn is_merge(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        match &node.kind {
            Kind::Scalar { text, is_plain } => {
                text == "<<" && (*is_plain || node.tag.as_deref() == Some("tag:yaml.org,2002:merge"))
            }
            _ => false,
        }
    }

    fn merge(&mut self, index: usize, entries: &mut Map<String, Value>, depth: usize) -> Result<(), Error> {
        let nodes = self.nodes;
        match &nodes[index].kind {
            Kind::Sequence(children) => {
                // Earlier maps win, so they are merged last.
                children.iter().rev().try_for_each(|child| self.merge_one(*child, entries, depth))
            }
            _ => self.merge_one(index, entries, depth),
        }
    }

    fn merge_one(
        &mut self,
        index: usize,
        entries: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return fail(format!("exceeded max depth of {MAX_DEPTH}"));
        }
        let nodes = self.nodes;
        match &nodes[index].kind {
            Kind::Mapping(children) => {
                self.count()?;
                self.mapping(children, entries, depth + 1)
            }
            Kind::Alias { name, target } if matches!(nodes[*target].kind, Kind::Mapping(_)) => {
                self.count()?;
                self.followed(index, name, |decoder| decoder.merge_one(*target, entries, depth + 1))
            }
            _ => fail("map merge requires map or sequence of maps as the value"),
        }
    }

    fn scalar(&mut self, tag: Option<&str>, text: &str, is_plain: bool) -> Result<Value, Error> {
        let string = || Ok(Value::String(text.to_owned()));
        let resolved = match tag {
            None if is_plain => resolve(text),
            None => return string(),
            Some(tag) => match tag.strip_prefix(LONG_PREFIX) {
                Some("binary") => return binary(text),
                Some(name @ ("bool" | "int" | "float" | "null" | "timestamp")) => tagged(name, text)?,
                _ => return string(),
            },
        };
        match resolved {
            Resolved::Null => Ok(Value::Null),
            Resolved::Bool(truth) => Ok(Value::Bool(truth)),
            Resolved::Int(number) => Ok(Value::from(number)),
            Resolved::Uint(number) => Ok(Value::from(number)),
            Resolved::Float(number) => Ok(Number::from_f64(number).map_or_else(
                || {
                    let problem = format!("json: unsupported value: {}", format_g(number));
                    self.not_json.get_or_insert(Error::NotJson(problem));
                    Value::Null
                },
                Value::Number,
            )),
            Resolved::Timestamp | Resolved::String => string(),
        }
    }
}

fn fail<T>(problem: impl Into<String>) -> Result<T, Error> {
    Err(Error::at(None, problem))
}

/// Keys of JSON are strings; null cannot become one.
fn key_text(key: &Value) -> Option<String> {
    match key {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) if number.is_f64() => Some(format_g32(number.as_f64().unwrap_or(f64::NAN))),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `%#v` of what go-yaml decodes.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => format_g(float),
            _ => number.to_string(),
        },
        Value::String(text) => quote(text.as_bytes()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(entries) => {
            let pairs: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", quote(key.as_bytes()), go_syntax(value)))
                .collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", pairs.join(", "))
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn tagged(tag: &str, text: &str) -> Result<Resolved, Error> {
    let resolved = resolve_tagged(text, tag == "timestamp");
    let (actual, resolved) = match resolved {
        Resolved::Null => ("null", resolved),
        Resolved::Bool(_) => ("bool", resolved),
        Resolved::Int(number) if tag == "float" => ("float", Resolved::Float(number as f64)),
        Resolved::Int(_) | Resolved::Uint(_) => ("int", resolved),
        Resolved::Float(_) => ("float", resolved),
        Resolved::Timestamp => ("timestamp", resolved),
        Resolved::String => ("str", resolved),
    };
    if actual == tag {
        return Ok(resolved);
    }
    fail(format!("cannot decode !!{actual} `{text}` as a !!{tag}"))
}

fn binary(text: &str) -> Result<Value, Error> {
    use base64::Engine as _;
    let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    match base64::engine::general_purpose::STANDARD.decode(compact) {
        Ok(bytes) => Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        Err(_) => fail("!!binary value contains invalid base64 data"),
    }
}

/// How many percent of the work may come from aliases: 99 in small documents, 10 in large ones.
fn allowed_percentage(decoded: usize) -> usize {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    match decoded {
        ..=LOW => 99,
        HIGH.. => 10,
        _ => 99 - 89 * (decoded - LOW) / (HIGH - LOW),
    }
}
