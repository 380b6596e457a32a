//! Where a cluster is entered, as far as calls from outside depend on it.

use futures::future::try_join3;
use k8s_openapi::api::core::v1::{Namespace, Pod, Service};
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::pods::is_ready;
use crate::clusters::{Cluster, Error};
use crate::mesh::{EastWestGateway, GatewayRole};

/// The gateway of one cluster.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Addresses of its Service's load balancer, sorted.
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
    cluster: &Cluster,
    role: GatewayRole,
    namespace: &str,
    gateway_namespace: &str,
) -> Result<Option<Gateway>, Error> {
    let client = cluster.client();
    let namespaces = Api::<Namespace>::all(client.clone());
    let services = Api::<Service>::namespaced(client.clone(), gateway_namespace);
    let pods = Api::<Pod>::namespaced(client, gateway_namespace);
    let labelled = ListParams::default().labels(&format!("istio={}", role.selector()));
    let reads = try_join3(services.get_opt(role.name()), namespaces.get_opt(namespace), pods.list(&labelled));
    let (service, namespace, pods) = reads.await.map_err(|error| cluster.error(error))?;
    Ok(service.map(|service| Gateway {
        addresses: addresses(&service),
        network: service.labels().get(EastWestGateway::NETWORK_LABEL).cloned(),
        namespace_network: namespace
            .and_then(|namespace| namespace.labels().get(EastWestGateway::NETWORK_LABEL).cloned()),
        pods: state(&pods.items),
    }))
}

/// The addresses of the load balancer of Service `name` in `namespace`, sorted; `None` if there is no such Service.
pub async fn load_balancer(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<Vec<String>>, Error> {
    let service = Api::<Service>::namespaced(cluster.client(), namespace).get_opt(name).await;
    Ok(service.map_err(|error| cluster.error(error))?.as_ref().map(addresses))
}

pub(super) fn addresses(service: &Service) -> Vec<String> {
    let ingress = service.status.iter().flat_map(|status| &status.load_balancer);
    let ingress = ingress.flat_map(|balancer| balancer.ingress.iter().flatten());
    let mut addresses: Vec<String> =
        ingress.filter_map(|ingress| ingress.hostname.clone().or_else(|| ingress.ip.clone())).collect();
    addresses.sort_unstable();
    addresses
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
