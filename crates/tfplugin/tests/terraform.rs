//! Real clients drive the example provider through its whole life: the newest Terraform, the oldest that is supported,
//! and `OpenTofu`.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::{Client, Workspace, actions, change, text, with_every_client};

with_every_client! {
    a_server_is_created_kept_changed_replaced_and_destroyed,
    removed_attributes_lose_their_value_at_every_level,
    everything_may_be_unknown_in_a_plan,
    an_interrupted_create_keeps_what_was_made,
    drift_is_shown_and_a_lost_server_is_made_again,
    a_secret_reaches_the_apply_but_neither_plan_nor_state_nor_log,
    faults_of_user_and_provider_are_named_with_their_place,
    a_failed_update_keeps_the_state_it_had,
    an_existing_server_is_imported,
    old_state_is_upgraded_and_forgotten_attributes_are_dropped,
    a_configuration_of_six_megabytes_is_planned_and_applied,
    a_provider_in_debug_mode_serves_many_runs,
    an_unknown_provider_block_does_not_hinder_a_plan,
    a_data_source_reads_what_exists_and_names_what_does_not,
    functions_are_called_and_name_the_argument_at_fault,
    an_ephemeral_secret_is_opened_renewed_closed_and_never_saved,
    a_resource_of_another_type_is_moved,
}

const FULL: &str = r#"
resource "keeper_server" "a" {
  name             = "one"
  size             = 20
  load             = 0.1
  tags             = { team = "blue" }
  zones            = ["b", "a"]
  settings         = { nested = [1, "two", { three = 3.5 }] }
  password_wo      = "sentinel-secret"
  password_version = 1
  owner { name = "me" }
  limits { memory = 7 }
  disk "root" {
    size    = 50
    mode    = "rw"
    options = { fast = true }
  }
  disk "data" { options = "text" }
  rule {
    action = "allow"
    from { cidr = "10.0.0.0/8" }
    from { cidr = "10.1.0.0/16" }
  }
  rule { action = "deny" }
  port { number = 80 }
  port {
    number   = 53
    protocol = "udp"
  }
  timeouts { create = "1h30m" }
}
"#;

const BARE: &str = "resource \"keeper_server\" \"a\" {\n  name = \"one\"\n}\n";

fn a_server_is_created_kept_changed_replaced_and_destroyed(client: Client) {
    let workspace = Workspace::new(client, FULL);
    let plan = workspace.plan();
    assert_eq!(actions(&plan, "keeper_server.a"), ["create"]);
    let planned = change(&plan, "keeper_server.a");
    assert_eq!(planned["after_unknown"]["revision"], true);
    assert_eq!(planned["after"]["manifests"]["main.json"]["name"], "one");
    assert_eq!(planned["after"]["disk"]["data"]["size"], 5);
    workspace.apply();
    workspace.assert_no_changes();
    let state = workspace.state("keeper_server.a")["attributes"].clone();
    assert_eq!(state["load"], 0.1);
    assert_eq!(state["disk"]["value"]["root"]["id"], "one-root");
    assert_eq!(state["timeouts"]["create"], "1h30m");

    workspace.configure(&FULL.replace("size             = 20", "size             = 21"));
    let plan = workspace.plan();
    assert_eq!(actions(&plan, "keeper_server.a"), ["update"]);
    let changed = change(&plan, "keeper_server.a");
    assert_eq!(
        (&changed["after"]["address"], &changed["after_unknown"]["revision"]),
        (&json!("one.example"), &json!(true))
    );
    workspace.apply();
    workspace.assert_no_changes();
    assert_eq!(workspace.state("keeper_server.a")["attributes"]["revision"], 2);

    workspace.configure(&FULL.replace("\"one\"", "\"two\""));
    assert_eq!(actions(&workspace.plan(), "keeper_server.a"), ["delete", "create"]);
    workspace.apply();
    assert!(workspace.path("files/two.json").exists() && !workspace.path("files/one.json").exists());
    workspace.assert_no_changes();

    let (status, output) = workspace.run(&["destroy", "-auto-approve", "-no-color"]);
    assert_eq!(status, 0, "{output}");
    assert!(!workspace.path("files/two.json").exists());
}

fn removed_attributes_lose_their_value_at_every_level(client: Client) {
    let workspace = Workspace::new(client, FULL);
    workspace.apply();
    workspace.configure(
        r#"
resource "keeper_server" "a" {
  name = "one"
  owner { name = "me" }
  disk "root" {}
  rule { action = "allow" }
  port { number = 53 }
}
"#,
    );
    let after = change(&workspace.plan(), "keeper_server.a")["after"].clone();
    assert_eq!(after["size"], 10);
    for gone in ["load", "tags", "zones", "settings", "password_version", "timeouts"] {
        assert_eq!(after[gone], json!(null), "{gone}");
    }
    assert_eq!(after["limits"]["memory"], json!(null));
    let disk = &after["disk"]["root"];
    assert_eq!((&disk["size"], &disk["mode"], &disk["id"]), (&json!(5), &json!(null), &json!("one-root")));
    assert_eq!(after["port"], json!([{ "number": 53, "protocol": "tcp" }]));
    workspace.apply();
    workspace.assert_no_changes();
    workspace.configure(BARE);
    workspace.apply();
    workspace.assert_no_changes();
}

/// One server whose every attribute is unknown in a plan, and one whose every block is.
const UNKNOWN: &str = r#"
resource "terraform_data" "later" {
  input = {
    text = "one", number = 7, tags = { team = "blue" }, zones = ["z"], list = ["x", "y"], mode = "rw"
  }
}

locals {
  later = terraform_data.later.output
}

resource "keeper_server" "a" {
  name             = local.later.text
  size             = local.later.number
  load             = local.later.number
  tags             = local.later.tags
  zones            = local.later.zones
  settings         = local.later
  password_wo      = local.later.text
  password_version = local.later.number
  owner { name = local.later.text }
  limits { memory = local.later.number }
  disk "root" {
    size    = local.later.number
    mode    = local.later.mode
    options = local.later
  }
  rule {
    action = local.later.text
    from { cidr = local.later.text }
  }
  port { number = local.later.number }
  timeouts { create = "${local.later.number}m" }
}

resource "keeper_server" "dynamic" {
  name = "dynamic"
  dynamic "owner" {
    for_each = toset(local.later.zones)
    content { name = owner.value }
  }
  dynamic "limits" {
    for_each = toset(local.later.zones)
    content { memory = 1 }
  }
  dynamic "disk" {
    for_each = toset(local.later.zones)
    labels   = ["only"] # Terraform wants labels to be known
    content { mode = local.later.mode }
  }
  dynamic "rule" {
    for_each = local.later.list
    content {
      action = rule.value
      dynamic "from" {
        for_each = local.later.list
        content { cidr = from.value }
      }
    }
  }
  dynamic "port" {
    for_each = local.later.list
    content { number = port.key + 1 }
  }
  dynamic "timeouts" {
    for_each = toset(local.later.zones)
    content { create = "5m" }
  }
}
"#;

fn everything_may_be_unknown_in_a_plan(client: Client) {
    let workspace = Workspace::new(client, UNKNOWN);
    let plan = workspace.plan();
    let unknown = change(&plan, "keeper_server.a")["after_unknown"].clone();
    for attribute in ["name", "size", "load", "tags", "zones", "settings", "address", "revision"] {
        assert_eq!(unknown[attribute], true, "{attribute}");
    }
    assert_eq!(unknown["manifests"]["main.json"]["name"], true);
    let unknown = change(&plan, "keeper_server.dynamic")["after_unknown"].clone();
    for block in ["disk", "rule", "port"] {
        assert_eq!(unknown[block], true, "{block}");
    }
    // Terraform takes a SINGLE block under an unknown `dynamic` for one that will be there.
    assert_eq!(unknown["owner"], json!({ "name": true }));
    workspace.apply();
    workspace.assert_no_changes();
    let state = workspace.state("keeper_server.dynamic")["attributes"].clone();
    assert_eq!(state["rule"][1]["from"][0]["cidr"], "x");
    assert_eq!(state["disk"]["value"]["only"]["id"], "dynamic-only");
}

fn an_interrupted_create_keeps_what_was_made(client: Client) {
    let slow = BARE.replace('}', "  behaviour = \"slow\"\n}");
    let workspace = Workspace::new(client, &slow);
    let started = Instant::now();
    let terraform = workspace.spawn(&["apply", "-auto-approve", "-no-color"]);
    while !workspace.path("files/one.json").exists() {
        assert!(started.elapsed() < Duration::from_secs(30), "the create has not begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupted = Instant::now();
    // As a terminal does: Terraform and its provider both get the signal.
    let group = std::process::Command::new("pkill")
        .args(["-INT", "-P", &terraform.id().to_string()])
        .status()
        .unwrap();
    assert!(group.success(), "the provider runs as a child of Terraform");
    let kill =
        std::process::Command::new("kill").args(["-INT", &terraform.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = terraform.wait_with_output().unwrap();
    assert!(interrupted.elapsed() < Duration::from_secs(10), "{}", text(&output));
    assert!(text(&output).contains("Interrupted"), "{}", text(&output));
    let instance = workspace.state("keeper_server.a");
    assert_eq!(instance["status"], "tainted");
    assert_eq!(
        (&instance["attributes"]["name"], &instance["attributes"]["address"]),
        (&json!("one"), &json!(null))
    );
    let (status, output) = workspace.run(&["destroy", "-auto-approve", "-no-color"]);
    assert_eq!(status, 0, "{output}");
    assert!(!workspace.path("files/one.json").exists());
}

fn drift_is_shown_and_a_lost_server_is_made_again(client: Client) {
    let workspace = Workspace::new(client, FULL);
    workspace.apply();
    let file = workspace.path("files/one.json");
    let edited = std::fs::read_to_string(&file).unwrap().replace("\"size\":20", "\"size\":30");
    std::fs::write(&file, edited).unwrap();
    let changed = change(&workspace.plan(), "keeper_server.a");
    assert_eq!((&changed["before"]["size"], &changed["after"]["size"]), (&json!(30), &json!(20)));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(actions(&workspace.plan(), "keeper_server.a"), ["create"]);
}

fn a_secret_reaches_the_apply_but_neither_plan_nor_state_nor_log(client: Client) {
    let workspace = Workspace::new(client, FULL);
    let mut apply = workspace.command(&["apply", "-auto-approve", "-no-color"]);
    let output = apply.env("TF_LOG", "TRACE").output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert!(std::fs::read_to_string(workspace.path("files/one.json")).unwrap().contains("sentinel-secret"));
    assert!(
        !std::fs::read_to_string(workspace.path("terraform.tfstate")).unwrap().contains("sentinel-secret")
    );
    let log = text(&output);
    assert!(log.contains("provider.keeper") && log.contains("configured"), "the provider's log is there");
    assert!(!log.contains("sentinel-secret"));
    workspace.plan();
    assert!(
        !std::fs::read(workspace.path("plan"))
            .unwrap()
            .windows(15)
            .any(|window| window == b"sentinel-secret")
    );
}

fn faults_of_user_and_provider_are_named_with_their_place(client: Client) {
    let with = |line: &str| BARE.replace('}', &format!("  {line}\n}}"));
    let workspace = Workspace::new(client, &with("size = 2000"));
    let message = workspace.apply_fails();
    assert!(message.contains("The attribute size must be between 1 and 1000"), "{message}");
    assert!(message.contains("main.tf line"), "{message}");

    workspace.configure(&with("disk \"d\" {\n mode = \"x\"\n }"));
    let message = workspace.apply_fails();
    assert!(message.contains(r#"disk["d"].mode must be one of "ro", "rw""#), "{message}");

    workspace.configure(&with("timeouts {\n create = \"20\"\n }"));
    assert!(workspace.apply_fails().contains("timeouts.create must be a positive duration"));

    workspace.configure(&with("load = 1.00000000000000000001"));
    let message = workspace.apply_fails();
    assert!(message.contains("A number that a 64-bit float can hold is needed"), "{message}");

    workspace.configure(&with("behaviour = \"lie\""));
    let message = workspace.apply_fails();
    assert!(message.contains("At size: has another value than planned"), "{message}");
    let (status, _) = workspace.run(&["destroy", "-auto-approve", "-no-color"]);
    assert_eq!(status, 0);

    workspace.configure(&with("behaviour = \"panic\""));
    let message = workspace.apply_fails();
    assert!(message.contains("asked to crash at") && message.contains("server.rs:"), "{message}");
    assert!(!message.contains("backtrace"), "{message}");
}

fn a_failed_update_keeps_the_state_it_had(client: Client) {
    let workspace = Workspace::new(client, FULL);
    workspace.apply();
    let before = workspace.state("keeper_server.a");
    workspace.configure(&FULL.replace("load             = 0.1", "behaviour = \"fail update\""));
    assert!(workspace.apply_fails().contains("Update failed"));
    assert_eq!(workspace.state("keeper_server.a"), before);
}

fn an_existing_server_is_imported(client: Client) {
    let workspace =
        Workspace::new(client, "resource \"keeper_server\" \"a\" {\n  name = \"one\"\n  size = 12\n}\n");
    let file = r#"{"size":12,"revision":3,"address":"one.example","password":null}"#;
    std::fs::write(workspace.path("files/one.json"), file).unwrap();
    let (status, output) = workspace.run(&["import", "-no-color", "keeper_server.a", "one"]);
    assert_eq!(status, 0, "{output}");
    workspace.assert_no_changes();
    assert_eq!(workspace.state("keeper_server.a")["attributes"]["revision"], 3);
}

fn old_state_is_upgraded_and_forgotten_attributes_are_dropped(client: Client) {
    let workspace = Workspace::new(client, BARE);
    workspace.apply();
    let file = workspace.path("terraform.tfstate");
    let mut state: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let instance = &mut state["resources"][0]["instances"][0];
    let name = instance["attributes"]["name"].take();
    instance["attributes"]["title"] = name;
    instance["attributes"].as_object_mut().unwrap().remove("name");
    instance["attributes"]["gone"] = json!({ "x": 1 });
    instance["attributes"].as_object_mut().unwrap().remove("rule");
    instance["schema_version"] = json!(0);
    std::fs::write(&file, state.to_string()).unwrap();
    workspace.assert_no_changes();
}

fn a_configuration_of_six_megabytes_is_planned_and_applied(client: Client) {
    let big = "x".repeat(6 << 20);
    let workspace =
        Workspace::new(client, &BARE.replace('}', &format!("  tags = {{ big = \"{big}\" }}\n}}")));
    workspace.apply();
    workspace.assert_no_changes();
}

fn a_provider_in_debug_mode_serves_many_runs(client: Client) {
    use std::io::BufRead;
    let workspace = Workspace::new(client, FULL);
    let mut provider = std::process::Command::new(support::keeper())
        .arg("--debug")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(provider.stdout.take().unwrap()).lines();
    let reattach = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            Some(line.trim().strip_prefix("TF_REATTACH_PROVIDERS='")?.strip_suffix('\'')?.to_owned())
        })
        .unwrap();
    // An address without a host means another registry there.
    let reattach = match client {
        Client::OpenTofu => reattach.replace("registry.terraform.io", "registry.opentofu.org"),
        Client::NewestTerraform | Client::OldestTerraform => reattach,
    };
    std::fs::write(workspace.path("cli.tfrc"), "").unwrap();
    for arguments in [
        &["init"][..],
        &["apply", "-auto-approve"],
        &["plan", "-detailed-exitcode"],
        &["destroy", "-auto-approve"],
    ] {
        let output = workspace.command(arguments).env("TF_REATTACH_PROVIDERS", &reattach).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    }
    assert!(provider.try_wait().unwrap().is_none(), "the provider still waits");
    let interrupt =
        std::process::Command::new("kill").args(["-INT", &provider.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert!(provider.wait().unwrap().success());
}

fn an_unknown_provider_block_does_not_hinder_a_plan(client: Client) {
    let workspace = Workspace::new(client, "");
    workspace.configure_all(&format!(
        "terraform {{\n required_providers {{\n keeper = {{ source = \"example/keeper\" }}\n }}\n}}\n\
         resource \"terraform_data\" \"d\" {{ input = \"$DIR\" }}\n\
         provider \"keeper\" {{ directory = terraform_data.d.output }}\n{BARE}"
    ));
    assert_eq!(actions(&workspace.plan(), "keeper_server.a"), ["create"]);
    workspace.apply();
    workspace.assert_no_changes();
}

fn a_data_source_reads_what_exists_and_names_what_does_not(client: Client) {
    let data = "data \"keeper_server\" \"b\" {\n  name = keeper_server.a.name\n}\n\
                output \"address\" {\n  value = \"${data.keeper_server.b.kind} ${data.keeper_server.b.address}\"\n}\n";
    let workspace = Workspace::new(client, &format!("{BARE}{data}"));
    let output = workspace.apply();
    assert!(output.contains("server one.example"), "{output}");
    workspace.assert_no_changes();
    workspace.configure(&format!("{BARE}{}", data.replace("keeper_server.a.name", "\"none\"")));
    let message = workspace.apply_fails();
    assert!(message.contains("There is no server \"none\"") && message.contains("main.tf line"), "{message}");
}

fn functions_are_called_and_name_the_argument_at_fault(client: Client) {
    let call = |call: &str| format!("output \"o\" {{\n  value = provider::keeper::{call}\n}}\n");
    let workspace = Workspace::new(client, &call("label(\"-\", \"a\", \"b\", \"c\")"));
    assert!(workspace.apply().contains("o = \"a-b-c\""));
    workspace.configure(&call("label(\"--\", \"a\")"));
    let message = workspace.apply_fails();
    assert!(
        message.contains("Invalid value for \"separator\" parameter: the separator must be one character"),
        "{message}"
    );
    workspace.configure(&call("crash()"));
    let message = workspace.apply_fails();
    assert!(message.contains("asked to crash at") && message.contains("functions.rs:"), "{message}");
}

fn an_ephemeral_secret_is_opened_renewed_closed_and_never_saved(client: Client) {
    let workspace = Workspace::new(
        client,
        "ephemeral \"keeper_ticket\" \"t\" {\n  holder = \"me\"\n}\n\n\
         resource \"keeper_server\" \"a\" {\n  name        = \"one\"\n  password_wo = ephemeral.keeper_ticket.t.secret\n  \
         password_version = 1\n  behaviour = \"patient\"\n}\n",
    );
    workspace.apply();
    let file = std::fs::read_to_string(workspace.path("files/one.json")).unwrap();
    assert!(file.contains("ticket-of-me"), "{file}");
    let lines = std::fs::read_to_string(workspace.path("files/ticket")).unwrap();
    assert!(
        lines.contains("open\n") && lines.contains("renewed\n") && lines.ends_with("closed\n"),
        "{lines}"
    );
    assert!(!std::fs::read_to_string(workspace.path("terraform.tfstate")).unwrap().contains("ticket-of-me"));
}

fn a_resource_of_another_type_is_moved(client: Client) {
    let workspace = Workspace::new(client, "resource \"terraform_data\" \"old\" {\n  input = \"one\"\n}\n");
    workspace.apply();
    let file = r#"{"size":10,"revision":3,"address":"one.example","password":null}"#;
    std::fs::write(workspace.path("files/one.json"), file).unwrap();
    let moved = "moved {\n  from = terraform_data.old\n  to   = keeper_server.a\n}\n";
    workspace.configure(&format!("{BARE}{moved}"));
    let output = workspace.apply();
    assert!(output.contains("0 added, 0 changed, 0 destroyed"), "{output}");
    assert_eq!(workspace.state("keeper_server.a")["attributes"]["revision"], 3);
    workspace.assert_no_changes();
}
