//! Where a cluster is entered, as far as calls from outside depend on it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, Service};
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::pods::is_ready;
use super::snapshot::{Scope, Snapshot};
use crate::clusters::{Cluster, Error};
use crate::mesh::{EastWestGateway, GatewayRole};

/// The label of its pods that names the role.
const ROLE: &str = "istio";

/// The gateway of one cluster.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where istiod of other networks finds it, sorted: at its Service's load balancer and external addresses, or at nodes.
    pub addresses: Vec<String>,
    /// The network that its Service is labelled with.
    pub network: Option<String>,
    /// The network that the mesh's namespace is labelled with.
    pub namespace_network: Option<String>,
    /// How far its pods are.
    pub pods: GatewayPods,
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
    let (namespace, mut pods) =
        try_join(cluster.namespace(namespace), cluster.pods(gateway_namespace)).await?;
    pods.retain(|pod| pod.labels().get(ROLE).is_some_and(|label| label == role.selector()));
    Ok(Some(Gateway {
        addresses: addresses_of(cluster.cluster(), &service).await?,
        network: service.labels().get(EastWestGateway::NETWORK_LABEL).cloned(),
        namespace_network: namespace
            .and_then(|namespace| namespace.labels().get(EastWestGateway::NETWORK_LABEL).cloned()),
        pods: state(&pods),
    }))
}

/// Where a gateway and the mesh's namespace are.
pub fn gateway_scope(scope: Scope, role: GatewayRole, namespace: &str, gateway_namespace: &str) -> Scope {
    scope.and::<Service>(gateway_namespace, role.name()).and::<Namespace>("", namespace)
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
async fn addresses_of(cluster: &Cluster, service: &Service) -> Result<Vec<String>, Error> {
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

/// The addresses that the Service itself tells (`pilot/pkg/serviceregistry/kube/conversion.go`).
pub(super) fn addresses(service: &Service) -> Vec<String> {
    let ingress = service.status.iter().flat_map(|status| &status.load_balancer);
    let ingress = ingress.flat_map(|balancer| balancer.ingress.iter().flatten());
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let balanced = ingress.filter_map(|ingress| given(&ingress.ip).or_else(|| given(&ingress.hostname)));
    let external = service.spec.iter().flat_map(|spec| spec.external_ips.iter().flatten().cloned());
    let addresses: BTreeSet<String> = balanced.chain(external).collect();
    addresses.into_iter().collect()
}

/// The labels of the nodes by whose addresses the Service is found, if it says so. istiod takes what it cannot read for any node.
fn node_selector(service: &Service) -> Option<BTreeMap<String, String>> {
    let is_at_nodes = service.spec.as_ref()?.type_.as_deref() == Some("NodePort");
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
            "spec": {"externalIPs": ["192.0.2.9"]},
            "status": {"loadBalancer": {"ingress": [
                {"hostname": "lb.example"}, {"ip": "192.0.2.7", "hostname": "other.example"}, {"ip": ""},
            ]}},
        }));
        assert_eq!(addresses(&service), ["192.0.2.7", "192.0.2.9", "lb.example"]);
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
