//! What YAML is decoded to: JSON for callers, template values, or nothing where only the form matters.

use std::rc::Rc;

use serde_json::Number;

use super::resolve::Resolved;
use crate::value::{Entries, Value};

/// A kind of decoded data.
pub(super) trait Tree: Sized {
    /// A mapping under construction.
    type Entries: Default;

    /// A scalar that is no string; `None` for a number that JSON does not have.
    fn scalar(resolved: Resolved) -> Option<Self>;
    fn string(text: &str) -> Self;
    fn list(items: Vec<Self>) -> Self;
    fn insert(entries: &mut Self::Entries, key: &str, value: Self);
    fn map(entries: Self::Entries) -> Self;
}

impl Tree for serde_json::Value {
    type Entries = serde_json::Map<String, Self>;

    fn scalar(resolved: Resolved) -> Option<Self> {
        Some(match resolved {
            Resolved::Bool(truth) => Self::Bool(truth),
            Resolved::Int(number) => Self::from(number),
            Resolved::Uint(number) => Self::from(number),
            Resolved::Float(number) => Self::Number(Number::from_f64(number)?),
            Resolved::Null | Resolved::Timestamp | Resolved::String => Self::Null,
        })
    }

    fn string(text: &str) -> Self {
        Self::String(text.to_owned())
    }

    fn list(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn insert(entries: &mut Self::Entries, key: &str, value: Self) {
        entries.insert(key.to_owned(), value);
    }

    fn map(entries: Self::Entries) -> Self {
        Self::Object(entries)
    }
}

impl Tree for Value {
    type Entries = Entries;

    #[allow(clippy::cast_precision_loss)] // Go's numbers from JSON are floats, too.
    fn scalar(resolved: Resolved) -> Option<Self> {
        Some(match resolved {
            Resolved::Bool(truth) => Self::Bool(truth),
            Resolved::Int(number) => Self::Float(number as f64),
            Resolved::Uint(number) => Self::Float(number as f64),
            Resolved::Float(number) if number.is_finite() => Self::Float(number),
            Resolved::Float(_) => return None,
            Resolved::Null | Resolved::Timestamp | Resolved::String => Self::Nil,
        })
    }

    fn string(text: &str) -> Self {
        Self::string(text)
    }

    fn list(items: Vec<Self>) -> Self {
        Self::list(items)
    }

    fn insert(entries: &mut Entries, key: &str, value: Self) {
        entries.insert(Rc::from(key), value);
    }

    fn map(entries: Entries) -> Self {
        Self::map(entries)
    }
}

/// Data that nobody looks at.
pub(super) struct Ignored;

impl Tree for Ignored {
    type Entries = ();

    fn scalar(resolved: Resolved) -> Option<Self> {
        match resolved {
            Resolved::Float(number) if !number.is_finite() => None,
            _ => Some(Self),
        }
    }

    fn string(_: &str) -> Self {
        Self
    }

    fn list(_: Vec<Self>) -> Self {
        Self
    }

    fn insert((): &mut (), _: &str, _: Self) {}

    fn map((): ()) -> Self {
        Self
    }
}
