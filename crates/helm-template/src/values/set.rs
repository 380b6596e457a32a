//! `--set` expressions: Helm's `strvals`.

use serde_json::{Map, Value};

/// Why an expression is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key has no value.
    #[error("key {0:?} has no value")]
    NoValue(String),
    /// An index is not a number, or too large.
    #[error("error parsing index: {0}")]
    Index(String),
    /// A list in braces is not closed.
    #[error("list must terminate with '}}'")]
    OpenList,
    /// A key goes on where a value that is not a map already is.
    #[error("interface conversion: {0:?} is not a map")]
    NotAMap(String),
    /// The value of `--set-json` is no JSON.
    #[error("failed parsing JSON of key {0:?}")]
    Json(String, #[source] JsonError),
}

/// What is wrong with the JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

/// How a value's text is understood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers, booleans and null are recognised.
    Typed,
    /// Everything is a string.
    Strings,
}

/// Helm's limits on an index and on the nesting of names.
const MAX_INDEX: usize = 65_536;
const MAX_NESTED: usize = 30;

/// One step into the values.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Index(usize),
}

pub(super) fn apply(values: &mut Map<String, Value>, expression: &str, kind: Kind) -> Result<(), Error> {
    let mut reader = Reader { chars: expression.chars().collect(), position: 0 };
    while reader.peek().is_some() {
        let path = reader.path()?;
        let value = reader.value(kind)?;
        insert_at(values, &path, value)?;
    }
    Ok(())
}

pub(super) fn apply_literal(values: &mut Map<String, Value>, expression: &str) -> Result<(), Error> {
    let mut reader = Reader { chars: expression.chars().collect(), position: 0 };
    let path = reader.path()?;
    let rest: String = reader.chars[reader.position..].iter().collect();
    insert_at(values, &path, Value::String(rest))
}

pub(super) fn apply_json(values: &mut Map<String, Value>, expression: &str) -> Result<(), Error> {
    let fail = |key: &str| {
        let key = key.to_owned();
        move |error: serde_json::Error| Error::Json(key, JsonError(error.to_string()))
    };
    if expression.trim_start().starts_with('{') {
        let entries: Map<String, Value> =
            serde_json::from_str(expression.trim()).map_err(fail(expression))?;
        super::merge(values, entries);
        return Ok(());
    }
    let mut reader = Reader { chars: expression.chars().collect(), position: 0 };
    let path = reader.path()?;
    let rest: String = reader.chars[reader.position..].iter().collect();
    let value = if rest.trim().is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&rest).map_err(fail(expression))?
    };
    insert_at(values, &path, value)
}

struct Reader {
    chars: Vec<char>,
    position: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += 1;
        Some(c)
    }

    /// Text up to one of the stops, and which it was; a backslash takes the next character as it is.
    fn until(&mut self, stops: &str) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if stops.contains(c) {
                return (text, Some(c));
            }
            match c {
                '\\' => text.extend(self.next()),
                _ => text.push(c),
            }
        }
        (text, None)
    }

    fn path(&mut self) -> Result<Vec<Step>, Error> {
        let mut path = Vec::new();
        loop {
            let (key, stop) = self.until(".=[,");
            if !key.is_empty() {
                path.push(Step::Key(key.clone()));
            }
            if path.len() > MAX_NESTED {
                return Err(Error::Index(format!(
                    "value name nested level is greater than maximum supported nested level of {MAX_NESTED}"
                )));
            }
            match stop {
                Some('=') => return Ok(path),
                Some('[') => {
                    let (index, stop) = self.until("]");
                    let number = index.trim().parse::<usize>().ok().filter(|number| *number <= MAX_INDEX);
                    match (number, stop) {
                        (Some(number), Some(']')) => path.push(Step::Index(number)),
                        _ => return Err(Error::Index(index)),
                    }
                }
                Some('.') => {}
                _ => return Err(Error::NoValue(key)),
            }
        }
    }

    fn value(&mut self, kind: Kind) -> Result<Value, Error> {
        if self.peek() != Some('{') {
            let (text, _) = self.until(",");
            return Ok(typed(&text, kind));
        }
        self.next();
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.until(",}");
            match stop {
                None => return Err(Error::OpenList),
                Some('}') => {
                    if !(items.is_empty() && text.is_empty()) {
                        items.push(typed(&text, kind));
                    }
                    if self.peek() == Some(',') {
                        self.next();
                    }
                    return Ok(Value::Array(items));
                }
                Some(_) => items.push(typed(&text, kind)),
            }
        }
    }
}

fn typed(text: &str, kind: Kind) -> Value {
    if kind == Kind::Strings {
        return Value::String(text.to_owned());
    }
    match text.to_lowercase().as_str() {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        "null" => return Value::Null,
        _ => {}
    }
    // A leading zero makes it text, so that it is not taken for an octal number.
    if text != "0" && (text.is_empty() || text.starts_with('0')) {
        return Value::String(text.to_owned());
    }
    text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from)
}

fn insert_at(values: &mut Map<String, Value>, path: &[Step], value: Value) -> Result<(), Error> {
    let Some((Step::Key(key), rest)) = path.split_first() else { return Err(Error::NoValue(String::new())) };
    insert(values.entry(key.as_str()).or_insert(Value::Null), rest, value, key)
}

fn insert(slot: &mut Value, path: &[Step], value: Value, name: &str) -> Result<(), Error> {
    match path.split_first() {
        None => *slot = value,
        Some((Step::Key(key), rest)) => {
            if slot.is_null() {
                *slot = Value::Object(Map::new());
            }
            let entries = slot.as_object_mut().ok_or_else(|| Error::NotAMap(name.to_owned()))?;
            insert(entries.entry(key.as_str()).or_insert(Value::Null), rest, value, key)?;
        }
        Some((Step::Index(index), rest)) => {
            if !slot.is_array() {
                *slot = Value::Array(Vec::new());
            }
            if let Some(items) = slot.as_array_mut() {
                if items.len() <= *index {
                    items.resize(index + 1, Value::Null);
                }
                insert(&mut items[*index], rest, value, name)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(expression: &str) -> Result<Value, Error> {
        let mut values = Map::new();
        apply(&mut values, expression, Kind::Typed)?;
        Ok(Value::Object(values))
    }

    #[test]
    fn paths_lists_and_types_are_understood() {
        assert_eq!(set("a.b=1,c=x"), Ok(json!({"a": {"b": 1}, "c": "x"})));
        assert_eq!(set("a[1].b=true"), Ok(json!({"a": [null, {"b": true}]})));
        assert_eq!(set("a={x,2,null},b=007"), Ok(json!({"a": ["x", 2, null], "b": "007"})));
        assert_eq!(set(r"a\.b=x\,y,c="), Ok(json!({"a.b": "x,y", "c": ""})));
        assert_eq!(set("a={}"), Ok(json!({"a": []})));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(set("a"), Err(Error::NoValue("a".into())));
        assert_eq!(set("a={x"), Err(Error::OpenList));
        assert_eq!(set("a[99999999]=1"), Err(Error::Index("99999999".into())));
    }

    #[test]
    fn json_and_literals_are_taken_whole() {
        let mut values = Map::new();
        apply_json(&mut values, r#"a.b={"c": [1]}"#).unwrap();
        apply_literal(&mut values, "d=x,y=1").unwrap();
        assert_eq!(Value::Object(values), json!({"a": {"b": {"c": [1]}}, "d": "x,y=1"}));
    }
}
