//! What tests read of a remote cluster and its Secrets.

use acceptance_tests::Workspace;
use serde_json::{Value, json};

/// The status of the remote cluster at an address.
pub fn status(workspace: &Workspace, address: &str) -> Value {
    workspace.resource(address)["status"].clone()
}

/// The status of a remote cluster that works, with this gateway and these primaries.
#[track_caller]
pub fn assert_ready(workspace: &Workspace, address: &str, gateway: Option<&str>, primaries: &[&str]) {
    let resource = workspace.resource(address);
    let (cluster, status) = (resource["cluster"].as_str().expect("a label"), &resource["status"]);
    assert_eq!((&status["injection"], &status["last_apply"]), (&json!("ready"), &json!("complete")));
    assert_eq!(status["gateway"], json!(gateway), "{status:#}");
    let links = primaries
        .iter()
        .flat_map(|primary| [format!("{primary}->{cluster}"), format!("{cluster}->{primary}")]);
    let links: serde_json::Map<String, Value> = links.map(|link| (link, json!("ready"))).collect();
    assert_eq!(status["links"], Value::Object(links));
}

/// Base64 of a text.
pub fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
