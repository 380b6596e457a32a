//! What Helm reads of a manifest to sort it: `apiVersion`, `kind`, name and annotations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::Error;
use super::stream::{Key, Stream};
use super::tree::Ignored;
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
            other => Err(mismatch(other, "Go struct field .metadata.annotations of type map[string]string")),
        }
    }
}

/// A string, or a scalar that is taken for one; null changes nothing.
fn string(value: &Value, target: &str) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Number(number) if number.is_f64() => Ok(Some(format_g32(number.as_f64().unwrap_or_default()))),
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
    mismatch_of(kind, target)
}

/// The same for a kind of JSON value.
pub(crate) fn mismatch_of(kind: &str, target: &str) -> String {
    format!("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into {target}")
}

/// Parses the whole document, but keeps only the values of the first level that a head needs: large manifests are not decoded
/// for the sake of two words. `None` if the document is for the decoder of whole trees.
fn skim(text: &str) -> Result<Option<Value>, Error> {
    let Some(mut stream) = Stream::new(text)? else { return Ok(Some(Value::Null)) };
    if !stream.enter_mapping()? {
        return Ok(None);
    }
    let mut head = serde_json::Map::new();
    loop {
        match stream.key()? {
            Key::End => break,
            Key::Other => return Ok(None),
            Key::Text(key) => {
                let is_wanted =
                    ["apiVersion", "kind", "metadata"].iter().any(|name| key.eq_ignore_ascii_case(name));
                if is_wanted {
                    let Some(value) = stream.value::<Value>()? else { return Ok(None) };
                    head.insert(key.into_owned(), value);
                } else if stream.value::<Ignored>()?.is_none() {
                    return Ok(None);
                }
            }
        }
    }
    stream.finish()?;
    Ok(Some(Value::Object(head)))
}
