//! What the control plane of one cluster says of itself.

use std::collections::BTreeMap;

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
/// The clusters that istiod knows, in `pilot/pkg/xds/debug.go`.
const DEBUG_CLUSTERS: &str = "/debug/clusterz";
/// The mesh configuration that it runs with.
const DEBUG_MESH: &str = "/debug/mesh";
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

/// One pod of istiod: cluster → how far istiod is with it (`synced`, `syncing`, `timeout`, `closed`).
pub type Replica = BTreeMap<String, String>;

#[derive(Deserialize)]
struct RemoteCluster {
    id: String,
    #[serde(rename = "syncStatus")]
    sync_status: String,
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
        replicas(cluster, namespace, asks_istiod),
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

/// The documents in the ConfigMaps, without a request for them.
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
        authority::scope(scope, namespace),
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

async fn replicas(
    cluster: &Snapshot,
    namespace: &str,
    asks_istiod: bool,
) -> Result<Result<Vec<(Replica, Value)>, String>, Error> {
    if let Some(pod) = only_pod(cluster, namespace).await {
        if !asks_istiod {
            return Ok(Ok(vec![(Replica::new(), Value::Null)]));
        }
        // If there is another one in its place by now, that is found below.
        if let Ok(replica) = asked(cluster.cluster(), namespace, &pod).await {
            return Ok(Ok(vec![replica]));
        }
    }
    let found = cluster.pods(namespace).await?;
    let is_of_istiod = |pod: &&Pod| pod.labels().get(LABEL.0).is_some_and(|name| name == LABEL.1);
    let ready = found.iter().filter(is_of_istiod).filter(|pod| is_ready(pod)).map(ResourceExt::name_any);
    if !asks_istiod {
        return Ok(Ok(ready.map(|_| (Replica::new(), Value::Null)).collect()));
    }
    let answers = join_all(ready.map(async |pod| asked(cluster.cluster(), namespace, &pod).await)).await;
    Ok(answers.into_iter().collect())
}

/// The pod of istiod, if it is known to be the only one, and ready, without a look at pods: its Deployment says so, and the pod has
/// written its name where istiods elect their leader.
async fn only_pod(cluster: &Snapshot, namespace: &str) -> Option<String> {
    let deployment = cluster.seen::<Deployment>(namespace, DEPLOYMENT).await?;
    let election = cluster.seen::<ConfigMap>(namespace, ELECTION).await?;
    let leader: Leader = serde_json::from_str(election.annotations().get(LEADER)?).ok()?;
    let is_its_pod = leader.holder.strip_prefix(DEPLOYMENT).is_some_and(|rest| rest.starts_with('-'));
    (rolled_out(&deployment) == Some(1) && is_its_pod).then_some(leader.holder)
}

async fn asked(cluster: &Cluster, namespace: &str, pod: &str) -> Result<(Replica, Value), String> {
    let [clusters, mesh] = debug::ask(cluster, namespace, pod, [DEBUG_CLUSTERS, DEBUG_MESH]).await?;
    // One that does not tell its configuration still tells the clusters that it knows.
    let mesh = mesh.body().ok().and_then(|body| serde_json::from_slice(body).ok());
    Ok((replica(clusters.body()?)?, mesh.unwrap_or_default()))
}

fn replica(body: &[u8]) -> Result<Replica, String> {
    let clusters: Vec<RemoteCluster> = serde_json::from_slice(body)
        .map_err(|_| "istiod's response is not the list of clusters".to_owned())?;
    Ok(clusters.into_iter().map(|cluster| (cluster.id, cluster.sync_status)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn istiods_answer_names_clusters_and_how_far_they_are() {
        let answer = "[{\"id\":\"east\",\"secretName\":\"\",\"syncStatus\":\"synced\"},\
                      {\"id\":\"west\",\"secretName\":\"istio-system/istio-remote-secret-west\",\"syncStatus\":\"timeout\"}]";
        let replica = replica(answer.as_bytes()).unwrap();
        assert_eq!(replica["east"], "synced");
        assert_eq!(replica["west"], "timeout");
    }
}
