//! Decoding YAML to plain data with go-yaml v2's rules: YAML 1.1 scalars, merge keys, aliases, keys made strings.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};

use super::resolve::{Resolved, resolve};
use crate::golang::number::format_g32;

/// Why a text is not YAML, or not data that JSON can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("yaml: line {line}, column {column}: {message}")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Collections nested deeper than this are refused.
const MAX_DEPTH: usize = 256;

/// The first document of a text; null if it is empty.
pub fn parse(text: &str) -> Result<Value, Error> {
    let mut reader = Reader::new(text)?;
    Ok(reader.document()?.unwrap_or(Value::Null))
}

/// All documents of a text.
pub fn parse_documents(text: &str) -> Result<Vec<Value>, Error> {
    let mut reader = Reader::new(text)?;
    let mut documents = Vec::new();
    while let Some(document) = reader.document()? {
        documents.push(document);
    }
    Ok(documents)
}

/// One node of the tree that events describe.
struct Node {
    line: usize,
    column: usize,
    tag: Option<String>,
    kind: Kind,
}

enum Kind {
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<usize>),
    /// Keys and values in turn.
    Mapping(Vec<usize>),
    Alias(usize),
}

/// Reads documents from a text.
struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    nodes: Vec<Node>,
    anchors: HashMap<usize, usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Self, Error> {
        check_characters(text)?;
        Ok(Self { parser: Parser::new_from_str(text), nodes: Vec::new(), anchors: HashMap::new() })
    }

    fn event(&mut self) -> Result<Option<(Event<'a>, Span)>, Error> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(error)) => {
                let marker = error.marker();
                Err(Error { line: marker.line(), column: marker.col() + 1, message: error.info().to_owned() })
            }
        }
    }

    fn document(&mut self) -> Result<Option<Value>, Error> {
        loop {
            match self.event()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::DocumentStart(_), _)) => break,
                Some(_) => {}
            }
        }
        self.nodes.clear();
        self.anchors.clear();
        let Some(event) = self.event()? else { return Ok(None) };
        if matches!(event.0, Event::DocumentEnd) {
            return Ok(Some(Value::Null));
        }
        let root = self.node(event, 0)?;
        self.event()?;
        let mut decoder = Decoder { nodes: &self.nodes, resolving: Vec::new(), decoded: 0, aliased: 0 };
        decoder.value(root, 0).map(Some)
    }

    fn node(&mut self, (event, span): (Event<'a>, Span), depth: usize) -> Result<usize, Error> {
        let (line, column) = (span.start.line(), span.start.col() + 1);
        let fail = |message: &str| Err(Error { line, column, message: message.to_owned() });
        if depth > MAX_DEPTH {
            return fail(&format!("exceeded max depth of {MAX_DEPTH}"));
        }
        let index = self.nodes.len();
        let node = |tag: Option<String>, kind| Node { line, column, tag, kind };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                self.anchors.insert(anchor, index);
                self.nodes
                    .push(node(tag_name(tag.as_deref()), Kind::Scalar { text: text.into_owned(), plain }));
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(target) => {
                    let target = *target;
                    self.nodes.push(node(None, Kind::Alias(target)));
                }
                None => return fail("unknown anchor referenced"),
            },
            Event::SequenceStart(anchor, tag) => {
                self.anchors.insert(anchor, index);
                self.nodes.push(node(tag_name(tag.as_deref()), Kind::Sequence(Vec::new())));
                let children = self.children(depth)?;
                self.nodes[index].kind = Kind::Sequence(children);
            }
            Event::MappingStart(anchor, tag) => {
                self.anchors.insert(anchor, index);
                self.nodes.push(node(tag_name(tag.as_deref()), Kind::Mapping(Vec::new())));
                let children = self.children(depth)?;
                self.nodes[index].kind = Kind::Mapping(children);
            }
            _ => return fail("did not find expected node content"),
        }
        Ok(index)
    }

    fn children(&mut self, depth: usize) -> Result<Vec<usize>, Error> {
        let mut children = Vec::new();
        while let Some(event) = self.event()? {
            if matches!(event.0, Event::SequenceEnd | Event::MappingEnd) {
                break;
            }
            children.push(self.node(event, depth + 1)?);
        }
        Ok(children)
    }
}

/// go-yaml refuses characters that YAML 1.1 does not allow.
fn check_characters(text: &str) -> Result<(), Error> {
    let refused = |c: &char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    let suspicious = |byte: u8| byte >= 0x7f || (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r'));
    if !text.bytes().any(suspicious) {
        return Ok(());
    }
    let Some(position) = text.chars().position(|c| refused(&c)) else { return Ok(()) };
    let before: String = text.chars().take(position).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Err(Error { line, column, message: "control characters are not allowed".to_owned() })
}

fn tag_name(tag: Option<&Tag>) -> Option<String> {
    tag.map(|tag| match tag.handle.as_str() {
        "tag:yaml.org,2002:" | "!!" => format!("!!{}", tag.suffix),
        handle => format!("{handle}{}", tag.suffix),
    })
}

struct Decoder<'n> {
    nodes: &'n [Node],
    /// Aliases that are being followed.
    resolving: Vec<usize>,
    decoded: usize,
    aliased: usize,
}

impl Decoder<'_> {
    fn fail<T>(&self, index: usize, message: impl Into<String>) -> Result<T, Error> {
        let node = &self.nodes[index];
        Err(Error { line: node.line, column: node.column, message: message.into() })
    }

    /// Counts the work, so that a short text cannot become endless data.
    fn count(&mut self, index: usize) -> Result<(), Error> {
        self.decoded += 1;
        self.aliased += usize::from(!self.resolving.is_empty());
        if self.aliased > 100
            && self.decoded > 1000
            && self.aliased * 100 > self.decoded * allowed_percentage(self.decoded)
        {
            return self.fail(index, "document contains excessive aliasing");
        }
        Ok(())
    }

    fn value(&mut self, index: usize, depth: usize) -> Result<Value, Error> {
        self.count(index)?;
        if depth > MAX_DEPTH {
            return self.fail(index, format!("exceeded max depth of {MAX_DEPTH}"));
        }
        let nodes = self.nodes;
        match &nodes[index].kind {
            Kind::Scalar { text, plain } => self.scalar(index, text, *plain),
            Kind::Alias(target) => self.followed(index, *target, |decoder| decoder.value(*target, depth + 1)),
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
        index: usize,
        target: usize,
        follow: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.resolving.contains(&target) {
            return self.fail(index, "anchor value contains itself");
        }
        self.resolving.push(target);
        let outcome = follow(self);
        self.resolving.pop();
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
            let key = self.key(pair[0], depth)?;
            let value = self.value(pair[1], depth + 1)?;
            entries.insert(key, value);
        }
        Ok(())
    }

    fn is_merge(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        match &node.kind {
            Kind::Scalar { text, plain } => {
                text == "<<" && (node.tag.as_deref() == Some("!!merge") || (*plain && node.tag.is_none()))
            }
            _ => false,
        }
    }

    fn merge(&mut self, index: usize, entries: &mut Map<String, Value>, depth: usize) -> Result<(), Error> {
        const WANT_MAP: &str = "map merge requires map or sequence of maps as the value";
        self.count(index)?;
        let nodes = self.nodes;
        match &nodes[index].kind {
            Kind::Mapping(children) => self.mapping(children, entries, depth + 1),
            Kind::Alias(target) if matches!(nodes[*target].kind, Kind::Mapping(_)) => {
                self.followed(index, *target, |decoder| decoder.merge(*target, entries, depth + 1))
            }
            Kind::Sequence(children) => {
                // Earlier maps win, so they are merged last.
                for child in children.iter().rev() {
                    if matches!(nodes[*child].kind, Kind::Sequence(_)) {
                        return self.fail(index, WANT_MAP);
                    }
                    self.merge(*child, entries, depth + 1)?;
                }
                Ok(())
            }
            _ => self.fail(index, WANT_MAP),
        }
    }

    /// Keys of JSON are strings.
    fn key(&mut self, index: usize, depth: usize) -> Result<String, Error> {
        match self.value(index, depth + 1)? {
            Value::String(text) => Ok(text),
            Value::Bool(truth) => Ok(truth.to_string()),
            Value::Number(number) if number.is_f64() => {
                let text = format_g32(number.as_f64().unwrap_or(f64::NAN));
                Ok(text)
            }
            Value::Number(number) => Ok(number.to_string()),
            Value::Null => self.fail(index, "unsupported map key of type: %!s(<nil>)"),
            Value::Array(_) | Value::Object(_) => self.fail(index, "invalid map key"),
        }
    }

    fn scalar(&self, index: usize, text: &str, plain: bool) -> Result<Value, Error> {
        let string = || Ok(Value::String(text.to_owned()));
        let resolved = match (self.nodes[index].tag.as_deref(), plain) {
            (None, true) => resolve(text),
            (Some("!!binary"), _) => return self.binary(index, text),
            (Some(tag @ ("!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp")), _) => {
                self.tagged(index, tag, text)?
            }
            _ => return string(),
        };
        match resolved {
            Resolved::Null => Ok(Value::Null),
            Resolved::Bool(truth) => Ok(Value::Bool(truth)),
            Resolved::Int(number) => Ok(Value::from(number)),
            Resolved::Uint(number) => Ok(Value::from(number)),
            Resolved::Float(number) => match Number::from_f64(number) {
                Some(number) => Ok(Value::Number(number)),
                None => self.fail(
                    index,
                    format!("json: unsupported value: {}", crate::golang::number::format_g(number)),
                ),
            },
            Resolved::Timestamp | Resolved::String => string(),
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn tagged(&self, index: usize, tag: &str, text: &str) -> Result<Resolved, Error> {
        let resolved = resolve(text);
        let (actual, resolved) = match resolved {
            Resolved::Null => ("!!null", resolved),
            Resolved::Bool(_) => ("!!bool", resolved),
            Resolved::Int(number) if tag == "!!float" => ("!!float", Resolved::Float(number as f64)),
            Resolved::Int(_) | Resolved::Uint(_) => ("!!int", resolved),
            Resolved::Float(_) => ("!!float", resolved),
            Resolved::Timestamp => ("!!timestamp", resolved),
            Resolved::String => ("!!str", resolved),
        };
        if actual == tag {
            return Ok(resolved);
        }
        self.fail(index, format!("cannot decode {actual} `{text}` as a {tag}"))
    }

    fn binary(&self, index: usize, text: &str) -> Result<Value, Error> {
        use base64::Engine as _;
        let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        match base64::engine::general_purpose::STANDARD.decode(compact) {
            Ok(bytes) => Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned())),
            Err(_) => self.fail(index, "!!binary value contains invalid base64 data"),
        }
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

#[cfg(test)]
mod tests;
