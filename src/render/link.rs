//! What tells istiod of another cluster: remote secrets, in the shape that `istioctl create-remote-secret` gives them
//! (`istioctl/pkg/multicluster/remote_secret.go`).

use serde_json::{Value, json};

use crate::desired::object::managed;
use crate::desired::{Placeholder, Placeholders};
use crate::mesh::well_known::remote_secret_name;
use crate::mesh::{ClusterName, ValidatedMesh};

/// The Secrets of `cluster` for all others, with the kubeconfig to be filled in.
pub(super) fn secrets(mesh: &ValidatedMesh, cluster: &ClusterName) -> Vec<(Value, Placeholders)> {
    let secret = |other: &ClusterName| {
        let object = managed(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": remote_secret_name(other),
                "namespace": mesh.namespace(),
                "labels": {"istio/multiCluster": "true"},
                "annotations": {"networking.istio.io/cluster": other},
            },
            "type": "Opaque",
        }));
        (object, Placeholders::from([(other.to_string(), Placeholder::Access(other.clone()))]))
    };
    mesh.read_by(cluster).map(secret).collect()
}
