//! What Helm reads of a manifest to sort it: `apiVersion`, `kind`, name and annotations.

use std::collections::BTreeMap;

use serde_json::Value;

/// The head of a manifest.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Head {
    /// Reads the head of a manifest's text.
    ///
    /// `go_type` is what Helm calls it; errors name it.
    pub(crate) fn read(text: &str, go_type: &str) -> Result<Self, String> {
        let value = super::parse(text).map_err(|error| format!("error converting YAML to JSON: {error}"))?;
        Self::of(&value, go_type)
    }

    fn of(value: &Value, go_type: &str) -> Result<Self, String> {
        let entries = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(entries) => entries,
            other => return Err(mismatch(other, &format!("Go value of type {go_type}"))),
        };
        string(entries.get("apiVersion"), "Go struct field SimpleHead.apiVersion of type string")?;
        let mut head = Self {
            kind: string(entries.get("kind"), "Go struct field SimpleHead.kind of type string")?,
            ..Self::default()
        };
        let metadata = match entries.get("metadata") {
            None | Some(Value::Null) => return Ok(head),
            Some(Value::Object(metadata)) => metadata,
            Some(other) => return Err(mismatch(other, "Go struct field SimpleHead.metadata of type struct")),
        };
        head.name = string(metadata.get("name"), "Go struct field .metadata.name of type string")?;
        match metadata.get("annotations") {
            None | Some(Value::Null) => {}
            Some(Value::Object(annotations)) => {
                for (key, value) in annotations {
                    let text = string(Some(value), "Go struct field .metadata.annotations of type string")?;
                    head.annotations.insert(key.clone(), text);
                }
            }
            Some(other) => {
                return Err(mismatch(
                    other,
                    "Go struct field .metadata.annotations of type map[string]string",
                ));
            }
        }
        Ok(head)
    }
}

/// A string, or a scalar that is taken for one.
fn string(value: Option<&Value>, target: &str) -> Result<String, String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Bool(truth)) => Ok(truth.to_string()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(other) => Err(mismatch(other, target)),
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
