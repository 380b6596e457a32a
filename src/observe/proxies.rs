//! Which pods depend on a control plane: for their configuration, for their certificates, or for both.
//!
//! What is known of a proxy is what istiod's templates write into its container (`files/*.yaml` of the chart `istiod`; `ztunnel` has
//! its own chart): `PROXY_CONFIG` with the address that it gets its configuration from, unless that is Istio's default, and the
//! address that signs its certificates. The second one alone says little, since with an external signer (istio-csr) it is
//! another's.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Pod};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde_json::Value;

use crate::clusters::{Cluster, Error};

/// Pods asked for at a time: of a large cluster only these are in memory as a whole.
const AT_ONCE: u32 = 500;
/// What has run to its end depends on nothing any more.
const RUNNING: &str = "status.phase!=Succeeded,status.phase!=Failed";
/// The proxy's container in every template of Istio's charts.
const PROXY: &str = "istio-proxy";
/// Where a proxy gets its configuration from unless `PROXY_CONFIG` says otherwise: the injector leaves this address out
/// (`cleanProxyConfig` in `pkg/kube/inject/template.go`).
const DEFAULT_DISCOVERY: &str = "istiod.istio-system.svc:15012";

/// The control plane of one cluster, as its proxies know it.
#[derive(Clone, Copy, Debug)]
pub struct ControlPlaneName<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Istio's `global.meshID`.
    pub mesh_id: &'a str,
    /// Istio's name of the cluster.
    pub cluster: &'a str,
}

/// What creates pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workload {
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// The pods, `<namespace>/<name>`, whose proxies depend on this control plane, but for those of the workloads in `own`. Needs the
/// permission to list pods in all namespaces.
pub async fn proxies(
    cluster: &Cluster,
    of: ControlPlaneName<'_>,
    own: &BTreeSet<Workload>,
) -> Result<BTreeSet<String>, Error> {
    let pods = Api::<Pod>::all(cluster.client());
    let mut parameters = ListParams::default().fields(RUNNING).limit(AT_ONCE);
    let mut dependents = BTreeSet::new();
    loop {
        let page = pods.list(&parameters).await.map_err(|error| cluster.error(error))?;
        let depends =
            |pod: &&Pod| depends(pod, of) && workload(pod).is_none_or(|workload| !own.contains(&workload));
        let names = page.items.iter().filter(depends);
        dependents
            .extend(names.map(|pod| format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any())));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(dependents),
        }
    }
}

/// What has created the pod; the Deployment rather than its `ReplicaSet`.
fn workload(pod: &Pod) -> Option<Workload> {
    let controller = pod.owner_references().iter().find(|owner| owner.controller == Some(true))?;
    let hash = pod.labels().get("pod-template-hash").map(|hash| format!("-{hash}"));
    let deployment = hash.and_then(|hash| controller.name.strip_suffix(&hash));
    let (kind, name) = match deployment.filter(|_| controller.kind == "ReplicaSet") {
        Some(name) => ("Deployment", name),
        None => (controller.kind.as_str(), controller.name.as_str()),
    };
    Some(Workload {
        kind: kind.to_owned(),
        namespace: pod.namespace().unwrap_or_default(),
        name: name.to_owned(),
    })
}

/// Whether a proxy in the pod depends on this control plane.
fn depends(pod: &Pod, of: ControlPlaneName<'_>) -> bool {
    let Some(spec) = pod.spec.as_ref().filter(|_| pod.metadata.deletion_timestamp.is_none()) else {
        return false;
    };
    let namespace = pod.namespace().unwrap_or_default();
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    containers.filter_map(Proxy::of).any(|proxy| proxy.depends(of, &namespace))
}

/// What a container says of itself as a proxy.
struct Proxy<'a> {
    /// Where it gets its configuration from.
    discovery: String,
    /// Who signs its certificates.
    authority: Option<&'a str>,
    mesh_id: Option<&'a str>,
    cluster: Option<&'a str>,
}

impl<'a> Proxy<'a> {
    /// `None` if the container is not a proxy, or one that no istiod has completed.
    fn of(container: &'a Container) -> Option<Self> {
        let value = |name: &str| {
            let mut variables = container.env.iter().flatten().filter(|variable| variable.name == name);
            variables.find_map(|variable| variable.value.as_deref())
        };
        // ztunnel and agentgateway have addresses of other names.
        let authority = value("CA_ADDR").or_else(|| value("CA_ADDRESS"));
        let discovery = match (value("XDS_ADDRESS"), value("PROXY_CONFIG")) {
            (Some(address), _) => address.to_owned(),
            (None, Some(config)) => discovery_address(config),
            (None, None) if container.name == PROXY && authority.is_some() => DEFAULT_DISCOVERY.to_owned(),
            (None, None) => return None,
        };
        let (mesh_id, cluster) = (value("ISTIO_META_MESH_ID"), value("ISTIO_META_CLUSTER_ID"));
        Some(Self { discovery, authority, mesh_id, cluster })
    }

    /// An address outside of the cluster, such as a load balancer in front of istiod, tells nothing: then mesh and cluster do, which
    /// the istiod that injected the proxy has written.
    fn depends(&self, of: ControlPlaneName<'_>, own_namespace: &str) -> bool {
        let is_there = |address: &str| namespace_of(address, own_namespace) == Some(of.namespace);
        if is_there(&self.discovery) || self.authority.is_some_and(is_there) {
            return true;
        }
        let is_outside = namespace_of(&self.discovery, own_namespace).is_none();
        is_outside && self.mesh_id == Some(of.mesh_id) && self.cluster == Some(of.cluster)
    }
}

/// The address in the JSON document of a proxy's configuration.
fn discovery_address(config: &str) -> String {
    let config: Value = serde_json::from_str(config).unwrap_or_default();
    config["discoveryAddress"].as_str().unwrap_or(DEFAULT_DISCOVERY).to_owned()
}

/// The namespace of the Service at this address, as a pod in `own_namespace` resolves it; `None` for what is not a Service of
/// the cluster.
fn namespace_of<'a>(address: &'a str, own_namespace: &'a str) -> Option<&'a str> {
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    if address.starts_with('[') {
        return None;
    }
    let host = address.split(['/', ':']).next().unwrap_or_default();
    if host.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    let mut labels = host.trim_end_matches('.').split('.');
    match (labels.next(), labels.next(), labels.next()) {
        (Some(_), None, _) => Some(own_namespace),
        (Some(_), Some(namespace), None | Some("svc")) => Some(namespace),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISTIOD: ControlPlaneName<'static> =
        ControlPlaneName { namespace: "istio-system", mesh_id: "shop", cluster: "east" };

    fn pod(namespace: &str, container: &str, environment: &[(&str, &str)]) -> Pod {
        let environment = environment.iter().map(|(name, value)| json!({"name": name, "value": value}));
        let container = json!({"name": container, "env": environment.collect::<Vec<_>>()});
        let pod = json!({"metadata": {"namespace": namespace}, "spec": {"containers": [container]}});
        serde_json::from_value(pod).unwrap()
    }

    fn sidecar(environment: &[(&str, &str)]) -> Pod {
        pod("web", "istio-proxy", environment)
    }

    #[test]
    fn a_proxy_belongs_to_the_istiod_that_it_gets_its_configuration_from() {
        let configured = |address: &str| {
            let config = format!("{{\"discoveryAddress\":\"{address}\"}}\n");
            depends(&sidecar(&[("PROXY_CONFIG", config.as_str())]), ISTIOD)
        };
        assert!(configured("istiod.istio-system.svc:15012"));
        assert!(configured("istiod-1-31.istio-system.svc.cluster.local:15012"));
        assert!(configured("istiod.istio-system:15012"));
        assert!(!configured("istiod.other.svc:15012"));
        assert!(!configured("istiod:15012"));
        assert!(!configured("192.0.2.1:15012"));
    }

    #[test]
    fn istios_default_address_is_not_written_and_counts_nevertheless() {
        let pod =
            sidecar(&[("CA_ADDR", "cert-manager-istio-csr.cert-manager.svc:443"), ("PROXY_CONFIG", "{}\n")]);
        assert!(depends(&pod, ISTIOD));
        assert!(!depends(&pod, ControlPlaneName { namespace: "other", ..ISTIOD }));
    }

    #[test]
    fn who_signs_counts_alone_too() {
        let config = "{\"discoveryAddress\":\"istiod.other.svc:15012\"}";
        let signed = |address| depends(&sidecar(&[("CA_ADDR", address), ("PROXY_CONFIG", config)]), ISTIOD);
        assert!(signed("istiod.istio-system.svc:15012"));
        assert!(!signed("istiod.other.svc:15012"));
    }

    #[test]
    fn a_proxy_behind_an_address_outside_is_known_by_mesh_and_cluster() {
        let config = "{\"discoveryAddress\":\"istiod.east.shop.example:15012\"}";
        let named = |mesh, cluster| {
            let environment = [
                ("PROXY_CONFIG", config),
                ("CA_ADDR", "signer.example:443"),
                ("ISTIO_META_MESH_ID", mesh),
                ("ISTIO_META_CLUSTER_ID", cluster),
            ];
            depends(&sidecar(&environment), ISTIOD)
        };
        assert!(named("shop", "east"));
        assert!(!named("shop", "west"));
        assert!(!named("bank", "east"));
    }

    #[test]
    fn proxies_of_nodes_and_of_gateways_count_and_applications_do_not() {
        let addresses = [("XDS_ADDRESS", "https://istiod.istio-system.svc:15012"), ("CA_ADDRESS", "x")];
        assert!(depends(&pod("istio-system", "istio-proxy", &addresses), ISTIOD));
        assert!(depends(&pod("web", "agentgateway", &addresses), ISTIOD));
        let application = [("CA_ADDR", "istiod.istio-system.svc:15012")];
        assert!(!depends(&pod("web", "app", &application), ISTIOD));
        let not_injected: [(&str, &str); 0] = [];
        assert!(!depends(&sidecar(&not_injected), ISTIOD));
    }

    #[test]
    fn a_proxy_in_an_init_container_counts_and_one_that_goes_does_not() {
        let mut pod = sidecar(&[("CA_ADDR", "istiod.istio-system.svc:15012")]);
        let spec = pod.spec.as_mut().unwrap();
        spec.init_containers = Some(std::mem::take(&mut spec.containers));
        assert!(depends(&pod, ISTIOD));
        let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        pod.metadata.deletion_timestamp =
            serde_json::from_value::<Pod>(going).unwrap().metadata.deletion_timestamp;
        assert!(!depends(&pod, ISTIOD));
    }

    #[test]
    fn a_pod_is_its_deployments() {
        let created_by = |kind: &str, name: &str, hash: Option<&str>| {
            let pod = json!({"metadata": {
                "namespace": "istio-system",
                "labels": hash.map(|hash| json!({"pod-template-hash": hash})),
                "ownerReferences": [{"apiVersion": "v1", "kind": kind, "name": name, "uid": "u", "controller": true}],
            }});
            let workload = workload(&serde_json::from_value(pod).unwrap()).unwrap();
            format!("{} {}/{}", workload.kind, workload.namespace, workload.name)
        };
        let deployment = created_by("ReplicaSet", "istio-ingressgateway-5d4f8", Some("5d4f8"));
        assert_eq!(deployment, "Deployment istio-system/istio-ingressgateway");
        assert_eq!(created_by("ReplicaSet", "mine", None), "ReplicaSet istio-system/mine");
        assert_eq!(created_by("DaemonSet", "ztunnel", None), "DaemonSet istio-system/ztunnel");
    }
}
