//! What the provider writes down in a cluster of what it makes there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::admin::Admin;

/// The label that says whose an object is.
pub const OWNER: &str = "terraform-provider-istio/owner";
/// How much of the identity is in the label.
const OWNER_LENGTH: usize = 16;
/// The record of what a mesh has made, a ConfigMap in its namespace.
pub const INVENTORY: &str = "terraform-provider-istio-mesh";
/// What other clusters need to join, a ConfigMap in the namespace of each control plane.
pub const JOIN: &str = "terraform-provider-istio-mesh.join";

/// The record of one mesh in one cluster.
pub struct Record {
    path: String,
    config_map: Value,
}

impl Record {
    /// The record in a namespace; `None` if there is none.
    pub fn read(admin: &Admin, namespace: &str) -> Option<Self> {
        Self::read_all(admin, namespace).into_iter().next()
    }

    /// The records of all owners in a namespace.
    pub fn read_all(admin: &Admin, namespace: &str) -> Vec<Self> {
        let list = admin.get(&format!("/api/v1/namespaces/{namespace}/configmaps"));
        let list = list.and_then(|list| list["items"].as_array().cloned()).unwrap_or_default().into_iter();
        let records = list.filter_map(|config_map| {
            let name = config_map["metadata"]["name"].as_str()?;
            let is_record =
                name.starts_with("terraform-provider-istio-") && config_map["data"]["phase"].is_string();
            let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
            is_record.then_some(Self { path, config_map })
        });
        records.collect()
    }

    /// The name of its ConfigMap.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// How far the mesh has come.
    pub fn phase(&self) -> &str {
        self.config_map["data"]["phase"].as_str().unwrap_or_default()
    }

    /// The label that its mesh's objects bear.
    pub fn owner(&self) -> Option<&str> {
        self.config_map["metadata"]["labels"][OWNER].as_str()
    }

    /// Deletes it, as someone who tidies up a namespace.
    pub fn delete(self, admin: &Admin) {
        admin.delete(&self.path);
    }

    /// As a first run leaves it that is killed after its last object, before the record is closed, and whose time is over.
    pub fn reopen(&self, admin: &Admin) {
        let data = json!({
            "phase": "creating",
            "complete": "never",
            "holder": "killed",
            "expires": "2020-01-01T00:00:00Z",
            "setting.origins": null,
            "setting.write_only": null,
        });
        admin.merge(&self.path, "test", &json!({"data": data}));
    }

    /// As if the time were over for which a killed run holds it.
    pub fn expire(&self, admin: &Admin) {
        if self.config_map["data"]["expires"].is_string() {
            admin.merge(&self.path, "test", &json!({"data": {"expires": "2020-01-01T00:00:00Z"}}));
        }
    }
}

/// What the label says of a mesh with this identity.
pub fn owner(identity: &str) -> String {
    identity.chars().take(OWNER_LENGTH).collect()
}

/// The values of the owner label of everything that bears a label of the provider; `-` for what bears another label only.
pub fn owners(admin: &Admin) -> BTreeSet<String> {
    let owner = |object: Value| object["metadata"]["labels"][OWNER].as_str().unwrap_or("-").to_owned();
    admin.owned().into_values().map(owner).collect()
}

/// Whether an entry of `managedFields` is the provider's as an owner. What it has released bears an entry of another name, which only
/// stands there so that an API server goes on noting who changes the object.
pub fn is_ours(entry: &Value) -> bool {
    entry["manager"] == "terraform-provider-istio"
}
