//! Gateways: the official chart with the settings of the guide "Install Multi-Primary on different networks", and the resource
//! that opens east-west gateways for the services of the mesh. Federation gateways stay closed: each federation opens what it
//! exports.

use serde_json::{Map, Value, json};

use crate::desired::object::{self, managed};
use crate::mesh::{
    DEFAULT_DOMAIN_SUFFIX, EastWestGateway, GatewayRole, Member, MemberGateway, MeshIdentity, Namespace,
    Resources,
};

/// The port in the gateway's pods for calls between networks.
const PORT: i64 = EastWestGateway::DEFAULT_PORT;

/// The ports in the pods of an east-west gateway that others call.
const OPEN_PORTS: [(&str, i64); 3] =
    [(EastWestGateway::PORT_NAME, PORT), ("tls-istiod", 15012), ("tls-webhook", 15017)];

/// The namespaces of the cluster's gateways that are not the mesh's.
pub(super) fn own_namespaces<'a>(
    identity: &MeshIdentity,
    member: &'a Member,
) -> impl Iterator<Item = &'a Namespace> {
    let namespaces = member.gateways().map(|(_, gateway)| &gateway.namespace);
    namespaces.filter(|namespace| *namespace != identity.namespace())
}

/// A namespace for gateways only. It needs no label: istiod takes their network from their Service and pods, and its webhook
/// takes pods that ask for it in every namespace that says nothing of injection.
pub(super) fn namespace(name: &Namespace) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// The chart's values for what the block says.
pub(super) fn values(role: GatewayRole, gateway: &EastWestGateway) -> Value {
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
    if role == GatewayRole::EastWest {
        // With a network, the chart gives its Service other ports, and only a NetworkPolicy of the chart still opens these.
        service.insert(
            "ports".to_owned(),
            json!(OPEN_PORTS.map(|(name, port)| json!({"name": name, "port": port, "targetPort": port}))),
        );
    }
    let mut values = Map::new();
    if !service.is_empty() {
        values.insert("service".to_owned(), Value::Object(service));
    }
    if role == GatewayRole::EastWest && gateway.service_port() != PORT {
        let port = gateway.service_port();
        values.insert("networkGatewayPorts".to_owned(), json!({EastWestGateway::PORT_NAME: {"port": port}}));
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
    for port in ports.filter(|port| port["name"] == EastWestGateway::PORT_NAME) {
        port["nodePort"] = json!(node_port);
    }
}

/// Takes the label off the gateway's Service by which istiod finds its addresses, where the user says other ones: istiod would use those of
/// the Service, and the others never.
pub(super) fn hide_addresses(role: GatewayRole, object: &mut Value, gateway: &EastWestGateway) {
    if role != GatewayRole::EastWest || !gateway.is_typed() || object::kind(object) != "Service" {
        return;
    }
    if let Some(labels) = object.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(EastWestGateway::NETWORK_LABEL);
    }
}

/// Opens the gateway: calls from other networks reach the service that their SNI names, still encrypted. It is beside the
/// gateway, because istiod can be told to look nowhere else (`PILOT_SCOPE_GATEWAY_TO_NAMESPACE`).
pub(super) fn exposure(identity: &MeshIdentity, gateway: &MemberGateway) -> Value {
    let hosts = match identity.domain_suffix() {
        // As in Istio's guide.
        DEFAULT_DOMAIN_SUFFIX => "*.local".to_owned(),
        suffix => format!("*.{suffix}"),
    };
    managed(json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "cross-network-gateway", "namespace": gateway.namespace},
        "spec": {
            "selector": {"istio": GatewayRole::EastWest.selector()},
            "servers": [{
                "port": {"number": PORT, "name": "tls", "protocol": "TLS"},
                "tls": {"mode": "AUTO_PASSTHROUGH"},
                "hosts": [hosts],
            }],
        },
    }))
}
