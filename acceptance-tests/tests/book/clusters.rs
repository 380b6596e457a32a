//! The two clusters of a test.

use acceptance_tests::admin::{Admin, Objects};
use acceptance_tests::book::OWNER;
use acceptance_tests::mesh::{ADDRESS, Mesh, administrators, cluster_block, provider};
use acceptance_tests::{Run, Workspace};
use lab::Lab;
use serde_json::{Value, json};

pub const SYSTEM: &str = "istio-system";
pub const ROOT: &str = "terraform-provider-istio-root";
pub const APPLY: [&str; 4] = ["apply", "-input=false", "-no-color", "-auto-approve"];

/// The clusters and their administrators.
pub struct Clusters<'a> {
    pub lab: &'a Lab,
    pub east: Admin<'a>,
    pub west: Admin<'a>,
}

impl<'a> Clusters<'a> {
    pub fn of(lab: &'a Lab) -> Self {
        Self { lab, east: Admin::of(lab, "east"), west: Admin::of(lab, "west") }
    }

    pub fn admins(&self) -> [&Admin<'a>; 2] {
        [&self.east, &self.west]
    }

    /// A provider block that calls both clusters by their names.
    pub fn provider(&self) -> String {
        administrators(self.lab, &["east", "west"])
    }

    /// A provider block with one cluster, by this label.
    pub fn provider_of(&self, label: &str, cluster: &str, extra: &str) -> String {
        provider(&cluster_block(self.lab, label, cluster, extra))
    }

    /// A workspace with a mesh.
    pub fn workspace(&self, mesh: &Mesh) -> Workspace {
        Workspace::new(&(self.provider() + &mesh.hcl()))
    }

    pub fn configure(&self, workspace: &Workspace, mesh: &Mesh) {
        workspace.configure(&(self.provider() + &mesh.hcl()));
    }

    /// A workspace whose mesh is there.
    pub fn applied(&self, mesh: &Mesh) -> Workspace {
        let workspace = self.workspace(mesh);
        workspace.apply().succeeded();
        workspace
    }

    /// Two workspaces whose meshes are there, made at the same time.
    pub fn both_applied(&self, one: &Mesh, other: &Mesh) -> [Workspace; 2] {
        let workspaces = [self.workspace(one), self.workspace(other)];
        let runs = workspaces.each_ref().map(Workspace::start_apply);
        for run in runs {
            run.finished().succeeded();
        }
        workspaces
    }

    /// All that the provider has made in either cluster, without what servers write at any time.
    pub fn settled(&self) -> [Objects; 2] {
        self.admins().map(Admin::settled)
    }
}

/// The same objects with the same content; names what differs.
#[track_caller]
pub fn assert_same(before: &Objects, after: &Objects, what: &str) {
    let differs = |name: &&String| before.get(*name) != after.get(*name);
    let differing: std::collections::BTreeSet<_> =
        before.keys().chain(after.keys()).filter(differs).collect();
    assert!(differing.is_empty(), "{what}: {differing:#?}");
}

/// The mesh in a workspace's state.
pub fn mesh(workspace: &Workspace) -> Value {
    workspace.resource(ADDRESS)
}

/// The identity in a workspace's state.
pub fn identity(workspace: &Workspace) -> String {
    mesh(workspace)["id"].as_str().expect("a mesh has an identity").to_owned()
}

/// The labels of the clusters that state knows.
pub fn labels(workspace: &Workspace) -> Vec<String> {
    let state = mesh(workspace);
    let uids = state["cluster_uids"].as_object().cloned().unwrap_or_default();
    uids.into_iter().map(|(label, _)| label).collect()
}

pub fn path_of(kind: &str, namespace: &str, name: &str) -> String {
    let group = if kind == "deployments" { "/apis/apps/v1" } else { "/api/v1" };
    format!("{group}/namespaces/{namespace}/{kind}/{name}")
}

/// The data of a Secret.
#[track_caller]
pub fn secret(admin: &Admin, name: &str) -> Value {
    let secret = admin.get(&path_of("secrets", SYSTEM, name));
    secret.unwrap_or_else(|| panic!("{} has no Secret {name}", admin.cluster()))["data"].clone()
}

/// Another tool marks an object of the provider's as its own: the next apply is refused in this cluster, before it writes anything
/// there. Ends when this is dropped; from then on the object is the provider's again, because its inventory has it.
pub struct Stop<'a> {
    admin: &'a Admin<'a>,
}

impl<'a> Stop<'a> {
    pub fn of(admin: &'a Admin<'a>) -> Self {
        let stop = Self { admin };
        stop.label(&json!("another"));
        stop
    }

    fn label(&self, value: &Value) {
        let patch = json!({"metadata": {"labels": {OWNER: value}}});
        self.admin.merge(&path_of("deployments", SYSTEM, "istiod"), "argocd", &patch);
    }
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.label(&Value::Null);
        }
    }
}

/// Applies, and the apply fails without a fault of the provider or of Terraform.
#[track_caller]
pub fn fails(workspace: &Workspace, texts: &[&str]) -> Run {
    let run = workspace.apply().failed_with(texts);
    assert!(!run.output.contains("bug in the provider"), "{}", run.story());
    run
}
