use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Fields;
use super::definition::digest_of_version_member;
use super::digest::{FingerprintKey, fingerprint};
use super::document;
use super::item_path::item_paths;
use super::leaf;
use super::path::Path;
use crate::desired::list_type::Kind;
use crate::desired::ownership;

/// The leaf fields of a manifest, without those that its id names already, and without those of others.
pub fn flatten(object: &Value, key: &FingerprintKey) -> Fields {
    Flat::of(object, key).fields
}

/// The same fields with their whole texts, also where these are long or a Secret's: what [`flatten`] makes a digest or a fingerprint of.
/// Secret.
pub fn whole_texts(object: &Value) -> Fields {
    // Without a key nothing is hidden.
    Flat::walk(object, None, |_| true).fields
}

/// What was read of an object, without its metadata: what is left to read of it is its metadata alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading(pub(super) Flat);

impl Reading {
    /// What an object says beside its metadata.
    pub fn without_metadata(object: &Value, key: &FingerprintKey) -> Self {
        Self(Flat::of_members(object, key, |name| name != "metadata"))
    }
}

/// An object's fields, and what must be known to compare them with another reading of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flat {
    /// Whether the object's kind is Kubernetes' own.
    pub(super) is_built_in: bool,
    pub(super) fields: Fields,
    /// Parts that whoever writes the whole owns: items of atomic lists, fields of selectors and of opened documents.
    pub(super) parts: Vec<Part>,
}

/// A part of a field that has one owner only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// The path of the whole.
    pub(super) whole: String,
    /// The path of the part.
    pub(super) part: String,
}

impl Flat {
    pub(super) fn of(object: &Value, key: &FingerprintKey) -> Self {
        Self::of_members(object, key, |_| true)
    }

    fn of_members(object: &Value, key: &FingerprintKey, is_read: impl Fn(&str) -> bool) -> Self {
        Self::walk(object, Some(key), is_read)
    }

    fn walk(object: &Value, key: Option<&FingerprintKey>, is_read: impl Fn(&str) -> bool) -> Self {
        let kind = Kind::of(object);
        let flat = Self { is_built_in: kind.is_built_in(), fields: Fields::new(), parts: Vec::new() };
        let mut walk = Walk { kind, key, whole: None, flat };
        if let Value::Object(members) = object {
            for (name, member) in members.iter().filter(|(name, _)| is_read(name)) {
                walk.top_level(name, member);
            }
        }
        walk.flat
    }
}

struct Walk<'a> {
    kind: Kind<'a>,
    /// The key of fingerprints; without one, whole texts are read.
    key: Option<&'a FingerprintKey>,
    /// The selector or document that is being walked, if it has one owner only.
    whole: Option<String>,
    flat: Flat,
}

impl Walk<'_> {
    fn top_level(&mut self, name: &str, member: &Value) {
        match (name, member) {
            // In the id, or written by the API server and by controllers.
            ("kind" | "status", _) => {}
            ("metadata", Value::Object(metadata)) => self.metadata(metadata),
            _ => {
                self.member(&Path::root(), name, member);
            }
        }
    }

    fn metadata(&mut self, metadata: &Map<String, Value>) {
        let path = Path::root().field("metadata");
        for (name, member) in metadata {
            if !matches!(name.as_str(), "name" | "namespace" | "managedFields") {
                self.member(&path, name, member);
            }
        }
    }

    /// Writes the fields of member `name`; says whether there are any.
    fn member(&mut self, parent: &Path, name: &str, value: &Value) -> bool {
        let path = parent.field(name);
        match (self.kind.kind, parent.as_str(), value) {
            (_, _, Value::Null) => return false,
            ("Secret", "data", Value::String(text)) => {
                let bytes = leaf::decode_base64(text).unwrap_or_else(|| text.clone().into_bytes());
                let text = self.hidden(&bytes);
                self.leaf(&path, text);
            }
            // The API server moves it to `data`.
            ("Secret", "stringData", Value::String(text)) => {
                let hidden = self.hidden(text.as_bytes());
                self.leaf(&Path::root().field("data").field(name), hidden);
            }
            ("ConfigMap", "data", Value::String(text)) => self.text_of_config_map(&path, text),
            ("ConfigMap", "binaryData", Value::String(_)) => self.leaf(&path, leaf::base64(value)),
            (_, _, Value::String(_)) if name == "caBundle" => self.leaf(&path, leaf::base64(value)),
            ("CustomResourceDefinition", parent, _) => match digest_of_version_member(parent, name, value) {
                Some(digest) => self.leaf(&path, digest),
                None => self.value(&path, name, value),
            },
            _ => self.value(&path, name, value),
        }
        true
    }

    /// Writes the fields of a value that is not null; `name` is the member that it is the value of.
    fn value(&mut self, path: &Path, name: &str, value: &Value) {
        match value {
            Value::Object(members) if self.kind.is_selector(name) => {
                self.within_whole(path, |walk| walk.object(path, members));
            }
            Value::Object(members) => self.object(path, members),
            Value::Array(items) if !items.is_empty() => self.list(path, name, items),
            leaf => self.leaf(path, self.typed(leaf)),
        }
    }

    fn object(&mut self, path: &Path, members: &Map<String, Value>) {
        let mut any = false;
        for (name, member) in members {
            any |= self.member(path, name, member);
        }
        if !any {
            self.leaf(path, "{}".to_owned());
        }
    }

    fn list(&mut self, path: &Path, name: &str, items: &[Value]) {
        let list_type = self.kind.list_type(name);
        for (item, item_path) in items.iter().zip(item_paths(list_type, path, items)) {
            if list_type.is_whole() {
                self.flat.parts.push(Part { whole: path.to_string(), part: item_path.to_string() });
            }
            // A list in a list has no name; such lists are atomic.
            self.value(&item_path, "", item);
        }
    }

    fn text_of_config_map(&mut self, path: &Path, text: &str) {
        let Some(document) = document::mapping(text) else {
            return self.leaf(path, self.typed(&Value::from(text)));
        };
        let root = path.document();
        self.within_whole(path, |walk| walk.document_value(&root, &document));
    }

    fn document_value(&mut self, path: &Path, value: &Value) {
        match value {
            Value::Null => {}
            Value::Object(members) if members.values().any(|member| !member.is_null()) => {
                for (name, member) in members {
                    self.document_value(&path.field(name), member);
                }
            }
            Value::Object(_) => self.leaf(path, "{}".to_owned()),
            Value::Array(items) if !items.is_empty() => {
                for (position, item) in items.iter().enumerate() {
                    self.document_value(&path.index(position), item);
                }
            }
            leaf => {
                let text = if self.key.is_some() { leaf::untyped(leaf) } else { leaf::whole(leaf) };
                self.leaf(path, text);
            }
        }
    }

    fn typed(&self, value: &Value) -> String {
        if self.key.is_some() { leaf::typed(value) } else { leaf::whole(value) }
    }

    fn hidden(&self, bytes: &[u8]) -> String {
        let whole = || String::from_utf8_lossy(bytes).into_owned();
        self.key.map_or_else(whole, |key| fingerprint(key, bytes))
    }

    fn within_whole(&mut self, whole: &Path, walk: impl FnOnce(&mut Self)) {
        let outer = self.whole.replace(whole.to_string());
        walk(self);
        self.whole = outer;
    }

    fn leaf(&mut self, path: &Path, text: String) {
        if ownership::is_yielded(self.kind.group, self.kind.kind, path.as_str()) {
            return;
        }
        if let Some(whole) = &self.whole {
            self.flat.parts.push(Part { whole: whole.clone(), part: path.to_string() });
        }
        self.flat.fields.insert(path.to_string(), text);
    }
}
