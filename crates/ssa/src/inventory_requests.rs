//! The requests for the `ConfigMap`s of an inventory.

use http::Method;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::discovery::Resource;
use crate::engine::Engine;
use crate::inventory::InventoryRef;
use crate::inventory_error::InventoryError;
use crate::live::Live;
use crate::object_id::{GroupKind, ObjectId};
use crate::observe::encode;
use crate::options::Owner;
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};

impl Engine {
    /// Creates a ConfigMap, or replaces the one with this resource version.
    pub(crate) async fn put_config_map(
        &self,
        at: &InventoryRef,
        name: &str,
        data: Map<String, Value>,
        resource_version: &str,
        cancel: &CancellationToken,
    ) -> Result<Live, RequestError> {
        let Owner { label, value } = &*self.owner;
        let mut config_map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": at.namespace, "labels": {label.as_str(): value}},
            "data": data,
        });
        let id = ObjectId::new("", "ConfigMap", &at.namespace, name);
        let is_new = resource_version.is_empty();
        let (verb, method, path) = if is_new {
            (Verb::Create, Method::POST, config_maps().list_path(&at.namespace))
        } else {
            config_map["metadata"]["resourceVersion"] = json!(resource_version);
            (Verb::Update, Method::PUT, config_maps().path(&id))
        };
        let uri = format!("{path}?fieldManager={}", encode(&self.shared.options.field_manager));
        let body = config_map.to_string().into_bytes();
        let call = Call::new(verb, Target::Object(id), method, uri, "application/json", body);
        Ok(Live::of(self.read(&call, cancel).await?))
    }

    pub(crate) async fn config_map(
        &self,
        at: &InventoryRef,
        name: &str,
        cancel: &CancellationToken,
    ) -> Result<Option<Live>, InventoryError> {
        let id = ObjectId::new("", "ConfigMap", &at.namespace, name);
        self.get(&config_maps(), &id, cancel).await.map_err(|source| read(at, source))
    }

    pub(crate) async fn delete_config_map(
        &self,
        at: &InventoryRef,
        name: &str,
        cancel: &CancellationToken,
    ) -> Result<(), InventoryError> {
        let id = ObjectId::new("", "ConfigMap", &at.namespace, name);
        let call = Call::new(
            Verb::Delete,
            Target::Object(id.clone()),
            Method::DELETE,
            config_maps().path(&id),
            "",
            Vec::new(),
        );
        match self.read::<IgnoredAny>(&call, cancel).await {
            Ok(_) | Err(RequestError::NotFound { .. }) => Ok(()),
            Err(source) => Err(write(at, source)),
        }
    }
}

pub(crate) fn config_maps() -> Resource {
    core("ConfigMap", "configmaps", true)
}

pub(crate) fn namespaces() -> Resource {
    core("Namespace", "namespaces", false)
}

/// A kind of the core group, which every cluster serves: no discovery is needed before its inventory is read.
fn core(kind: &str, plural: &str, namespaced: bool) -> Resource {
    Resource {
        kind: GroupKind { group: String::new(), kind: kind.to_owned() },
        version: "v1".to_owned(),
        plural: plural.to_owned(),
        namespaced,
        verbs: Vec::new(),
    }
}

pub(crate) fn read(at: &InventoryRef, source: RequestError) -> InventoryError {
    InventoryError::Read { namespace: at.namespace.clone(), name: at.name.clone(), source }
}

pub(crate) fn write(at: &InventoryRef, source: RequestError) -> InventoryError {
    InventoryError::Write { namespace: at.namespace.clone(), name: at.name.clone(), source }
}
