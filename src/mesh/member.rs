//! What every cluster of a mesh has, with or without a control plane of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::chart::ChartName;
use super::cidr::Cidr;
use super::declared::DeclaredApiServer;
use super::gateway::EastWestGateway;
use super::names::{ChartVersion, ClusterName, Namespace, Network};
use super::release::{ChartRelease, GatewayRole};
use super::rules;
use super::sensitive::SensitiveDocument;
use super::violation::{FieldPath, Violations};
use super::well_known::reader_token_secret;

/// The number of the first token by which other clusters read a member.
pub const FIRST_TOKEN: i64 = 1;

/// A member of a mesh as its user declares it; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DeclaredMember {
    /// The network that the cluster's pods are on, Istio's `global.network`.
    pub network: String,
    /// The chart release of this cluster, if it is not the mesh's.
    pub version: Option<String>,
    /// Helm values by chart name, for this cluster.
    pub chart: BTreeMap<String, Value>,
    /// Documents with secrets, for this cluster.
    #[serde(skip)]
    pub sensitive: Vec<SensitiveDocument>,
    /// The addresses of the cluster's pods.
    pub pod_cidrs: BTreeSet<String>,
    /// The addresses of the cluster's Services.
    pub service_cidrs: BTreeSet<String>,
    /// `managed`, the default, or `external`: who installs Istio's custom resource definitions.
    pub crds: Option<String>,
    /// Whether the cluster is on its way out of the mesh: the others no longer read it or call into it.
    pub drain: bool,
    /// The gateway through which other networks reach the cluster.
    pub east_west_gateway: Option<EastWestGateway>,
    /// The gateway through which other meshes reach the services that are exported to them.
    pub federation_gateway: Option<EastWestGateway>,
    /// How control planes of other clusters reach the cluster's API server, where that is not how the provider does.
    pub api_server: Option<DeclaredApiServer>,
    /// Which token they read it with; 1 is the first.
    pub reader_token_version: Option<i64>,
}

/// A member of a mesh whose names are right.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub(super) name: ClusterName,
    pub(super) network: Network,
    pub(super) version: ChartVersion,
    pub(super) chart: BTreeMap<ChartName, Value>,
    pub(super) sensitive: Vec<SensitiveDocument>,
    pub(super) charts: BTreeSet<ChartName>,
    pub(super) pod_cidrs: BTreeSet<Cidr>,
    pub(super) service_cidrs: BTreeSet<Cidr>,
    pub(super) manages_crds: bool,
    pub(super) is_drained: bool,
    pub(super) gateways: BTreeMap<GatewayRole, MemberGateway>,
    pub(super) api_server: DeclaredApiServer,
    pub(super) reader_token_version: i64,
}

/// One gateway of a member.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberGateway {
    /// What the user says of it.
    pub settings: EastWestGateway,
    /// Where it lives.
    pub namespace: Namespace,
}

/// What the mesh says where a member says nothing; `None` if that is not right itself.
pub(super) struct Usual<'a> {
    pub(super) version: Option<&'a ChartVersion>,
    pub(super) namespace: Option<&'a Namespace>,
    pub(super) has_cni: bool,
}

impl DeclaredMember {
    /// The gateway of this role, if there is one.
    pub fn gateway(&self, role: GatewayRole) -> Option<&EastWestGateway> {
        match role {
            GatewayRole::EastWest => self.east_west_gateway.as_ref(),
            GatewayRole::Federation => self.federation_gateway.as_ref(),
        }
    }

    /// The member of this name; `None` if a name of it is not right.
    pub(super) fn read(&self, name: &str, usual: &Usual<'_>, found: &mut Violations) -> Option<Member> {
        let field = FieldPath::member(name);
        let cluster = found.take(rules::name(name, field.clone(), Some(name)));
        let network = found.take(rules::name(&self.network, field.then("network"), Some(name)));
        let version = match &self.version {
            Some(version) => found.take(rules::name(version, field.then("version"), Some(name))),
            None => usual.version.cloned(),
        };
        let chart = rules::charts(&self.chart, &field, Some(name), found);
        let mut cidrs = |texts: &BTreeSet<String>, attribute| -> BTreeSet<Cidr> {
            let cidr = |text: &String| found.take(rules::name(text, field.then(attribute), Some(name)));
            texts.iter().filter_map(cidr).collect()
        };
        let pod_cidrs = cidrs(&self.pod_cidrs, "pod_cidrs");
        let service_cidrs = cidrs(&self.service_cidrs, "service_cidrs");
        let manages_crds = found.take(rules::manages_crds(self.crds.as_deref(), name));
        let gateways = self.gateways(name, usual.namespace, found);
        let reader_token_version = found.take(rules::reader_token_version(self.reader_token_version, name));
        Some(Member {
            name: cluster?,
            network: network?,
            version: version?,
            chart,
            sensitive: self.sensitive.clone(),
            charts: self.charts(usual.has_cni),
            pod_cidrs,
            service_cidrs,
            manages_crds: manages_crds?,
            is_drained: self.drain,
            gateways: gateways?,
            api_server: self.api_server.clone().unwrap_or_default(),
            reader_token_version: reader_token_version?,
        })
    }

    /// The gateways, each with its namespace; `None` if one of these is not right.
    fn gateways(
        &self,
        name: &str,
        of_mesh: Option<&Namespace>,
        found: &mut Violations,
    ) -> Option<BTreeMap<GatewayRole, MemberGateway>> {
        let mut gateways = Some(BTreeMap::new());
        for role in GatewayRole::ALL {
            let Some(settings) = self.gateway(role) else { continue };
            let field = FieldPath::member(name).then(role.field()).then("namespace");
            let default = of_mesh.map(|namespace| role.default_namespace(namespace.as_str()));
            let Some(text) = settings.namespace.clone().or(default) else { continue };
            match found.take(rules::name::<Namespace>(&text, field.clone(), Some(name))) {
                Some(namespace) => {
                    found.extend(rules::namespace_is_not_kubernetes_own(&namespace, field, Some(name)));
                    let gateway = MemberGateway { settings: settings.clone(), namespace };
                    gateways.as_mut().map(|gateways| gateways.insert(role, gateway));
                }
                None => gateways = None,
            }
        }
        gateways
    }

    fn charts(&self, has_cni: bool) -> BTreeSet<ChartName> {
        let is_needed = |chart: &ChartName| match chart {
            ChartName::Base | ChartName::Istiod => true,
            ChartName::Cni => has_cni,
            ChartName::Gateway => GatewayRole::ALL.iter().any(|role| self.gateway(*role).is_some()),
        };
        ChartName::ALL.into_iter().filter(is_needed).collect()
    }
}

impl Member {
    /// Istio's name of the cluster.
    pub fn name(&self) -> &ClusterName {
        &self.name
    }

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

    /// Helm values of one chart for this cluster; null if there are none.
    pub fn chart_values(&self, chart: ChartName) -> &Value {
        self.chart.get(&chart).unwrap_or(&Value::Null)
    }

    /// Whether Istio's custom resource definitions are installed with the mesh, rather than by someone else.
    pub fn manages_crds(&self) -> bool {
        self.manages_crds
    }

    /// Whether the cluster is on its way out of the mesh.
    pub fn is_drained(&self) -> bool {
        self.is_drained
    }

    /// The gateway of this role, if there is one.
    pub fn gateway(&self, role: GatewayRole) -> Option<&MemberGateway> {
        self.gateways.get(&role)
    }

    /// All gateways.
    pub fn gateways(&self) -> impl Iterator<Item = (GatewayRole, &MemberGateway)> {
        self.gateways.iter().map(|(role, gateway)| (*role, gateway))
    }

    /// The Secret with the token by which other clusters read this one.
    pub fn reader_token_secret(&self) -> String {
        reader_token_secret(self.reader_token_version)
    }

    /// What a remote secret says of the token in it: nothing of the first one.
    pub fn reader_token_comment(&self) -> Option<String> {
        let version = self.reader_token_version;
        (version != FIRST_TOKEN).then(|| format!("token {version}"))
    }

    /// What the user says about how others reach the cluster's API server.
    pub fn api_server(&self) -> &DeclaredApiServer {
        &self.api_server
    }

    /// Where the declaration has it.
    pub(super) fn field(&self) -> FieldPath {
        FieldPath::member(self.name.as_str())
    }
}
