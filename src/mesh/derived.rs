use serde_json::{Value, json};

use super::chart::ChartName;
use super::images::Images;
use super::shared_mesh_config::SharedMeshConfig;

/// The name of every east-west gateway, as in Istio's installation guides.
pub const EAST_WEST_GATEWAY: &str = "istio-eastwestgateway";

/// The names that make one cluster a part of its mesh, as text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity<'a> {
    pub(super) mesh_id: &'a str,
    pub(super) trust_domain: &'a str,
    pub(super) namespace: &'a str,
    pub(super) cluster: &'a str,
    pub(super) network: &'a str,
    pub(super) images: &'a Images,
    pub(super) has_cni: bool,
    pub(super) serves_remote_clusters: bool,
    /// Istio's `meshNetworks`; null without gateways whose addresses are typed.
    pub(super) networks: &'a Value,
}

/// A Helm value that follows from the mesh and is never typed a second time.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedValue {
    /// The chart that takes it.
    pub chart: ChartName,
    /// Where it stands in the chart's values, outermost key first.
    pub path: Vec<&'static str>,
    /// The value.
    pub value: Value,
    /// The part of the declaration that it comes from, for messages.
    pub origin: &'static str,
}

impl DerivedValue {
    fn new(chart: ChartName, path: &[&'static str], value: impl Into<Value>, origin: &'static str) -> Self {
        Self { chart, path: path.to_vec(), value: value.into(), origin }
    }
}

impl Identity<'_> {
    /// The values by which the official installation guides identify a primary cluster.
    pub(super) fn derived_values(&self) -> Vec<DerivedValue> {
        use ChartName::{Base, Gateway, Istiod};
        let mut values = vec![
            DerivedValue::new(Base, &["global", "istioNamespace"], self.namespace, "namespace"),
            DerivedValue::new(Istiod, &["global", "istioNamespace"], self.namespace, "namespace"),
            DerivedValue::new(Istiod, &["global", "meshID"], self.mesh_id, "mesh_id"),
            DerivedValue::new(
                Istiod,
                &["global", "multiCluster", "clusterName"],
                self.cluster,
                "the label of primary",
            ),
            DerivedValue::new(Istiod, &["global", "network"], self.network, "network"),
            DerivedValue::new(Istiod, &["meshConfig", "trustDomain"], self.trust_domain, "trust_domain"),
            DerivedValue::new(
                Istiod,
                &["env", SharedMeshConfig::VARIABLE],
                SharedMeshConfig::CONFIG_MAP,
                "the configuration that the mesh shares with its federations",
            ),
            DerivedValue::new(Gateway, &["networkGateway"], self.network, "network"),
            DerivedValue::new(Gateway, &["name"], EAST_WEST_GATEWAY, "east_west_gateway"),
        ];
        values.extend(self.image_values());
        if self.has_cni {
            values.push(DerivedValue::new(Istiod, &["cni", "enabled"], true, "cni"));
        }
        if self.serves_remote_clusters {
            for chart in [Base, Istiod] {
                values.push(DerivedValue::new(
                    chart,
                    &["global", "externalIstiod"],
                    true,
                    "serve_remote_clusters",
                ));
            }
        }
        if !self.networks.is_null() {
            let path = ["global", "meshNetworks"];
            values.push(DerivedValue::new(
                Istiod,
                &path,
                self.networks.clone(),
                "addresses of an east_west_gateway",
            ));
        }
        values
    }

    /// The gateway's image is istiod's to choose, so its chart takes only what its own pods need before they are injected.
    fn image_values(&self) -> Vec<DerivedValue> {
        use ChartName::{Base, Cni, Gateway, Istiod};
        let Images { hub, variant, platform, pull_secrets } = self.images;
        let mut values = Vec::new();
        for chart in [Istiod, Cni] {
            values.extend(hub.as_deref().map(|hub| DerivedValue::new(chart, &["global", "hub"], hub, "hub")));
            values.extend(
                variant.as_deref().map(|variant| {
                    DerivedValue::new(chart, &["global", "variant"], variant, "image_variant")
                }),
            );
        }
        for chart in [Base, Istiod, Cni, Gateway] {
            values.extend(
                platform
                    .as_deref()
                    .map(|platform| DerivedValue::new(chart, &["global", "platform"], platform, "platform")),
            );
        }
        if !pull_secrets.is_empty() {
            let names: Vec<&String> = pull_secrets.keys().collect();
            for chart in [Istiod, Cni] {
                let path = ["global", "imagePullSecrets"];
                values.push(DerivedValue::new(chart, &path, json!(names), "image_pull_secret"));
            }
            let references: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            values.push(DerivedValue::new(Gateway, &["imagePullSecrets"], references, "image_pull_secret"));
        }
        values
    }
}
