//! Where a cluster is entered, as far as calls from outside depend on it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, Service};
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::pods::{is_ready, rolled_out};
use super::snapshot::{Scope, Snapshot};
use crate::clusters::{Cluster, Error};
use crate::mesh::{EastWestGateway, GatewayRole};

/// The label of its pods that names the role.
const ROLE: &str = "istio";
/// The types of Services that are found outside their cluster without `externalIPs`.
const LOAD_BALANCER: &str = "LoadBalancer";
const NODE_PORT: &str = "NodePort";

/// The gateway of one cluster.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where istiod of other networks finds it, sorted: at its Service's load balancer and external addresses, or at nodes.
    pub addresses: Vec<String>,
    /// The port at these addresses; `None` if its Service does not have the port that istiod looks for.
    pub port: Option<i64>,
    /// What gives it addresses, if not the user.
    pub source: AddressSource,
    /// The network that its Service is labelled with.
    pub network: Option<String>,
    /// The network that the mesh's namespace is labelled with.
    pub namespace_network: Option<String>,
    /// How far its pods are.
    pub pods: GatewayPods,
}

/// What gives a Service the addresses at which it is found outside its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressSource {
    /// A load balancer.
    LoadBalancer,
    /// The external addresses of the nodes that an annotation selects.
    Nodes,
    /// Nothing but `externalIPs`.
    Itself,
}

/// How far a gateway's pods are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayPods {
    /// One at least takes calls.
    Ready,
    /// One at least was created while istiod's webhook did not work, and never gets an image.
    NotInjected,
    /// None takes calls.
    NotReady,
}

/// The gateway of this role in `gateway_namespace`, for the mesh in `namespace`; `None` if it has no Service.
pub async fn gateway(
    cluster: &Snapshot,
    role: GatewayRole,
    namespace: &str,
    gateway_namespace: &str,
) -> Result<Option<Gateway>, Error> {
    let Some(service) = cluster.get::<Service>(gateway_namespace, role.name()).await? else {
        return Ok(None);
    };
    let (namespace, pods) =
        try_join(cluster.namespace(namespace), pods(cluster, role, gateway_namespace)).await?;
    Ok(Some(Gateway {
        addresses: addresses_of(cluster.cluster(), &service).await?,
        port: match role {
            GatewayRole::EastWest => outer_port(&service),
            GatewayRole::Federation => named_port(&service),
        },
        source: source(&service),
        network: service.labels().get(EastWestGateway::NETWORK_LABEL).cloned(),
        namespace_network: namespace
            .and_then(|namespace| namespace.labels().get(EastWestGateway::NETWORK_LABEL).cloned()),
        pods,
    }))
}

/// Where a gateway and the mesh's namespace are.
pub fn gateway_scope(scope: Scope, role: GatewayRole, namespace: &str, gateway_namespace: &str) -> Scope {
    let scope = scope.and::<Service>(gateway_namespace, role.name());
    scope.and::<Deployment>(gateway_namespace, role.name()).and::<Namespace>("", namespace)
}

/// How far the gateway's pods are. They are looked at only if its Deployment is not all that it should be.
async fn pods(cluster: &Snapshot, role: GatewayRole, namespace: &str) -> Result<GatewayPods, Error> {
    let deployment = cluster.seen::<Deployment>(namespace, role.name()).await;
    if deployment.is_some_and(|deployment| rolled_out(&deployment).is_some()) {
        return Ok(GatewayPods::Ready);
    }
    let mut pods = cluster.pods(namespace).await?;
    pods.retain(|pod| pod.labels().get(ROLE).is_some_and(|label| label == role.selector()));
    Ok(state(&pods))
}

/// The addresses of the load balancer of Service `name` in `namespace`, sorted; `None` if there is no such Service.
pub async fn load_balancer(
    cluster: &Snapshot,
    namespace: &str,
    name: &str,
) -> Result<Option<Vec<String>>, Error> {
    Ok(cluster.get::<Service>(namespace, name).await?.as_ref().map(addresses))
}

/// Where a load balancer is.
pub fn load_balancer_scope(scope: Scope, namespace: &str, name: &str) -> Scope {
    scope.and::<Service>(namespace, name)
}

/// The addresses of Service `name` in `namespace`, as istiod finds them, sorted; none without such a Service.
pub async fn service_addresses(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<String>, Error> {
    let service = Api::<Service>::namespaced(cluster.client(), namespace).get_opt(name).await;
    match service.map_err(|error| cluster.error(error))? {
        Some(service) => addresses_of(cluster, &service).await,
        None => Ok(Vec::new()),
    }
}

/// As istiod finds them: nodes count only where the Service has no address of its own.
pub(super) async fn addresses_of(cluster: &Cluster, service: &Service) -> Result<Vec<String>, Error> {
    let own = addresses(service);
    match node_selector(service) {
        Some(selector) if own.is_empty() => {
            let nodes = Api::<Node>::all(cluster.client()).list(&ListParams::default()).await;
            let nodes = nodes.map_err(|error| cluster.error(error))?;
            Ok(node_addresses(&nodes.items, &selector))
        }
        _ => Ok(own),
    }
}

/// The addresses that the Service itself tells (`pilot/pkg/serviceregistry/kube/conversion.go`). What is left in its status from a time
/// when it had a load balancer does not count.
pub(super) fn addresses(service: &Service) -> Vec<String> {
    let status = service.status.iter().filter(|_| source(service) == AddressSource::LoadBalancer);
    let ingress = status.flat_map(|status| &status.load_balancer);
    let ingress = ingress.flat_map(|balancer| balancer.ingress.iter().flatten());
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let balanced = ingress.filter_map(|ingress| given(&ingress.ip).or_else(|| given(&ingress.hostname)));
    let external = service.spec.iter().flat_map(|spec| spec.external_ips.iter().flatten().cloned());
    let addresses: BTreeSet<String> = balanced.chain(external).collect();
    addresses.into_iter().collect()
}

/// What gives the Service addresses beside `externalIPs`.
fn source(service: &Service) -> AddressSource {
    let kind = service.spec.as_ref().and_then(|spec| spec.type_.as_deref());
    match kind {
        Some(LOAD_BALANCER) => AddressSource::LoadBalancer,
        Some(NODE_PORT) if service.annotations().contains_key(EastWestGateway::NODE_SELECTOR) => {
            AddressSource::Nodes
        }
        _ => AddressSource::Itself,
    }
}

/// The port for calls of other meshes, which no label names.
fn named_port(service: &Service) -> Option<i64> {
    let mut ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let port = ports.find(|port| port.name.as_deref() == Some(EastWestGateway::PORT_NAME))?;
    Some(i64::from(port.port))
}

/// The port at the Service's addresses: the one that its label names, or at nodes the port there that leads to it. istiod takes no gateway
/// for one that does not have it (`pilot/pkg/serviceregistry/kube/controller/network.go`).
pub(super) fn outer_port(service: &Service) -> Option<i64> {
    let label = service.labels().get(EastWestGateway::PORT_LABEL);
    let port = label.and_then(|port| port.parse().ok()).unwrap_or(EastWestGateway::DEFAULT_PORT);
    let mut ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let port = ports.find(|it| i64::from(it.port) == port)?;
    match source(service) {
        AddressSource::Nodes => port.node_port.map(i64::from),
        AddressSource::LoadBalancer | AddressSource::Itself => Some(i64::from(port.port)),
    }
}

/// The labels of the nodes by whose addresses the Service is found, if it says so. istiod takes what it cannot read for any node.
fn node_selector(service: &Service) -> Option<BTreeMap<String, String>> {
    let is_at_nodes = source(service) == AddressSource::Nodes;
    let annotation = service.annotations().get(EastWestGateway::NODE_SELECTOR).filter(|_| is_at_nodes)?;
    Some(serde_json::from_str(annotation).unwrap_or_default())
}

/// The first external address of each selected node, as istiod takes them.
fn node_addresses(nodes: &[Node], selector: &BTreeMap<String, String>) -> Vec<String> {
    let is_selected =
        |node: &&Node| selector.iter().all(|(label, value)| node.labels().get(label) == Some(value));
    let external = |node: &Node| {
        let addresses = node.status.as_ref()?.addresses.as_ref()?;
        let external = addresses.iter().find(|it| it.type_ == "ExternalIP" && !it.address.is_empty());
        external.map(|it| it.address.clone())
    };
    let addresses: BTreeSet<String> = nodes.iter().filter(is_selected).filter_map(external).collect();
    addresses.into_iter().collect()
}

fn state(pods: &[Pod]) -> GatewayPods {
    if pods.iter().any(has_no_image) {
        GatewayPods::NotInjected
    } else if pods.iter().any(is_ready) {
        GatewayPods::Ready
    } else {
        GatewayPods::NotReady
    }
}

fn has_no_image(pod: &Pod) -> bool {
    let mut containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    pod.metadata.deletion_timestamp.is_none()
        && containers.any(|container| container.image.as_deref() == Some(EastWestGateway::PLACEHOLDER_IMAGE))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn service(value: Value) -> Service {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_service_is_found_at_its_load_balancer_and_its_external_addresses() {
        let service = service(json!({
            "spec": {"type": "LoadBalancer", "externalIPs": ["192.0.2.9"]},
            "status": {"loadBalancer": {"ingress": [
                {"hostname": "lb.example"}, {"ip": "192.0.2.7", "hostname": "other.example"}, {"ip": ""},
            ]}},
        }));
        assert_eq!(addresses(&service), ["192.0.2.7", "192.0.2.9", "lb.example"]);
    }

    #[test]
    fn only_a_service_with_a_load_balancer_is_found_at_one() {
        for kind in ["ClusterIP", "NodePort"] {
            let service = service(json!({
                "spec": {"type": kind, "externalIPs": ["192.0.2.9"]},
                "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}},
            }));
            assert_eq!(addresses(&service), ["192.0.2.9"], "{kind}");
        }
    }

    #[test]
    fn a_gateway_is_at_the_port_of_its_label_or_at_that_of_nodes() {
        let port = |kind: &str, metadata: Value| {
            let ports = json!([{"port": 15021, "nodePort": 30021}, {"port": 15443, "nodePort": 30443}, {"port": 443, "nodePort": 30444}]);
            outer_port(&service(json!({"metadata": metadata, "spec": {"type": kind, "ports": ports}})))
        };
        let label = |port: &str| json!({"labels": {"networking.istio.io/gatewayPort": port}});
        assert_eq!(port("LoadBalancer", json!({})), Some(15443));
        assert_eq!(port("LoadBalancer", label("443")), Some(443));
        assert_eq!(port("LoadBalancer", label("none")), Some(15443), "as istiod takes it");
        assert_eq!(port("LoadBalancer", label("8443")), None);
        assert_eq!(port("NodePort", json!({})), Some(15443), "at externalIPs");
        let nodes = json!({"annotations": {"traffic.istio.io/nodeSelector": "{}"}});
        assert_eq!(port("NodePort", nodes.clone()), Some(30443));
        assert_eq!(port("LoadBalancer", nodes), Some(15443), "the annotation is for another type");
    }

    #[test]
    fn a_service_at_node_ports_is_found_at_the_nodes_that_it_selects() {
        let of_type = |service_type: &str, selector: &str| {
            service(json!({
                "metadata": {"annotations": {"traffic.istio.io/nodeSelector": selector}},
                "spec": {"type": service_type},
            }))
        };
        let node = |name: &str, role: &str, kind: &str| -> Node {
            let addresses =
                json!([{"type": "InternalIP", "address": "10.0.0.1"}, {"type": kind, "address": name}]);
            let node = json!({"metadata": {"labels": {"role": role}}, "status": {"addresses": addresses}});
            serde_json::from_value(node).unwrap()
        };
        let nodes = [
            node("198.51.100.2", "edge", "ExternalIP"),
            node("198.51.100.1", "edge", "ExternalIP"),
            node("198.51.100.3", "other", "ExternalIP"),
            node("10.0.0.4", "edge", "Hostname"),
        ];
        let selector = node_selector(&of_type("NodePort", r#"{"role": "edge"}"#)).unwrap();
        assert_eq!(node_addresses(&nodes, &selector), ["198.51.100.1", "198.51.100.2"]);
        let any = node_selector(&of_type("NodePort", "no JSON")).unwrap();
        assert_eq!(node_addresses(&nodes, &any).len(), 3);
        assert_eq!(node_selector(&of_type("LoadBalancer", "{}")), None);
    }
}
