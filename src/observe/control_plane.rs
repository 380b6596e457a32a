//! What the control plane of one cluster says of itself.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join, try_join4};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt;
use serde::Deserialize;
use serde_json::Value;

use super::authority::{self, CertificateFiles};
use super::debug;
use super::gateway::{self, Gateway};
use super::pods::{is_ready, rolled_out};
use super::snapshot::{Scope, Snapshot};
use crate::clusters::{Cluster, Error};
use crate::mesh::{GatewayRole, SharedMeshConfig};

/// istiod's Deployment.
const DEPLOYMENT: &str = "istiod";
/// The label of its pods.
const LABEL: (&str, &str) = ("app", "istiod");
/// The clusters and the gateways that istiod knows, and the mesh configuration that it runs with, in `pilot/pkg/xds/debug.go`.
const DEBUG_PATHS: [&str; 3] = ["/debug/clusterz", "/debug/networkz", "/debug/mesh"];
/// The proxies of one namespace that are connected to it: of all namespaces there may be thousands.
const CONNECTED: &str = "/debug/syncz?namespace=";
/// The ConfigMap that it is given the configuration in, and its key.
const CONFIG: (&str, &str) = ("istio", "mesh");
/// The ConfigMap in which istiods that read Ingresses elect their leader, and the annotation that names it
/// (`pilot/pkg/leaderelection`).
const ELECTION: &str = "istio-leader";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

/// One control plane, as far as it could be observed.
#[derive(Debug)]
pub struct ControlPlane {
    /// Whether istiod is installed at all.
    pub is_installed: bool,
    /// Every ready pod of istiod, and what it says of the clusters that it reads; an error where that cannot be seen.
    pub replicas: Result<Vec<Replica>, String>,
    /// The roots that proxies of the cluster trust, as PEM; `None` if there are none yet.
    pub roots: Option<String>,
    /// The certificates that istiod signs with; `None` if there are none, and it makes a root of its own.
    pub authority: Option<CertificateFiles>,
    /// The east-west gateway; `None` if it has no Service.
    pub gateway: Option<Gateway>,
    /// The mesh configuration that istiod was given, and what it runs with.
    pub mesh_config: RunningMeshConfig,
}

/// The mesh configuration of one control plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunningMeshConfig {
    /// The documents that istiod reads, YAML, the first one first; `None` if they were not seen.
    pub given: Option<Vec<String>>,
    /// What each pod that was asked runs with.
    pub running: Vec<Value>,
}

impl ControlPlane {
    /// Whether a pod of it is ready. Only ready pods are asked, so one that could not be asked is.
    pub fn is_running(&self) -> bool {
        self.replicas.as_ref().map_or(true, |replicas| !replicas.is_empty())
    }
}

/// What one pod of istiod says, and the mesh configuration with which it runs; null if it does not tell that.
pub(super) type Answer = (Replica, Value);

/// What one pod of istiod says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    /// Its name.
    pub pod: String,
    /// Cluster → how far istiod is with it (`synced`, `syncing`, `timeout`, `closed`).
    pub clusters: BTreeMap<String, String>,
    /// The gateways of all networks that it knows from Services and from `meshNetworks`; `None` if that cannot be seen.
    pub gateways: Option<BTreeSet<KnownGateway>>,
    /// The clusters whose gateways get their configuration from it; `None` if that cannot be seen.
    pub served: Option<BTreeSet<String>>,
}

/// One address of a gateway as istiod has it. In place of a host name it has the addresses that it has looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownGateway {
    /// The network behind it.
    pub network: String,
    /// The cluster whose Service has the address; empty for what `meshNetworks` says.
    pub cluster: String,
    /// The address.
    pub address: String,
    /// The port.
    pub port: i64,
}

#[derive(Deserialize)]
struct RemoteCluster {
    id: String,
    #[serde(rename = "syncStatus")]
    sync_status: String,
}

#[derive(Deserialize)]
struct Proxy {
    #[serde(default)]
    cluster_id: String,
}

#[derive(Deserialize)]
struct GatewayOfNetwork {
    #[serde(rename = "Network")]
    network: String,
    #[serde(rename = "Cluster")]
    cluster: String,
    #[serde(rename = "Addr")]
    address: String,
    #[serde(rename = "Port")]
    port: i64,
    #[serde(rename = "ServiceAccount", default)]
    service_account: Account,
}

#[derive(Default, Deserialize)]
struct Account {
    #[serde(rename = "Name")]
    name: String,
}

#[derive(Deserialize)]
struct Leader {
    #[serde(rename = "holderIdentity")]
    holder: String,
}

/// Observes the control plane in `namespace` and the east-west gateway in its own. Needs get and list; to ask istiod of the
/// clusters that it reads, it also needs `pods/portforward`, and without that `replicas` is an error.
pub async fn control_plane(
    cluster: &Snapshot,
    namespace: &str,
    gateway_namespace: &str,
    asks_istiod: bool,
) -> Result<ControlPlane, Error> {
    let looks = try_join4(
        authority::roots(cluster, namespace),
        authority::authority(cluster, namespace),
        gateway::gateway(cluster, GatewayRole::EastWest, namespace, gateway_namespace),
        asked_replicas(cluster, namespace, gateway_namespace, asks_istiod),
    );
    let (deployment, (roots, authority, gateway, asked)) =
        Box::pin(try_join(cluster.get::<Deployment>(namespace, DEPLOYMENT), looks)).await?;
    let (replicas, running) = match asked {
        Ok(asked) => {
            let (replicas, running): (Vec<Replica>, Vec<Value>) = asked.into_iter().unzip();
            (Ok(replicas), running)
        }
        Err(reason) => (Err(reason), Vec::new()),
    };
    let given = given(cluster, namespace).await;
    // One that does not tell it is not compared.
    let running = running.into_iter().filter(|running| !running.is_null()).collect();
    let mesh_config = RunningMeshConfig { given, running };
    Ok(ControlPlane { is_installed: deployment.is_some(), replicas, roots, authority, gateway, mesh_config })
}

/// The documents in the `ConfigMaps`, without a request for them.
async fn given(cluster: &Snapshot, namespace: &str) -> Option<Vec<String>> {
    let text = |config_map: ConfigMap, key: &str| config_map.data.unwrap_or_default().remove(key);
    let own = text(cluster.seen::<ConfigMap>(namespace, CONFIG.0).await?, CONFIG.1)?;
    let shared = cluster.seen::<ConfigMap>(namespace, SharedMeshConfig::CONFIG_MAP).await;
    let shared = shared.and_then(|shared| text(shared, SharedMeshConfig::KEY));
    Some(shared.into_iter().chain([own]).collect())
}

/// What [`control_plane`] looks at that one LIST a kind has.
pub fn control_plane_scope(scope: Scope, namespace: &str, gateway_namespace: &str) -> Scope {
    let scope = scope.and::<Deployment>(namespace, DEPLOYMENT).and::<ConfigMap>(namespace, CONFIG.0);
    gateway::gateway_scope(
        authority::authority_scope(scope, namespace),
        GatewayRole::EastWest,
        namespace,
        gateway_namespace,
    )
}

/// What else a refresh looks at, to find the only pod of istiod without a look at pods. Not an apply: for as long as a pod that was
/// replaced takes to end, it is still named there, and says what its successor may not know yet.
pub fn leader_scope(scope: Scope, namespace: &str) -> Scope {
    scope.and::<ConfigMap>(namespace, ELECTION)
}

/// Every ready pod of istiod in `namespace`, as in [`ControlPlane`].
pub async fn replicas(cluster: &Snapshot, namespace: &str) -> Result<Result<Vec<Replica>, String>, Error> {
    let asked = asked_replicas(cluster, namespace, namespace, true).await?;
    Ok(asked.map(|asked| asked.into_iter().map(|(replica, _)| replica).collect()))
}

async fn asked_replicas(
    cluster: &Snapshot,
    namespace: &str,
    gateway_namespace: &str,
    asks_istiod: bool,
) -> Result<Result<Vec<Answer>, String>, Error> {
    if let Some(pod) = only_pod(cluster, namespace).await {
        if !asks_istiod {
            return Ok(Ok(vec![(Replica { pod, ..Replica::default() }, Value::Null)]));
        }
        // If there is another one in its place by now, that is found below.
        if let Ok(replica) = asked(cluster, namespace, gateway_namespace, &pod).await {
            return Ok(Ok(vec![replica]));
        }
    }
    let found = cluster.pods(namespace).await?;
    let is_of_istiod = |pod: &&Pod| pod.labels().get(LABEL.0).is_some_and(|name| name == LABEL.1);
    let ready = found.iter().filter(is_of_istiod).filter(|pod| is_ready(pod)).map(ResourceExt::name_any);
    if !asks_istiod {
        return Ok(Ok(ready.map(|pod| (Replica { pod, ..Replica::default() }, Value::Null)).collect()));
    }
    let ask = async |pod: String| asked(cluster, namespace, gateway_namespace, &pod).await;
    let answers = join_all(ready.map(ask)).await;
    Ok(answers.into_iter().collect())
}

/// The pod of istiod, if it is known to be the only one, and ready, without a look at pods: its Deployment says so, and the pod has
/// written its name where istiods elect their leader.
async fn only_pod(cluster: &Snapshot, namespace: &str) -> Option<String> {
    let deployment = cluster.seen::<Deployment>(namespace, DEPLOYMENT).await?;
    let election = cluster.seen::<ConfigMap>(namespace, ELECTION).await?;
    let leader = leader(&election)?;
    let is_its_pod = leader.strip_prefix(DEPLOYMENT).is_some_and(|rest| rest.starts_with('-'));
    (rolled_out(&deployment) == Some(1) && is_its_pod).then_some(leader)
}

/// The pod of istiod that leads, by the `ConfigMap` in which they elect it.
pub(super) fn leader(election: &ConfigMap) -> Option<String> {
    let leader: Leader = serde_json::from_str(election.annotations().get(LEADER)?).ok()?;
    (!leader.holder.is_empty()).then_some(leader.holder)
}

async fn asked(
    cluster: &Snapshot,
    namespace: &str,
    gateway_namespace: &str,
    pod: &str,
) -> Result<Answer, String> {
    let ask = asked_now(cluster.cluster(), namespace, gateway_namespace, pod);
    match cluster.answers() {
        Some(answers) => answers.of([cluster.name(), namespace, gateway_namespace, pod], ask).await,
        None => ask.await,
    }
}

async fn asked_now(
    cluster: &Cluster,
    namespace: &str,
    gateway_namespace: &str,
    pod: &str,
) -> Result<Answer, String> {
    let [clusters, gateways, mesh] = DEBUG_PATHS;
    let connected = format!("{CONNECTED}{gateway_namespace}");
    let paths = [clusters, gateways, mesh, &connected];
    let [clusters, gateways, mesh, proxies] = debug::ask(cluster, namespace, pod, paths).await?;
    let clusters = clusters_in(&clusters?)?;
    // One that does not tell its gateways or its configuration still tells the clusters that it knows.
    let mesh = mesh.ok().and_then(|body| serde_json::from_slice(&body).ok());
    let gateways = gateways.ok().and_then(|body| gateways_in(&body));
    let served = proxies.ok().and_then(|body| served_in(&body));
    let replica = Replica { pod: pod.to_owned(), clusters, gateways, served };
    Ok((replica, mesh.unwrap_or_default()))
}

fn clusters_in(body: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let clusters: Vec<RemoteCluster> = serde_json::from_slice(body)
        .map_err(|_| "istiod's response is not the list of clusters".to_owned())?;
    Ok(clusters.into_iter().map(|cluster| (cluster.id, cluster.sync_status)).collect())
}

fn served_in(body: &[u8]) -> Option<BTreeSet<String>> {
    let proxies: Vec<Proxy> = serde_json::from_slice(body).ok()?;
    Some(proxies.into_iter().map(|proxy| proxy.cluster_id).collect())
}

/// Those that a resource `Gateway` of the Gateway API names have an account; they are somebody else's.
fn gateways_in(body: &[u8]) -> Option<BTreeSet<KnownGateway>> {
    let gateways: Option<Vec<GatewayOfNetwork>> = serde_json::from_slice(body).ok()?;
    let gateways = gateways.into_iter().flatten().filter(|gateway| gateway.service_account.name.is_empty());
    let known = gateways.map(|gateway| KnownGateway {
        network: gateway.network,
        cluster: gateway.cluster,
        address: gateway.address,
        port: gateway.port,
    });
    Some(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn istiods_answer_names_clusters_and_how_far_they_are() {
        let answer = r#"[{"id":"east","secretName":"","syncStatus":"synced"},
            {"id":"west","secretName":"istio-system/istio-remote-secret-west","syncStatus":"timeout"}]"#;
        let clusters = clusters_in(answer.as_bytes()).unwrap();
        assert_eq!(clusters["east"], "synced");
        assert_eq!(clusters["west"], "timeout");
        assert_eq!(clusters_in(b"no").unwrap_err(), "istiod's response is not the list of clusters");
    }

    #[test]
    fn istiods_answer_names_the_clusters_of_proxies_and_not_of_those_that_it_knows_otherwise() {
        let answer = r#"[{"cluster_id":"edge","proxy":"istio-eastwestgateway-1.istio-system","istio_version":"1.31.0"},
            {"proxy":"old.istio-system"}]"#;
        assert_eq!(served_in(answer.as_bytes()), Some(["", "edge"].map(str::to_owned).into()));
        assert_eq!(served_in(b"[]"), Some(BTreeSet::new()));
        assert_eq!(served_in(b"no"), None);
    }

    #[test]
    fn gateways_that_somebody_elses_resources_name_do_not_count() {
        let answer = r#"[
            {"Network":"net-west","Cluster":"west","Addr":"192.0.2.7","Port":15443,"HBONEPort":0,
             "ServiceAccount":{"Namespace":"","Name":""}},
            {"Network":"net-west","Cluster":"","Addr":"192.0.2.8","Port":31443},
            {"Network":"net-west","Cluster":"west","Addr":"192.0.2.9","Port":15008,"HBONEPort":15008,
             "ServiceAccount":{"Namespace":"ambient","Name":"gateway"}}]"#;
        let of = |cluster: &str, address: &str, port| KnownGateway {
            network: "net-west".to_owned(),
            cluster: cluster.to_owned(),
            address: address.to_owned(),
            port,
        };
        let expected = [of("", "192.0.2.8", 31443), of("west", "192.0.2.7", 15443)];
        assert_eq!(gateways_in(answer.as_bytes()), Some(expected.into()));
        assert_eq!(gateways_in(b"null"), Some(BTreeSet::new()));
        assert_eq!(gateways_in(b"no"), None);
    }
}
