//! Decoding YAML to plain data with go-yaml v2's rules: YAML 1.1 scalars, merge keys, aliases, keys made strings.

mod decode;

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::error::Error;
use super::event::{Event, Parser, Properties};
use super::resolve::Resolved;
use super::stream::Stream;
use super::tree::Tree;
use decode::Decoder;

/// Collections nested deeper than this are refused.
const MAX_DEPTH: usize = 256;

/// The first document of a text; null if it is empty.
pub fn parse(text: &str) -> Result<Value, Error> {
    match streamed(text)? {
        Some(value) => Ok(value),
        None => Ok(Reader::new(text).document()?.unwrap_or(Value::Null)),
    }
}

/// The first document as a template value, its numbers floats; nil if it is empty.
pub(crate) fn parse_value(text: &str) -> Result<crate::value::Value, Error> {
    match streamed(text)? {
        Some(value) => Ok(value),
        None => parse(text).map(|value| crate::value::Value::from_json(&value)),
    }
}

/// `None` if the document is for the decoder of whole trees.
fn streamed<T: Tree>(text: &str) -> Result<Option<T>, Error> {
    let Some(mut stream) = Stream::new(text)? else { return Ok(T::scalar(Resolved::Null)) };
    let Some(value) = stream.value()? else { return Ok(None) };
    stream.finish()?;
    Ok(Some(value))
}

/// All documents of a text.
pub fn parse_documents(text: &str) -> Result<Vec<Value>, Error> {
    let mut reader = Reader::new(text);
    let mut documents = Vec::new();
    while let Some(document) = reader.document()? {
        documents.push(document);
    }
    Ok(documents)
}

/// One node of the tree that events describe.
struct Node<'a> {
    tag: Option<String>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Scalar {
        text: Cow<'a, str>,
        /// Whether the text may mean something else than a string.
        is_plain: bool,
    },
    Sequence(Vec<usize>),
    /// Keys and values in turn.
    Mapping(Vec<usize>),
    Alias {
        name: &'a str,
        target: usize,
    },
}

/// Reads documents from a text.
struct Reader<'a> {
    parser: Parser<'a>,
    nodes: Vec<Node<'a>>,
    anchors: HashMap<&'a str, usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { parser: Parser::new(text), nodes: Vec::new(), anchors: HashMap::new() }
    }

    fn document(&mut self) -> Result<Option<Value>, Error> {
        if !matches!(self.parser.next()?, Event::DocumentStart) {
            return Ok(None);
        }
        self.nodes.clear();
        self.anchors.clear();
        let event = self.parser.next()?;
        let root = self.node(event, 0)?;
        self.parser.next()?;
        Decoder::new(&self.nodes).document(root).map(Some)
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<usize, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::at(None, format!("exceeded max depth of {MAX_DEPTH}")));
        }
        match event {
            Event::Scalar { text, is_plain, properties } => {
                Ok(self.add(properties, Kind::Scalar { text, is_plain }))
            }
            Event::Alias(name) => match self.anchors.get(name) {
                Some(target) => {
                    let kind = Kind::Alias { name, target: *target };
                    Ok(self.add(Properties::default(), kind))
                }
                None => Err(Error::at(None, format!("unknown anchor '{name}' referenced"))),
            },
            Event::SequenceStart(properties) => {
                let index = self.add(properties, Kind::Sequence(Vec::new()));
                self.nodes[index].kind = Kind::Sequence(self.children(depth)?);
                Ok(index)
            }
            Event::MappingStart(properties) => {
                let index = self.add(properties, Kind::Mapping(Vec::new()));
                self.nodes[index].kind = Kind::Mapping(self.children(depth)?);
                Ok(index)
            }
            _ => Err(Error::at(None, "unknown problem parsing YAML content")),
        }
    }

    fn add(&mut self, properties: Properties<'a>, kind: Kind<'a>) -> usize {
        let index = self.nodes.len();
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, index);
        }
        self.nodes.push(Node { tag: properties.tag, kind });
        index
    }

    fn children(&mut self, depth: usize) -> Result<Vec<usize>, Error> {
        let mut children = Vec::new();
        loop {
            match self.parser.next()? {
                Event::SequenceEnd | Event::MappingEnd => return Ok(children),
                event => children.push(self.node(event, depth + 1)?),
            }
        }
    }
}

#[cfg(test)]
mod tests;
