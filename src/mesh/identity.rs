use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::chart::ChartName;
use super::gateway::static_networks;
use super::given::Given;
use super::images::Images;
use super::member::Member;
use super::names::{ClusterName, MeshId, Namespace, Network, TrustDomain};
use super::release::GatewayRole;
use super::sensitive::SensitiveDocument;
use super::shared_mesh_config::CaCertificate;
use super::violation::FieldPath;
use super::well_known::DEFAULT_DOMAIN_SUFFIX;

/// What all members of a mesh have alike: its names, what its clusters run on, and what is said for all of them at once.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshIdentity {
    pub(super) mesh_id: MeshId,
    pub(super) trust_domain: TrustDomain,
    pub(super) namespace: Namespace,
    pub(super) namespace_labels: BTreeMap<String, String>,
    pub(super) namespace_annotations: BTreeMap<String, String>,
    pub(super) images: Images,
    pub(super) has_cni: bool,
    pub(super) chart: BTreeMap<ChartName, Value>,
    pub(super) mesh_config: Value,
    pub(super) sensitive: Vec<SensitiveDocument>,
    pub(super) ca_certificates: Vec<CaCertificate>,
    pub(super) networks: BTreeSet<Network>,
    pub(super) static_networks: BTreeMap<ClusterName, Value>,
    pub(super) domain_suffix: String,
    pub(super) serves_remote_clusters: bool,
}

impl MeshIdentity {
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

    /// Labels of the namespaces that the mesh has in its clusters, beside those that Istio needs.
    pub fn namespace_labels(&self) -> &BTreeMap<String, String> {
        &self.namespace_labels
    }

    /// Annotations of the namespaces that the mesh has in its clusters.
    pub fn namespace_annotations(&self) -> &BTreeMap<String, String> {
        &self.namespace_annotations
    }

    /// Where the images come from.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// Whether Istio's CNI plugin redirects the traffic of pods.
    pub fn has_cni(&self) -> bool {
        self.has_cni
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

    /// The networks of all members.
    pub fn networks(&self) -> &BTreeSet<Network> {
        &self.networks
    }

    /// Whether pods of the mesh are on networks that do not reach each other.
    pub fn has_several_networks(&self) -> bool {
        self.networks.len() > 1
    }

    /// Whether calls of other networks come in: from its own, or from those of clusters that it serves and does not know.
    pub fn has_open_gateways(&self) -> bool {
        self.has_several_networks() || self.serves_remote_clusters
    }

    /// How the names of Services end in all clusters of the mesh.
    pub fn domain_suffix(&self) -> &str {
        &self.domain_suffix
    }

    /// Istio's `meshNetworks` of one control plane: the gateways whose addresses are typed rather than observed, null if there are none.
    pub fn static_networks(&self, reader: &ClusterName) -> &Value {
        self.static_networks.get(reader).unwrap_or(&Value::Null)
    }

    /// The same with these members. Gateways of drained ones count: istiod must know them for as long as it knows pods behind them, for
    /// it sends calls to pods of a network without a gateway straight to their addresses.
    pub(super) fn with_members(self, members: &[&Member]) -> Self {
        let gateways = || {
            members.iter().filter_map(|member| {
                let gateway = member.gateway(GatewayRole::EastWest)?;
                Some((member.name.as_str(), member.network.as_str(), &gateway.settings))
            })
        };
        let of_reader =
            |member: &&Member| (member.name.clone(), static_networks(member.name.as_str(), gateways()));
        let domain_suffix = members
            .iter()
            .find_map(|member| self.said_domain_suffix(member)?.value.as_str().map(str::to_owned));
        Self {
            domain_suffix: domain_suffix.unwrap_or_else(|| DEFAULT_DOMAIN_SUFFIX.to_owned()),
            networks: members.iter().map(|member| member.network.clone()).collect(),
            static_networks: members.iter().map(of_reader).collect(),
            ..self
        }
    }

    /// Every document that ends up in the values of a member's charts.
    pub(super) fn documents<'a>(&'a self, member: &'a Member) -> Vec<Given<'a>> {
        let of_charts = |base: FieldPath, charts: &'a BTreeMap<ChartName, Value>| {
            charts.iter().map(move |(chart, values)| {
                let field = base.then("chart").key(chart.as_str()).then("values");
                Given::values(*chart, field, values)
            })
        };
        let of_gateways = member.gateways().map(|(role, gateway)| {
            let field = member.field().then(role.field()).then("values");
            Given::gateway(role, field, &gateway.settings.values)
        });
        let of_both =
            of_charts(FieldPath::default(), &self.chart).chain(of_charts(member.field(), &member.chart));
        let mesh_config = Given::mesh_config(FieldPath::attribute("mesh_config"), &self.mesh_config);
        of_both.chain(of_gateways).chain([mesh_config]).collect()
    }
}
