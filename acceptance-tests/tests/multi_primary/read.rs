//! What tests read of a mesh and its Secrets.

use acceptance_tests::Workspace;
use serde_json::Value;

/// The states of the links in the status of a workspace's mesh.
pub fn links(workspace: &Workspace) -> Value {
    workspace.resource("istio_mesh.shop")["status"]["links"].clone()
}

/// Text out of base64.
pub fn decoded(encoded: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
    String::from_utf8(bytes).expect("text")
}

/// Base64 of a text.
pub fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
