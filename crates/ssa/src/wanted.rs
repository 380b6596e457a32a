//! The object that is sent: a manifest with the owner label and without the fields that rules give to others.

use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::field_path::{FieldPath, PathElement};
use crate::field_set::{FieldSet, ManagedFields};
use crate::live::Live;
use crate::manifest::Manifest;
use crate::options::{Owner, Policy};
use crate::rules::{FieldRule, Ownership, ownership};
use crate::schema::Schema;
use crate::typed::{Shape, shape};

impl Engine {
    /// What to apply for `manifest`, given the live object if there is one. An object that stays others' gets no owner
    /// label.
    pub(crate) fn wanted(
        &self,
        manifest: &Manifest,
        live: Option<&Live>,
        is_shared: bool,
        schema: &Schema,
        policy: &Policy,
    ) -> Value {
        let options = &self.shared.options;
        let mut wanted = manifest.value().clone();
        if let Some(object) = wanted.as_object_mut() {
            object.remove("status");
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.retain(|_, member| !member.is_null());
            }
        }
        drop_nulls(&mut wanted, schema);
        let is_ours = |entry: &ManagedFields| {
            entry.is_applied_by(&options.field_manager) || policy.succeeds(manifest.id(), entry)
        };
        let others = live.map(|live| others(live, is_ours));
        let rules = options.rules.fields.iter().chain(&policy.fields);
        let rules: Vec<&FieldRule> = rules.filter(|rule| rule.objects.matches(manifest.id())).collect();
        let belongs_to_others = |path: &FieldPath| match ownership(&rules, path) {
            Some(Ownership::Ignore) => true,
            Some(Ownership::Yield) => others.as_ref().is_some_and(|others| others.touches(path)),
            None => false,
        };
        if !rules.is_empty() {
            drop_fields(&mut wanted, schema, &FieldPath::root(), &belongs_to_others);
        }
        if !is_shared && let Some(object) = wanted.as_object_mut() {
            add_owner_label(object, &self.owner);
        }
        wanted
    }
}

/// What is sent for one object. All but its metadata is kept as text: a whole set is held at a time, and as a tree the definition of a custom
/// resource takes more than ten times as much memory.
pub(crate) struct Body {
    metadata: Value,
    /// A JSON object with at least `apiVersion` and `kind`.
    rest: String,
    /// Whether what the API server answers must not be repeated.
    pub is_confidential: bool,
}

impl Body {
    pub fn of(mut wanted: Value, is_confidential: bool) -> Self {
        let metadata = wanted.as_object_mut().and_then(|members| members.remove("metadata"));
        Self { metadata: metadata.unwrap_or_default(), rest: wanted.to_string(), is_confidential }
    }

    pub fn json(&self) -> Vec<u8> {
        self.with(&self.metadata)
    }

    /// The same for just the live object with this UID, and, if a resource version is given, in just this state of it.
    pub fn json_over(&self, uid: &str, resource_version: Option<&str>) -> Vec<u8> {
        let mut metadata = self.metadata.clone();
        metadata["uid"] = json!(uid);
        if let Some(resource_version) = resource_version {
            metadata["resourceVersion"] = json!(resource_version);
        }
        self.with(&metadata)
    }

    fn with(&self, metadata: &Value) -> Vec<u8> {
        format!("{{\"metadata\":{metadata},{}", &self.rest[1..]).into_bytes()
    }
}

/// Drops members that are `null` where the server would: everywhere but where the schema says that null is a value of its own, or says nothing.
fn drop_nulls(value: &mut Value, schema: &Schema) {
    match value {
        Value::Object(members) => members.retain(|name, member| {
            let schema = schema.field(name);
            drop_nulls(member, &schema);
            !member.is_null() || schema.takes_null()
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| drop_nulls(item, &schema.item())),
        _ => {}
    }
}

fn add_owner_label(object: &mut Map<String, Value>, owner: &Owner) {
    let metadata = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    let Some(metadata) = metadata.as_object_mut() else { return };
    let labels = metadata.entry("labels").or_insert_with(|| Value::Object(Map::new()));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(owner.label.clone(), Value::String(owner.value.clone()));
    }
}

/// What all managers own but ourselves and those whose work ours continues.
fn others(live: &Live, is_ours: impl Fn(&ManagedFields) -> bool) -> FieldSet {
    let mut fields = FieldSet::default();
    for entry in ManagedFields::of(live.value()).iter().filter(|entry| !is_ours(entry)) {
        fields.add(&entry.fields);
    }
    fields
}

/// Drops leaf fields, one by one. Objects and lists that become empty go too: left behind, they would claim what is not ours. What an
/// object is known by stays, and so does what an item of a list is.
fn drop_fields(value: &mut Value, schema: &Schema, at: &FieldPath, is_dropped: &impl Fn(&FieldPath) -> bool) {
    let keys = match at.elements().last() {
        Some(PathElement::Key(keys)) => keys.as_slice(),
        _ => &[],
    };
    match value {
        Value::Object(members) => members.retain(|name, member| {
            let path = at.field(name);
            is_identity(&path)
                || keys.iter().any(|(key, _)| key == name)
                || keep(member, &schema.field(name), &path, is_dropped)
        }),
        Value::Array(items) => {
            let mut elements = schema.items(items).unwrap_or_default().into_iter();
            items.retain_mut(|item| {
                let Some(element) = elements.next() else { return true };
                keep(item, &schema.item(), &at.child(element), is_dropped)
            });
        }
        _ => {}
    }
}

/// Whether an object is found by this field.
fn is_identity(path: &FieldPath) -> bool {
    let field = |element: &PathElement| match element {
        PathElement::Field(name) => name.clone(),
        _ => String::new(),
    };
    let names: Vec<String> = path.elements().iter().map(field).collect();
    match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["apiVersion" | "kind"] => true,
        ["metadata", name] => matches!(*name, "name" | "namespace"),
        _ => false,
    }
}

fn keep(
    value: &mut Value,
    schema: &Schema,
    at: &FieldPath,
    is_dropped: &impl Fn(&FieldPath) -> bool,
) -> bool {
    let is_leaf = match shape(value, schema) {
        Shape::Members(members) => members.is_empty(),
        Shape::Items(items) => items.is_empty(),
        Shape::Leaf => true,
    };
    if is_leaf {
        return !is_dropped(at);
    }
    drop_fields(value, schema, at, is_dropped);
    !is_empty(value)
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}
