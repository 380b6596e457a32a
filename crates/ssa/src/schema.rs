use serde_json::{Map, Value};

use crate::builtin_defaults;
use crate::field_path::{PathElement, Scalar};

/// What a list's items are to each other (`x-kubernetes-list-type`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListType<'a> {
    /// The list is one value.
    Atomic,
    /// Items are scalars, each at most once.
    Set,
    /// Items are objects, told apart by these fields.
    Map(Vec<&'a str>),
}

/// The type of one field, with the rules by which server-side apply merges it (structured-merge-diff's schema).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    types: Option<&'a Map<String, Value>>,
    /// Where the field is declared; has the field's own extensions and default.
    place: Option<&'a Value>,
    /// The type itself, behind references.
    node: Option<&'a Value>,
    /// Name of the type, where it has one.
    name: &'a str,
}

impl<'a> Schema<'a> {
    /// No schema: objects merge member by member, lists are atomic.
    pub fn untyped() -> Self {
        Self { types: None, place: None, node: None, name: "" }
    }

    /// A named type of a document.
    pub fn of_type(types: &'a Map<String, Value>, name: &'a str, node: &'a Value) -> Self {
        Self { types: Some(types), place: None, node: Some(node), name }
    }

    fn at(types: Option<&'a Map<String, Value>>, place: &'a Value) -> Self {
        let reference = place["$ref"].as_str().or_else(|| place["allOf"][0]["$ref"].as_str());
        let name = reference.and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        // Published without members, because they may also be a list or a boolean.
        let name = ["OrArray", "OrBool"].iter().find_map(|or| name.strip_suffix(or)).unwrap_or(name);
        let node = types.and_then(|types| types.get(name)).unwrap_or(place);
        Self { types, place: Some(place), node: Some(node), name }
    }

    fn child(&self, place: Option<&'a Value>) -> Self {
        place.map_or(Self::untyped(), |place| Self::at(self.types, place))
    }

    /// A word of the field's declaration or else of its type.
    fn get(&self, word: &str) -> Option<&'a Value> {
        let of = |node: Option<&'a Value>| node.and_then(|node| node.get(word));
        of(self.place).or_else(|| of(self.node))
    }

    fn declared(&self, name: &str) -> Option<&'a Value> {
        self.node?.get("properties")?.get(name)
    }

    /// Whether the type declares a member of this name, rather than taking any name.
    pub fn declares(&self, name: &str) -> bool {
        self.declared(name).is_some()
    }

    /// Whether the server throws a member of this name away, because the type lists its members and this is none.
    pub fn drops(&self, name: &str) -> bool {
        let takes_any = self.node.is_none_or(|node| {
            node.get("properties").is_none() || node.get("additionalProperties").is_some()
        });
        let keeps_unknown =
            self.get("x-kubernetes-preserve-unknown-fields").is_some_and(|keeps| keeps == true);
        !takes_any && !keeps_unknown && !self.declares(name)
    }

    /// The type of a member.
    pub fn field(&self, name: &str) -> Self {
        let any = || self.node?.get("additionalProperties");
        self.child(self.declared(name).or_else(any))
    }

    /// The type of a list's items.
    pub fn item(&self) -> Self {
        self.child(self.get("items"))
    }

    /// The type of what `element` leads to.
    pub fn element(&self, element: &PathElement) -> Self {
        match element {
            PathElement::Field(name) => self.field(name),
            _ => self.item(),
        }
    }

    /// Whether an object of this type is one value (`x-kubernetes-map-type: atomic`).
    pub fn is_atomic_object(&self) -> bool {
        self.get("x-kubernetes-map-type").is_some_and(|word| word == "atomic")
    }

    /// How lists of this type merge. Without `x-kubernetes-list-type` the older patch strategy counts, as in kube-openapi.
    pub fn list_type(&self) -> ListType<'a> {
        let text = |word| self.get(word).and_then(Value::as_str);
        match (text("x-kubernetes-list-type"), text("x-kubernetes-patch-strategy")) {
            (Some("set"), _) => ListType::Set,
            (Some("map"), _) => {
                let keys = self.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
                ListType::Map(keys.into_iter().flatten().filter_map(Value::as_str).collect())
            }
            (None, Some(strategy)) if strategy.split(',').any(|word| word == "merge") => {
                text("x-kubernetes-patch-merge-key").map_or(ListType::Set, |key| ListType::Map(vec![key]))
            }
            _ => ListType::Atomic,
        }
    }

    /// The path elements of a list's items, in order; `None` if the list is atomic, or if its items cannot be told apart, so
    /// that it has to be taken as one value.
    pub fn items(&self, items: &[Value]) -> Option<Vec<PathElement>> {
        let elements: Vec<PathElement> = match self.list_type() {
            ListType::Atomic => return None,
            ListType::Set => items.iter().map(|item| PathElement::Item(Scalar::of(item))).collect(),
            ListType::Map(keys) => items.iter().map(|item| self.key(&keys, item)).collect::<Option<_>>()?,
        };
        let distinct: std::collections::BTreeSet<&PathElement> = elements.iter().collect();
        (distinct.len() == elements.len()).then_some(elements)
    }

    fn key(&self, keys: &[&str], item: &Value) -> Option<PathElement> {
        let mut found: Vec<(String, Scalar)> = Vec::with_capacity(keys.len());
        for key in keys {
            let value = item.get(*key).or_else(|| self.item().field(key).default());
            if let Some(value) = value {
                found.push(((*key).to_owned(), Scalar::of(value)));
            }
        }
        found.sort();
        (!found.is_empty()).then_some(PathElement::Key(found))
    }

    /// What the server writes when the field is absent, as far as the schema says.
    pub fn default(&self) -> Option<&'a Value> {
        self.place?.get("default")
    }

    /// Whether the server, finding member `name` absent in `object`, may write `value` there.
    pub fn is_default(&self, object: &Map<String, Value>, name: &str, value: &Value) -> bool {
        let declared = self.declared(name).and_then(|place| place.get("default"));
        declared == Some(value) || builtin_defaults::has(self.name, object, name, value)
    }

    /// Whether `null` is a value of its own here, and not another word for absent.
    pub fn takes_null(&self) -> bool {
        self.node.is_none() || self.get("nullable").is_some_and(|nullable| nullable == true)
    }

    /// Whether values are quantities that the server writes in its canonical form.
    pub fn is_quantity(&self) -> bool {
        self.name.ends_with("api.resource.Quantity")
    }

    /// Whether values are bytes in base64.
    pub fn is_bytes(&self) -> bool {
        self.get("format").is_some_and(|format| format == "byte")
    }
}
