use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::authority::Authority;
use super::chart::ChartName;
use super::declared::{ChartSource, DeclaredApiServer};
use super::derived::{DerivedValue, Identity};
use super::gateway::{EastWestGateway, all_networks, static_networks};
use super::images::Images;
use super::names::{ChartVersion, ClusterName, MeshId, Namespace, Network, TrustDomain};
use super::release::{ChartRelease, GatewayRole};
use super::remote_control_plane::RemoteControlPlane;
use super::shared_mesh_config::CaCertificate;
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
    pub(super) ca_certificates: Vec<CaCertificate>,
    pub(super) images: Images,
    pub(super) cni: bool,
    pub(super) authority: Authority,
    pub(super) primaries: BTreeMap<ClusterName, ValidatedPrimary>,
    pub(super) warnings: Vec<Violation>,
}

/// One cluster with a control plane.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedPrimary {
    pub(super) network: Network,
    pub(super) version: ChartVersion,
    pub(super) chart: BTreeMap<ChartName, Value>,
    pub(super) charts: BTreeSet<ChartName>,
    pub(super) manages_crds: bool,
    pub(super) is_drained: bool,
    pub(super) gateways: BTreeMap<GatewayRole, ValidatedGateway>,
    pub(super) remote_control_plane: Option<RemoteControlPlane>,
    pub(super) api_server: DeclaredApiServer,
}

/// One gateway of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedGateway {
    /// What the user says of it.
    pub settings: EastWestGateway,
    /// Where it lives.
    pub namespace: Namespace,
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

    /// Istio's `MeshConfig` for all clusters, without `caCertificates`; null if there is none.
    pub fn mesh_config(&self) -> &Value {
        &self.mesh_config
    }

    /// `caCertificates` of the `MeshConfig`: whom the user has the mesh trust besides its own root.
    pub fn ca_certificates(&self) -> &[CaCertificate] {
        &self.ca_certificates
    }

    /// Where the images come from.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// Who signs the identities of the workloads.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The clusters with a control plane.
    pub fn primaries(&self) -> &BTreeMap<ClusterName, ValidatedPrimary> {
        &self.primaries
    }

    /// The clusters whose API servers the istiod of `cluster` reads: all others but those that are drained.
    pub fn read_by<'a>(&'a self, cluster: &'a ClusterName) -> impl Iterator<Item = &'a ClusterName> {
        let read = self.primaries.iter().filter(move |(other, it)| *other != cluster && !it.is_drained);
        read.map(|(other, _)| other)
    }

    /// The clusters whose istiod reads the API server of `cluster`.
    pub fn readers_of<'a>(&'a self, cluster: &'a ClusterName) -> impl Iterator<Item = &'a ClusterName> {
        let is_read = self.primaries.get(cluster).is_some_and(|primary| !primary.is_drained);
        self.primaries.keys().filter(move |other| is_read && *other != cluster)
    }

    /// Whether pods of the mesh are on networks that do not reach each other.
    pub fn has_several_networks(&self) -> bool {
        let mut networks = self.primaries.values().map(ValidatedPrimary::network);
        networks.next().is_some_and(|first| networks.any(|network| network != first))
    }

    /// The gateways whose addresses are typed rather than observed, drained ones too: istiod must know them for as long as it
    /// knows pods behind them, for it sends calls to pods of a network without a gateway straight to their addresses.
    fn static_networks(&self) -> Value {
        let gateways = self.primaries.iter().filter_map(|(cluster, primary)| {
            let gateway = primary.gateway(GatewayRole::EastWest)?;
            Some((cluster.as_str(), primary.network.as_str(), &gateway.settings))
        });
        static_networks(gateways)
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
            images: &self.images,
            has_cni: self.cni,
            gateways: &primary
                .gateways()
                .map(|(role, gateway)| (role, &gateway.settings))
                .collect::<Vec<_>>(),
            remote_control_plane: primary.remote_control_plane.as_ref(),
            networks: &self.static_networks(),
            all_networks: &all_networks(self.primaries.values().map(|primary| primary.network.as_str())),
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

    /// The charts that the cluster needs.
    pub fn charts(&self) -> impl Iterator<Item = ChartName> {
        self.charts.iter().copied()
    }

    /// Whether Istio's custom resource definitions are installed with the mesh, rather than by someone else.
    pub fn manages_crds(&self) -> bool {
        self.manages_crds
    }

    /// What the charts are installed as.
    pub fn releases(&self) -> impl Iterator<Item = ChartRelease> {
        let of_chart = |chart| match chart {
            ChartName::Base => vec![ChartRelease::Base],
            ChartName::Istiod => vec![ChartRelease::Istiod],
            ChartName::Cni => vec![ChartRelease::Cni],
            ChartName::Gateway => self.gateways.keys().copied().map(ChartRelease::Gateway).collect(),
        };
        self.charts().flat_map(of_chart)
    }

    /// How clusters without a control plane reach this one's, if they are served by it.
    pub fn remote_control_plane(&self) -> Option<&RemoteControlPlane> {
        self.remote_control_plane.as_ref()
    }

    /// The gateway of this role, if there is one.
    pub fn gateway(&self, role: GatewayRole) -> Option<&ValidatedGateway> {
        self.gateways.get(&role)
    }

    /// All gateways.
    pub fn gateways(&self) -> impl Iterator<Item = (GatewayRole, &ValidatedGateway)> {
        self.gateways.iter().map(|(role, gateway)| (*role, gateway))
    }

    /// What the user says about how others reach the cluster's API server.
    pub fn api_server(&self) -> &DeclaredApiServer {
        &self.api_server
    }

    /// Helm values of one chart for this cluster; null if there are none.
    pub fn chart_values(&self, chart: ChartName) -> &Value {
        self.chart.get(&chart).unwrap_or(&Value::Null)
    }
}
