use std::fs;
use std::path::Path;
use std::process::Command;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::{Fixture, Workspace};
use lab::api_server::identity;

use crate::configuration::mesh_of;

pub fn state_plan_and_logs_hold_no_credential(fixture: &Fixture) {
    let found = planted_credentials_found(fixture, Build::Normal);
    assert!(found.is_empty(), "{found:?}");
}

/// The search itself is proved by a build that leaks on purpose.
pub fn a_build_that_leaks_is_found_out(fixture: &Fixture) {
    let found = planted_credentials_found(fixture, Build::Leaking);
    for place in ["terraform.tfstate", "tfplan", "trace.log"] {
        assert!(found.iter().any(|it| it.contains(place)), "the leak into {place} was not found: {found:?}");
    }
}

/// Where the planted credentials are found after a whole life of a mesh with TRACE logs: one cluster by token, one by
/// the text of a kubeconfig with a client key.
fn planted_credentials_found(fixture: &Fixture, build: Build) -> Vec<String> {
    let api = fixture.lab.cluster("east").api_server();
    let token = api.token(identity::ADMIN).expect("the token");
    let certificate =
        api.client_certificate("planted", Some("system:masters")).expect("a client certificate");
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{}', insecure-skip-tls-verify: true}}}}]\n\
         users: [{{name: u, user: {{client-certificate-data: {}, client-key-data: {}}}}}]\n",
        api.host(),
        base64(&certificate.certificate),
        base64(&certificate.key),
    );
    let provider = fixture.provider("east", "east", "").replace(
        "token_file             = \"${path.module}/token\"",
        "token = file(\"${path.module}/token\")",
    );
    let raw = "\n  cluster \"raw\" {\n    config_raw = file(\"${path.module}/kubeconfig\")\n  }\n";
    let provider = provider.replacen("provider \"istio\" {\n", &format!("provider \"istio\" {{\n{raw}"), 1);
    let by_token = mesh_of("east", "  delete_crds = true");
    let mut workspace = Workspace::with_build(&format!("{provider}{by_token}"), build);
    fs::write(workspace.path().join("token"), &token).expect("write the token");
    fs::write(workspace.path().join("kubeconfig"), &kubeconfig).expect("write the kubeconfig");
    let log = workspace.path().join("trace.log");
    workspace.set("TF_LOG", "TRACE");
    workspace.set("TF_LOG_PATH", &log.display().to_string());
    assert_eq!(workspace.plan().code, 2);
    workspace.apply_plan().succeeded();
    let by_kubeconfig = mesh_of("raw", "  delete_crds = true");
    workspace.configure(&format!("{provider}{by_kubeconfig}"));
    // What no apply has seen is unknown in the first plan; this one knows all that there is to know.
    assert_eq!(workspace.plan().code, 2);
    workspace.apply_plan().succeeded();
    fs::copy(workspace.path().join("terraform.tfstate"), workspace.path().join("kept.terraform.tfstate"))
        .expect("keep the state");
    workspace.destroy().succeeded();
    let key_line = certificate.key.lines().nth(1).expect("a key").to_owned();
    let encoded_key = base64(&certificate.key);
    found(workspace.path(), &[&token, &base64(&token), &key_line, &encoded_key])
}

/// The files of a working directory in which something planted is found, the last plan among them.
pub fn found(directory: &Path, planted: &[&str]) -> Vec<String> {
    unpack_plan(directory);
    let mut found = Vec::new();
    search(directory, planted, &mut found);
    found
}

/// A plan file is a zip archive.
fn unpack_plan(directory: &Path) {
    let unpacked = directory.join("tfplan-unpacked");
    let status = Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(directory.join("tfplan"))
        .arg(&unpacked)
        .status()
        .expect("run python3");
    assert!(status.success(), "the plan file could not be unpacked");
    assert!(unpacked.join("tfplan").is_file(), "the plan file has no plan");
}

/// Where tests put what providers read.
const PLANTED: [&str; 3] = ["token", "kubeconfig", "chart-password"];

/// Searches every file but those that the test itself has planted.
fn search(directory: &Path, planted: &[&str], found: &mut Vec<String>) {
    for entry in
        fs::read_dir(directory).expect("read a directory").map(|entry| entry.expect("an entry").path())
    {
        if entry.is_dir() {
            search(&entry, planted, found);
        } else if !PLANTED.iter().any(|name| entry.ends_with(name)) {
            let content = String::from_utf8_lossy(&fs::read(&entry).expect("read a file")).into_owned();
            if planted.iter().any(|secret| content.contains(secret)) {
                found.push(entry.display().to_string());
            }
        }
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
