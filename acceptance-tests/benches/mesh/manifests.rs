//! The manifests that the provider applies, for `kubectl` to apply in the same order.
//!
//! They are the objects in the clusters without what servers wrote, which is all that the manifests say and the defaults of the
//! API server. What is new in every mesh, the tokens in remote secrets, is put in on the way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use acceptance_tests::Workspace;
use acceptance_tests::official::output;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::Lab;
use lab::api_server::identity;
use lab::connection::{self, Connection};
use lab::parts::{self, Part};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::create::CLUSTERS;

const NAMESPACE: &str = "istio-system";
const GATEWAY: &str = "istio-eastwestgateway";
const TOKEN: &str = "istio-mesh-reader-token-1";
const LINK: &str = "istio-remote-secret-";

/// One folder with a file a stage for each cluster.
pub struct Manifests {
    directory: TempDir,
}

/// The stages, as the provider has them, with what is waited for at the end of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Definitions,
    Namespace,
    Authority,
    Configuration,
    Tokens,
    Workloads,
    Admission,
    Gateways,
    Exposure,
    Links,
}

impl Stage {
    fn of(object: &Value) -> Self {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        match object["kind"].as_str().unwrap_or_default() {
            "CustomResourceDefinition" => Self::Definitions,
            "Namespace" => Self::Namespace,
            "Gateway" => Self::Exposure,
            _ if name == GATEWAY => Self::Gateways,
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => Self::Admission,
            "Deployment" | "HorizontalPodAutoscaler" | "PodDisruptionBudget" => Self::Workloads,
            "Secret" if name.starts_with(LINK) => Self::Links,
            "Secret" if name == TOKEN => Self::Tokens,
            "Secret" => Self::Authority,
            _ => Self::Configuration,
        }
    }

    fn file(self) -> String {
        format!("{self:?}.json")
    }

    /// What `kubectl` is told to wait for.
    fn waits(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Definitions => &[&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]],
            Self::Tokens => &[&["wait", "--for=jsonpath={.data.token}", "secret/istio-mesh-reader-token-1"]],
            Self::Workloads => &[&["rollout", "status", "deployment/istiod", "--timeout=5m"]],
            Self::Admission => &[&[
                "wait",
                "--for=jsonpath={.webhooks[0].clientConfig.caBundle}",
                "mutatingwebhookconfiguration/istio-sidecar-injector",
                "--timeout=60s",
            ]],
            Self::Gateways => &[
                &["rollout", "status", "deployment/istio-eastwestgateway", "--timeout=5m"],
                &["wait", "--for=jsonpath={.status.loadBalancer.ingress}", "service/istio-eastwestgateway"],
            ],
            Self::Namespace | Self::Authority | Self::Configuration | Self::Exposure | Self::Links => &[],
        }
    }
}

impl Manifests {
    /// What the workspace's mesh has in the clusters.
    pub fn of(lab: &Lab, workspace: &Workspace) -> Self {
        let directory = TempDir::new().expect("make a directory");
        let state = workspace.resource("istio_mesh.shop");
        let names = state["manifests"].as_object().expect("the state has manifests").keys();
        let mut arguments: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in names {
            let parts: Vec<&str> = name.split('/').collect();
            let [cluster, group, kind, _, name] = parts[..] else { panic!("{name} is no object") };
            let kind = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
            arguments.entry(cluster).or_default().push(format!("{kind}/{name}"));
        }
        for (cluster, objects) in arguments {
            let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
            let list =
                kubectl(lab, cluster, directory.path(), &[&["get", "--output=json"], &objects[..]].concat());
            let mut list: Value = serde_json::from_str(&list).expect("kubectl prints JSON");
            let mut stages: BTreeMap<Stage, Vec<Value>> = BTreeMap::new();
            for object in list["items"].as_array_mut().expect("a list") {
                let object = without_what_servers_wrote(object.take());
                stages.entry(Stage::of(&object)).or_default().push(object);
            }
            let folder = directory.path().join(cluster);
            std::fs::create_dir_all(&folder).expect("make a directory");
            for (stage, objects) in stages {
                let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
                std::fs::write(folder.join(stage.file()), list.to_string()).expect("write manifests");
            }
        }
        Self { directory }
    }

    /// The folder of a cluster's manifests.
    pub fn folder(&self, cluster: &str) -> PathBuf {
        self.directory.path().join(cluster)
    }

    /// Applies everything until it is ready, in both clusters at once, as someone with a good script does.
    pub fn apply(&self, lab: &Lab) {
        let home = TempDir::new().expect("make a directory");
        let stages = |cluster: &str, stages: &[Stage]| {
            for stage in stages {
                let file = self.folder(cluster).join(stage.file()).display().to_string();
                kubectl(lab, cluster, home.path(), &["apply", "--server-side", "-f", &file]);
                for wait in stage.waits() {
                    kubectl(lab, cluster, home.path(), wait);
                }
            }
        };
        let before_links = [
            Stage::Definitions,
            Stage::Namespace,
            Stage::Authority,
            Stage::Configuration,
            Stage::Tokens,
            Stage::Workloads,
            Stage::Admission,
            Stage::Gateways,
            Stage::Exposure,
        ];
        each_cluster(|cluster| stages(cluster, &before_links));
        for read in CLUSTERS {
            self.write_link(lab, home.path(), read);
        }
        each_cluster(|cluster| stages(cluster, &[Stage::Links]));
    }

    /// Puts the way to a cluster into the remote secret of the other.
    fn write_link(&self, lab: &Lab, home: &Path, read: &str) {
        let path = "jsonpath={.data.token}";
        let token = kubectl(lab, read, home, &["get", "secret", TOKEN, "--output", path]);
        let token = String::from_utf8(STANDARD.decode(token).expect("base64")).expect("a token is text");
        let admin = lab.cluster(read).api_server().connection(identity::ADMIN).expect("a connection");
        let kubeconfig = connection::kubeconfig(&[Connection { name: read.to_owned(), token, ..admin }]);
        let reader = CLUSTERS.into_iter().find(|cluster| *cluster != read).expect("another cluster");
        let file = self.folder(reader).join(Stage::Links.file());
        let mut list: Value =
            serde_json::from_slice(&std::fs::read(&file).expect("read manifests")).expect("JSON");
        list["items"][0]["data"] = json!({read: STANDARD.encode(kubeconfig.to_string())});
        std::fs::write(&file, list.to_string()).expect("write manifests");
    }
}

fn each_cluster(act: impl Fn(&str) + Sync) {
    thread::scope(|scope| {
        for cluster in CLUSTERS {
            let act = &act;
            scope.spawn(move || act(cluster));
        }
    });
}

/// `kubectl` in a cluster and the mesh's namespace; its cache is in `home`.
pub fn command(lab: &Lab, cluster: &str, home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(parts::find(Part::Kubectl).expect("kubectl"));
    command.arg("--kubeconfig").arg(lab.kubeconfig()).args(["--context", cluster, "-n", NAMESPACE]);
    command.arg("--cache-dir").arg(home.join(cluster).join("cache")).args(arguments);
    command
}

fn kubectl(lab: &Lab, cluster: &str, home: &Path, arguments: &[&str]) -> String {
    output(&mut command(lab, cluster, home, arguments), "")
}

fn without_what_servers_wrote(mut object: Value) -> Value {
    remove(&mut object, &["status"]);
    let written = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"];
    remove(&mut object["metadata"], &written);
    if object["metadata"]["annotations"].is_object() {
        let written = ["deployment.kubernetes.io/revision", "kubernetes.io/service-account.uid"];
        remove(&mut object["metadata"]["annotations"], &written);
    }
    match object["kind"].as_str().unwrap_or_default() {
        "Namespace" => remove(&mut object, &["spec"]),
        "Service" => {
            remove(&mut object["spec"], &["clusterIP", "clusterIPs", "healthCheckNodePort"]);
            for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
                remove(port, &["nodePort"]);
            }
        }
        "Secret" if object["type"] == "kubernetes.io/service-account-token" => remove(&mut object, &["data"]),
        kind @ ("MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => {
            let validates = kind == "ValidatingWebhookConfiguration";
            for webhook in object["webhooks"].as_array_mut().into_iter().flatten() {
                remove(&mut webhook["clientConfig"], &["caBundle"]);
                if validates {
                    // As the chart has it; istiod makes it strict.
                    webhook["failurePolicy"] = json!("Ignore");
                }
            }
        }
        _ => {}
    }
    object
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
}
