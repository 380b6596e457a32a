//! The fields of a kubeconfig as client-go's decoder takes them: each has one kind, null and an empty text are absent, and unknown ones
//! are passed over.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::clusters::invalid::Problem;

/// Go's `base64.StdEncoding`, which does not look at the bits that are left over.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// A mapping and where it is.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    /// `None`: null stands in its place.
    entries: Option<&'a Map<String, Value>>,
    path: String,
}

impl<'a> Fields<'a> {
    /// The whole document.
    pub fn of_document(document: &'a Value) -> Result<Self, Problem> {
        Self::of(document, String::new())
    }

    fn of(value: &'a Value, path: String) -> Result<Self, Problem> {
        match value {
            Value::Null => Ok(Self { entries: None, path }),
            Value::Object(entries) => Ok(Self { entries: Some(entries), path }),
            other => Err(wrong(&path, "a mapping", other)),
        }
    }

    /// A text; `None` if it is empty.
    pub fn text(&self, key: &str) -> Result<Option<String>, Problem> {
        text(self.value(key), &self.path(key))
    }

    /// A bool, which is false where there is none.
    pub fn boolean(&self, key: &str) -> Result<bool, Problem> {
        match self.value(key) {
            Value::Null => Ok(false),
            Value::Bool(value) => Ok(*value),
            other => Err(wrong(&self.path(key), "true or false", other)),
        }
    }

    /// What is written in base64; line breaks inside do not matter. `None` if it is empty.
    pub fn data(&self, key: &str) -> Result<Option<Vec<u8>>, Problem> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let bytes = BASE64.decode(compact).map_err(|_| Problem::NotBase64 { path: self.path(key) })?;
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// A mapping, with nothing in it where there is none.
    pub fn mapping(&self, key: &str) -> Result<Self, Problem> {
        Self::of(self.value(key), self.path(key))
    }

    /// A mapping; `None` where there is none.
    pub fn optional_mapping(&self, key: &str) -> Result<Option<Self>, Problem> {
        self.mapping(key).map(|found| found.entries.is_some().then_some(found))
    }

    /// A list of mappings.
    pub fn mappings(&self, key: &str) -> Result<Vec<Self>, Problem> {
        self.items(key)?.into_iter().map(|(value, path)| Self::of(value, path)).collect()
    }

    /// A list of texts, empty ones among them.
    pub fn texts(&self, key: &str) -> Result<Vec<String>, Problem> {
        let items = self.items(key)?.into_iter();
        items.map(|(value, path)| Ok(text(value, &path)?.unwrap_or_default())).collect()
    }

    /// The names in this mapping.
    pub fn keys(&self) -> impl Iterator<Item = &'a String> {
        self.entries.into_iter().flat_map(Map::keys)
    }

    /// A field as it stands.
    pub fn value(&self, key: &str) -> &'a Value {
        self.entries.and_then(|entries| entries.get(key)).unwrap_or(&Value::Null)
    }

    fn items(&self, key: &str) -> Result<Vec<(&'a Value, String)>, Problem> {
        let path = self.path(key);
        match self.value(key) {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) => {
                let numbered = items.iter().enumerate();
                Ok(numbered.map(|(index, item)| (item, format!("{path}[{index}]"))).collect())
            }
            other => Err(wrong(&path, "a list", other)),
        }
    }

    fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn text(value: &Value, path: &str) -> Result<Option<String>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        other => Err(wrong(path, "text", other)),
    }
}

fn wrong(path: &str, wanted: &'static str, value: &Value) -> Problem {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    };
    let path = if path.is_empty() { "the document" } else { path };
    Problem::WrongKind { path: path.to_owned(), wanted, found }
}
