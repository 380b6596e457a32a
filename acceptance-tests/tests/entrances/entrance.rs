//! The examples, and what istiod and its entrances say.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use acceptance_tests::{Fixture, Workspace, official};
use lab::probe::Pods;
use serde_json::Value;

/// How long istiod may take to see a change.
const SEEN: Duration = Duration::from_secs(30);
/// Where istiod keeps its debug interface.
const DEBUG_PORT: u16 = 8080;

/// A workspace with an example and its variables.
pub fn example(fixture: &Fixture, name: &str, more: &Value) -> Workspace {
    let workspace = fixture.example(name);
    set_variables(fixture, &workspace, more);
    workspace
}

pub fn set_variables(fixture: &Fixture, workspace: &Workspace, more: &Value) {
    let mut variables = fixture.variables();
    for (name, value) in more.as_object().unwrap() {
        variables[name] = value.clone();
    }
    workspace.set_variables(&variables);
}

/// The mesh configuration that istiod runs with, once it is as expected.
#[track_caller]
pub fn istiod_runs_with(fixture: &Fixture, expected: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let mesh = mesh_config(fixture);
        if expected(&mesh) {
            return mesh;
        }
        assert!(began.elapsed() < SEEN, "{mesh:#}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn mesh_config(fixture: &Fixture) -> Value {
    let text = fixture.lab.runtime().block_on(async {
        let pods = Pods::new(&fixture.lab.cluster("east").client().unwrap(), "istio-system");
        let istiod = pods.running("app=istiod").await.unwrap();
        pods.get(&istiod, DEBUG_PORT, "/debug/mesh").await.unwrap()
    });
    serde_json::from_str(&text).unwrap()
}

/// The names in the certificate that answers at `address` when `name` is asked for.
#[track_caller]
pub fn names_at(address: &str, name: &str) -> String {
    let mut reader = Command::new("openssl");
    reader.args(["x509", "-noout", "-ext", "subjectAltName"]);
    official::output(&mut reader, &handshake(address, name))
}

/// Whether anything answers TLS at `address` when `name` is asked for.
pub fn answers(address: &str, name: &str) -> bool {
    handshake(address, name).contains("BEGIN CERTIFICATE")
}

fn handshake(address: &str, name: &str) -> String {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", address, "-servername", name]).stdin(Stdio::null());
    String::from_utf8_lossy(&client.output().unwrap().stdout).into_owned()
}

/// What `status` says of the cluster.
pub fn status(workspace: &Workspace) -> Value {
    workspace.resource("istio_mesh.shop")["status"]["clusters"]["east"].clone()
}
