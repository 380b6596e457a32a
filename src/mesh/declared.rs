use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::authority::GivenAuthority;
use super::images::Images;
use super::member::DeclaredMember;
use super::remote_control_plane::RemoteControlPlane;
use super::sensitive::SensitiveDocument;

/// A mesh as its user declares it; nothing of it has been checked.
///
/// Helm values and mesh configuration are parsed documents: a JSON object, or null for an empty document.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mesh {
    /// Istio's `global.meshID`.
    pub mesh_id: String,
    /// Istio's `meshConfig.trustDomain`.
    pub trust_domain: String,
    /// The chart release that every primary runs unless it names another.
    pub version: String,
    /// Istio's namespace; the same in every cluster, because istiod looks for its own namespace's name in each of them.
    pub namespace: String,
    /// Labels of the mesh's namespaces, beside those that Istio needs.
    pub namespace_labels: BTreeMap<String, String>,
    /// Annotations of the mesh's namespaces.
    pub namespace_annotations: BTreeMap<String, String>,
    /// Where the charts come from.
    pub chart_source: ChartSource,
    /// Helm values by chart name, for all clusters.
    pub chart: BTreeMap<String, Value>,
    /// Istio's `MeshConfig`, for all clusters.
    pub mesh_config: Value,
    /// Documents with secrets, for all clusters.
    #[serde(skip)]
    pub sensitive: Vec<SensitiveDocument>,
    /// Where the images come from.
    pub images: Images,
    /// Whether Istio's CNI plugin redirects the traffic of pods, so that they need no rights to do it themselves.
    pub cni: bool,
    /// Who signs the identities of the workloads.
    pub certificate_authority: CertificateAuthority,
    /// The clusters with a control plane of their own, by cluster name.
    pub primaries: BTreeMap<String, Primary>,
}

/// Who signs the identities of the workloads, as the user declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateAuthority {
    /// `generated`, the default, `given`, `existing` or `self_signed`.
    pub mode: Option<String>,
    /// The cluster that keeps the key of a generated root.
    pub key_cluster: Option<String>,
    /// The root that signs generated intermediates, as PEM, if its key comes from the user.
    pub root_certificate: Option<String>,
    /// Whether the user gives the key of this root.
    pub has_root_key: bool,
    /// Which key of this root it is.
    pub root_key_version: Option<i64>,
    /// What istiod of each cluster signs with, by cluster name.
    pub given: BTreeMap<String, GivenAuthority>,
    /// How long a new root is valid.
    pub root_lifetime_days: Option<i64>,
    /// How long a new intermediate is valid.
    pub intermediate_lifetime_days: Option<i64>,
    /// Which intermediates those are: another number asks for other ones of the same root.
    pub intermediate_version: Option<i64>,
    /// Kind of all keys.
    pub key_type: Option<String>,
}

/// Where charts come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChartSource {
    /// An HTTP repository, `oci://…`, or a directory of charts or `.tgz` files.
    pub repository: String,
}

/// One cluster with a control plane, as its user declares it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Primary {
    /// What every cluster of a mesh has.
    #[serde(flatten)]
    pub member: DeclaredMember,
    /// How clusters without a control plane reach this one's, if they are served by it.
    pub remote_control_plane: Option<RemoteControlPlane>,
}

impl From<DeclaredMember> for Primary {
    /// One that serves no other clusters.
    fn from(member: DeclaredMember) -> Self {
        Self { member, remote_control_plane: None }
    }
}

/// How other control planes reach an API server, as the user declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DeclaredApiServer {
    /// What all of them use.
    #[serde(flatten)]
    pub usual: DeclaredAddress,
    /// Primary that reads the API server → what it uses instead; what is left out is as usual.
    pub from: BTreeMap<String, DeclaredAddress>,
}

/// One address of an API server, as the user declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredAddress {
    /// `https://…`; the connection's host otherwise.
    pub url: Option<String>,
    /// Certificates that sign the API server's, as PEM; the connection's otherwise.
    pub cluster_ca_certificate: Option<String>,
    /// Name to expect in the API server's certificate; the connection's otherwise.
    pub tls_server_name: Option<String>,
}
