//! The OpenAPI v3 document of one group and version, as far as server-side apply needs it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::object_id::GroupKind;
use crate::schema::Schema;

/// The types of one group and version.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Document {
    #[serde(default)]
    components: Components,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Components {
    #[serde(default, deserialize_with = "types")]
    schemas: Map<String, Value>,
}

impl Document {
    /// The document of what a `CustomResourceDefinition` defines, as the server will publish it a moment after the definition is established.
    pub fn of_definition(definition: &Value) -> Self {
        let spec = &definition["spec"];
        let mut schemas = Map::from_iter([("ObjectMeta".to_owned(), object_meta())]);
        for version in spec["versions"].as_array().into_iter().flatten() {
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            let name = version["name"].as_str().unwrap_or_default().to_owned();
            declare_embedded(&mut schema);
            declare_object(&mut schema);
            schema["x-kubernetes-group-version-kind"] =
                json!([{"group": spec["group"], "version": name, "kind": spec["names"]["kind"]}]);
            schemas.insert(name, schema);
        }
        Self { components: Components { schemas } }
    }

    /// The schema of a kind; untyped if the document does not have it.
    pub fn kind(&self, kind: &GroupKind, version: &str) -> Schema<'_> {
        let is_kind = |value: &Value| {
            value["group"].as_str() == Some(&kind.group)
                && value["kind"].as_str() == Some(&kind.kind)
                && value["version"].as_str() == Some(version)
        };
        let schemas = &self.components.schemas;
        let found = schemas.iter().find(|(_, node)| {
            let kinds = node["x-kubernetes-group-version-kind"].as_array();
            kinds.is_some_and(|kinds| kinds.iter().any(is_kind))
        });
        found.map_or(Schema::untyped(), |(name, node)| Schema::of_type(schemas, name, node))
    }
}

/// Declares what the server adds to the type of an object.
fn declare_object(schema: &mut Value) {
    if !schema["properties"].is_object() {
        schema["properties"] = json!({});
    }
    schema["properties"]["metadata"] = json!({"$ref": "#/components/schemas/ObjectMeta"});
    for name in ["apiVersion", "kind"] {
        schema["properties"][name] = json!({"type": "string"});
    }
}

/// The same for every object inside of others (`x-kubernetes-embedded-resource`).
fn declare_embedded(schema: &mut Value) {
    match schema {
        Value::Object(members) => members.values_mut().for_each(declare_embedded),
        Value::Array(items) => items.iter_mut().for_each(declare_embedded),
        _ => {}
    }
    if schema.get("x-kubernetes-embedded-resource").is_some_and(|embedded| embedded == true) {
        declare_object(schema);
    }
}

/// `ObjectMeta`, as far as manifests set it.
fn object_meta() -> Value {
    let strings = json!({"type": "object", "additionalProperties": {"type": "string"}});
    json!({"type": "object", "properties": {
        "labels": strings,
        "annotations": strings,
        "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "ownerReferences": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"],
            "items": {"type": "object", "x-kubernetes-map-type": "atomic"}},
    }})
}

/// The words of a type that are kept; descriptions, patterns and the like are most of a document and are not.
const KEPT: &[&str] = &[
    "$ref",
    "default",
    "format",
    "nullable",
    "x-kubernetes-group-version-kind",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-preserve-unknown-fields",
];

fn types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    match Part::Members.deserialize(deserializer)? {
        Value::Object(types) => Ok(types),
        _ => Ok(Map::new()),
    }
}

/// What a value of the document is, and with that, what of it is kept.
#[derive(Clone, Copy)]
enum Part {
    /// A type.
    Type,
    /// Types by name.
    Members,
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a type of an OpenAPI document")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value, M::Error> {
        let mut kept = Map::new();
        while let Some(word) = map.next_key::<String>()? {
            let value = match (self, word.as_str()) {
                (Self::Members, _) | (Self::Type, "items" | "additionalProperties" | "allOf") => {
                    map.next_value_seed(Self::Type)?
                }
                (Self::Type, "properties") => map.next_value_seed(Self::Members)?,
                (Self::Type, word) if KEPT.contains(&word) => map.next_value()?,
                (Self::Type, _) => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            kept.insert(word, value);
        }
        Ok(Value::Object(kept))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Value, S::Error> {
        let mut kept = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            kept.push(item);
        }
        Ok(Value::Array(kept))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Document;

    #[test]
    fn only_what_apply_needs_is_kept_and_members_may_bear_the_name_of_a_word() {
        let document: Document = serde_json::from_value(json!({
            "openapi": "3.0.0",
            "components": {"schemas": {"a.Widget": {
                "description": "words",
                "type": "object",
                "properties": {
                    "description": {"type": "string", "description": "words", "default": "none"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/a.Part"}, "x-kubernetes-list-type": "set"},
                    "any": {"type": "object", "additionalProperties": true},
                },
            }}},
        }))
        .unwrap();
        let kept: Value = serde_json::to_value(&document).unwrap();
        let expected = json!({"components": {"schemas": {"a.Widget": {"properties": {
            "description": {"default": "none"},
            "parts": {"items": {"$ref": "#/components/schemas/a.Part"}, "x-kubernetes-list-type": "set"},
            "any": {"additionalProperties": true},
        }}}}});
        assert_eq!(kept, expected);
        let again: Document = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), kept);
    }
}
