//! The values that templates work on, with the semantics of Go's `interface{}`.
//!
//! Maps are shared by reference and changed in place: `set`, `unset` and `mergeOverwrite` are seen by every holder of the
//! map, as in Go. Values therefore live and die inside one call of [`crate::render`] and never cross a thread.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::object::Object;

/// The key–value pairs of a map, sorted as Go prints and ranges over them.
pub(crate) type Entries = BTreeMap<Rc<str>, Value>;

/// One template value.
#[derive(Clone)]
pub(crate) enum Value {
    Nil,
    Bool(bool),
    /// Go's `int`: integer literals and the results of `int`, `len`, `until`.
    Int(i64),
    /// Go's `int64`: the results of sprig's arithmetic.
    Int64(i64),
    /// Go's `float64`: every number that came out of YAML or JSON.
    Float(f64),
    String(Rc<str>),
    /// A Go string that is not UTF-8, such as a binary file of the chart.
    RawString(Rc<[u8]>),
    /// Go's `[]byte`.
    Bytes(Rc<[u8]>),
    List(List),
    Map(Map),
    /// Go's `time.Duration`, in nanoseconds.
    Duration(i64),
    Object(Rc<dyn Object>),
}

/// A Go slice. Templates cannot change elements in place, so sharing is invisible.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) type_name: &'static str,
    pub(crate) items: Rc<Vec<Value>>,
    /// Go's nil slice: it is empty, but `null` in JSON.
    pub(crate) is_nil: bool,
}

/// A Go map with string keys, shared by reference.
#[derive(Clone)]
pub(crate) struct Map {
    /// The name of its Go type: `map[string]interface {}`, `map[string]string`, `common.Values`.
    pub(crate) type_name: &'static str,
    /// Go's nil map: it is empty, but `null` in JSON.
    pub(crate) is_nil: bool,
    shared: Rc<Shared>,
}

/// What all holders of a map share.
struct Shared {
    entries: RefCell<Entries>,
    /// Whether the map has been changed since it was made.
    is_changed: Cell<bool>,
}

/// Values nested deeper than this are taken for maps that hold themselves, of which no function makes sense.
pub(crate) const MAX_DEPTH: usize = 1000;

/// `map[string]interface{}` as `reflect` spells it.
pub(crate) const STRING_INTERFACE_MAP: &str = "map[string]interface {}";
/// `map[string]string`.
pub(crate) const STRING_STRING_MAP: &str = "map[string]string";
/// `[]interface{}` as `reflect` spells it.
pub(crate) const INTERFACE_SLICE: &str = "[]interface {}";
/// `[]string`.
pub(crate) const STRING_SLICE: &str = "[]string";

impl Map {
    pub(crate) fn new(entries: Entries) -> Self {
        Self::typed(STRING_INTERFACE_MAP, entries)
    }

    pub(crate) fn typed(type_name: &'static str, entries: Entries) -> Self {
        let shared = Shared { entries: RefCell::new(entries), is_changed: Cell::new(false) };
        Self { type_name, is_nil: false, shared: Rc::new(shared) }
    }

    pub(crate) fn nil(type_name: &'static str) -> Self {
        Self { is_nil: true, ..Self::typed(type_name, Entries::new()) }
    }

    /// The same map (not a copy) under another Go type.
    pub(crate) fn with_type(&self, type_name: &'static str) -> Self {
        Self { type_name, ..self.clone() }
    }

    pub(crate) fn entries(&self) -> Ref<'_, Entries> {
        self.shared.entries.borrow()
    }

    pub(crate) fn entries_mut(&self) -> RefMut<'_, Entries> {
        self.shared.is_changed.set(true);
        self.shared.entries.borrow_mut()
    }

    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        self.entries().get(key).cloned()
    }

    pub(crate) fn set(&self, key: &str, value: Value) {
        self.entries_mut().insert(Rc::from(key), value);
    }

    pub(crate) fn len(&self) -> usize {
        self.entries().len()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }

    /// The pairs as they are now, so that a loop may change the map.
    pub(crate) fn snapshot(&self) -> Vec<(Rc<str>, Value)> {
        self.entries().iter().map(|(key, value)| (Rc::clone(key), value.clone())).collect()
    }

    /// Whether Go would assign this map to a parameter of type `map[string]interface{}`.
    pub(crate) fn holds_interfaces(&self) -> bool {
        self.type_name != STRING_STRING_MAP
    }
}

impl List {
    pub(crate) fn new(items: Vec<Value>) -> Self {
        Self::typed(INTERFACE_SLICE, items)
    }

    pub(crate) fn typed(type_name: &'static str, items: Vec<Value>) -> Self {
        Self { type_name, items: Rc::new(items), is_nil: false }
    }

    pub(crate) fn nil(type_name: &'static str) -> Self {
        Self { is_nil: true, ..Self::typed(type_name, Vec::new()) }
    }

    /// What a Go function returns that appends to a nil slice: nil if nothing was appended.
    pub(crate) fn appended(type_name: &'static str, items: Vec<Value>) -> Self {
        Self { is_nil: items.is_empty(), ..Self::typed(type_name, items) }
    }
}

impl Value {
    pub(crate) fn string(text: impl AsRef<str>) -> Self {
        Self::String(Rc::from(text.as_ref()))
    }

    /// A Go string of any bytes.
    pub(crate) fn bytes_as_string(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::String(Rc::from(text)),
            Err(error) => Self::RawString(Rc::from(error.into_bytes())),
        }
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Self::List(List::new(items))
    }

    pub(crate) fn strings<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(List::typed(STRING_SLICE, items.into_iter().map(Self::string).collect()))
    }

    pub(crate) fn map(entries: Entries) -> Self {
        Self::Map(Map::new(entries))
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The name of the dynamic type, as Go's `%T` prints it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Float(_) => "float64",
            Self::String(_) | Self::RawString(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(list) => list.type_name,
            Self::Map(map) => map.type_name,
            Self::Duration(_) => "time.Duration",
            Self::Object(object) => object.type_name(),
        }
    }

    /// What an object looks like where Go would see through its type: when it is printed, ranged over or marshalled.
    pub(crate) fn plain(&self) -> Value {
        match self {
            Self::Object(object) => object.plain(),
            other => other.clone(),
        }
    }

    /// Go's `IsTrue`: not the zero value of its kind.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) | Self::Int64(number) | Self::Duration(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::RawString(bytes) | Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => map.len() > 0,
            Self::Object(object) => object.is_true(),
        }
    }

    /// The template values of what JSON decodes into `interface{}`: every number becomes a float.
    pub(crate) fn from_json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Nil,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(number) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::string(text),
            serde_json::Value::Array(items) => Self::list(items.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(entries) => Self::map(Self::entries_from_json(entries)),
        }
    }

    /// The template values of a chart's values, whose integers come from `--set`.
    pub(crate) fn from_values(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::from_json(value), Self::Int64)
            }
            serde_json::Value::Array(items) => Self::list(items.iter().map(Self::from_values).collect()),
            serde_json::Value::Object(entries) => Self::map(Self::entries_from_values(entries)),
            other => Self::from_json(other),
        }
    }

    pub(crate) fn entries_from_values(entries: &serde_json::Map<String, serde_json::Value>) -> Entries {
        entries.iter().map(|(key, value)| (Rc::from(key.as_str()), Self::from_values(value))).collect()
    }

    pub(crate) fn entries_from_json(entries: &serde_json::Map<String, serde_json::Value>) -> Entries {
        entries.iter().map(|(key, value)| (Rc::from(key.as_str()), Self::from_json(value))).collect()
    }

    /// Whether the value is as it was made, and nobody else holds any part of it that could be changed.
    pub(crate) fn is_untouched(&self) -> bool {
        match self {
            Self::List(list) => {
                Rc::strong_count(&list.items) == 1 && list.items.iter().all(Self::is_untouched)
            }
            Self::Map(map) => {
                Rc::strong_count(&map.shared) == 1
                    && !map.shared.is_changed.get()
                    && map.entries().values().all(Self::is_untouched)
            }
            _ => true,
        }
    }

    /// A copy that shares no map with the original.
    pub(crate) fn deep_copy(&self) -> Self {
        self.deep_copy_at(0)
    }

    fn deep_copy_at(&self, depth: usize) -> Self {
        if depth > MAX_DEPTH {
            return Self::Nil;
        }
        let copy = |value: &Self| value.deep_copy_at(depth + 1);
        match self {
            Self::List(list) => {
                Self::List(List { items: Rc::new(list.items.iter().map(copy).collect()), ..list.clone() })
            }
            Self::Map(map) => {
                let entries =
                    map.entries().iter().map(|(key, value)| (Rc::clone(key), copy(value))).collect();
                Self::Map(Map { is_nil: map.is_nil, ..Map::typed(map.type_name, entries) })
            }
            other => other.clone(),
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(Rc::from(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}
