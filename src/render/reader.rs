//! The identity by which istiod of another cluster reads this one.
//!
//! The rules are what istiod's informers for remote clusters ask for, no more: upstream's role also reads all of Istio's own
//! resources. The right to every Secret of the cluster has to stay: istiod's credentials controller lists them in every
//! cluster that it reads, and never counts a cluster as read where it may not. Release 1.31 has a switch against that,
//! `PILOT_ENABLE_REMOTE_CREDENTIALS_CONTROLLER=false`, with which istiod crashes as soon as it has a remote secret (seen with
//! 1.31.0: a nil `CredentialsController` in `pilot/pkg/credentials/kube` is asked whether it has synced).

use serde_json::{Value, json};

use crate::desired::object::managed;
use crate::mesh::well_known::READER_ACCOUNT as READER;
use crate::mesh::{Member, MeshIdentity, SERVED_CONFIG_MAPS, injection_webhook, reader_cluster_role};

/// What the reader may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rights {
    /// Read what istiod of another cluster reads of a primary.
    Read,
    /// Also write what it writes in a cluster that it serves: copies of the mesh's root, who leads, and the CA of its webhook.
    Serve,
}

/// The objects of the reader of a member.
pub(super) fn objects(identity: &MeshIdentity, member: &Member, rights: Rights) -> Vec<Value> {
    let namespace = identity.namespace().as_str();
    let cluster_wide = reader_cluster_role(namespace);
    let account = json!([{"kind": "ServiceAccount", "name": READER, "namespace": namespace}]);
    let rules = rules(namespace, rights);
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
                "name": member.reader_token_secret(), "namespace": namespace,
                "annotations": {"kubernetes.io/service-account.name": READER},
            },
        }),
    ];
    objects.map(managed).to_vec()
}

/// What the reader may do in all namespaces.
fn rules(namespace: &str, rights: Rights) -> Vec<Value> {
    let mut rules = vec![
        rule("", &["endpoints", "namespaces", "nodes", "pods", "secrets", "services"]),
        rule("discovery.k8s.io", &["endpointslices"]),
        rule("networking.istio.io", &["workloadentries"]),
        rule("gateway.networking.k8s.io", &["gateways"]),
        rule("apiextensions.k8s.io", &["customresourcedefinitions"]),
        rule("multicluster.x-k8s.io", &["serviceexports", "serviceimports"]),
        rule("apps", &["replicasets"]),
        json!({"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}),
        json!({"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}),
    ];
    if rights == Rights::Serve {
        rules.extend(serving(namespace));
    }
    rules
}

/// What istiod writes in a cluster that it serves, seen with an audit log of 1.31: everything by name, but for the creation of `ConfigMap`s,
/// which cannot be limited to names. In which namespaces the copies are, users decide.
fn serving(namespace: &str) -> [Value; 4] {
    let admission = "admissionregistration.k8s.io";
    let (config_maps, webhooks) = (["configmaps"], ["mutatingwebhookconfigurations"]);
    [
        json!({"apiGroups": [""], "resources": config_maps, "verbs": ["create"]}),
        json!({
            "apiGroups": [""], "resources": config_maps, "resourceNames": SERVED_CONFIG_MAPS,
            "verbs": ["get", "list", "watch", "update"],
        }),
        rule(admission, &webhooks),
        json!({"apiGroups": [admission], "resources": webhooks, "resourceNames": [injection_webhook(namespace)], "verbs": ["update", "patch"]}),
    ]
}

fn rule(group: &str, resources: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::serving_permissions;

    #[test]
    fn the_role_grants_all_that_istiod_cannot_do_without() {
        for namespace in ["istio-system", "mesh-system"] {
            let rules = rules(namespace, Rights::Serve);
            let has = |rule: &Value, field: &str, text: &str| {
                rule[field].as_array().is_some_and(|texts| texts.iter().any(|it| it == text))
            };
            for needed in serving_permissions(namespace) {
                let grants = |rule: &Value| {
                    let names = rule.get("resourceNames").is_none();
                    has(rule, "apiGroups", needed.group)
                        && has(rule, "resources", needed.resource)
                        && has(rule, "verbs", needed.verb)
                        && (names || needed.name.as_deref().is_some_and(|it| has(rule, "resourceNames", it)))
                };
                assert!(rules.iter().any(grants), "{needed:?}");
            }
        }
    }
}
