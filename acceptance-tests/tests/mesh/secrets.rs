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
    for place in [format!("{SENSITIVE}manifests"), format!("{WRITE_ONLY}show -json")] {
        assert!(found.contains(&place), "{place} was not found: {found:?}");
    }
    let is_in_state = |it: &String| it.starts_with(WRITE_ONLY) && it.contains("terraform.tfstate");
    assert!(found.iter().any(is_in_state), "{found:?}");
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
    let by_token = mesh_of("east", VALUES);
    let mut workspace = Workspace::with_build(&format!("{provider}{VARIABLES}{by_token}"), build);
    fs::write(workspace.path().join("token"), &token).expect("write the token");
    fs::write(workspace.path().join("kubeconfig"), &kubeconfig).expect("write the kubeconfig");
    let log = workspace.path().join("trace.log");
    workspace.set("TF_LOG", "TRACE");
    workspace.set("TF_LOG_PATH", &log.display().to_string());
    workspace.set("TF_VAR_kept", KEPT);
    let mut outputs = String::new();
    // An ephemeral value may be another one in each phase. The apply's counts.
    let mut run = |workspace: &mut Workspace, at_plan: &str, at_apply: &str| {
        workspace.set("TF_VAR_license", &license(at_plan));
        let planned = workspace.plan();
        assert_eq!(planned.code, 2, "{}", planned.output);
        workspace.set("TF_VAR_license", &license(at_apply));
        let applied = workspace.apply_plan().succeeded();
        outputs.extend([planned.output, applied.output]);
        istiods_license(fixture)
    };
    assert_eq!(run(&mut workspace, "1", "2"), license("2"));
    let by_kubeconfig = mesh_of("raw", VALUES);
    workspace.configure(&format!("{provider}{VARIABLES}{by_kubeconfig}"));
    // What no apply has seen is unknown in the first plan; this one knows all that there is to know. Its version is the same, so the
    // cluster keeps the value that it has.
    assert_eq!(run(&mut workspace, "3", "4"), license("2"));
    let manifests = workspace.resource("istio_mesh.shop")["manifests"].to_string();
    fs::copy(workspace.path().join("terraform.tfstate"), workspace.path().join("kept.terraform.tfstate"))
        .expect("keep the state");
    let shown = workspace.run(&["show", "-json"]).output;
    workspace.destroy().succeeded();
    let key_line = certificate.key.lines().nth(1).expect("a key").to_owned();
    let encoded_key = base64(&certificate.key);
    let mut places = found(workspace.path(), &[&token, &base64(&token), &key_line, &encoded_key]);
    let write_only = found(workspace.path(), &[LICENSE]);
    places.extend(write_only.into_iter().map(|file| format!("{WRITE_ONLY}{file}")));
    // State has a sensitive value in its own attribute, and nowhere else.
    let trace = fs::read_to_string(&log).expect("read the log");
    for (place, text) in [("manifests", &manifests), ("the output", &outputs), ("the log", &trace)] {
        places.extend(text.contains(KEPT).then(|| format!("{SENSITIVE}{place}")));
    }
    for (place, text) in [("the output", &outputs), ("show -json", &shown)] {
        places.extend(text.contains(LICENSE).then(|| format!("{WRITE_ONLY}{place}")));
    }
    places
}

const KEPT: &str = "planted-in-sensitive-values";
const LICENSE: &str = "planted-in-write-only-values";
const SENSITIVE: &str = "a sensitive value in ";
const WRITE_ONLY: &str = "a write-only value in ";

const VARIABLES: &str = r#"
variable "kept" {
  sensitive = true
}
variable "license" {
  ephemeral = true
}
"#;

/// Secrets in the environment of istiod and in what it reads.
const VALUES: &str = r#"
  delete_crds = true
  chart "istiod" {
    sensitive_values    = yamlencode({ env = { KEPT = var.kept } })
    sensitive_values_wo = yamlencode({ env = { LICENSE = var.license } })
  }
  sensitive_mesh_config_wo = yamlencode({ extensionProviders = [{
    name = "otel"
    opentelemetry = { service = "otel.example", port = 4317, http = {
      path = "/v1", timeout = "1s", headers = [{ name = "x-key", value = var.license }]
    } }
  }] })
"#;

fn license(number: &str) -> String {
    format!("{LICENSE}-{number}")
}

/// The license in the environment of istiod in the cluster.
fn istiods_license(fixture: &Fixture) -> String {
    let path = "jsonpath={.spec.template.spec.containers[0].env[?(@.name==\"LICENSE\")].value}";
    fixture.kubectl("east", &["get", "deployment", "istiod", "-n", "istio-system", "-o", path])
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
