//! What a resource that depends on a mesh records of itself in every primary: clusters that joined, and federations.
//!
//! It is a ConfigMap of the dependent's own, so that whoever changes the mesh sees its dependents without their state: the checks of
//! names and CIDRs, draining, and the steps of a root rotation read these records and nothing else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::federation::FederationRecord;
use super::injector::Injector;

/// The label by which the records are listed. Its value is the kind, see [`MemberKind::label`].
pub const MEMBER_LABEL: &str = "terraform-provider-istio/member";
/// The key of the record in its ConfigMap.
pub const MEMBER_KEY: &str = "member";
/// The format of today's records.
pub const MEMBER_FORMAT: u32 = 1;

/// What kind of dependent a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberKind {
    /// A cluster without a control plane of its own, `istio_remote_cluster`.
    RemoteCluster,
    /// A mesh that uses services of this one, or the other way round: `istio_mesh_federation`.
    Federation,
}

/// One dependent of a mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// [`MEMBER_FORMAT`].
    pub format: u32,
    /// What it is.
    pub kind: MemberKind,
    /// The beginning of its identity, as the owner label of its ConfigMap has it; a record says nothing of that itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The cluster's label, or the federation's name.
    pub name: String,
    /// UID of the cluster; empty for a federation.
    #[serde(default)]
    pub uid: String,
    /// Its network; empty for a federation.
    #[serde(default)]
    pub network: String,
    /// Where its pods have their addresses.
    #[serde(default)]
    pub pod_cidrs: BTreeSet<String>,
    /// Where its services have theirs.
    #[serde(default)]
    pub service_cidrs: BTreeSet<String>,
    /// The primaries that serve it.
    #[serde(default)]
    pub primaries: BTreeSet<String>,
    /// Whose istiod injects its proxies.
    #[serde(default, skip_serializing_if = "Injector::is_default")]
    pub injector: Injector,
    /// Release of Istio's charts in it.
    #[serde(default)]
    pub version: String,
    /// Fingerprint of the root certificates that it last wrote.
    #[serde(default)]
    pub root_bundle: String,
    /// Whether it is on its way out.
    #[serde(default)]
    pub drain: bool,
    /// Whom and what a federation is about; `None` for a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation: Option<FederationRecord>,
}

impl MemberRecord {
    /// A record that has nothing but a name.
    pub fn new(kind: MemberKind, name: &str) -> Self {
        Self {
            format: MEMBER_FORMAT,
            kind,
            id: String::new(),
            name: name.to_owned(),
            uid: String::new(),
            network: String::new(),
            pod_cidrs: BTreeSet::new(),
            service_cidrs: BTreeSet::new(),
            primaries: BTreeSet::new(),
            injector: Injector::default(),
            version: String::new(),
            root_bundle: String::new(),
            drain: false,
            federation: None,
        }
    }

    /// Whether it is that of the resource with this identity.
    pub fn is_of(&self, id: &str) -> bool {
        !self.id.is_empty() && id.starts_with(&self.id)
    }

    /// The record as it stands in its ConfigMap: the same bytes for the same record.
    pub fn to_text(&self) -> String {
        format!("{:#}\n", serde_json::json!(self))
    }
}

impl MemberKind {
    /// The value of [`MEMBER_LABEL`].
    pub fn label(self) -> &'static str {
        match self {
            Self::RemoteCluster => "remote-cluster",
            Self::Federation => "federation",
        }
    }

    /// The resource that it is in Terraform.
    pub fn resource(self) -> &'static str {
        match self {
            Self::RemoteCluster => "istio_remote_cluster",
            Self::Federation => "istio_mesh_federation",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_another_release_is_read_with_what_it_has() {
        let text = r#"{"format": 1, "kind": "remote-cluster", "id": "5", "name": "edge", "later": true}"#;
        let record: MemberRecord = serde_json::from_str(text).unwrap();
        assert_eq!((record.kind, record.name.as_str()), (MemberKind::RemoteCluster, "edge"));
        assert!(record.pod_cidrs.is_empty() && !record.drain);
    }
}
