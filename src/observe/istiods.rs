//! One question to every istiod of a cluster.

use std::collections::BTreeSet;

use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde_json::Value;

use super::debug;
use super::pods::is_ready;
use crate::clusters::{Cluster, Error};

/// The pods of istiod.
const PODS: &str = "app=istiod";
/// The mesh configuration that istiod runs with (`pilot/pkg/xds/debug.go`).
const MESH: &str = "/debug/mesh";

/// What each ready pod of istiod in `namespace` says at this path. The inner error says why one cannot be asked.
///
/// # Errors
/// The pods cannot be listed.
pub(super) async fn asked(
    cluster: &Cluster,
    namespace: &str,
    path: &str,
) -> Result<Result<Vec<Vec<u8>>, String>, Error> {
    let pods = Api::<Pod>::namespaced(cluster.client(), namespace);
    let found = pods.list(&ListParams::default().labels(PODS)).await;
    let found = found.map_err(|error| cluster.error(error))?;
    let ready: Vec<String> =
        found.items.iter().filter(|pod| is_ready(pod)).map(ResourceExt::name_any).collect();
    let asked = ready.iter().map(|pod| debug::ask(cluster, namespace, pod, [path]));
    Ok(join_all(asked).await.into_iter().map(|answer| answer.and_then(|[body]| body)).collect())
}

/// The mesh configuration that each ready pod of istiod in `namespace` runs with. The inner error says why one cannot be asked.
///
/// # Errors
/// The pods cannot be listed.
pub async fn mesh_configs(cluster: &Cluster, namespace: &str) -> Result<Result<Vec<Value>, String>, Error> {
    let config = |body: Vec<u8>| {
        serde_json::from_slice(&body)
            .map_err(|_| "istiod's response is not its mesh configuration".to_owned())
    };
    let answers = asked(cluster, namespace, MESH).await?;
    Ok(answers.and_then(|bodies| bodies.into_iter().map(config).collect()))
}

/// The certificates that a mesh configuration has the mesh trust beside its own root, as PEM.
pub fn trusted_certificates(config: &Value) -> BTreeSet<&str> {
    let entries = config["caCertificates"].as_array().into_iter().flatten();
    entries.filter_map(|entry| entry["pem"].as_str()).map(str::trim).collect()
}
