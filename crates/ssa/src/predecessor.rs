//! Field managers whose work ours continues.

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use http::Method;

use crate::discovery::Resource;
use crate::engine::Engine;
use crate::live::Live;
use crate::object_id::ObjectId;
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};
use crate::rules::{Glob, ObjectPattern};

const JSON_PATCH: &str = "application/json-patch+json";

/// A field manager that ours takes the place of: all its fields of these objects become ours, so that those that the manifest does not have
/// go. Taking over single fields ([`TakeOver`](crate::TakeOver)) would leave those behind for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// The other field manager's name.
    pub manager: Glob,
    /// The objects.
    pub objects: ObjectPattern,
}

impl Predecessor {
    /// Helm 3, which writes without server-side apply, and Helm 4, which uses it: both as `helm`.
    pub fn helm() -> Self {
        Self { manager: "helm".into(), objects: ObjectPattern::any() }
    }

    /// `kubectl apply` without `--server-side`, and `kubectl create`.
    pub fn kubectl() -> Vec<Self> {
        let managers = ["kubectl-client-side-apply", "kubectl-create"];
        managers.map(|manager| Self { manager: manager.into(), objects: ObjectPattern::any() }).into()
    }

    /// Whether what `manager` has of `id` becomes ours.
    pub(crate) fn is(&self, id: &ObjectId, manager: &str) -> bool {
        self.manager.matches(manager) && self.objects.matches(id)
    }
}

impl Engine {
    /// Makes the fields of predecessors ours, without a change to any field. The object must still be as it was read.
    pub(crate) async fn succeed(
        &self,
        resource: &Resource,
        id: &ObjectId,
        live: &Live,
        predecessors: &[Predecessor],
        cancel: &CancellationToken,
    ) -> Result<Live, RequestError> {
        let entries = live.value()["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let is_theirs = |manager: &str| predecessors.iter().any(|predecessor| predecessor.is(id, manager));
        let manager = &self.shared.options.field_manager;
        let entries = succession(entries, manager, &resource.api_version(), is_theirs);
        let patch = json!([
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live.resource_version()},
        ]);
        let body = patch.to_string().into_bytes();
        let uri = resource.path(id);
        let call = Call::new(Verb::Patch, Target::Object(id.clone()), Method::PATCH, uri, JSON_PATCH, body);
        Ok(Live::of(self.read(&call, cancel).await?))
    }
}

/// The entries with those of predecessors merged into ours. An entry in another version of the kind names its fields in another way and only
/// goes.
fn succession(
    entries: Vec<Value>,
    manager: &str,
    api_version: &str,
    is_theirs: impl Fn(&str) -> bool,
) -> Vec<Value> {
    let is_main = |entry: &Value| entry["subresource"].as_str().is_none_or(str::is_empty);
    let is_ours = |entry: &Value| entry["manager"] == manager && entry["operation"] == "Apply";
    let (ours, others): (Vec<Value>, Vec<Value>) = entries.into_iter().partition(|entry| {
        is_main(entry) && (is_ours(entry) || is_theirs(entry["manager"].as_str().unwrap_or_default()))
    });
    let mut fields = Map::new();
    for entry in ours.into_iter().filter(|entry| entry["apiVersion"] == api_version) {
        if let Value::Object(more) = &entry["fieldsV1"] {
            merge(&mut fields, more);
        }
    }
    let merged = json!({
        "manager": manager,
        "operation": "Apply",
        "apiVersion": api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    });
    std::iter::once(merged).chain(others).collect()
}

fn merge(fields: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (name, below) in more {
        let Value::Object(below) = below else { continue };
        let place = fields.entry(name.clone()).or_insert_with(|| json!({}));
        if let Value::Object(place) = place {
            merge(place, below);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::succession;

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    #[test]
    fn the_fields_of_predecessors_are_merged_into_ours_and_those_of_others_stay() {
        let theirs = entry("helm", "Update", &json!({"f:data": {".": {}, "f:a": {}}}));
        let ours = entry("us", "Apply", &json!({"f:data": {"f:b": {}}}));
        let mut status = entry("helm", "Update", &json!({"f:status": {}}));
        status["subresource"] = json!("status");
        let other = entry("controller", "Update", &json!({"f:data": {"f:c": {}}}));
        let found = succession(vec![theirs, ours, status.clone(), other.clone()], "us", "v1", |manager| {
            manager == "helm"
        });
        let merged = entry("us", "Apply", &json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}}));
        assert_eq!(found, [merged, status, other]);
    }
}
