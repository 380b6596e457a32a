//! The DNS names of a cluster's Services, as Kubernetes' DNS specification has them.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::reflector::{ObjectRef, Store};

use super::Target;

const DOMAIN: &str = ".svc.cluster.local";
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The Services of one cluster, kept up to date by their watchers.
#[derive(Clone)]
pub struct Services {
    services: Store<Service>,
    slices: Store<EndpointSlice>,
}

impl Services {
    /// The names in these stores.
    pub fn new(services: Store<Service>, slices: Store<EndpointSlice>) -> Self {
        Self { services, slices }
    }

    /// What stands behind `<service>.<namespace>.svc.cluster.local` or `<host>.<service>.…` of a headless Service.
    pub(super) fn find(&self, name: &str) -> Option<Target> {
        let labels: Vec<&str> = name.strip_suffix(DOMAIN)?.split('.').collect();
        let (host, service, namespace) = match labels[..] {
            [service, namespace] => (None, service, namespace),
            [host, service, namespace] => (Some(host), service, namespace),
            _ => return None,
        };
        let found = self.services.get(&ObjectRef::new(service).within(namespace))?;
        let spec = found.spec.as_ref()?;
        if spec.type_.as_deref() == Some("ExternalName") {
            return spec.external_name.clone().map(Target::Alias);
        }
        match spec.cluster_ip.as_deref() {
            Some("None") => {
                let addresses = self.endpoints(service, namespace, host);
                (host.is_none() || !addresses.is_empty()).then_some(Target::Addresses(addresses))
            }
            Some(address) if host.is_none() => Some(Target::Addresses(vec![address.parse().ok()?])),
            _ => None,
        }
    }

    /// The addresses of ready endpoints, of one host or of all.
    fn endpoints(&self, service: &str, namespace: &str, host: Option<&str>) -> Vec<Ipv4Addr> {
        let mut addresses: Vec<Ipv4Addr> = self
            .slices
            .state()
            .iter()
            .filter(|slice| slice.metadata.namespace.as_deref() == Some(namespace))
            .filter(|slice| {
                let labels = slice.metadata.labels.as_ref();
                labels.and_then(|labels| labels.get(SERVICE_NAME)).map(String::as_str) == Some(service)
            })
            .flat_map(|slice| slice.endpoints.iter().flatten())
            .filter(|endpoint| endpoint.conditions.as_ref().and_then(|it| it.ready).unwrap_or(true))
            .filter(|endpoint| host.is_none() || endpoint.hostname.as_deref() == host)
            .flat_map(|endpoint| endpoint.addresses.iter())
            .filter_map(|address| address.parse().ok())
            .collect();
        addresses.sort_unstable();
        addresses
    }
}
