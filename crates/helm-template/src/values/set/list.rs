//! Indices into lists.

use serde_json::{Map, Value};

use super::{Error, LIST, Parser, Stop, conversion};

/// Helm's limit on an index.
const MAX_INDEX: i64 = 65_536;

impl Parser<'_> {
    /// The number up to the closing bracket. Without one Helm takes the expression for finished.
    pub(super) fn index(&mut self) -> Result<i64, Stop> {
        let (text, stop) = self.until("]");
        if stop.is_none() {
            return Err(Stop::End);
        }
        let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(index) if is_number => Ok(index),
            _ => Err(Error::Index(text).into()),
        }
    }

    /// Puts what follows the closing bracket at that place of the list.
    pub(super) fn list_item(&mut self, items: &mut Vec<Value>, index: i64, level: usize) -> Result<(), Stop> {
        if index < 0 {
            return Err(Error::NegativeIndex(index).into());
        }
        let (between, stop) = self.until("[.=");
        if !between.is_empty() {
            return Err(Error::AfterIndex(between).into());
        }
        match stop {
            Some('=') => match self.value() {
                Ok(value) => put_at(items, index, value),
                Err(Stop::End) => put_at(items, index, Value::String(String::new())),
                Err(failed) => Err(failed),
            },
            Some('[') => {
                let next = self.index()?;
                let mut inner = match place(items, index).map(Value::take) {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::Array(inner)) => inner,
                    Some(other) => return Err(conversion(&other, LIST)),
                };
                self.list_item(&mut inner, next, level)?;
                put_at(items, index, Value::Array(inner))
            }
            Some(_) => {
                let mut inner = match place(items, index).map(Value::take) {
                    Some(Value::Object(inner)) => inner,
                    _ => Map::new(),
                };
                let outcome = self.key(&mut inner, level);
                if let Some(slot) = place(items, index) {
                    *slot = Value::Object(inner.clone());
                }
                outcome?;
                put_at(items, index, Value::Object(inner))
            }
            None => Err(Stop::End),
        }
    }
}

fn place(items: &mut [Value], index: i64) -> Option<&mut Value> {
    items.get_mut(usize::try_from(index).ok()?)
}

/// Sets an element; the list grows as far as it must.
fn put_at(items: &mut Vec<Value>, index: i64, value: Value) -> Result<(), Stop> {
    if index > MAX_INDEX {
        return Err(Error::LargeIndex { index, maximum: MAX_INDEX }.into());
    }
    let position = usize::try_from(index).unwrap_or(0);
    if items.len() <= position {
        items.resize(position + 1, Value::Null);
    }
    items[position] = value;
    Ok(())
}
