//! What tells istiod of another cluster: remote secrets, in the shape that `istioctl create-remote-secret` gives them
//! (`istioctl/pkg/multicluster/remote_secret.go`).

use serde_json::{Value, json};

use crate::desired::object::managed;
use crate::desired::{Placeholder, Placeholders};
use crate::mesh::well_known::remote_secret_name;
use crate::mesh::{ClusterName, MeshIdentity};

/// The Secrets of a cluster for those that its istiod reads, with the kubeconfig to be filled in, and the comment of each in it.
pub(super) fn secrets<'a>(
    identity: &MeshIdentity,
    read: impl Iterator<Item = (&'a ClusterName, String)>,
) -> Vec<(Value, Placeholders)> {
    let secret = |(other, comment): (&ClusterName, String)| {
        let object = managed(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": remote_secret_name(other),
                "namespace": identity.namespace(),
                "labels": {"istio/multiCluster": "true"},
                "annotations": {"networking.istio.io/cluster": other},
            },
            "type": "Opaque",
        }));
        let placeholder = Placeholder::Access { cluster: other.clone(), comment };
        (object, Placeholders::from([(other.to_string(), placeholder)]))
    };
    read.map(secret).collect()
}
