//! How clusters without a control plane reach istiod of this one: through its east-west gateway, or else by a load balancer of its
//! own. Either way the connection is istiod's own TLS from end to end.

use serde_json::{Value, json};

use crate::desired::object::managed;
use crate::mesh::{GatewayRole, Member, MemberGateway, MeshIdentity, RemoteControlPlane};

/// istiod's ports as other clusters know them: port, name, and that of istiod's Service.
const PORTS: [(u16, &str, u16); 2] = [
    (RemoteControlPlane::XDS_PORT, "tls-istiod", RemoteControlPlane::XDS_PORT),
    (RemoteControlPlane::WEBHOOK_PORT, "tls-istiodwebhook", 443),
];

/// What opens istiod for other clusters; nothing if it serves none.
pub(super) fn objects(
    identity: &MeshIdentity,
    member: &Member,
    remote: Option<&RemoteControlPlane>,
) -> Vec<Value> {
    match (remote, member.gateway(GatewayRole::EastWest)) {
        (None, _) => Vec::new(),
        (Some(_), Some(gateway)) => exposure(identity, gateway).to_vec(),
        (Some(remote), None) => vec![load_balancer(identity, remote)],
    }
}

/// Lets the gateway pass connections on, whatever name they are for: proxies send istiod's, API servers that of the URL that they
/// call.
fn exposure(identity: &MeshIdentity, gateway: &MemberGateway) -> [Value; 2] {
    let server = |(port, name, _): (u16, &str, u16)| {
        json!({
            "port": {"number": port, "name": name, "protocol": "TLS"},
            "tls": {"mode": "PASSTHROUGH"},
            "hosts": ["*"],
        })
    };
    let route = |(port, _, target): (u16, &str, u16)| {
        let host = format!("istiod.{}.svc.{}", identity.namespace(), identity.domain_suffix());
        json!({
            "match": [{"port": port, "sniHosts": ["*"]}],
            "route": [{"destination": {"host": host, "port": {"number": target}}}],
        })
    };
    let selector = json!({"istio": GatewayRole::EastWest.selector()});
    let servers = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "istiod-gateway", "namespace": gateway.namespace},
        "spec": {"selector": selector, "servers": PORTS.map(server)},
    });
    let routes = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "istiod-vs", "namespace": gateway.namespace},
        "spec": {"hosts": ["*"], "gateways": ["istiod-gateway"], "tls": PORTS.map(route)},
    });
    [managed(servers), managed(routes)]
}

/// A Service of istiod's pods, chosen as the chart's own Service chooses them.
fn load_balancer(identity: &MeshIdentity, remote: &RemoteControlPlane) -> Value {
    let port = |(port, name, _): (u16, &str, u16)| json!({"name": name, "port": port, "targetPort": port, "protocol": "TCP"});
    let mut service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": RemoteControlPlane::SERVICE, "namespace": identity.namespace()},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": "istiod", "istio": "pilot"},
            "ports": PORTS.map(port),
        },
    });
    if !remote.service_annotations.is_empty() {
        service["metadata"]["annotations"] = json!(remote.service_annotations);
    }
    if let Some(class) = &remote.load_balancer_class {
        service["spec"]["loadBalancerClass"] = json!(class);
    }
    if !remote.load_balancer_source_ranges.is_empty() {
        service["spec"]["loadBalancerSourceRanges"] = json!(remote.load_balancer_source_ranges);
    }
    managed(service)
}
