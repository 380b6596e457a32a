//! The provider's functions, called by the real `terraform`. They need no cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;

use acceptance_tests::terraform::Workspace;
use serde_json::{Value, json};

/// A document as a federation of another mesh writes it.
const DOCUMENT: &str = include_str!("../../../tests/documents/format-1/document-full.json");

const PROVIDER: &str = r#"
terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}
"#;

/// A configuration with these outputs, in whose directory `bank.json` has this text.
fn workspace(outputs: &str, document: &str) -> Workspace {
    let workspace = Workspace::new(&format!("{PROVIDER}{outputs}"));
    fs::write(workspace.path().join("bank.json"), document).unwrap();
    workspace
}

fn output(workspace: &Workspace, name: &str) -> Value {
    workspace.shown_state()["values"]["outputs"][name]["value"].clone()
}

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

#[test]
fn a_document_is_the_same_after_it_was_handed_over_as_text() {
    let workspace = workspace(
        r#"
locals {
  text = provider::istio::peer_document_encode(jsondecode(file("bank.json")))
  read = provider::istio::peer_document_decode(local.text)
}
output "text" {
  value = local.text
}
output "read" {
  value = local.read
}
output "again" {
  value = provider::istio::peer_document_encode(local.read) == local.text
}
output "absent" {
  value = provider::istio::peer_document_decode(null) == null
}
"#,
        DOCUMENT,
    );
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    let text = output(&workspace, "text");
    assert_eq!(serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap(), document());
    assert_eq!(output(&workspace, "read"), document());
    assert_eq!((output(&workspace, "again"), output(&workspace, "absent")), (json!(true), json!(true)));
}

#[test]
fn the_peer_of_a_mesh_is_a_document_without_exports() {
    let mut peer = document();
    for member in ["exports", "serial"] {
        peer.as_object_mut().unwrap().remove(member).unwrap();
    }
    let outputs =
        "output \"read\" {\n  value = provider::istio::peer_document_decode(file(\"bank.json\"))\n}\n";
    let workspace = workspace(outputs, &peer.to_string());
    workspace.apply().succeeded();
    // Terraform's state has a null for each member that is missing.
    peer["exports"] = Value::Null;
    peer["serial"] = Value::Null;
    assert_eq!(output(&workspace, "read"), peer);
}

#[test]
fn what_is_known_after_apply_makes_the_result_so() {
    let workspace = workspace(
        r#"
resource "terraform_data" "later" {
  input = {
    text   = file("bank.json")
    serial = 8
  }
}
output "domain" {
  value = provider::istio::peer_document_decode(terraform_data.later.output.text).trust_domain
}
output "text" {
  value = provider::istio::peer_document_encode(merge(jsondecode(file("bank.json")), { serial = terraform_data.later.output.serial }))
}
"#,
        DOCUMENT,
    );
    assert_eq!(workspace.plan().code, 2);
    let planned = &workspace.shown_plan()["output_changes"];
    for name in ["domain", "text"] {
        assert_eq!(planned[name]["after_unknown"], json!(true), "{planned}");
    }
    workspace.apply_plan().succeeded();
    assert_eq!(output(&workspace, "domain"), json!("shop.example"));
    assert!(output(&workspace, "text").as_str().unwrap().contains("\"serial\":8"));
    workspace.assert_no_changes();
}

#[test]
fn what_cannot_be_used_is_an_error_with_its_argument_member_cause_and_fix() {
    let outputs =
        "output \"read\" {\n  value = provider::istio::peer_document_decode(file(\"bank.json\"))\n}\n";
    let workspace = workspace(outputs, DOCUMENT);
    assert_eq!(workspace.plan().code, 2);
    let fails_with = |document: &str, texts: &[&str]| {
        fs::write(workspace.path().join("bank.json"), document).unwrap();
        workspace.plan().failed_with(texts);
    };
    let parameter = "Invalid value for \"json\" parameter: the peer document has an invalid member";
    let default = DOCUMENT.replace("shop.example\"", "cluster.local\"");
    fails_with(
        &default,
        &[
            parameter,
            "trust_domain: \"cluster.local\" is Istio's default",
            "Give the other mesh its own trust_domain",
        ],
    );
    let local = DOCUMENT.replace("203.0.113.9", "127.0.0.1");
    fails_with(
        &local,
        &[
            parameter,
            "federation_gateways[\"east\"].addresses[0]: 127.0.0.1 always refers to the local machine",
        ],
    );
    let twice = DOCUMENT.replace("\"serial\": 7", "\"serial\": 7, \"serial\": 8");
    fails_with(&twice, &["the text of the peer document is not valid JSON: serial is given twice at line"]);
    fails_with(
        &DOCUMENT.replace("\"format\": 1", "\"format\": 2"),
        &["has format 2", "Use the release of the provider"],
    );

    workspace.configure(&format!(
        "{PROVIDER}output \"text\" {{\n  value = provider::istio::peer_document_encode({{ format = 1 }})\n}}\n"
    ));
    workspace.plan().failed_with(&["Invalid value for \"document\" parameter: the peer document has an invalid member trust_domain: it is missing"]);
}
