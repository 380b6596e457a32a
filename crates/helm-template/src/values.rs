//! The user's values: YAML files and `--set` expressions, one on top of the other.

mod set;

use serde_json::{Map, Number, Value};

use crate::golang::number::{format_g, format_json};
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
    /// The text is not YAML.
    #[error("cannot unmarshal yaml document: error converting YAML to JSON: {0}")]
    Yaml(yaml::Error),
    /// The text is YAML, but not a map.
    #[error("cannot unmarshal yaml document: {0}")]
    NotAMap(String),
}

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The values of a YAML text. Several documents are merged, as Helm does.
    pub fn from_yaml(text: &str) -> Result<Self, Error> {
        Ok(Self { entries: parse(text)? })
    }

    /// The values of a JSON object.
    pub fn from_map(mut entries: Map<String, Value>) -> Self {
        entries.values_mut().for_each(to_floats);
        Self { entries }
    }

    /// The same, but an integer that templates would print as a power of ten stays an integer, as `--set` makes it: `1000000` instead
    /// of `1e+06`. One of more than 64 bits is a float all the same.
    pub fn from_map_with_integers(mut entries: Map<String, Value>) -> Self {
        entries.values_mut().for_each(to_floats_or_large_integers);
        Self { entries }
    }

    /// Puts other values on top, as a further `-f` does: maps are merged, everything else is replaced, and null stays null until
    /// the chart's defaults are known.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        merge(&mut self.entries, other.entries);
        self
    }

    /// `--set`: `a.b=1,c[0]=x,d={p,q},e=null`. Its numbers are integers, while those of YAML and JSON are floats, which
    /// templates print differently from a million on.
    pub fn set(&mut self, expression: &str) -> Result<(), SetError> {
        set::apply(&mut self.entries, expression, set::Mode::Typed)
    }

    /// `--set-string`: like `--set`, but every value is a string.
    pub fn set_string(&mut self, expression: &str) -> Result<(), SetError> {
        set::apply(&mut self.entries, expression, set::Mode::Strings)
    }

    /// `--set-json`: `path=json`, or an object that is merged.
    pub fn set_json(&mut self, expression: &str) -> Result<(), SetError> {
        if !expression.trim_start().starts_with('{') {
            return set::apply(&mut self.entries, expression, set::Mode::Json);
        }
        let mut value =
            serde_json::from_str(expression).map_err(|error| SetError::Json(error.to_string()))?;
        to_floats(&mut value);
        if let Value::Object(entries) = value {
            merge(&mut self.entries, entries);
        }
        Ok(())
    }

    /// `--set-literal`: everything after `=` is the value, as it stands.
    pub fn set_literal(&mut self, expression: &str) -> Result<(), SetError> {
        set::apply(&mut self.entries, expression, set::Mode::Literal)
    }

    /// `--set-file`: like `--set-string`, but each value is the content of a file, which `read` reads.
    pub fn set_file(
        &mut self,
        expression: &str,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<(), SetError> {
        set::apply(&mut self.entries, expression, set::Mode::File(read))
    }

    /// The values as a JSON object.
    pub fn entries(&self) -> &Map<String, Value> {
        &self.entries
    }
}

/// The values of a YAML text, whose documents are merged. Lines in errors count from the start of the document, as Helm's do.
pub(crate) fn parse(text: &str) -> Result<Map<String, Value>, Error> {
    let mut values = Map::new();
    for document in split_documents(text) {
        match yaml::parse(document).map_err(Error::Yaml)? {
            Value::Null => {}
            Value::Object(entries) => merge(&mut values, entries),
            other => {
                let message = yaml::mismatch(&other, "Go value of type map[string]interface {}");
                return Err(Error::NotAMap(message));
            }
        }
    }
    values.values_mut().for_each(to_floats);
    Ok(values)
}

/// Makes every number a float, which is what Go decodes from YAML and JSON.
fn to_floats(value: &mut Value) {
    each_number(value, &|number| {
        if let Some(float) = number.as_f64().and_then(Number::from_f64) {
            *number = float;
        }
    });
}

/// The smallest integer that Go's `%v` prints with an exponent if it is a float.
const FIRST_WITH_EXPONENT: u64 = 1_000_000;

fn to_floats_or_large_integers(value: &mut Value) {
    each_number(value, &|number| {
        let is_large = number.as_i64().is_some_and(|integer| integer.unsigned_abs() >= FIRST_WITH_EXPONENT);
        if let Some(float) = number.as_f64().and_then(Number::from_f64).filter(|_| !is_large) {
            *number = float;
        }
    });
}

fn each_number(value: &mut Value, change: &dyn Fn(&mut Number)) {
    match value {
        Value::Number(number) => change(number),
        Value::Array(items) => items.iter_mut().for_each(|item| each_number(item, change)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| each_number(entry, change)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// What templates make of a number of such values where it is not what everybody would write: its text with an exponent, and that of
/// the nearest float for an integer that has none of its own.
pub fn misprints(number: &Number) -> Vec<String> {
    let Some(float) = number.as_f64() else { return Vec::new() };
    let (printed, json) = (format_g(float), format_json(float));
    match number.as_i64() {
        Some(integer) if json.as_deref() == Some(integer.to_string().as_str()) => Vec::new(),
        Some(_) => json.into_iter().chain([printed]).collect(),
        None => {
            let rounded = json.filter(|json| number.is_u64() && *json != number.to_string());
            Some(printed).filter(|printed| printed.contains('e')).into_iter().chain(rounded).collect()
        }
    }
}

/// The documents between lines of `---`.
fn split_documents(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let (mut start, mut offset) = (0, 0);
    for line in text.split_inclusive('\n') {
        let is_separator = line.strip_prefix("---").is_some_and(|rest| rest.trim().is_empty());
        if is_separator {
            documents.push(&text[start..offset]);
            start = offset + line.len();
        }
        offset += line.len();
    }
    documents.push(&text[start..]);
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
            json!({"a": {"p": 1.0, "q": null, "r": 3.0}, "b": [2.0]})
        );
    }

    #[test]
    fn large_integers_may_stay_integers_and_nothing_else_does() {
        let written = "a: 999999\nb: 1000000\nc: [-2000000]\nd: {e: 9007199254740993}\nf: 1500000.5\ng: 1e6\n\
                       h: 9223372036854775807\ni: 12345678901234567890\n";
        let Value::Object(entries) = yaml::parse(written).unwrap() else { panic!("{written}") };
        let values = Values::from_map_with_integers(entries);
        let mut set =
            Values::from_yaml("a: 999999\nf: 1500000.5\ng: 1e6\ni: 12345678901234567890\n").unwrap();
        set.set("b=1000000,c={-2000000},d.e=9007199254740993,h=9223372036854775807").unwrap();
        assert_eq!(values, set);
    }

    #[test]
    fn a_number_that_is_printed_as_it_is_written_has_no_misprint() {
        let misprints = |text: &str| misprints(yaml::parse(text).unwrap().as_number().unwrap());
        for text in
            ["0", "-5", "1000000", "9007199254740992", "-2000000", "0.5", "1500.25", "9007199254740994"]
        {
            assert_eq!(misprints(text), [""; 0], "{text}");
        }
        assert_eq!(misprints("9007199254740993"), ["9007199254740992", "9.007199254740992e+15"]);
        assert_eq!(misprints("12345678901234567890"), ["1.2345678901234567e+19", "12345678901234567000"]);
        assert_eq!(misprints("1500000.5"), ["1.5000005e+06"]);
        assert_eq!(misprints("0.00001"), ["1e-05"]);
        assert_eq!(misprints("1e6"), ["1e+06"]);
    }

    #[test]
    fn several_documents_are_one() {
        let values = Values::from_yaml("a: 1\n---\nb: 2\n---\n").unwrap();
        assert_eq!(Value::Object(values.entries), json!({"a": 1.0, "b": 2.0}));
    }

    #[test]
    fn invalid_yaml_is_refused_in_the_words_of_helm() {
        let error = Values::from_yaml("a: 1\n---\nb: 2\nc: [1\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 2: did not find expected ',' or ']'"
        );
    }

    #[test]
    fn a_list_is_no_map_of_values() {
        assert_eq!(
            Values::from_yaml("- a\n").unwrap_err().to_string(),
            "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
    }
}
