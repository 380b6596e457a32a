use serde_json::Value;

use crate::mesh_config::finding::{Finding, Invalid, Problem};
use crate::mesh_config::path::ValuePath;

/// What rules are about: a value that was read, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    path: ValuePath,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: ValuePath::default() }
    }

    /// The field of this name, if it is set.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        Some(Self { value: self.value.get(key)?, path: self.path.key(key) })
    }

    /// The field at the end of this path.
    pub(super) fn at(&self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self.clone(), |node, key| node.get(key))
    }

    pub(super) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    pub(super) fn text_of(&self, key: &str) -> &'a str {
        self.value.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn number(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    pub(super) fn number_of(&self, key: &str) -> i64 {
        self.value.get(key).and_then(Value::as_i64).unwrap_or_default()
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        self.value.get(key) == Some(&Value::Bool(true))
    }

    pub(super) fn is_empty(&self) -> bool {
        match self.value {
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::String(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Whether a list or mapping of this name has something in it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|node| !node.is_empty())
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let path = self.path.clone();
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(move |(position, value)| Self { value, path: path.item(position) })
    }

    pub(super) fn items_of(&self, key: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.get(key).into_iter().flat_map(|node| node.items())
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let path = self.path.clone();
        let members = self.value.as_object().into_iter().flatten();
        members.map(move |(key, value)| (key.as_str(), Self { value, path: path.key(key) }))
    }

    /// This value breaks a rule.
    pub(super) fn breaks(&self, rule: Invalid) -> Finding {
        self.has_problem(Problem::Invalid(rule))
    }

    pub(super) fn has_problem(&self, problem: Problem) -> Finding {
        Finding { path: self.path.clone(), problem }
    }
}
