//! The user's values: YAML files and `--set` expressions, one on top of the other.

mod set;

use serde_json::{Map, Value};

use crate::yaml;

pub use set::Error as SetError;

/// Values for a chart, as `-f` files and `--set` flags give them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    pub(crate) entries: Map<String, Value>,
}

/// Why a text is not a map of values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not YAML; the cause names line and column.
    #[error("values are not valid YAML")]
    Yaml(#[source] yaml::Error),
    /// The text is YAML, but not a map.
    #[error("values are not a map but {0}")]
    NotAMap(String),
}

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The values of a YAML text. Several documents are merged, as Helm does.
    pub fn from_yaml(text: &str) -> Result<Self, Error> {
        Ok(Self { entries: parse_documents(text)? })
    }

    /// The values of a JSON object.
    pub fn from_map(entries: Map<String, Value>) -> Self {
        Self { entries }
    }

    /// Puts other values on top, as a further `-f` does: maps are merged, everything else is replaced, and null stays null until
    /// the chart's defaults are known.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        merge(&mut self.entries, other.entries);
        self
    }

    /// `--set`: `a.b=1,c[0]=x,d={p,q},e=null`.
    pub fn set(&mut self, expression: &str) -> Result<(), SetError> {
        set::apply(&mut self.entries, expression, set::Kind::Typed)
    }

    /// `--set-string`: like `--set`, but every value is a string.
    pub fn set_string(&mut self, expression: &str) -> Result<(), SetError> {
        set::apply(&mut self.entries, expression, set::Kind::Strings)
    }

    /// `--set-json`: `path=json`.
    pub fn set_json(&mut self, expression: &str) -> Result<(), SetError> {
        set::apply_json(&mut self.entries, expression)
    }

    /// `--set-literal`: everything after `=` is the value, as it stands.
    pub fn set_literal(&mut self, expression: &str) -> Result<(), SetError> {
        set::apply_literal(&mut self.entries, expression)
    }

    /// The values as a JSON object.
    pub fn entries(&self) -> &Map<String, Value> {
        &self.entries
    }
}

/// The values of a YAML text that must not name the cause apart.
pub(crate) fn parse(text: &str) -> Result<Map<String, Value>, String> {
    parse_documents(text).map_err(|error| match error {
        Error::Yaml(error) => error.to_string(),
        Error::NotAMap(kind) => {
            format!("cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
        }
    })
}

fn parse_documents(text: &str) -> Result<Map<String, Value>, Error> {
    let mut values = Map::new();
    for (first_line, document) in split_documents(text) {
        let parsed = yaml::parse(document).map_err(|mut error| {
            error.line += first_line;
            Error::Yaml(error)
        })?;
        match parsed {
            Value::Null => {}
            Value::Object(entries) => merge(&mut values, entries),
            Value::Array(_) => return Err(Error::NotAMap("array".to_owned())),
            Value::String(_) => return Err(Error::NotAMap("string".to_owned())),
            Value::Bool(_) => return Err(Error::NotAMap("bool".to_owned())),
            Value::Number(_) => return Err(Error::NotAMap("number".to_owned())),
        }
    }
    Ok(values)
}

/// The documents between lines of `---`, each with the number of lines before it.
fn split_documents(text: &str) -> Vec<(usize, &str)> {
    let mut documents = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let is_separator = line.strip_prefix("---").is_some_and(|rest| rest.trim().is_empty());
        if is_separator {
            documents.push((start_line, &text[start..offset]));
            start = offset + line.len();
            start_line = number + 1;
        }
        offset += line.len();
    }
    documents.push((start_line, &text[start..]));
    documents
}

/// Helm's `MergeMaps`: maps are merged, anything else is replaced.
pub(crate) fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn later_values_win_and_maps_are_merged() {
        let first = Values::from_yaml("a: {p: 1, q: 2}\nb: [1]\n").unwrap();
        let second = Values::from_yaml("a: {q: null, r: 3}\nb: [2]\n").unwrap();
        assert_eq!(
            Value::Object(first.merge(second).entries),
            json!({"a": {"p": 1, "q": null, "r": 3}, "b": [2]})
        );
    }

    #[test]
    fn several_documents_are_one() {
        let values = Values::from_yaml("a: 1\n---\nb: 2\n---\n").unwrap();
        assert_eq!(Value::Object(values.entries), json!({"a": 1, "b": 2}));
    }

    #[test]
    fn invalid_yaml_names_line_and_column() {
        let error = Values::from_yaml("a: 1\n---\nb: [1\n").unwrap_err();
        let Error::Yaml(cause) = error else { panic!("{error}") };
        assert!(cause.line >= 3 && cause.column > 0, "{cause}");
    }

    #[test]
    fn a_list_is_no_map_of_values() {
        assert_eq!(Values::from_yaml("- a\n"), Err(Error::NotAMap("array".to_owned())));
    }
}
