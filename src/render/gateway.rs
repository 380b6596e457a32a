//! East-west gateways: the official chart with the settings of the guide "Install Multi-Primary on different networks",
//! and the resource that opens them for the services of the mesh.

use serde_json::{Map, Value, json};

use super::object::managed;
use crate::mesh::{EastWestGateway, ValidatedMesh};

/// The label that the chart gives the gateway's pods: its name without `istio-`.
const SELECTOR: &str = "eastwestgateway";
/// The port for calls between networks, which istiod assumes.
const PORT: u16 = 15443;

/// The chart's values for what the block says.
pub(super) fn values(gateway: &EastWestGateway) -> Value {
    let mut service = Map::new();
    if let Some(service_type) = &gateway.service_type {
        service.insert("type".to_owned(), json!(service_type));
    }
    if !gateway.service_annotations.is_empty() {
        service.insert("annotations".to_owned(), json!(gateway.service_annotations));
    }
    if let Some(class) = &gateway.load_balancer_class {
        service.insert("loadBalancerClass".to_owned(), json!(class));
    }
    if !gateway.source_ranges.is_empty() {
        service.insert("loadBalancerSourceRanges".to_owned(), json!(gateway.source_ranges));
    }
    let mut values = Map::new();
    if !service.is_empty() {
        values.insert("service".to_owned(), Value::Object(service));
    }
    if let Some(replicas) = gateway.replicas {
        values.insert("replicaCount".to_owned(), json!(replicas));
        values.insert("autoscaling".to_owned(), json!({"enabled": false}));
    }
    Value::Object(values)
}

/// Opens the gateway: calls from other networks reach the service that their SNI names, still encrypted.
pub(super) fn exposure(mesh: &ValidatedMesh) -> Value {
    managed(json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "cross-network-gateway", "namespace": mesh.namespace()},
        "spec": {
            "selector": {"istio": SELECTOR},
            "servers": [{
                "port": {"number": PORT, "name": "tls", "protocol": "TLS"},
                "tls": {"mode": "AUTO_PASSTHROUGH"},
                "hosts": ["*.local"],
            }],
        },
    }))
}
