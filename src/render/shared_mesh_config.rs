//! The mesh configuration that istiod reads beside ConfigMap `istio`, see [`SharedMeshConfig`].
//!
//! Here is what the mesh owns of it: that it exists, and a record of its own. What is in it is composed from all records where
//! they are, right before istiod starts, so it is in no manifest.

use serde_json::{Value, json};

use crate::desired::ManifestSet;
use crate::desired::object::{self, managed};
use crate::mesh::{MeshIdentity, SharedMeshConfig};

/// The ConfigMap without its content, and the mesh's record. `set` has what the charts render.
pub(super) fn objects(identity: &MeshIdentity, set: &ManifestSet) -> [Value; 2] {
    let record = SharedMeshConfig {
        trust_domain: Some(identity.trust_domain().to_string()),
        root_namespace: Some(root_namespace(set).unwrap_or_else(|| identity.namespace().to_string())),
        ca_certificates: identity.ca_certificates().to_vec(),
    };
    let config_map = |name: &str| {
        managed(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": identity.namespace()},
        }))
    };
    let mut of_mesh = config_map(SharedMeshConfig::RECORD_OF_MESH);
    of_mesh["metadata"]["labels"][SharedMeshConfig::RECORD_LABEL] = json!(SharedMeshConfig::CONFIG_MAP);
    of_mesh["data"] = json!({SharedMeshConfig::KEY: record.to_text()});
    [config_map(SharedMeshConfig::CONFIG_MAP), of_mesh]
}

/// The root namespace in ConfigMap `istio`, which a user may have set: both documents say the same.
fn root_namespace(set: &ManifestSet) -> Option<String> {
    let is_standard = |it: &&Value| object::kind(it) == "ConfigMap" && object::name(it) == "istio";
    let mut objects = set.manifests().iter().map(|manifest| manifest.object.as_ref());
    let text = objects.find(is_standard)?.pointer("/data/mesh")?.as_str()?;
    let document = helm_template::yaml::parse(text).ok()?;
    document["rootNamespace"].as_str().map(str::to_owned)
}
