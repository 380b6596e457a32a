//! The built-in table of lists against the API server's own document.

use std::collections::{BTreeMap, BTreeSet};

use lab::api_server::ApiServer;
use serde_json::Value;

use super::super::list_type::{Kind, ListType};

/// One list of a kind: the member that it is the value of, what the API server says of it, and its items' members.
struct List<'a> {
    field: &'a str,
    list_type: &'a str,
    keys: Vec<&'a str>,
    item: &'a Value,
}

struct Document(Value);

impl Document {
    fn definition(&self, reference: &Value) -> Option<(&str, &Value)> {
        let name = reference["$ref"].as_str()?.strip_prefix("#/definitions/")?;
        self.0["definitions"]
            .as_object()?
            .get_key_value(name)
            .map(|(name, definition)| (name.as_str(), definition))
    }

    /// All lists at and below a definition; `status` is nobody's manifest.
    fn lists<'a>(&'a self, definition: &'a Value, seen: &mut BTreeSet<&'a str>, lists: &mut Vec<List<'a>>) {
        for (field, property) in definition["properties"].as_object().into_iter().flatten() {
            if field == "status" {
                continue;
            }
            let parts = [property, &property["items"], &property["additionalProperties"]];
            if property["type"] == "array" {
                let item = self.definition(&property["items"]).map_or(&Value::Null, |(_, item)| item);
                let keys = property["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
                let keys = keys.filter_map(Value::as_str).collect();
                let list_type = property["x-kubernetes-list-type"].as_str().unwrap_or("atomic");
                lists.push(List { field, list_type, keys, item });
            }
            for (name, below) in parts.into_iter().filter_map(|part| self.definition(part)) {
                if seen.insert(name) {
                    self.lists(below, seen, lists);
                }
            }
        }
    }
}

/// What the notation may do with such a list.
fn is_right(ours: ListType, list: &List<'_>) -> bool {
    let has_members = |keys: &[&str]| keys.iter().all(|key| !list.item["properties"][key].is_null());
    match (ours, list.list_type) {
        (ListType::Map(keys), "map") => keys == list.keys,
        (ListType::Set, "set") | (ListType::Atomic, "atomic") => true,
        // Items without the keys are named by position.
        (ListType::Map(keys), _) => !has_members(keys),
        // Items of a whole may have names of their own.
        (ListType::WholeMap(keys), "atomic") => has_members(keys),
        _ => false,
    }
}

#[tokio::test]
async fn the_lists_of_kubernetes_own_kinds_are_named_as_the_api_server_keys_them() {
    let client = ApiServer::shared().client().unwrap();
    let request = http::Request::get("/openapi/v2").body(Vec::new()).unwrap();
    let document = Document(serde_json::from_str(&client.request_text(request).await.unwrap()).unwrap());
    let mut wrong = BTreeMap::new();
    let mut checked = 0;
    for definition in document.0["definitions"].as_object().unwrap().values() {
        let Some(kinds) = definition["x-kubernetes-group-version-kind"].as_array() else { continue };
        let [kind] = kinds.as_slice() else { continue };
        let (group, kind) = (kind["group"].as_str().unwrap(), kind["kind"].as_str().unwrap());
        if NOT_INSTALLED.contains(&kind) || definition["properties"]["metadata"].is_null() {
            continue;
        }
        let mut lists = Vec::new();
        document.lists(definition, &mut BTreeSet::new(), &mut lists);
        for list in lists {
            checked += 1;
            let ours = Kind { group, kind }.list_type(list.field);
            if !is_right(ours, &list) {
                wrong.insert(
                    format!("{kind} {}", list.field),
                    format!("{ours:?}, but {} {:?}", list.list_type, list.keys),
                );
            }
        }
    }
    assert!(checked > 1000, "{checked}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Kinds that no chart installs: nodes, claims of devices, and what the API server keeps for itself.
const NOT_INSTALLED: [&str; 16] = [
    "CSINode",
    "DeviceClass",
    "EndpointSlice",
    "FlowSchema",
    "Node",
    "NodeList",
    "PodGroup",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
    "CSIDriver",
    "StorageVersion",
    "Workload",
    "NamespaceList",
    "Namespace",
    "Job",
];
