//! What the control plane of one cluster was installed as, whoever installed it.

use futures::future::try_join3;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::labelled_gateways::{NetworkGateway, found_gateways, labelled_services};
use crate::clusters::{self, Cluster};
use crate::mesh::DEFAULT_DOMAIN_SUFFIX;

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
    let config_map = async |name| config_maps.get_opt(name).await.map_err(|error| cluster.error(error));
    let (injector, mesh, services) =
        try_join3(config_map(INJECTOR), config_map(MESH), labelled_services(cluster)).await?;
    let absent =
        || InstalledError::Absent { cluster: cluster.name().to_owned(), namespace: namespace.to_owned() };
    let injector = injector.ok_or_else(absent)?;
    let mesh_config = mesh.and_then(|mesh| mesh.data?.remove(MESH_KEY)).ok_or_else(absent)?;
    let values = injector.data.as_ref().and_then(|data| data.get(INJECTOR_KEY)).map_or("", String::as_str);
    let InjectorValues { global, pilot } = serde_json::from_str(values).map_err(|source| {
        InstalledError::Values { cluster: cluster.name().to_owned(), namespace: namespace.to_owned(), source }
    })?;
    let found = found_gateways(cluster, services, &global.network).await?;
    let labels = injector.metadata.labels.unwrap_or_default();
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Installed {
        gateway: gateway(found).or_else(|| typed_gateway(&global)),
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

/// What istiod uses of them, at the port of the first; what is typed counts only where there are none.
fn gateway(found: Vec<NetworkGateway>) -> Option<NetworkGateway> {
    let found: Vec<NetworkGateway> =
        found.into_iter().filter(|gateway| !gateway.addresses.is_empty()).collect();
    let port = found.first()?.port;
    let addresses = found.into_iter().filter(|gateway| gateway.port == port);
    Some(sorted(addresses.flat_map(|gateway| gateway.addresses).collect(), port))
}

/// The gateway of the network as `meshNetworks` has it: there its addresses are typed.
fn typed_gateway(global: &Global) -> Option<NetworkGateway> {
    let gateways = global.mesh_networks.get(&global.network)?.get("gateways")?.as_array()?;
    let port = gateways.iter().find_map(|gateway| gateway["port"].as_i64())?;
    let addresses = gateways.iter().filter_map(|gateway| gateway["address"].as_str().map(str::to_owned));
    Some(sorted(addresses.collect(), port))
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

    fn at(addresses: &[&str], port: i64) -> NetworkGateway {
        NetworkGateway { addresses: addresses.iter().map(|address| (*address).to_owned()).collect(), port }
    }

    #[test]
    fn the_gateway_of_a_network_is_what_its_services_say() {
        let found = vec![
            at(&[], 15443),
            at(&["b.example", "192.0.2.1"], 443),
            at(&["192.0.2.9"], 15443),
            at(&["192.0.2.2"], 443),
        ];
        assert_eq!(gateway(found), Some(at(&["192.0.2.1", "192.0.2.2", "b.example"], 443)));
        assert_eq!(gateway(vec![at(&[], 15443)]), None, "then what is typed counts");
        assert_eq!(gateway(Vec::new()), None);
    }

    #[test]
    fn the_typed_addresses_of_a_gateway_are_those_of_its_own_network() {
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
