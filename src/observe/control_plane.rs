//! What the control plane of one cluster says of itself.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::{join_all, try_join4};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::authority::{self, CertificateFiles};
use super::gateway::{self, Gateway};
use super::pods::is_ready;
use crate::clusters::{Cluster, Error};
use crate::mesh::GatewayRole;

/// Port of istiod's debug interface, which answers its own pod's loopback address only.
const DEBUG_PORT: u16 = 8080;
/// The clusters that istiod knows, in `pilot/pkg/xds/debug.go`.
const DEBUG_PATH: &str = "/debug/clusterz";
/// How long one look into a pod may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One control plane, as far as it could be observed.
#[derive(Debug)]
pub struct ControlPlane {
    /// Every ready pod of istiod, and what it says of the clusters that it reads; an error where that cannot be seen.
    pub replicas: Result<Vec<Replica>, String>,
    /// The roots that proxies of the cluster trust, as PEM; `None` if there are none yet.
    pub roots: Option<String>,
    /// The certificates that istiod signs with; `None` if there are none, and it makes a root of its own.
    pub authority: Option<CertificateFiles>,
    /// The east-west gateway; `None` if it has no Service.
    pub gateway: Option<Gateway>,
}

impl ControlPlane {
    /// Whether a pod of it is seen to be ready.
    pub fn is_running(&self) -> bool {
        self.replicas.as_ref().is_ok_and(|replicas| !replicas.is_empty())
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

/// Observes the control plane in `namespace` and the east-west gateway in its own. Needs get and list; to ask istiod of the
/// clusters that it reads, it also needs `pods/portforward`, and without that `replicas` is an error.
pub async fn control_plane(
    cluster: &Cluster,
    namespace: &str,
    gateway_namespace: &str,
    asks_istiod: bool,
) -> Result<ControlPlane, Error> {
    let (roots, authority, gateway, replicas) = try_join4(
        authority::roots(cluster, namespace),
        authority::authority(cluster, namespace),
        gateway::gateway(cluster, GatewayRole::EastWest, namespace, gateway_namespace),
        replicas(cluster, namespace, asks_istiod),
    )
    .await?;
    Ok(ControlPlane { replicas, roots, authority, gateway })
}

async fn replicas(
    cluster: &Cluster,
    namespace: &str,
    asks_istiod: bool,
) -> Result<Result<Vec<Replica>, String>, Error> {
    let pods = Api::<Pod>::namespaced(cluster.client(), namespace);
    let labelled = ListParams::default().labels("app=istiod");
    let found = pods.list(&labelled).await.map_err(|error| cluster.error(error))?;
    let ready = found.items.iter().filter(|pod| is_ready(pod)).map(ResourceExt::name_any);
    if !asks_istiod {
        return Ok(Ok(ready.map(|_| Replica::new()).collect()));
    }
    let answers = join_all(ready.map(|pod| async {
        let looked = tokio::time::timeout(PATIENCE, clusters_of(pods.clone(), pod)).await;
        looked.unwrap_or_else(|_| Err("istiod did not answer".to_owned()))
    }))
    .await;
    Ok(answers.into_iter().collect())
}

async fn clusters_of(pods: Api<Pod>, pod: String) -> Result<Replica, String> {
    let mut forward = pods.portforward(&pod, &[DEBUG_PORT]).await.map_err(|error| error.to_string())?;
    let mut stream = forward.take_stream(DEBUG_PORT).ok_or("the API server opened no stream")?;
    let request = format!("GET {DEBUG_PATH} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(|error| error.to_string())?;
    parse(&answer)
}

fn parse(answer: &str) -> Result<Replica, String> {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return Err("istiod gave no answer".to_owned());
    };
    if head.split(' ').nth(1) != Some("200") {
        return Err(format!("istiod answered {}", head.lines().next().unwrap_or_default()));
    }
    let clusters: Vec<RemoteCluster> = serde_json::from_str(body).map_err(|error| error.to_string())?;
    Ok(clusters.into_iter().map(|cluster| (cluster.id, cluster.sync_status)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn istiods_answer_names_clusters_and_how_far_they_are() {
        let answer = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n\
                      [{\"id\":\"east\",\"secretName\":\"\",\"syncStatus\":\"synced\"},\
                       {\"id\":\"west\",\"secretName\":\"istio-system/istio-remote-secret-west\",\"syncStatus\":\"timeout\"}]";
        let replica = parse(answer).unwrap();
        assert_eq!(replica["east"], "synced");
        assert_eq!(replica["west"], "timeout");
    }

    #[test]
    fn an_answer_that_is_none_says_why() {
        assert_eq!(
            parse("HTTP/1.0 403 Forbidden\r\n\r\nno").unwrap_err(),
            "istiod answered HTTP/1.0 403 Forbidden"
        );
        assert_eq!(parse("").unwrap_err(), "istiod gave no answer");
    }
}
