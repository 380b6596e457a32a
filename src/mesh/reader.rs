//! What istiod of another cluster cannot do without in a cluster that it serves, as the account by which it reads that.

use super::DEFAULT_NAMESPACE;
use super::well_known::{MESH_CONFIG_MAP, NAMESPACE_ELECTION, READER_ACCOUNT, ROOTS_CONFIG_MAP};

/// The webhook that injects proxies, as the chart names it; in another namespace than Istio's own with that behind it.
const WEBHOOK: &str = "istio-sidecar-injector";

/// What istiod reads and writes in the namespaces of a cluster that it serves.
pub const SERVED_CONFIG_MAPS: [&str; 4] =
    [MESH_CONFIG_MAP, "istio-ca-crl", ROOTS_CONFIG_MAP, NAMESPACE_ELECTION];

/// What of a cluster istiod has to have read before it counts the cluster as read: one kind that it may not watch, and it never does.
const READ: [(&str, &str); 9] = [
    ("", "namespaces"),
    ("", "nodes"),
    ("", "pods"),
    ("", "secrets"),
    ("", "services"),
    ("discovery.k8s.io", "endpointslices"),
    ("networking.istio.io", "workloadentries"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
];

/// One thing that an account is allowed to do in all namespaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The API group; empty for the core's.
    pub group: &'static str,
    /// The kind as in URLs, such as `pods`.
    pub resource: &'static str,
    /// The only object; `None` for all.
    pub name: Option<String>,
    /// What is done.
    pub verb: &'static str,
}

/// The name of the reader's `ClusterRole` and of its binding.
pub fn reader_cluster_role(namespace: &str) -> String {
    format!("{READER_ACCOUNT}-{namespace}")
}

/// The name of the webhook's configuration of a mesh in this namespace.
pub fn injection_webhook(namespace: &str) -> String {
    if namespace == DEFAULT_NAMESPACE { WEBHOOK.to_owned() } else { format!("{WEBHOOK}-{namespace}") }
}

/// All that istiod needs to serve the cluster of a mesh in this namespace, but for the review of tokens; seen with 1.31, by taking away one
/// after the other.
pub fn serving_permissions(namespace: &str) -> Vec<Permission> {
    let permission = |group, resource, name: Option<&str>, verb| Permission {
        group,
        resource,
        name: name.map(str::to_owned),
        verb,
    };
    let mut needed = Vec::new();
    for (group, resource) in READ {
        needed.extend(["list", "watch"].map(|verb| permission(group, resource, None, verb)));
    }
    for name in SERVED_CONFIG_MAPS {
        needed.extend(["list", "watch"].map(|verb| permission("", "configmaps", Some(name), verb)));
        if name != MESH_CONFIG_MAP {
            needed.extend(["get", "update"].map(|verb| permission("", "configmaps", Some(name), verb)));
        }
    }
    needed.push(permission("", "configmaps", None, "create"));
    needed.push(permission("", "namespaces", Some(namespace), "get"));
    let webhook = injection_webhook(namespace);
    let admission = "admissionregistration.k8s.io";
    needed.push(permission(admission, "mutatingwebhookconfigurations", Some(&webhook), "update"));
    needed
}
