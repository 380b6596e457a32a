//! What the control plane of one cluster was installed as, whoever installed it.

use futures::future::try_join3;
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use kube::Api;
use kube::api::ListParams;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::gateway::addresses;
use crate::clusters::{self, Cluster};
use crate::mesh::{DEFAULT_DOMAIN_SUFFIX, EastWestGateway};

/// What the chart `istiod` keeps of its values for the injector.
const INJECTOR: &str = "istio-sidecar-injector";
const INJECTOR_KEY: &str = "values";
/// Istio's `MeshConfig`.
const MESH: &str = "istio";
const MESH_KEY: &str = "mesh";
const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// An installation could not be read.
#[derive(Debug, Error)]
pub enum InstalledError {
    /// The cluster could not be asked.
    #[error(transparent)]
    Cluster(#[from] clusters::Error),
    /// There is none.
    #[error("cluster {cluster:?} has no Istio control plane in namespace {namespace:?}")]
    Absent {
        /// Its label.
        cluster: String,
        /// Where it was looked for.
        namespace: String,
    },
    /// It is not what the chart installs.
    #[error("cluster {cluster:?}: ConfigMap {namespace}/{INJECTOR} has no readable values")]
    Values {
        /// Its label.
        cluster: String,
        /// Where it is.
        namespace: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// What a control plane was installed as.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// Istio's `global.meshID`.
    pub mesh_id: String,
    /// Istio's name of the cluster.
    pub cluster: String,
    /// Istio's `global.network`.
    pub network: String,
    /// Release of the charts.
    pub version: String,
    /// Where images come from.
    pub hub: Option<String>,
    /// Variant of the images.
    pub image_variant: Option<String>,
    /// Kind of Kubernetes.
    pub platform: Option<String>,
    /// Names of the Secrets that images are pulled with.
    pub image_pull_secrets: Vec<String>,
    /// Whether Istio's CNI plugin is used.
    pub has_cni: bool,
    /// End of the names of Services.
    pub domain_suffix: String,
    /// Whether clusters without a control plane can be served.
    pub serves_remote_clusters: bool,
    /// Istio's `MeshConfig` as YAML.
    pub mesh_config: String,
    /// Where other networks come in, if there is such a place.
    pub gateway: Option<NetworkGateway>,
}

/// Where calls of other networks come into a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkGateway {
    /// IP addresses and host names, sorted.
    pub addresses: Vec<String>,
    /// The port of all of them.
    pub port: i64,
}

#[derive(Deserialize)]
struct InjectorValues {
    global: Global,
    #[serde(default)]
    pilot: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Global {
    #[serde(rename = "meshID", default)]
    mesh_id: String,
    #[serde(default)]
    network: String,
    #[serde(default)]
    multi_cluster: MultiCluster,
    hub: Option<String>,
    variant: Option<String>,
    platform: Option<String>,
    #[serde(default)]
    image_pull_secrets: Value,
    #[serde(default)]
    proxy: Value,
    #[serde(default)]
    external_istiod: bool,
    #[serde(default)]
    mesh_networks: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MultiCluster {
    #[serde(default)]
    cluster_name: String,
}

/// Reads what the control plane in `namespace` was installed as. Needs to get `ConfigMap`s there, and to list Services in all namespaces.
pub async fn installed(cluster: &Cluster, namespace: &str) -> Result<Installed, InstalledError> {
    let config_maps = Api::<ConfigMap>::namespaced(cluster.client(), namespace);
    let services = Api::<Service>::all(cluster.client());
    let labelled = ListParams::default().labels(EastWestGateway::NETWORK_LABEL);
    let reads = try_join3(config_maps.get_opt(INJECTOR), config_maps.get_opt(MESH), services.list(&labelled));
    let (injector, mesh, services) = reads.await.map_err(|error| cluster.error(error))?;
    let absent =
        || InstalledError::Absent { cluster: cluster.name().to_owned(), namespace: namespace.to_owned() };
    let injector = injector.ok_or_else(absent)?;
    let mesh_config = mesh.and_then(|mesh| mesh.data?.remove(MESH_KEY)).ok_or_else(absent)?;
    let values = injector.data.as_ref().and_then(|data| data.get(INJECTOR_KEY)).map_or("", String::as_str);
    let InjectorValues { global, pilot } = serde_json::from_str(values).map_err(|source| {
        InstalledError::Values { cluster: cluster.name().to_owned(), namespace: namespace.to_owned(), source }
    })?;
    let labels = injector.metadata.labels.unwrap_or_default();
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Installed {
        gateway: typed_gateway(&global).or_else(|| gateway(&services.items, &global.network)),
        mesh_id: global.mesh_id,
        cluster: global.multi_cluster.cluster_name,
        network: global.network,
        version: labels.get(VERSION_LABEL).cloned().unwrap_or_default(),
        hub: given(global.hub),
        image_variant: given(global.variant),
        platform: given(global.platform),
        image_pull_secrets: strings(&global.image_pull_secrets),
        has_cni: pilot["cni"]["enabled"] == true,
        domain_suffix: global.proxy["clusterDomain"].as_str().unwrap_or(DEFAULT_DOMAIN_SUFFIX).to_owned(),
        serves_remote_clusters: global.external_istiod,
        mesh_config,
    })
}

fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The gateway of the network as `meshNetworks` has it: there its addresses are typed.
fn typed_gateway(global: &Global) -> Option<NetworkGateway> {
    let gateways = global.mesh_networks.get(&global.network)?.get("gateways")?.as_array()?;
    let port = gateways.iter().find_map(|gateway| gateway["port"].as_i64())?;
    let addresses = gateways.iter().filter_map(|gateway| gateway["address"].as_str().map(str::to_owned));
    Some(sorted(addresses.collect(), port))
}

/// The gateway of the network as its Services tell.
fn gateway(services: &[Service], network: &str) -> Option<NetworkGateway> {
    let label = |service: &Service, name: &str| service.metadata.labels.as_ref()?.get(name).cloned();
    let of_network =
        |service: &&Service| label(service, EastWestGateway::NETWORK_LABEL).as_deref() == Some(network);
    let services: Vec<&Service> = services.iter().filter(of_network).collect();
    let first = services.first()?;
    let port = label(first, EastWestGateway::PORT_LABEL)
        .and_then(|port| port.parse().ok())
        .unwrap_or(EastWestGateway::DEFAULT_PORT);
    Some(sorted(services.into_iter().flat_map(addresses).collect(), port))
}

fn sorted(mut addresses: Vec<String>, port: i64) -> NetworkGateway {
    addresses.sort_unstable();
    addresses.dedup();
    NetworkGateway { addresses, port }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn global(global: Value) -> Global {
        serde_json::from_value(global).unwrap()
    }

    fn service(network: &str, port: Option<&str>, ingress: &Value) -> Service {
        let mut service = json!({
            "metadata": {"labels": {EastWestGateway::NETWORK_LABEL: network}},
            "status": {"loadBalancer": {"ingress": ingress}},
        });
        if let Some(port) = port {
            service["metadata"]["labels"][EastWestGateway::PORT_LABEL] = json!(port);
        }
        serde_json::from_value(service).unwrap()
    }

    #[test]
    fn the_gateway_of_a_network_is_what_its_services_say() {
        let services = [
            service("net-west", None, &json!([{"ip": "192.0.2.9"}])),
            service("net-east", Some("443"), &json!([{"hostname": "b.example"}, {"ip": "192.0.2.1"}])),
        ];
        let found = gateway(&services, "net-east").unwrap();
        assert_eq!(
            found,
            NetworkGateway { addresses: vec!["192.0.2.1".into(), "b.example".into()], port: 443 }
        );
        assert_eq!(gateway(&services, "net-west").unwrap().port, EastWestGateway::DEFAULT_PORT);
        assert_eq!(gateway(&services, "net-other"), None);
    }

    #[test]
    fn typed_addresses_of_a_gateway_come_before_those_of_its_service() {
        let global = global(json!({
            "network": "net-east",
            "meshNetworks": {
                "net-east": {"gateways": [{"address": "203.0.113.7", "port": 31443}]},
                "net-west": {"gateways": [{"address": "203.0.113.9", "port": 31443}]},
            },
        }));
        let found = typed_gateway(&global).unwrap();
        assert_eq!(found, NetworkGateway { addresses: vec!["203.0.113.7".into()], port: 31443 });
    }
}
