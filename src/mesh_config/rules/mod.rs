//! What istiod validates after it has read a document (`ValidateMeshConfig` and `ValidateMeshNetworks` of
//! `pkg/config/validation/agent`). Only what a document says can break a rule: istiod's defaults keep all of them.

mod locality;
mod mesh;
mod names;
mod networks;
mod node;
mod proxy;
mod traffic_policy;

use serde_json::Value;

use super::document::Document;
use super::finding::Finding;
use node::Node;

/// The rules that a document breaks which has been read.
pub(super) fn check(document: Document, value: &Value) -> Vec<Finding> {
    let root = Node::root(value);
    let mut broken = Vec::new();
    match document {
        Document::MeshConfig => mesh::check(&root, &mut broken),
        Document::MeshNetworks => networks::check(&root, &mut broken),
        // What is laid over the mesh's for single pods is read, and not validated.
        Document::ProxyConfig => {}
    }
    broken
}
