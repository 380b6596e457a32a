use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The east-west gateway of one cluster: where traffic of other networks comes in.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EastWestGateway {
    /// `spec.type` of its Service.
    pub service_type: Option<String>,
    /// Annotations of its Service: what a cloud's load balancer controller reads.
    pub service_annotations: BTreeMap<String, String>,
    /// `spec.loadBalancerClass` of its Service.
    pub load_balancer_class: Option<String>,
    /// `spec.loadBalancerSourceRanges` of its Service.
    pub source_ranges: Vec<String>,
    /// Number of pods; without it the chart's autoscaler decides.
    pub replicas: Option<i64>,
    /// Helm values of the chart, over all others.
    pub values: Value,
}

/// What the type of a gateway's Service can be.
pub(super) const SERVICE_TYPES: [&str; 3] = ["LoadBalancer", "NodePort", "ClusterIP"];
