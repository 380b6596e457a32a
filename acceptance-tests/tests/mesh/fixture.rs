//! The clusters that the tests share, and the configurations that they apply.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use acceptance_tests::Workspace;
use acceptance_tests::provider_binary::{self, Build};
use lab::Lab;
use lab::api_server::identity;
use lab::parts::{self, Part};
use serde_json::Value;

/// The release of the lab's charts.
pub const VERSION: &str = "1.31.0";

pub struct Fixture {
    pub lab: Lab,
    /// The mesh that stays until the last test, and when it was made.
    pub lasting: std::sync::OnceLock<(Workspace, Instant)>,
}

/// Builds both builds of the provider before anything else.
pub fn build_providers() {
    provider_binary::directory(Build::Normal);
    provider_binary::directory(Build::Leaking);
}

impl Fixture {
    pub fn new(lab: Lab) -> Self {
        Self { lab, lasting: std::sync::OnceLock::new() }
    }

    /// A provider block with one cluster, and `extra` lines in its cluster block. The credential is in the file `token`.
    pub fn provider(&self, label: &str, cluster: &str, extra: &str) -> String {
        let api = self.lab.cluster(cluster).api_server();
        provider_block(label, api.host(), api.ca_pem(), extra)
    }

    /// A workspace that knows `cluster` by the same label, as administrator, and declares `mesh` in it.
    pub fn workspace(&self, cluster: &str, mesh: &str) -> Workspace {
        let workspace = Workspace::new(&format!("{}{mesh}", self.provider(cluster, cluster, "")));
        self.identify(&workspace, cluster, identity::ADMIN);
        workspace
    }

    /// Puts the token of an identity where the provider block looks for it.
    pub fn identify(&self, workspace: &Workspace, cluster: &str, identity: &str) {
        let token = self.lab.cluster(cluster).api_server().token(identity).expect("the identity's token");
        std::fs::write(workspace.path().join("token"), token).expect("write the token");
    }

    /// Runs `kubectl` against a cluster; panics if it fails.
    #[track_caller]
    pub fn kubectl(&self, cluster: &str, arguments: &[&str]) -> String {
        let kubectl = parts::find(Part::Kubectl).expect("kubectl");
        let output = Command::new(kubectl)
            .arg("--kubeconfig")
            .arg(self.lab.kubeconfig())
            .args(["--context", cluster])
            .args(arguments)
            .output()
            .expect("run kubectl");
        assert!(
            output.status.success(),
            "kubectl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("kubectl prints text")
    }

    /// Names of everything in the cluster that looks like a part of a mesh.
    pub fn remains(&self, cluster: &str) -> BTreeSet<String> {
        let kinds = "crd,clusterrole,clusterrolebinding,mutatingwebhookconfiguration,validatingwebhookconfiguration,ns";
        let all = self.kubectl(cluster, &["get", kinds, "-o", "name"]);
        let copies =
            ["get", "configmap", "-A", "--field-selector=metadata.name=istio-ca-root-cert", "-o", "name"];
        let copies = self.kubectl(cluster, &copies);
        let ours = all.lines().chain(copies.lines()).filter(|name| name.contains("istio"));
        ours.map(str::to_owned).collect()
    }

    /// Destroys the workspace's mesh. Its definitions stay for the next one.
    #[track_caller]
    pub fn destroy(&self, workspace: &Workspace, cluster: &str) {
        workspace.destroy().succeeded();
        let remains = self.remains(cluster);
        assert!(
            !remains.is_empty() && remains.iter().all(|name| name.starts_with("customresourcedefinition")),
            "{remains:?}"
        );
    }

    /// Destroys the workspace's mesh with its definitions, so that the next test finds an empty cluster.
    #[track_caller]
    pub fn destroy_with_definitions(&self, workspace: &Workspace, cluster: &str, mesh: &str) {
        let configuration = format!(
            "{}{}",
            self.provider(cluster, cluster, ""),
            mesh.replacen("{\n", "{\n  delete_crds = true\n", 1)
        );
        workspace.configure(&configuration);
        workspace.apply().succeeded();
        workspace.destroy().succeeded();
        assert_eq!(self.remains(cluster), BTreeSet::new());
    }
}

/// Waits until `done` says so; panics after a minute.
#[track_caller]
pub fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A mesh called `shop` in one cluster, with `extra` blocks and attributes.
pub fn mesh_of(cluster: &str, extra: &str) -> String {
    mesh_in("istio-system", cluster, extra)
}

/// The same in another namespace.
pub fn mesh_in(namespace: &str, cluster: &str, extra: &str) -> String {
    format!(
        r#"
resource "istio_mesh" "shop" {{
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "{VERSION}"
  namespace    = "{namespace}"
  chart_source {{
repository = "{charts}"
  }}
  primary "{cluster}" {{
network = "net-{cluster}"
  }}
{extra}
}}
"#,
        charts = charts()
    )
}

/// Path of the lab's charts.
pub fn charts() -> String {
    let charts = parts::charts().unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    charts.directory().display().to_string()
}

/// A provider block with one cluster.
pub fn provider_block(label: &str, host: &str, ca_pem: &str, extra: &str) -> String {
    format!(
        r#"
terraform {{
  required_providers {{
    istio = {{
      source = "terraform-provider-istio/istio"
    }}
  }}
}}
provider "istio" {{
  cluster "{label}" {{
    host                   = "{host}"
    token_file             = "${{path.module}}/token"
    cluster_ca_certificate = <<-PEM
{ca_pem}
PEM
{extra}
  }}
}}
"#
    )
}

/// The changed attributes of the only changed object in a plan: path → (before, after).
pub fn changed_fields(plan: &Value) -> Vec<(String, String, Value, Value)> {
    let change = &plan["resource_changes"][0]["change"];
    let (before, after) = (&change["before"]["manifests"], &change["after"]["manifests"]);
    let objects: BTreeSet<&String> =
        [before, after].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys).collect();
    let mut changed = Vec::new();
    for object in objects {
        let (before, after) = (&before[object], &after[object]);
        let fields: BTreeSet<&String> = [before, after]
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(serde_json::Map::keys)
            .collect();
        for field in fields {
            if before[field] != after[field] {
                changed.push((object.clone(), field.clone(), before[field].clone(), after[field].clone()));
            }
        }
    }
    changed
}
