use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

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
    /// Where the charts come from.
    pub chart_source: ChartSource,
    /// Helm values by chart name, for all clusters.
    pub chart: BTreeMap<String, Value>,
    /// Istio's `MeshConfig`, for all clusters.
    pub mesh_config: Value,
    /// The clusters with a control plane of their own, by cluster name.
    pub primaries: BTreeMap<String, Primary>,
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
#[serde(default, deny_unknown_fields)]
pub struct Primary {
    /// The network that the cluster's pods are on, Istio's `global.network`.
    pub network: String,
    /// The chart release of this cluster, if it is not the mesh's.
    pub version: Option<String>,
    /// Helm values by chart name, for this cluster.
    pub chart: BTreeMap<String, Value>,
}
