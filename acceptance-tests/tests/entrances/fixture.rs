//! The cluster, the examples, and what istiod says.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use acceptance_tests::{Workspace, official};
use lab::Lab;
use lab::parts::{self, Part};
use lab::probe::Pods;
use serde_json::{Value, json};

/// How long istiod may take to see a change.
const SEEN: Duration = Duration::from_secs(30);
/// Where istiod keeps its debug interface.
const DEBUG_PORT: u16 = 8080;

pub struct Fixture {
    lab: Lab,
}

impl Fixture {
    pub fn new(lab: Lab) -> Self {
        Self { lab }
    }

    /// A workspace with an example and its variables.
    pub fn example(&self, name: &str, more: &Value) -> Workspace {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
        let workspace = Workspace::new(&std::fs::read_to_string(folder.join("main.tf")).unwrap());
        self.set_variables(&workspace, more);
        workspace
    }

    pub fn set_variables(&self, workspace: &Workspace, more: &Value) {
        let mut variables =
            json!({"kubeconfig": self.lab.kubeconfig(), "charts": parts::charts().unwrap().directory()});
        for (name, value) in more.as_object().unwrap() {
            variables[name] = value.clone();
        }
        workspace.set_variables(&variables);
    }

    /// Runs `kubectl` with `input`; panics if it fails.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        let mut kubectl = Command::new(parts::find(Part::Kubectl).unwrap());
        kubectl.arg("--kubeconfig").arg(self.lab.kubeconfig()).args(["--context", "east"]).args(arguments);
        official::output(&mut kubectl, input)
    }

    /// The mesh configuration that istiod runs with, once it is as expected.
    #[track_caller]
    pub fn istiod_runs_with(&self, expected: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let mesh = self.mesh_config();
            if expected(&mesh) {
                return mesh;
            }
            assert!(began.elapsed() < SEEN, "{mesh:#}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn mesh_config(&self) -> Value {
        let text = self.lab.runtime().block_on(async {
            let pods = Pods::new(&self.lab.cluster("east").client().unwrap(), "istio-system");
            let istiod = pods.running("app=istiod").await.unwrap();
            pods.get(&istiod, DEBUG_PORT, "/debug/mesh").await.unwrap()
        });
        serde_json::from_str(&text).unwrap()
    }

    /// The names in the certificate that answers at `address` when `name` is asked for.
    #[track_caller]
    pub fn names_at(address: &str, name: &str) -> String {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", address, "-servername", name]).stdin(Stdio::null());
        let answer = client.output().unwrap();
        let mut reader = Command::new("openssl");
        reader.args(["x509", "-noout", "-ext", "subjectAltName"]);
        official::output(&mut reader, &String::from_utf8_lossy(&answer.stdout))
    }

    /// Whether anything answers TLS at `address` when `name` is asked for.
    pub fn answers(address: &str, name: &str) -> bool {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", address, "-servername", name]).stdin(Stdio::null());
        String::from_utf8_lossy(&client.output().unwrap().stdout).contains("BEGIN CERTIFICATE")
    }

    /// What of a mesh is left in the cluster.
    pub fn remains(&self) -> Vec<String> {
        let kinds =
            "ns,clusterrole,clusterrolebinding,mutatingwebhookconfiguration,validatingwebhookconfiguration";
        let all = self.kubectl(&["get", kinds, "-o", "name"], "");
        all.lines().filter(|name| name.contains("istio")).map(str::to_owned).collect()
    }
}

/// What `status` says of the cluster.
pub fn status(workspace: &Workspace) -> Value {
    workspace.resource("istio_mesh.shop")["status"]["clusters"]["east"].clone()
}
