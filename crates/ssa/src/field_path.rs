use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};
use thiserror::Error;

/// One step of a [`FieldPath`]; the four kinds are those of Kubernetes' `fieldsV1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathElement {
    /// A member of an object: `spec`, `labels["app.kubernetes.io/name"]`.
    Field(String),
    /// The item of a list of type `map` with these key fields: `[name=discovery]`. Sorted by field; values are JSON scalars.
    Key(Vec<(String, Scalar)>),
    /// The item of a list of type `set` with this value: `[="kubernetes"]`.
    Item(Scalar),
    /// The position in any other list: `[3]`.
    Index(usize),
}

/// A JSON scalar in a path, compared and ordered by its JSON text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scalar(String);

impl Scalar {
    /// The scalar of a JSON value. Objects and lists (set items may be such in CRDs) keep their canonical text.
    pub fn of(value: &Value) -> Self {
        Self(value.to_string())
    }

    /// The JSON value.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }

    /// As it stands in a path: a string without quotes where that cannot be mistaken.
    fn text(&self) -> String {
        match self.value() {
            Value::String(text) if is_plain(&text) && serde_json::from_str::<Value>(&text).is_err() => text,
            _ => self.0.clone(),
        }
    }

    fn parse(text: &str) -> Self {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => Self::of(&value),
            Err(_) => Self::of(&Value::String(text.to_owned())),
        }
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/:.".contains(c))
}

/// Where a field stands in an object, written `spec.template.spec.containers[name=discovery].image`.
///
/// A member whose name has other characters than letters, digits, `-`, `_` and `/` is written `["a.b"]`;
/// several keys of one item are separated by commas: `ports[containerPort=80,protocol=TCP]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<PathElement>);

impl FieldPath {
    /// The path of the object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path from its elements.
    pub fn from_elements(elements: Vec<PathElement>) -> Self {
        Self(elements)
    }

    /// Its elements, outermost first.
    pub fn elements(&self) -> &[PathElement] {
        &self.0
    }

    /// The path one step below.
    #[must_use]
    pub fn child(&self, element: PathElement) -> Self {
        let mut elements = self.0.clone();
        elements.push(element);
        Self(elements)
    }

    /// The path of member `name` below.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.child(PathElement::Field(name.to_owned()))
    }

    /// Whether `self` is `other` or lies below it.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The value at this path in `object`.
    pub fn find<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(object, |value, element| element.find(value))
    }

    /// The place of this path in `object`.
    pub(crate) fn find_mut<'a>(&self, object: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(object, |value, element| element.find_mut(value))
    }
}

impl PathElement {
    /// The value one step below `value`.
    pub fn find<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Field(name) => value.get(name),
            Self::Index(index) => value.get(*index),
            Self::Item(item) => value.as_array()?.iter().find(|found| Scalar::of(found) == *item),
            Self::Key(keys) => value.as_array()?.iter().find(|found| has_keys(found, keys)),
        }
    }

    fn find_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        match self {
            Self::Field(name) => value.get_mut(name),
            Self::Index(index) => value.get_mut(*index),
            Self::Item(item) => value.as_array_mut()?.iter_mut().find(|found| Scalar::of(found) == *item),
            Self::Key(keys) => value.as_array_mut()?.iter_mut().find(|found| has_keys(found, keys)),
        }
    }
}

/// Whether `item` is the list item with these keys. A key that the item does not have matches too when it is one that
/// Kubernetes defaults (`protocol`), because manifests leave it out.
fn has_keys(item: &Value, keys: &[(String, Scalar)]) -> bool {
    let Some(item) = item.as_object() else { return false };
    keys.iter().all(|(name, value)| has_key(item, name, value))
}

fn has_key(item: &Map<String, Value>, name: &str, value: &Scalar) -> bool {
    match item.get(name) {
        Some(found) => Scalar::of(found) == *value,
        None => name == "protocol" && value.0 == "\"TCP\"",
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, element) in self.0.iter().enumerate() {
            match element {
                PathElement::Field(name) if is_plain_field(name) => {
                    let dot = if position == 0 { "" } else { "." };
                    write!(f, "{dot}{name}")?;
                }
                PathElement::Field(name) => write!(f, "[{}]", Value::String(name.clone()))?,
                PathElement::Index(index) => write!(f, "[{index}]")?,
                PathElement::Item(item) => write!(f, "[={}]", item.text())?,
                PathElement::Key(keys) => {
                    let keys: Vec<String> =
                        keys.iter().map(|(name, value)| format!("{name}={}", value.text())).collect();
                    write!(f, "[{}]", keys.join(","))?;
                }
            }
        }
        Ok(())
    }
}

fn is_plain_field(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_/$".contains(c))
}

/// A text is not a [`FieldPath`] or [`FieldPattern`].
#[derive(Debug, Error)]
#[error("{text:?} is not a field path: {reason}")]
pub struct FieldPathError {
    text: String,
    reason: &'static str,
}

impl FromStr for FieldPath {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut elements = Vec::new();
        for step in steps(text)? {
            elements.push(match step {
                Step::Field(name) => PathElement::Field(name),
                Step::Bracket(inside) => element(&inside).map_err(|reason| error(text, reason))?,
            });
        }
        Ok(Self(elements))
    }
}

/// Fields by a path with wildcards: `webhooks[*].clientConfig.caBundle`, `metadata.annotations.*`.
///
/// A pattern covers the fields that it names and everything below them. `[*]` is any list item, `*` any member, and a
/// `*` inside a quoted member name any run of characters: `metadata.annotations["cloud.example/*"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPattern(Vec<PatternElement>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum PatternElement {
    AnyItem,
    Field(crate::rules::Glob),
    Exactly(PathElement),
}

impl FieldPattern {
    /// Whether `path` is one of the fields or lies below one.
    pub fn covers(&self, path: &FieldPath) -> bool {
        path.0.len() >= self.0.len()
            && self.0.iter().zip(&path.0).all(|(pattern, element)| pattern.matches(element))
    }
}

impl PatternElement {
    fn matches(&self, element: &PathElement) -> bool {
        match (self, element) {
            (Self::AnyItem, PathElement::Key(_) | PathElement::Item(_) | PathElement::Index(_)) => true,
            (Self::Field(glob), PathElement::Field(name)) => glob.matches(name),
            (Self::Exactly(expected), element) => expected == element,
            _ => false,
        }
    }
}

impl FromStr for FieldPattern {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut elements = Vec::new();
        for step in steps(text)? {
            elements.push(match step {
                Step::Field(name) => PatternElement::Field(name.as_str().into()),
                Step::Bracket(inside) if inside == "*" => PatternElement::AnyItem,
                Step::Bracket(inside) => match element(&inside).map_err(|reason| error(text, reason))? {
                    PathElement::Field(name) => PatternElement::Field(name.as_str().into()),
                    exactly => PatternElement::Exactly(exactly),
                },
            });
        }
        Ok(Self(elements))
    }
}

enum Step {
    Field(String),
    Bracket(String),
}

fn error(text: &str, reason: &'static str) -> FieldPathError {
    FieldPathError { text: text.to_owned(), reason }
}

/// Cuts a path at its dots and brackets; quotes protect both.
fn steps(text: &str) -> Result<Vec<Step>, FieldPathError> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let end = closing_bracket(inside).ok_or_else(|| error(text, "a bracket is not closed"))?;
            steps.push(Step::Bracket(inside[..end].to_owned()));
            rest = &inside[end + 1..];
        } else {
            let name = match rest.strip_prefix('.') {
                Some(_) if steps.is_empty() => return Err(error(text, "it starts with a dot")),
                Some(name) => name,
                None if steps.is_empty() => rest,
                None => return Err(error(text, "a dot is missing after a bracket")),
            };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return Err(error(text, "a member's name is empty"));
            }
            steps.push(Step::Field(name[..end].to_owned()));
            rest = &name[end..];
        }
    }
    Ok(steps)
}

fn closing_bracket(text: &str) -> Option<usize> {
    find_outside_quotes(text, ']')
}

fn find_outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (position, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == wanted && !quoted => return Some(position),
            _ => {}
        }
    }
    None
}

fn element(inside: &str) -> Result<PathElement, &'static str> {
    if let Some(item) = inside.strip_prefix('=') {
        return Ok(PathElement::Item(Scalar::parse(item)));
    }
    if inside.starts_with('"') {
        return serde_json::from_str(inside)
            .map(PathElement::Field)
            .map_err(|_| "a quoted member is not a JSON string");
    }
    if let Ok(index) = inside.parse() {
        return Ok(PathElement::Index(index));
    }
    let mut keys = Vec::new();
    let mut rest = inside;
    loop {
        let end = find_outside_quotes(rest, ',').unwrap_or(rest.len());
        let (name, value) = rest[..end].split_once('=').ok_or("a list key has no value")?;
        keys.push((name.to_owned(), Scalar::parse(value)));
        if end == rest.len() {
            break;
        }
        rest = &rest[end + 1..];
    }
    keys.sort();
    Ok(PathElement::Key(keys))
}

#[cfg(test)]
mod tests;
