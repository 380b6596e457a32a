//! What the control plane of one cluster was installed as, whoever installed it.

mod revision;

use futures::future::try_join;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use semver::Version;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use self::revision::ConfigMaps;
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
/// The variable that names a second `MeshConfig`, which holds where the first one says nothing.
const SHARED_MESH_CONFIG: &str = "SHARED_MESH_CONFIG";

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
    /// There is none of the revision that is wanted, but there are others.
    #[error(
        "cluster {cluster:?} has no Istio control plane of revision {revision:?} in namespace {namespace:?}; found: {}",
        .found.join(", ")
    )]
    NoRevision {
        /// Its label.
        cluster: String,
        /// Where it was looked for.
        namespace: String,
        /// The revision.
        revision: String,
        /// Those that are there.
        found: Vec<String>,
    },
    /// There are several, none of them without a revision.
    #[error(
        "cluster {cluster:?} has Istio control planes of several revisions in namespace {namespace:?}: {}",
        .found.join(", ")
    )]
    SeveralRevisions {
        /// Its label.
        cluster: String,
        /// Where they are.
        namespace: String,
        /// Their revisions.
        found: Vec<String>,
    },
    /// It is not what the chart installs.
    #[error("cluster {cluster:?}: ConfigMap {namespace}/{name} has no readable values")]
    Values {
        /// Its label.
        cluster: String,
        /// Where it is.
        namespace: String,
        /// Its name.
        name: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// What a control plane was installed as.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Installed {
    /// Istio's `global.meshID`; without it, the trust domain stands in.
    pub mesh_id: Option<String>,
    /// Istio's name of the cluster; without it, istiod calls its cluster [`Self::DEFAULT_CLUSTER`].
    pub cluster: Option<String>,
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
    /// Istio's `MeshConfig` as YAML, as its ConfigMap has it.
    pub mesh_config: String,
    /// The second one, which holds where the first says nothing; empty if there is none.
    pub shared_mesh_config: String,
    /// Where other networks come in, if there is such a place.
    pub gateway: Option<NetworkGateway>,
}

impl Installed {
    /// What istiod calls its cluster unless it is told otherwise (`CLUSTER_ID` in the chart).
    pub const DEFAULT_CLUSTER: &str = "Kubernetes";
}

#[derive(Deserialize)]
struct InjectorValues {
    #[serde(default)]
    global: Global,
    #[serde(default)]
    pilot: Value,
}

/// Charts write null for what is not set.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Global {
    #[serde(rename = "meshID")]
    mesh_id: Option<String>,
    network: Option<String>,
    multi_cluster: Option<MultiCluster>,
    hub: Option<String>,
    tag: Value,
    variant: Option<String>,
    platform: Option<String>,
    image_pull_secrets: Value,
    proxy: Value,
    external_istiod: Option<bool>,
    mesh_networks: Value,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MultiCluster {
    cluster_name: Option<String>,
}

/// Reads what the control plane of `revision` in `namespace` was installed as; without one, that of Istio's own, else the only one
/// that is there. Needs to get `ConfigMap`s there, to list them where there is none of the usual name, and to list Services in all
/// namespaces.
pub async fn installed(
    cluster: &Cluster,
    namespace: &str,
    revision: Option<&str>,
) -> Result<Installed, InstalledError> {
    let services = async { labelled_services(cluster).await.map_err(InstalledError::from) };
    let (ConfigMaps { injector, mesh }, services) =
        try_join(revision::config_maps(cluster, namespace, revision), services).await?;
    let values = injector.data.as_ref().and_then(|data| data.get(INJECTOR_KEY)).map_or("", String::as_str);
    let values: InjectorValues = serde_json::from_str(values).map_err(|source| InstalledError::Values {
        cluster: cluster.name().to_owned(),
        namespace: namespace.to_owned(),
        name: injector.metadata.name.clone().unwrap_or_default(),
        source,
    })?;
    let InjectorValues { global, pilot } = values;
    let mesh_config = mesh_config_of(mesh);
    let shared_mesh_config = match pilot["env"][SHARED_MESH_CONFIG].as_str() {
        Some(name) => shared_mesh_config(cluster, namespace, name).await?,
        None => String::new(),
    };
    let network = global.network.clone().unwrap_or_default();
    let found = found_gateways(cluster, services, &network).await?;
    let label = injector.metadata.labels.as_ref().and_then(|labels| labels.get(VERSION_LABEL)).cloned();
    Ok(Installed {
        gateway: gateway(found).or_else(|| typed_gateway(&global, &network)),
        mesh_id: given(global.mesh_id),
        cluster: given(global.multi_cluster.and_then(|cluster| cluster.cluster_name)),
        network,
        version: given(label).or_else(|| release(&global.tag)).unwrap_or_default(),
        hub: given(global.hub),
        image_variant: given(global.variant),
        platform: given(global.platform),
        image_pull_secrets: strings(&global.image_pull_secrets),
        has_cni: pilot["cni"]["enabled"] == true,
        domain_suffix: global.proxy["clusterDomain"].as_str().unwrap_or(DEFAULT_DOMAIN_SUFFIX).to_owned(),
        serves_remote_clusters: global.external_istiod.unwrap_or_default(),
        mesh_config,
        shared_mesh_config,
    })
}

async fn shared_mesh_config(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<String, clusters::Error> {
    let config_maps = Api::<ConfigMap>::namespaced(cluster.client(), namespace);
    let shared = config_maps.get_opt(name).await.map_err(|error| cluster.error(error))?;
    Ok(shared.map(mesh_config_of).unwrap_or_default())
}

fn mesh_config_of(config_map: ConfigMap) -> String {
    config_map.data.and_then(|mut data| data.remove(MESH_KEY)).unwrap_or_default()
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The release that an image's tag names, for charts that do not label what they install: `1.31.0-distroless` is 1.31.0.
fn release(tag: &Value) -> Option<String> {
    let tag = tag.as_str()?;
    let variants = ["-distroless", "-debug"];
    let tag = variants.iter().find_map(|variant| tag.strip_suffix(variant)).unwrap_or(tag);
    Version::parse(tag).ok().map(|version| version.to_string())
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
fn typed_gateway(global: &Global, network: &str) -> Option<NetworkGateway> {
    let gateways = global.mesh_networks.get(network)?.get("gateways")?.as_array()?;
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
    fn what_charts_leave_empty_is_read_as_not_set() {
        let global = global(
            json!({"meshID": null, "network": null, "multiCluster": null, "externalIstiod": null, "tag": 5}),
        );
        assert_eq!(global.network, None);
        assert_eq!(release(&global.tag), None);
        assert!(serde_json::from_value::<InjectorValues>(json!({})).is_ok());
    }

    #[test]
    fn a_release_is_what_the_tag_of_the_images_names() {
        for (tag, release_of_it) in
            [("1.31.0", Some("1.31.0")), ("1.29.4-distroless", Some("1.29.4")), ("latest", None)]
        {
            assert_eq!(release(&json!(tag)).as_deref(), release_of_it, "{tag}");
        }
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
        let found = typed_gateway(&global, "net-east").unwrap();
        assert_eq!(found, NetworkGateway { addresses: vec!["203.0.113.7".into()], port: 31443 });
    }
}
