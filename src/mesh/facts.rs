use serde::{Deserialize, Serialize};

/// What rendering needs to know of a cluster, read from the cluster itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterFacts {
    /// The UID of the namespace `kube-system`: the identity of the cluster, whatever its name or address.
    pub uid: String,
    /// `gitVersion` of the API server's `/version`, as in `v1.36.1`.
    pub kubernetes_version: String,
}
