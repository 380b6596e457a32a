use std::fmt;

use serde_json::Value;

/// A field path while it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    text: String,
    /// Whether the next member is the first of its object or document, and so needs no dot.
    starts: bool,
}

impl Path {
    /// The path of the object itself.
    pub(super) fn root() -> Self {
        Self { text: String::new(), starts: true }
    }

    /// The path of member `name` below.
    pub(super) fn field(&self, name: &str) -> Self {
        if !is_plain_name(name) {
            return self.followed_by(&format!("[{}]", Value::from(name)));
        }
        self.followed_by(&if self.starts { name.to_owned() } else { format!(".{name}") })
    }

    /// The path of the item at a position below.
    pub(super) fn index(&self, position: usize) -> Self {
        self.followed_by(&format!("[{position}]"))
    }

    /// The path of the item with these keys below.
    pub(super) fn keys(&self, keys: &[(&str, Value)]) -> Self {
        let keys: Vec<String> =
            keys.iter().map(|(name, value)| format!("{name}={}", scalar(value))).collect();
        self.followed_by(&format!("[{}]", keys.join(",")))
    }

    /// The path of a set's item below.
    pub(super) fn item(&self, value: &Value) -> Self {
        self.followed_by(&format!("[={}]", scalar(value)))
    }

    /// The path of the document that this field's text is.
    pub(super) fn document(&self) -> Self {
        Self { text: format!("{}: ", self.text), starts: true }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    fn followed_by(&self, step: &str) -> Self {
        Self { text: format!("{}{step}", self.text), starts: false }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_$".contains(c))
}

/// A key's value: a string without quotes where it cannot be mistaken, any other value as JSON.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain_scalar(text) => text.clone(),
        value => value.to_string(),
    }
}

fn is_plain_scalar(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/:.".contains(c))
        && serde_json::from_str::<Value>(text).is_err()
}
