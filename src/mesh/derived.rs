use serde_json::Value;

use super::chart::ChartName;

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
    fn new(chart: ChartName, path: &[&'static str], value: &str, origin: &'static str) -> Self {
        Self { chart, path: path.to_vec(), value: Value::from(value), origin }
    }
}

impl Identity<'_> {
    /// The values by which the official installation guides identify a primary cluster.
    pub(super) fn derived_values(&self) -> Vec<DerivedValue> {
        use ChartName::{Base, Gateway, Istiod};
        vec![
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
            DerivedValue::new(Gateway, &["networkGateway"], self.network, "network"),
            DerivedValue::new(Gateway, &["name"], EAST_WEST_GATEWAY, "east_west_gateway"),
        ]
    }
}
