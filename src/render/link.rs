//! What tells istiod of another cluster: remote secrets, in the shape that `istioctl create-remote-secret` gives them
//! (`istioctl/pkg/multicluster/remote_secret.go`).

use serde_json::{Value, json};

use super::hole::Hole;
use super::manifest_set::Holes;
use super::object::managed;
use crate::mesh::{ApiServer, ClusterName, ValidatedMesh};

/// The Secrets of `cluster` for all others, with the kubeconfig to be filled in.
pub(super) fn secrets(mesh: &ValidatedMesh, cluster: &ClusterName) -> Vec<(Value, Holes)> {
    let secret = |other: &ClusterName| {
        let object = managed(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": secret_name(other),
                "namespace": mesh.namespace(),
                "labels": {"istio/multiCluster": "true"},
                "annotations": {"networking.istio.io/cluster": other},
            },
            "type": "Opaque",
        }));
        (object, Holes::from([(other.to_string(), Hole::Access(other.clone()))]))
    };
    mesh.read_by(cluster).map(secret).collect()
}

/// How the names of the Secrets begin by which istiod knows other clusters.
pub(super) const PREFIX: &str = "istio-remote-secret-";

/// The name of the Secret by which istiod knows `cluster`.
pub fn secret_name(cluster: &ClusterName) -> String {
    format!("{PREFIX}{cluster}")
}

/// The kubeconfig in a remote secret: one cluster, read by a bearer token. istiod takes nothing else.
pub fn kubeconfig(cluster: &ClusterName, api_server: &ApiServer, token: &str) -> String {
    use base64::Engine as _;
    let mut server = json!({"server": api_server.url});
    if let Some(ca) = &api_server.cluster_ca_certificate {
        let ca = base64::engine::general_purpose::STANDARD.encode(ca);
        server["certificate-authority-data"] = Value::from(ca);
    }
    if let Some(name) = &api_server.tls_server_name {
        server["tls-server-name"] = Value::from(name.as_str());
    }
    // JSON is YAML, and Kubernetes' own libraries read both.
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": server}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        "current-context": cluster,
        "users": [{"name": cluster, "user": {"token": token}}],
    })
    .to_string()
}
