use std::collections::BTreeMap;

use serde_json::Value;

use super::chart::ChartName;
use super::declared::ChartSource;
use super::derived::{DerivedValue, Identity};
use super::names::{ChartVersion, ClusterName, MeshId, Namespace, Network, TrustDomain};
use super::violation::Violation;

/// A mesh that keeps every rule; only [`Mesh::validate`](super::Mesh::validate) makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedMesh {
    pub(super) mesh_id: MeshId,
    pub(super) trust_domain: TrustDomain,
    pub(super) namespace: Namespace,
    pub(super) chart_source: ChartSource,
    pub(super) chart: BTreeMap<ChartName, Value>,
    pub(super) mesh_config: Value,
    pub(super) primaries: BTreeMap<ClusterName, ValidatedPrimary>,
    pub(super) warnings: Vec<Violation>,
}

/// One cluster with a control plane.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedPrimary {
    pub(super) network: Network,
    pub(super) version: ChartVersion,
    pub(super) chart: BTreeMap<ChartName, Value>,
}

impl ValidatedMesh {
    /// Istio's mesh ID.
    pub fn mesh_id(&self) -> &MeshId {
        &self.mesh_id
    }

    /// The trust domain of every workload in the mesh.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// Istio's namespace in every cluster.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Where the charts come from.
    pub fn chart_source(&self) -> &ChartSource {
        &self.chart_source
    }

    /// Helm values of one chart for all clusters; null if there are none.
    pub fn chart_values(&self, chart: ChartName) -> &Value {
        self.chart.get(&chart).unwrap_or(&Value::Null)
    }

    /// Istio's `MeshConfig` for all clusters; null if there is none.
    pub fn mesh_config(&self) -> &Value {
        &self.mesh_config
    }

    /// The clusters with a control plane.
    pub fn primaries(&self) -> &BTreeMap<ClusterName, ValidatedPrimary> {
        &self.primaries
    }

    /// What the user should know, though it is accepted.
    pub fn warnings(&self) -> &[Violation] {
        &self.warnings
    }

    /// The Helm values that follow from the mesh for one of its clusters.
    pub fn derived_values(&self, cluster: &ClusterName, primary: &ValidatedPrimary) -> Vec<DerivedValue> {
        let identity = Identity {
            mesh_id: self.mesh_id.as_str(),
            trust_domain: self.trust_domain.as_str(),
            namespace: self.namespace.as_str(),
            cluster: cluster.as_str(),
            network: primary.network.as_str(),
        };
        identity.derived_values()
    }
}

impl ValidatedPrimary {
    /// The network that the cluster's pods are on.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The release of every chart in this cluster.
    pub fn version(&self) -> &ChartVersion {
        &self.version
    }

    /// Helm values of one chart for this cluster; null if there are none.
    pub fn chart_values(&self, chart: ChartName) -> &Value {
        self.chart.get(&chart).unwrap_or(&Value::Null)
    }
}
