use serde_json::{Value, json};

use crate::field_set::ManagedFields;
use crate::options::Owner;

/// An object as the cluster has it.
#[derive(Clone, PartialEq)]
pub struct Live(Value);

/// Shows only the identity: a live object may hold secrets.
impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let metadata = &self.0["metadata"];
        write!(f, "Live({} {}/{})", self.0["kind"], metadata["namespace"], metadata["name"])
    }
}

impl Live {
    /// An object that was read by other means, whole, with its kind and version.
    pub fn of(value: Value) -> Self {
        Self(value)
    }

    /// Only what tells it from other objects, and this state of it from others.
    pub(crate) fn identity(&self) -> Self {
        let metadata = &self.0["metadata"];
        let member = |name: &str| &metadata[name];
        Self(json!({
            "kind": self.0["kind"],
            "metadata": {
                "namespace": member("namespace"),
                "name": member("name"),
                "uid": member("uid"),
                "resourceVersion": member("resourceVersion"),
            },
        }))
    }

    /// The whole object.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> &str {
        self.0["metadata"]["uid"].as_str().unwrap_or_default()
    }

    /// `metadata.resourceVersion`.
    pub fn resource_version(&self) -> &str {
        self.0["metadata"]["resourceVersion"].as_str().unwrap_or_default()
    }

    /// Whether it is on its way out (`metadata.deletionTimestamp`).
    pub fn is_terminating(&self) -> bool {
        self.0["metadata"].get("deletionTimestamp").is_some()
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> Vec<&str> {
        self.0["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Names of its field managers, sorted, each once.
    pub fn managers(&self) -> Vec<String> {
        let mut managers: Vec<String> =
            ManagedFields::of(&self.0).into_iter().map(|entry| entry.manager).collect();
        managers.sort();
        managers.dedup();
        managers
    }

    /// The value of the owner label, whoever it names.
    pub fn owner(&self, owner: &Owner) -> Option<&str> {
        self.0["metadata"]["labels"].get(&owner.label)?.as_str()
    }
}
