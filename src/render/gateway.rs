//! East-west gateways: the official chart with the settings of the guide "Install Multi-Primary on different networks",
//! and the resource that opens them for the services of the mesh.

use serde_json::{Map, Value, json};

use super::object::{self, managed};
use crate::mesh::{EastWestGateway, Namespace, Resources, ValidatedMesh, ValidatedPrimary};

/// The label that the chart gives the gateway's pods: its name without `istio-`.
const SELECTOR: &str = "eastwestgateway";
/// The name of the Service's port for calls between networks.
const PORT_NAME: &str = "tls";
/// The port in the gateway's pods for calls between networks.
const PORT: i64 = EastWestGateway::DEFAULT_PORT;
/// istiod's ports for proxies and for API servers, as remote clusters know them.
const ISTIOD_PORTS: [(u16, &str, u16); 2] = [(15012, "tls-istiod", 15012), (15017, "tls-istiodwebhook", 443)];

/// The namespace of the cluster's gateway, if it is not the mesh's.
pub(super) fn own_namespace<'a>(
    mesh: &ValidatedMesh,
    primary: &'a ValidatedPrimary,
) -> Option<&'a Namespace> {
    let namespace = primary.east_west_gateway().map(|_| primary.gateway_namespace());
    namespace.filter(|namespace| *namespace != mesh.namespace())
}

/// A namespace for gateways only. It needs no label: istiod takes their network from their Service and pods, and its webhook
/// takes pods that ask for it in every namespace that says nothing of injection.
pub(super) fn namespace(name: &Namespace) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

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
    if !gateway.load_balancer_source_ranges.is_empty() {
        service.insert("loadBalancerSourceRanges".to_owned(), json!(gateway.load_balancer_source_ranges));
    }
    let mut values = Map::new();
    if !service.is_empty() {
        values.insert("service".to_owned(), Value::Object(service));
    }
    if gateway.service_port() != PORT {
        let port = gateway.service_port();
        values.insert("networkGatewayPorts".to_owned(), json!({PORT_NAME: {"port": port}}));
        values.insert("labels".to_owned(), json!({EastWestGateway::PORT_LABEL: port.to_string()}));
    }
    let Resources { requests, limits } = &gateway.resources;
    let resources =
        [("requests", requests), ("limits", limits)].into_iter().filter(|(_, list)| !list.is_empty());
    let resources: Map<_, _> = resources.map(|(name, list)| (name.to_owned(), json!(list))).collect();
    if !resources.is_empty() {
        values.insert("resources".to_owned(), Value::Object(resources));
    }
    if let Some(replicas) = gateway.replicas {
        values.insert("replicaCount".to_owned(), json!(replicas));
        values.insert("autoscaling".to_owned(), json!({"enabled": false}));
    }
    Value::Object(values)
}

/// Writes the node port into the gateway's Service, for which the chart has no value.
pub(super) fn choose_node_port(object: &mut Value, gateway: &EastWestGateway) {
    let Some(node_port) = gateway.node_port.filter(|_| object::kind(object) == "Service") else { return };
    let ports = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten();
    for port in ports.filter(|port| port["name"] == PORT_NAME) {
        port["nodePort"] = json!(node_port);
    }
}

/// Opens the gateway: calls from other networks reach the service that their SNI names, still encrypted. It is beside the
/// gateway, because istiod can be told to look nowhere else (`PILOT_SCOPE_GATEWAY_TO_NAMESPACE`).
pub(super) fn exposure(primary: &ValidatedPrimary) -> Value {
    managed(json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "cross-network-gateway", "namespace": primary.gateway_namespace()},
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

/// Lets remote clusters reach istiod through the gateway, with its own TLS: proxies on 15012, API servers on 15017.
pub(super) fn istiod_exposure(mesh: &ValidatedMesh, primary: &ValidatedPrimary) -> [Value; 2] {
    let namespace = primary.gateway_namespace();
    let server = |(port, name, _): (u16, &str, u16)| {
        json!({
            "port": {"number": port, "name": name, "protocol": "TLS"},
            "tls": {"mode": "PASSTHROUGH"},
            "hosts": ["*"],
        })
    };
    let route = |(port, _, target): (u16, &str, u16)| {
        let host = format!("istiod.{}.svc.cluster.local", mesh.namespace());
        json!({
            "match": [{"port": port, "sniHosts": ["*"]}],
            "route": [{"destination": {"host": host, "port": {"number": target}}}],
        })
    };
    let gateway = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "istiod-gateway", "namespace": namespace},
        "spec": {"selector": {"istio": SELECTOR}, "servers": ISTIOD_PORTS.map(server)},
    });
    let routes = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "istiod-vs", "namespace": namespace},
        "spec": {"hosts": ["*"], "gateways": ["istiod-gateway"], "tls": ISTIOD_PORTS.map(route)},
    });
    [managed(gateway), managed(routes)]
}
