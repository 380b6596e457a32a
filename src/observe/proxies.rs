//! Which workloads get configuration and certificates from a mesh.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use crate::clusters::{Cluster, Error};
use crate::mesh::EAST_WEST_GATEWAY;

/// What istiod's injector puts on every pod that it gives a proxy (`pkg/kube/inject/webhook.go`).
const INJECTED: &str = "security.istio.io/tlsMode=istio";
/// The proxy's container.
const PROXY: &str = "istio-proxy";
/// The variable that tells a proxy which istiod signs its certificate.
const AUTHORITY: &str = "CA_ADDR";

/// The pods, `<namespace>/<name>`, whose proxies depend on the istiod in `namespace`; those of that namespace itself, and the
/// east-west gateway's in `gateway_namespace`, are left out. Needs the right to list pods in all namespaces.
pub async fn proxies(
    cluster: &Cluster,
    namespace: &str,
    gateway_namespace: &str,
) -> Result<BTreeSet<String>, Error> {
    let injected = ListParams::default().labels(INJECTED);
    let pods =
        Api::<Pod>::all(cluster.client()).list(&injected).await.map_err(|error| cluster.error(error))?;
    let depends = |pod: &&Pod| {
        let is_in = |namespace: &str| pod.namespace().as_deref() == Some(namespace);
        let is_the_meshs_own = is_in(namespace) || (is_in(gateway_namespace) && is_gateway(pod));
        !is_the_meshs_own && pod.metadata.deletion_timestamp.is_none() && is_of(pod, namespace)
    };
    let names = pods.items.iter().filter(depends);
    Ok(names.map(|pod| format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any())).collect())
}

/// Whether the pod has the label that the chart gives to the pods of the east-west gateway.
fn is_gateway(pod: &Pod) -> bool {
    pod.labels().get("app").is_some_and(|app| app == EAST_WEST_GATEWAY)
}

/// Whether the pod's proxy was injected by the istiod in this namespace.
fn is_of(pod: &Pod, namespace: &str) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let variables =
        containers.filter(|container| container.name == PROXY).flat_map(|proxy| proxy.env.iter().flatten());
    let mut authorities =
        variables.filter(|variable| variable.name == AUTHORITY).filter_map(|it| it.value.as_deref());
    authorities.any(|address| address.split('.').nth(1) == Some(namespace))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(container: &str, authority: &str) -> Pod {
        let container = json!({"name": container, "env": [{"name": "CA_ADDR", "value": authority}]});
        serde_json::from_value(json!({"metadata": {}, "spec": {"containers": [container]}})).unwrap()
    }

    #[test]
    fn a_proxy_belongs_to_the_istiod_that_signs_for_it() {
        assert!(is_of(&pod("istio-proxy", "istiod.istio-system.svc:15012"), "istio-system"));
        assert!(is_of(&pod("istio-proxy", "istiod-1-31.istio-system.svc:15012"), "istio-system"));
        assert!(!is_of(&pod("istio-proxy", "istiod.other.svc:15012"), "istio-system"));
        assert!(!is_of(&pod("app", "istiod.istio-system.svc:15012"), "istio-system"));
    }

    #[test]
    fn a_gateways_pod_is_known_by_the_label_of_its_chart() {
        let labelled = |app: &str| {
            let pod = json!({"metadata": {"labels": {"app": app}}});
            is_gateway(&serde_json::from_value(pod).unwrap())
        };
        assert!(labelled("istio-eastwestgateway"));
        assert!(!labelled("echo"));
    }

    #[test]
    fn a_proxy_in_an_init_container_counts_too() {
        let mut pod = pod("istio-proxy", "istiod.istio-system.svc:15012");
        let spec = pod.spec.as_mut().unwrap();
        spec.init_containers = Some(std::mem::take(&mut spec.containers));
        assert!(is_of(&pod, "istio-system"));
    }
}
