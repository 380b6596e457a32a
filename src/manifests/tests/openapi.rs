//! The built-in tables against the API server's own document.

use std::collections::{BTreeMap, BTreeSet};

use lab::api_server::ApiServer;
use serde_json::Value;

use crate::desired::list_type::{Kind, ListType};

/// Kinds that no chart installs: nodes, claims of devices, and what the API server keeps for itself.
const NOT_INSTALLED: [&str; 12] = [
    "CSIDriver",
    "CSINode",
    "EndpointSlice",
    "FlowSchema",
    "Node",
    "PodGroup",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
    "Status",
    "StorageVersion",
    "Workload",
];

/// Members that are named by position though the API server has sets of that name, because it has atomic lists of that
/// name too, and members of schemas, which a digest stands for.
const BY_POSITION: [&str; 2] = ["values", "x-kubernetes-validations"];

/// The OpenAPI document of an API server.
struct Document(Value);

impl Document {
    async fn read() -> Self {
        let client = ApiServer::shared().client().unwrap();
        let request = http::Request::get("/openapi/v2").body(Vec::new()).unwrap();
        Self(serde_json::from_str(&client.request_text(request).await.unwrap()).unwrap())
    }

    /// What a reference points to, by name.
    fn definition(&self, reference: &Value) -> Option<(&str, &Value)> {
        let name = reference["$ref"].as_str()?.strip_prefix("#/definitions/")?;
        let definitions = self.0["definitions"].as_object()?;
        definitions.get_key_value(name).map(|(name, definition)| (name.as_str(), definition))
    }

    /// Every member of every kind that a chart may install: the kind, the member's name and its schema.
    fn members(&self) -> Vec<(Kind<'_>, &str, &Value)> {
        let mut members = Vec::new();
        for definition in self.0["definitions"].as_object().unwrap().values() {
            let Some([kind]) = definition["x-kubernetes-group-version-kind"].as_array().map(Vec::as_slice)
            else {
                continue;
            };
            let kind = Kind { group: kind["group"].as_str().unwrap(), kind: kind["kind"].as_str().unwrap() };
            let is_object = !kind.kind.ends_with("List") && !kind.kind.ends_with("Review");
            let is_installed = is_object && !NOT_INSTALLED.contains(&kind.kind);
            if is_installed && !definition["properties"]["metadata"].is_null() {
                self.members_below(kind, definition, &mut BTreeSet::new(), &mut members);
            }
        }
        members
    }

    fn members_below<'a>(
        &'a self,
        kind: Kind<'a>,
        definition: &'a Value,
        seen: &mut BTreeSet<&'a str>,
        members: &mut Vec<(Kind<'a>, &'a str, &'a Value)>,
    ) {
        // A status is nobody's manifest.
        let properties = definition["properties"].as_object().into_iter().flatten();
        for (field, property) in properties.filter(|(field, _)| *field != "status") {
            members.push((kind, field, property));
            let parts = [property, &property["items"], &property["additionalProperties"]];
            for (name, below) in parts.into_iter().filter_map(|part| self.definition(part)) {
                if seen.insert(name) {
                    self.members_below(kind, below, seen, members);
                }
            }
        }
    }

    /// Whether the notation names the items of a list rightly.
    fn agrees(&self, ours: ListType, list: &Value) -> bool {
        let item = self.definition(&list["items"]).map_or(&Value::Null, |(_, item)| item);
        let has_members = |keys: &[&str]| keys.iter().all(|key| !item["properties"][key].is_null());
        match (ours, list["x-kubernetes-list-type"].as_str().unwrap_or("atomic")) {
            (ListType::Map(keys), "map") => list["x-kubernetes-list-map-keys"] == Value::from(keys),
            (ListType::Set, "set") | (ListType::Atomic, "atomic") => true,
            // Items without the keys are named by position.
            (ListType::Map(keys), _) => !has_members(keys),
            // Items of a whole may have names of their own.
            (ListType::WholeMap(keys), "atomic") => has_members(keys),
            _ => false,
        }
    }

    fn is_atomic_map(&self, property: &Value) -> bool {
        let definition = self.definition(property).map_or(&Value::Null, |(_, definition)| definition);
        [property, definition].iter().any(|schema| schema["x-kubernetes-map-type"] == "atomic")
    }
}

#[tokio::test]
async fn the_lists_of_kubernetes_own_kinds_are_named_as_the_api_server_keys_them() {
    let document = Document::read().await;
    let members = document.members();
    // `spec.finalizers` of a namespace are the API server's.
    let is_ours = |kind: &Kind<'_>, field: &str| kind.kind != "Namespace" || field != "finalizers";
    let is_named = |field: &str| !BY_POSITION.contains(&field);
    let lists = members.iter().filter(|(_, _, property)| property["type"] == "array");
    let lists = lists.filter(|(kind, field, _)| is_ours(kind, field) && is_named(field));
    let mut wrong = BTreeMap::new();
    let mut count = 0;
    for (kind, field, list) in lists {
        count += 1;
        let ours = kind.list_type(field);
        if !document.agrees(ours, list) {
            let theirs = (&list["x-kubernetes-list-type"], &list["x-kubernetes-list-map-keys"]);
            wrong.insert(format!("{} {field}", kind.kind), format!("{ours:?}, but {theirs:?}"));
        }
    }
    assert!(count > 500, "{count}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_selector_has_one_owner_in_the_api_server_too() {
    let document = Document::read().await;
    let members = document.members();
    let is_object = |property: &Value| property["type"].is_null() || property["type"] == "object";
    let selectors = members.iter().filter(|(kind, field, _)| kind.is_selector(field));
    let selectors: Vec<_> = selectors.filter(|(_, _, property)| is_object(property)).collect();
    assert!(selectors.len() > 20, "{selectors:?}");
    for (kind, field, property) in selectors {
        assert!(document.is_atomic_map(property), "{} {field}: {property}", kind.kind);
    }
}
