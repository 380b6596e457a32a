//! What only a new Terraform (1.14 and later) asks of a provider: identity, lists, actions, generated configuration.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::{Client, Workspace, text};

const BARE: &str = "resource \"keeper_server\" \"a\" {\n  name = \"one\"\n}\n";

/// A server's file, as if somebody else had made it.
fn existing(workspace: &Workspace, name: &str) {
    let file = format!(r#"{{"size":12,"revision":3,"address":"{name}.example","password":null}}"#);
    std::fs::write(workspace.path(&format!("files/{name}.json")), file).unwrap();
}

#[test]
fn the_identity_is_kept_beside_the_state_and_upgraded() {
    let workspace = Workspace::new(Client::NewestTerraform, BARE);
    workspace.apply();
    let instance = workspace.state("keeper_server.a");
    assert_eq!(
        (&instance["identity"], &instance["identity_schema_version"]),
        (&json!({ "name": "one" }), &json!(1))
    );
    let file = workspace.path("terraform.tfstate");
    let mut state: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let instance = &mut state["resources"][0]["instances"][0];
    instance["identity"] = json!({ "title": "one" });
    instance["identity_schema_version"] = json!(0);
    std::fs::write(&file, state.to_string()).unwrap();
    workspace.assert_no_changes();
    workspace.configure(&BARE.replace("\"one\"", "\"two\""));
    workspace.apply();
    assert_eq!(workspace.state("keeper_server.a")["identity"], json!({ "name": "two" }));
    workspace.assert_no_changes();
}

#[test]
fn a_server_is_imported_by_its_identity_and_its_configuration_generated() {
    let workspace = Workspace::new(
        Client::NewestTerraform,
        "import {\n  to = keeper_server.a\n  identity = {\n    name = \"one\"\n  }\n}\n",
    );
    existing(&workspace, "one");
    let (status, output) =
        workspace.run(&["plan", "-no-color", "-input=false", "-generate-config-out=generated.tf"]);
    assert_eq!(status, 0, "{output}");
    let generated = std::fs::read_to_string(workspace.path("generated.tf")).unwrap();
    assert!(generated.contains("name") && generated.contains("\"one\""), "{generated}");
    let line = |name: &str| generated.lines().find(|line| line.trim_start().starts_with(name));
    assert!(line("size").unwrap().ends_with("12"), "{generated}");
    assert_eq!((line("address"), line("revision")), (None, None), "{generated}");
    let output = workspace.apply();
    assert!(output.contains("1 imported, 0 added, 0 changed, 0 destroyed"), "{output}");
    workspace.assert_no_changes();
}

#[test]
fn servers_that_exist_are_found_by_a_query() {
    let workspace = Workspace::new(Client::NewestTerraform, "");
    for name in ["a1", "a2", "b1"] {
        existing(&workspace, name);
    }
    let query = |list: &str| std::fs::write(workspace.path("find.tfquery.hcl"), list).unwrap();
    query("list \"keeper_server\" \"some\" {\n  provider = keeper\n  config {\n    prefix = \"a\"\n  }\n}\n");
    let (status, output) = workspace.run(&["query", "-no-color", "-generate-config-out=found.tf"]);
    assert_eq!(status, 0, "{output}");
    for name in ["a1", "a2"] {
        assert!(output.contains(&format!("name={name}")), "{output}");
    }
    assert!(!output.contains("b1"), "{output}");
    let found = std::fs::read_to_string(workspace.path("found.tf")).unwrap();
    assert_eq!(found.matches("import {").count(), 2, "{found}");
    query(
        "list \"keeper_server\" \"some\" {\n  provider = keeper\n  config {\n    prefix = \"a/b\"\n  }\n}\n",
    );
    let (status, output) = workspace.run(&["query", "-no-color"]);
    assert!(status == 1 && output.contains("A name has no slash."), "{output}");
    std::fs::remove_file(workspace.path("find.tfquery.hcl")).unwrap();
    // What was found and generated can be taken over as it is.
    let output = workspace.apply();
    assert!(output.contains("2 imported, 0 added, 0 changed, 0 destroyed"), "{output}");
    workspace.assert_no_changes();
}

const RING: &str = r#"
action "keeper_ring" "bell" {
  config {
    server = "one"
    times  = 3
  }
}

resource "keeper_server" "a" {
  name = "one"
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.keeper_ring.bell]
    }
  }
}
"#;

#[test]
fn an_action_runs_when_it_is_triggered_and_when_it_is_asked_for() {
    let workspace = Workspace::new(Client::NewestTerraform, RING);
    let output = workspace.apply();
    for report in ["ring 1 of 3 at one", "ring 3 of 3 at one"] {
        assert!(output.contains(report), "{output}");
    }
    workspace.assert_no_changes();
    let bell = || std::fs::read_to_string(workspace.path("files/bell")).unwrap();
    assert_eq!(bell(), "one 1\none 2\none 3\n");
    let invoke = ["apply", "-auto-approve", "-no-color", "-invoke=action.keeper_ring.bell"];
    let (status, output) = workspace.run(&invoke);
    assert!(status == 0 && output.contains("ring 3 of 3 at one"), "{output}");
    assert_eq!(bell().lines().count(), 6);

    let with =
        |behaviour: &str| RING.replace("times  = 3", &format!("times = 3\n behaviour = \"{behaviour}\""));
    workspace.configure(&with("panic"));
    let (status, output) = workspace.run(&invoke);
    assert!(status == 1 && output.contains("asked to crash") && output.contains("ring.rs:"), "{output}");
    workspace.configure(&with("refuse"));
    let (status, output) = workspace.run(&invoke);
    assert!(status == 1 && output.contains("Not today"), "{output}");
}

#[test]
fn an_interrupted_action_stops_and_says_how_far_it_came() {
    let slow = RING.replace("times  = 3", "times = 60\n behaviour = \"slow\"");
    let workspace = Workspace::new(Client::NewestTerraform, &slow);
    let started = Instant::now();
    let terraform =
        workspace.spawn(&["apply", "-auto-approve", "-no-color", "-invoke=action.keeper_ring.bell"]);
    while !workspace.path("files/bell").exists() {
        assert!(started.elapsed() < Duration::from_mins(1), "the action has not begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupted = Instant::now();
    let kill =
        std::process::Command::new("kill").args(["-INT", &terraform.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = terraform.wait_with_output().unwrap();
    assert!(interrupted.elapsed() < Duration::from_secs(10), "{}", text(&output));
    assert!(
        text(&output).contains("Interrupted") && text(&output).contains("of 60 times"),
        "{}",
        text(&output)
    );
}
