//! Types of custom resources' fields, by the structural schemas of the CRDs beside them
//! (`spec.versions[].schema.openAPIV3Schema`). What else a schema demands of a value is for the API server to say.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::found::Context;
use super::number::whole;
use super::{Mistyped, Type, mistyped};
use crate::desired::list_type::Kind;
use crate::desired::object;
use crate::manifests::place::Place;

/// What every object has: Kubernetes' own.
const COMMON: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// The schemas of custom resources, by API version and kind.
#[derive(Debug, Default)]
pub struct Schemas<'a>(BTreeMap<(String, &'a str), &'a Value>);

impl<'a> Schemas<'a> {
    /// Those of the CRDs among these objects.
    pub fn of(objects: impl Iterator<Item = &'a Value>) -> Self {
        let mut schemas = BTreeMap::new();
        for definition in objects.filter(|object| object::kind(object) == "CustomResourceDefinition") {
            let spec = &definition["spec"];
            let (Some(group), Some(kind)) = (spec["group"].as_str(), spec["names"]["kind"].as_str()) else {
                continue;
            };
            for version in spec["versions"].as_array().into_iter().flatten() {
                let Some(name) = version["name"].as_str() else { continue };
                schemas.insert((format!("{group}/{name}"), kind), &version["schema"]["openAPIV3Schema"]);
            }
        }
        Self(schemas)
    }

    /// The values of an object that have the wrong type: those that [`mistyped`] finds, and of a custom resource all others, too.
    pub fn mistyped(&self, object: &Value) -> Vec<Mistyped> {
        let mut all = mistyped(object);
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let Some(schema) = self.0.get(&(version.to_owned(), object::kind(object))) else { return all };
        let found = RefCell::new(Vec::new());
        let context = Context { kind: Kind::of(object), found: &found };
        let members = object.as_object().into_iter().flatten();
        for (name, value) in members.filter(|(name, _)| !COMMON.contains(&name.as_str())) {
            check(value, member_schema(schema, name), Place::Member(&Place::Root, name), context);
        }
        all.extend(found.into_inner());
        all
    }
}

fn check(value: &Value, schema: &Value, place: Place<'_>, context: Context<'_>) {
    let is_whole = || value.as_number().and_then(whole).is_some();
    let takes = match schema["type"].as_str() {
        _ if schema["x-kubernetes-int-or-string"] == true => {
            (!value.is_string() && !is_whole()).then_some(Type::NumberOrText)
        }
        Some("string") => (!value.is_string()).then_some(Type::Text),
        Some("boolean") => (!value.is_boolean()).then_some(Type::Bool),
        Some("integer") => (!is_whole()).then_some(Type::Integer),
        Some("number") => (!value.is_number()).then_some(Type::Number),
        Some("array") => (!value.is_array()).then_some(Type::List),
        Some("object") => (!value.is_object()).then_some(Type::Mapping),
        // Whatever it is, it is kept.
        _ => None,
    };
    if let Some(takes) = takes {
        return context.note(value, &place, takes);
    }
    match value {
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                check(item, &schema["items"], Place::Item(&place, items, position), context);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                check(member, member_schema(schema, name), Place::Member(&place, name), context);
            }
        }
        _ => {}
    }
}

/// The schema of a member; of one that is not declared, or of which anything is kept, there is none.
fn member_schema<'s>(schema: &'s Value, name: &str) -> &'s Value {
    let declared = schema["properties"].get(name);
    declared.unwrap_or(&schema["additionalProperties"])
}
