//! The identity by which istiod of another cluster reads this one.
//!
//! The rules are what istiod's informers for remote clusters ask for, no more: upstream's role also reads all of Istio's own
//! resources. The right to every Secret of the cluster has to stay: istiod's credentials controller lists them in every
//! cluster that it reads, and never counts a cluster as read where it may not. Release 1.31 has a switch against that,
//! `PILOT_ENABLE_REMOTE_CREDENTIALS_CONTROLLER=false`, with which istiod crashes as soon as it has a remote secret (seen with
//! 1.31.0: a nil `CredentialsController` in `pilot/pkg/credentials/kube` is asked whether it has synced).

use serde_json::{Value, json};

use crate::desired::object::managed;
use crate::mesh::MeshIdentity;
use crate::mesh::well_known::READER_TOKEN_SECRET;

/// Name of the `ServiceAccount`, its roles and bindings.
const READER: &str = "istio-mesh-reader";

/// The objects of the reader.
pub(super) fn objects(identity: &MeshIdentity) -> Vec<Value> {
    let namespace = identity.namespace().as_str();
    let cluster_wide = format!("{READER}-{namespace}");
    let account = json!([{"kind": "ServiceAccount", "name": READER, "namespace": namespace}]);
    let rules = json!([
        rule("", &["endpoints", "namespaces", "nodes", "pods", "secrets", "services"]),
        rule("discovery.k8s.io", &["endpointslices"]),
        rule("networking.istio.io", &["workloadentries"]),
        rule("gateway.networking.k8s.io", &["gateways"]),
        rule("apiextensions.k8s.io", &["customresourcedefinitions"]),
        rule("multicluster.x-k8s.io", &["serviceexports", "serviceimports"]),
        rule("apps", &["replicasets"]),
        {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
        {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
    ]);
    let rbac = "rbac.authorization.k8s.io";
    let objects = [
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": READER, "namespace": namespace}}),
        json!({"apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": {"name": cluster_wide}, "rules": rules}),
        json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": cluster_wide},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": cluster_wide}, "subjects": account,
        }),
        // The mesh configuration of the cluster, for the trust domains in it.
        json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": {"name": READER, "namespace": namespace},
            "rules": [rule("", &["configmaps"])],
        }),
        json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": {"name": READER, "namespace": namespace},
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": READER}, "subjects": account,
        }),
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
            "metadata": {
                "name": READER_TOKEN_SECRET, "namespace": namespace,
                "annotations": {"kubernetes.io/service-account.name": READER},
            },
        }),
    ];
    objects.map(managed).to_vec()
}

fn rule(group: &str, resources: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]})
}
