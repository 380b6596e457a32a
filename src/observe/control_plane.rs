//! What the control plane of one cluster says of itself.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::{join_all, try_join, try_join4};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::client::UpgradeConnectionError;
use kube::{Api, ResourceExt};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::authority::{self, CertificateFiles};
use super::gateway::{self, Gateway};
use super::pods::is_ready;
use super::snapshot::{Scope, Snapshot};
use crate::clusters::{Cluster, Error, Failure};
use crate::mesh::GatewayRole;

/// istiod's Deployment.
const DEPLOYMENT: &str = "istiod";
/// The label of its pods.
const LABEL: (&str, &str) = ("app", "istiod");
/// Port of istiod's debug interface, which answers its own pod's loopback address only.
const DEBUG_PORT: u16 = 8080;
/// The clusters that istiod knows, in `pilot/pkg/xds/debug.go`.
const DEBUG_PATH: &str = "/debug/clusterz";
/// How long one look into a pod may take.
const PATIENCE: Duration = Duration::from_secs(10);

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
    let (deployment, (roots, authority, gateway, replicas)) =
        Box::pin(try_join(cluster.get::<Deployment>(namespace, DEPLOYMENT), looks)).await?;
    Ok(ControlPlane { is_installed: deployment.is_some(), replicas, roots, authority, gateway })
}

/// What [`control_plane`] looks at that one LIST a kind has.
pub fn control_plane_scope(scope: Scope, namespace: &str, gateway_namespace: &str) -> Scope {
    let scope = scope.and::<Deployment>(namespace, DEPLOYMENT);
    gateway::gateway_scope(
        authority::scope(scope, namespace),
        GatewayRole::EastWest,
        namespace,
        gateway_namespace,
    )
}

async fn replicas(
    cluster: &Snapshot,
    namespace: &str,
    asks_istiod: bool,
) -> Result<Result<Vec<Replica>, String>, Error> {
    let found = cluster.pods(namespace).await?;
    let is_of_istiod = |pod: &&Pod| pod.labels().get(LABEL.0).is_some_and(|name| name == LABEL.1);
    let ready = found.iter().filter(is_of_istiod).filter(|pod| is_ready(pod)).map(ResourceExt::name_any);
    if !asks_istiod {
        return Ok(Ok(ready.map(|_| Replica::new()).collect()));
    }
    let cluster = cluster.cluster();
    let pods = Api::<Pod>::namespaced(cluster.client(), namespace);
    let answers = join_all(ready.map(|pod| async {
        let looked = tokio::time::timeout(PATIENCE, clusters_of(cluster, pods.clone(), pod)).await;
        looked.unwrap_or_else(|_| Err("istiod did not respond".to_owned()))
    }))
    .await;
    Ok(answers.into_iter().collect())
}

async fn clusters_of(cluster: &Cluster, pods: Api<Pod>, pod: String) -> Result<Replica, String> {
    let forwarded = pods.portforward(&pod, &[DEBUG_PORT]).await;
    let mut forward = forwarded.map_err(|error| not_forwarded(&error, &cluster.failure(&error)))?;
    let mut stream = forward.take_stream(DEBUG_PORT).ok_or("the API server opened no stream")?;
    let request = format!("GET {DEBUG_PATH} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let lost = |_| "the connection to istiod's pod was lost".to_owned();
    stream.write_all(request.as_bytes()).await.map_err(lost)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(lost)?;
    parse(&answer)
}

/// Why no port could be forwarded, in the API server's words where it has some.
fn not_forwarded(error: &kube::Error, failure: &Failure) -> String {
    match (error, failure) {
        (kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(code)), _) => {
            format!(
                "the API server, or a proxy in front of it, does not forward ports (HTTP {})",
                code.as_u16()
            )
        }
        (kube::Error::UpgradeConnection(_), _) => {
            "the API server, or a proxy in front of it, does not forward ports".to_owned()
        }
        (_, Failure::Forbidden { message } | Failure::Server { message, .. }) => message.clone(),
        (_, Failure::Unauthorized) => "the API server does not accept the credentials (HTTP 401)".to_owned(),
        (_, Failure::Unreachable(reason)) => format!("the API server cannot be reached: {reason}"),
    }
}

fn parse(answer: &str) -> Result<Replica, String> {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return Err("istiod sent no response".to_owned());
    };
    if head.split(' ').nth(1) != Some("200") {
        return Err(format!("istiod responded with {}", head.lines().next().unwrap_or_default()));
    }
    let clusters: Vec<RemoteCluster> =
        serde_json::from_str(body).map_err(|_| "istiod's response is not the list of clusters".to_owned())?;
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
            "istiod responded with HTTP/1.0 403 Forbidden"
        );
        assert_eq!(parse("").unwrap_err(), "istiod sent no response");
    }

    #[test]
    fn why_no_port_is_forwarded_is_said_in_the_servers_words() {
        let message =
            "pods \"istiod-1\" is forbidden: User \"ci\" cannot create resource \"pods/portforward\"";
        let error =
            kube::Error::Api(kube::core::Status::failure(message, "Forbidden").with_code(403).boxed());
        assert_eq!(not_forwarded(&error, &Failure::of(&error, false)), message);
        let code = http::StatusCode::BAD_GATEWAY;
        let error = kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(code));
        let text = not_forwarded(&error, &Failure::of(&error, false));
        assert_eq!(text, "the API server, or a proxy in front of it, does not forward ports (HTTP 502)");
    }
}
