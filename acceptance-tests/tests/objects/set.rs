//! The two clusters of a test, and the objects in them.

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::Workspace;
use acceptance_tests::admin::Admin;
use acceptance_tests::audited::audited_provider;
use acceptance_tests::provider_binary::Build;
use lab::Lab;
use serde_json::Value;

pub const ADDRESS: &str = "istio_test_objects.pair";
pub const NAMESPACE: &str = "objects";
/// What no state, plan or record may show.
pub const SECRET: &str = "sentinel-of-the-secret";

/// The clusters and their administrators.
pub struct Clusters<'a> {
    pub lab: &'a Lab,
    pub east: Admin<'a>,
    pub west: Admin<'a>,
}

/// What the configuration says.
#[derive(Clone)]
pub struct Set {
    pub name: &'static str,
    pub clusters: Vec<&'static str>,
    pub texts: BTreeMap<&'static str, &'static str>,
    pub version: u32,
}

impl Set {
    /// One text in both clusters.
    pub fn pair() -> Self {
        Self { name: "pair", clusters: vec!["east", "west"], texts: [("one", "1")].into(), version: 1 }
    }

    fn hcl(&self) -> String {
        let Self { name, clusters, texts, version } = self;
        let texts: Vec<String> = texts.iter().map(|(name, text)| format!("{name} = {text:?}")).collect();
        let texts = texts.join(", ");
        format!(
            "resource \"istio_test_objects\" \"pair\" {{\n  name = {name:?}\n  namespace = {NAMESPACE:?}\n  clusters = {clusters:?}\n  \
             texts = {{ {texts} }}\n  secret_wo = {SECRET:?}\n  secret_wo_version = {version}\n}}\n"
        )
    }
}

impl<'a> Clusters<'a> {
    pub fn of(lab: &'a Lab) -> Self {
        Self { lab, east: Admin::of(lab, "east"), west: Admin::of(lab, "west") }
    }

    pub fn admins(&self) -> [&Admin<'a>; 2] {
        [&self.east, &self.west]
    }

    /// A workspace with these objects.
    pub fn workspace(&self, set: &Set) -> Workspace {
        Workspace::with_build(&(audited_provider(self.lab) + &set.hcl()), Build::Objects)
    }

    pub fn configure(&self, workspace: &Workspace, set: &Set) {
        workspace.configure(&(audited_provider(self.lab) + &set.hcl()));
    }

    /// A workspace whose objects are there.
    pub fn applied(&self, set: &Set) -> Workspace {
        let workspace = self.workspace(set);
        workspace.apply().succeeded();
        workspace.assert_no_changes();
        workspace
    }
}

pub fn path_of(kind: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/{kind}/{name}")
}

/// The text that a ConfigMap has; null without it.
pub fn text(admin: &Admin, name: &str) -> Value {
    admin.get(&path_of("configmaps", name)).map_or(Value::Null, |object| object["data"]["text"].clone())
}

/// The value that the Secret has; null without it.
pub fn value(admin: &Admin) -> Value {
    admin.get(&path_of("secrets", "secret")).map_or(Value::Null, |object| object["data"]["value"].clone())
}

/// Fails the test if anything of a set is left in a cluster.
#[track_caller]
pub fn assert_nothing_is_left(admin: &Admin) {
    let left: BTreeSet<String> = admin.remains();
    assert!(left.is_empty() && admin.owned().is_empty(), "{}: {left:?}", admin.cluster());
}
