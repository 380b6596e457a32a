//! What Helm reads of a manifest to sort it: `apiVersion`, `kind`, name and annotations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::Error;
use super::event::{Event, Parser};
use super::resolve::{Resolved, resolve};
use crate::golang::number::format_g32;

/// The head of a manifest.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Head {
    /// Reads the head of a manifest's text, all of which must be YAML.
    ///
    /// `go_type` is what Helm calls it; errors name it.
    pub(crate) fn read(text: &str, go_type: &str) -> Result<Self, String> {
        let converting = |error| format!("error converting YAML to JSON: {error}");
        let value = match skim(text).map_err(converting)? {
            Some(head) => head,
            None => super::parse(text).map_err(converting)?,
        };
        Self::of(&value, go_type)
    }

    fn of(value: &Value, go_type: &str) -> Result<Self, String> {
        let entries = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(entries) => entries,
            other => return Err(mismatch(other, &format!("Go value of type {go_type}"))),
        };
        let mut head = Self::default();
        // Go finds fields without regard to case; of several the last wins.
        for (key, value) in entries {
            if key.eq_ignore_ascii_case("apiVersion") {
                string(value, "Go struct field SimpleHead.apiVersion of type string")?;
            } else if key.eq_ignore_ascii_case("kind") {
                let kind = string(value, "Go struct field SimpleHead.kind of type string")?;
                head.kind = kind.unwrap_or(head.kind);
            } else if key.eq_ignore_ascii_case("metadata") {
                head.metadata(value)?;
            }
        }
        Ok(head)
    }

    fn metadata(&mut self, value: &Value) -> Result<(), String> {
        let metadata = match value {
            Value::Null => return Ok(()),
            Value::Object(metadata) => metadata,
            other => {
                return Err(mismatch(
                    other,
                    "Go struct field SimpleHead.metadata of type struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }",
                ));
            }
        };
        for (key, value) in metadata {
            if key.eq_ignore_ascii_case("name") {
                let name = string(value, "Go struct field .metadata.name of type string")?;
                self.name = name.unwrap_or(std::mem::take(&mut self.name));
            } else if key.eq_ignore_ascii_case("annotations") {
                self.annotations(value)?;
            }
        }
        Ok(())
    }

    fn annotations(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Object(annotations) => {
                for (key, value) in annotations {
                    let text = string(value, "Go struct field .metadata.annotations of type string")?;
                    self.annotations.insert(key.clone(), text.unwrap_or_default());
                }
                Ok(())
            }
            other => {
                Err(mismatch(other, "Go struct field .metadata.annotations of type map[string]string"))
            }
        }
    }
}

/// A string, or a scalar that is taken for one; null changes nothing.
fn string(value: &Value, target: &str) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Number(number) if number.is_f64() => {
            Ok(Some(format_g32(number.as_f64().unwrap_or_default())))
        }
        Value::Number(number) => Ok(Some(number.to_string())),
        other => Err(mismatch(other, target)),
    }
}

/// `encoding/json`'s words for a value that does not fit.
pub(crate) fn mismatch(value: &Value, target: &str) -> String {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into {target}")
}

/// Parses the whole document, but keeps only the first level's values that a head needs: large manifests are not decoded
/// for the sake of two words. `None` if the document has something that only decoding can judge: an anchor, a tag, a key or
/// number that JSON does not have.
fn skim(text: &str) -> Result<Option<Value>, Error> {
    let mut parser = Parser::new(text);
    if !matches!(parser.next()?, Event::DocumentStart) {
        return Ok(Some(Value::Null));
    }
    match parser.next()? {
        Event::MappingStart(properties) if properties.is_none() => {}
        _ => return Ok(None),
    }
    let mut skimmer = Skimmer { parser, depth: 0 };
    let mut head = serde_json::Map::new();
    loop {
        let key = match skimmer.parser.next()? {
            Event::MappingEnd => break,
            Event::Scalar { text, is_plain, properties } if properties.is_none() => {
                if is_plain && !matches!(resolve(&text), Resolved::String | Resolved::Timestamp) || text == "<<" {
                    return Ok(None);
                }
                text
            }
            _ => return Ok(None),
        };
        let is_wanted = ["apiVersion", "kind", "metadata"].iter().any(|name| key.eq_ignore_ascii_case(name));
        let Some(value) = skimmer.value(is_wanted)? else { return Ok(None) };
        if is_wanted {
            head.insert(key.into_owned(), value);
        }
    }
    skimmer.parser.next()?;
    Ok(Some(Value::Object(head)))
}

struct Skimmer<'a> {
    parser: Parser<'a>,
    depth: usize,
}

/// Values nested deeper than this are left to the decoder, which refuses them.
const MAX_DEPTH: usize = 64;

impl Skimmer<'_> {
    /// The next value if it is wanted, null otherwise.
    fn value(&mut self, is_wanted: bool) -> Result<Option<Value>, Error> {
        let event = self.parser.next()?;
        self.value_of(event, is_wanted)
    }

    fn value_of(&mut self, event: Event<'_>, is_wanted: bool) -> Result<Option<Value>, Error> {
        match event {
            Event::Scalar { text, is_plain, properties } if properties.is_none() => {
                Ok(scalar(&text, is_plain, is_wanted))
            }
            Event::SequenceStart(properties) if properties.is_none() && self.depth < MAX_DEPTH => {
                self.depth += 1;
                let mut items = Vec::new();
                loop {
                    match self.parser.next()? {
                        Event::SequenceEnd => break,
                        event => match self.value_of(event, is_wanted)? {
                            None => return Ok(None),
                            Some(item) if is_wanted => items.push(item),
                            Some(_) => {}
                        },
                    }
                }
                self.depth -= 1;
                Ok(Some(Value::Array(items)))
            }
            Event::MappingStart(properties) if properties.is_none() && self.depth < MAX_DEPTH => {
                self.depth += 1;
                let mut entries = serde_json::Map::new();
                loop {
                    let key = match self.parser.next()? {
                        Event::MappingEnd => break,
                        Event::Scalar { text, is_plain, properties } if properties.is_none() => {
                            if text == "<<" || scalar(&text, is_plain, true).is_none_or(|key| !key.is_string()) {
                                return Ok(None);
                            }
                            text
                        }
                        _ => return Ok(None),
                    };
                    let Some(value) = self.value(is_wanted)? else { return Ok(None) };
                    if is_wanted {
                        entries.insert(key.into_owned(), value);
                    }
                }
                self.depth -= 1;
                Ok(Some(Value::Object(entries)))
            }
            _ => Ok(None),
        }
    }
}

/// A scalar's value; `None` for a number that JSON does not have.
fn scalar(text: &str, is_plain: bool, is_wanted: bool) -> Option<Value> {
    if is_plain {
        match text.as_bytes() {
            // Only a number with a point at the front can be infinite or none.
            [b'.', ..] | [b'+' | b'-', b'.', ..] => return None,
            _ if !is_wanted => return Some(Value::Null),
            _ => {}
        }
        match resolve(text) {
            Resolved::Null => return Some(Value::Null),
            Resolved::Bool(truth) => return Some(Value::Bool(truth)),
            Resolved::Int(number) => return Some(Value::from(number)),
            Resolved::Uint(number) => return Some(Value::from(number)),
            Resolved::Float(number) => return Some(Value::from(number)),
            Resolved::Timestamp | Resolved::String => {}
        }
    }
    Some(if is_wanted { Value::String(text.to_owned()) } else { Value::Null })
}
