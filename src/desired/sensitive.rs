//! What of an object depends on documents that nobody may see: found by writing other values in their place, never by looking at what
//! they say.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Number, Value};

/// An object that depends on documents with secrets.
#[derive(Clone, PartialEq)]
pub struct Sensitive {
    /// The object with a stand-in in place of every secret.
    pub shown: Arc<Value>,
    /// The same with other stand-ins in place of the secrets of one document, for each document.
    pub varied: Vec<Varied>,
    /// The object with stand-ins for write-only documents alone, if there are others, too.
    pub without_write_only: Option<Arc<Value>>,
    /// Whether a document is not known yet, so that nothing can be said of the object but that there is one.
    pub is_unknown: bool,
}

/// An object with other stand-ins for one document.
#[derive(Clone, PartialEq)]
pub struct Varied {
    /// The name of the document in its cluster.
    pub document: String,
    /// Which content it is, if it is write-only.
    pub version: Option<i64>,
    /// The object.
    pub object: Arc<Value>,
}

impl Sensitive {
    /// The object without what depends on secrets.
    pub fn common(&self) -> Value {
        let varied: Vec<&Value> = self.varied.iter().map(|varied| varied.object.as_ref()).collect();
        common(&self.shown, &varied).unwrap_or_default()
    }
}

/// What of a value is the same in all others, which are of the same form. Members that differ are left out, and lists in which an item
/// differs that is no mapping.
pub fn common(value: &Value, others: &[&Value]) -> Option<Value> {
    if others.iter().all(|other| *other == value) {
        return Some(value.clone());
    }
    match value {
        Value::Object(members) => {
            let members = members.iter().filter_map(|(name, member)| {
                let others: Vec<&Value> = others.iter().map(|other| &other[name.as_str()]).collect();
                Some((name.clone(), common(member, &others)?))
            });
            Some(Value::Object(members.collect()))
        }
        Value::Array(items) if items.iter().all(Value::is_object) => {
            let items = items.iter().enumerate().filter_map(|(position, item)| {
                let others: Vec<&Value> = others.iter().map(|other| &other[position]).collect();
                common(item, &others)
            });
            Some(Value::Array(items.collect()))
        }
        _ => None,
    }
}

/// What an object looks like is a secret; which documents it depends on is none.
impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let documents: Vec<&String> = self.varied.iter().map(|varied| &varied.document).collect();
        f.debug_struct("Sensitive")
            .field("documents", &documents)
            .field("is_unknown", &self.is_unknown)
            .finish_non_exhaustive()
    }
}

/// A document that is given anew at each apply and kept by nobody but the cluster.
#[derive(Clone, PartialEq)]
pub struct WriteOnly {
    /// Which content it is.
    pub version: i64,
    /// What stands in for it: all that may be remembered of it.
    pub stand_ins: StandIns,
    values: Option<Value>,
}

impl WriteOnly {
    /// A document of which nothing is known but what stands in for it.
    pub fn new(version: i64, stand_ins: StandIns) -> Self {
        Self { version, stand_ins, values: None }
    }

    /// The same with what it says.
    #[must_use]
    pub fn with_values(self, values: Value) -> Self {
        Self { values: Some(values), ..self }
    }

    /// What it says, if that was read from the cluster. Secret.
    pub fn values(&self) -> Option<&Value> {
        self.values.as_ref()
    }
}

impl fmt::Debug for WriteOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteOnly").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The write-only documents of which a cluster keeps what it has, whatever is given now, by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept(pub BTreeMap<String, WriteOnly>);

impl Kept {
    /// The document of this name, if it is still of this version.
    pub fn document(&self, name: &str, version: Option<i64>) -> Option<&WriteOnly> {
        self.0.get(name).filter(|document| Some(document.version) == version)
    }
}

/// Two documents of the form of one with secrets, with two stand-ins of the same type in place of each secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIns {
    /// One of them.
    pub one: Value,
    /// The other.
    pub other: Value,
}

impl StandIns {
    /// Those for a document. What is empty hides nothing, and neither does what one of the `shown` documents says in the same place.
    pub fn of(document: &Value, shown: &[&Value]) -> Self {
        let mut count = 0;
        let one = replaced(document, shown, Variant::One, &mut count);
        count = 0;
        let other = replaced(document, shown, Variant::Other, &mut count);
        Self { one, other }
    }

    /// Both, to be remembered.
    pub fn to_value(&self) -> Value {
        Value::Array(vec![self.one.clone(), self.other.clone()])
    }

    /// Those that were remembered.
    pub fn from_value(value: &Value) -> Option<Self> {
        Some(Self { one: value.get(0)?.clone(), other: value.get(1)?.clone() })
    }

    /// The places of the stand-ins, as JSON pointers, with both of them.
    pub fn leaves(&self) -> Vec<(String, Value, Value)> {
        let mut leaves = Vec::new();
        differing(&self.one, &self.other, &mut String::new(), &mut leaves);
        leaves
    }
}

#[derive(Clone, Copy)]
enum Variant {
    One,
    Other,
}

fn replaced(value: &Value, shown: &[&Value], variant: Variant, count: &mut i64) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                let shown: Vec<&Value> = shown.iter().filter_map(|shown| shown.get(name)).collect();
                (name.clone(), replaced(member, &shown, variant, count))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(position, item)| {
                let shown: Vec<&Value> = shown.iter().filter_map(|shown| shown.get(position)).collect();
                replaced(item, &shown, variant, count)
            });
            Value::Array(items.collect())
        }
        leaf if leaf.is_null() || leaf == "" || shown.contains(&leaf) => leaf.clone(),
        leaf => {
            *count += 1;
            stand_in(leaf, variant, *count)
        }
    }
}

/// A value of the same type that no other secret has.
fn stand_in(leaf: &Value, variant: Variant, number: i64) -> Value {
    let is_one = matches!(variant, Variant::One);
    match leaf {
        Value::Bool(_) => Value::Bool(is_one),
        Value::Number(original) if original.is_f64() => {
            let fraction = if is_one { 0.25 } else { 0.75 };
            #[expect(clippy::cast_precision_loss, reason = "the number of secrets in a document is small")]
            let value = Number::from_f64(10_000.0 + number as f64 + fraction);
            value.map_or_else(|| leaf.clone(), Value::Number)
        }
        Value::Number(_) => Value::from(10_000 + 2 * number + i64::from(!is_one)),
        _ => Value::from(format!("sensitive-{}-{number}", if is_one { "a" } else { "b" })),
    }
}

fn differing(one: &Value, other: &Value, path: &mut String, leaves: &mut Vec<(String, Value, Value)>) {
    let mut below = |step: &str, one: &Value, other: &Value| {
        let length = path.len();
        path.push('/');
        path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        differing(one, other, path, leaves);
        path.truncate(length);
    };
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            for (name, one) in ones {
                below(name, one, others.get(name).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(ones), Value::Array(others)) => {
            for (position, (one, other)) in ones.iter().zip(others).enumerate() {
                below(&position.to_string(), one, other);
            }
        }
        _ if one != other => leaves.push((path.clone(), one.clone(), other.clone())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stand_ins_are_of_the_same_type_and_all_different() {
        let document =
            json!({"env": {"A": "x", "B": "x"}, "on": true, "port": 80, "part": 0.5, "list": ["y"]});
        let stand_ins = StandIns::of(&document, &[]);
        let leaves = stand_ins.leaves();
        let paths: Vec<&str> = leaves.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(paths, ["/env/A", "/env/B", "/list/0", "/on", "/part", "/port"]);
        for (path, one, other) in &leaves {
            let original = document.pointer(path).unwrap();
            assert_ne!(one, other);
            assert_eq!(std::mem::discriminant(one), std::mem::discriminant(original), "{path}");
            assert_eq!(one.is_f64(), original.is_f64(), "{path}");
        }
        let mut texts: Vec<&Value> = leaves.iter().flat_map(|(_, one, other)| [one, other]).collect();
        texts.sort_by_key(ToString::to_string);
        texts.dedup();
        assert_eq!(texts.len(), 12);
    }

    #[test]
    fn stand_ins_do_not_depend_on_the_values() {
        let of = |secret: &str| StandIns::of(&json!({"a": secret, "b": [secret]}), &[]);
        assert_eq!(of("one"), of("another"));
    }

    #[test]
    fn what_differs_is_left_out_of_what_is_common() {
        let one = json!({"a": 1, "b": "x", "c": [{"d": 1, "e": "x"}], "f": ["x", "y"], "g": ["y"]});
        let other = json!({"a": 1, "b": "z", "c": [{"d": 1, "e": "z"}], "f": ["z", "y"], "g": ["y"]});
        let expected = json!({"a": 1, "c": [{"d": 1}], "g": ["y"]});
        assert_eq!(common(&one, &[&other, &one]), Some(expected));
        assert_eq!(common(&one, &[]), Some(one));
    }

    #[test]
    fn what_is_empty_or_shown_anyway_stays() {
        let document = json!({"a": "", "b": null, "c": {}, "list": [{"name": "otel", "key": "secret"}]});
        let shown = json!({"list": [{"name": "otel", "key": "dummy"}]});
        let stand_ins = StandIns::of(&document, &[&shown]);
        let expected =
            json!({"a": "", "b": null, "c": {}, "list": [{"name": "otel", "key": "sensitive-a-1"}]});
        assert_eq!(stand_ins.one, expected);
        assert_eq!(stand_ins.leaves().len(), 1);
    }
}
