//! What istiod of another cluster cannot do without in a cluster that it serves, as the account by which it reads that.

use std::fmt;

use super::DEFAULT_NAMESPACE;
use super::injector::Injector;
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

/// The first minor release whose istiod reads the mesh configuration of a cluster that it serves.
const MESH_CONFIG_SINCE: u64 = 29;

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

/// As `kubectl auth can-i` takes it, such as `watch endpointslices.discovery.k8s.io`.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        self.name.as_ref().map_or(Ok(()), |name| write!(f, "/{name}"))
    }
}

/// The name of the reader's `ClusterRole` and of its binding.
pub fn reader_cluster_role(namespace: &str) -> String {
    format!("{READER_ACCOUNT}-{namespace}")
}

/// The name of the webhook's configuration of a mesh in this namespace.
pub fn injection_webhook(namespace: &str) -> String {
    if namespace == DEFAULT_NAMESPACE { WEBHOOK.to_owned() } else { format!("{WEBHOOK}-{namespace}") }
}

/// What istiod needs for every certificate that it signs for a proxy.
pub const TOKEN_REVIEW: Permission =
    Permission { group: "authentication.k8s.io", resource: "tokenreviews", name: None, verb: "create" };

fn permission(
    group: &'static str,
    resource: &'static str,
    name: Option<&str>,
    verb: &'static str,
) -> Permission {
    Permission { group, resource, name: name.map(str::to_owned), verb }
}

/// What istiod of a minor release cannot do without in a cluster of a mesh in this namespace, by whose istiod injects proxies there.
pub fn permissions_of_release(namespace: &str, minor: u64, injector: Injector) -> Vec<Permission> {
    let needed = match injector {
        Injector::Primary => serving_permissions(namespace),
        Injector::Local => reading_permissions(),
    };
    let of_later = |it: &Permission| minor < MESH_CONFIG_SINCE && it.name.as_deref() == Some(MESH_CONFIG_MAP);
    needed.into_iter().filter(|it| !of_later(it)).chain([TOKEN_REVIEW]).collect()
}

/// What istiod needs to count a cluster as read.
fn reading_permissions() -> Vec<Permission> {
    let both = |(group, resource)| ["list", "watch"].map(|verb| permission(group, resource, None, verb));
    READ.into_iter().flat_map(both).collect()
}

/// All that istiod needs to serve the cluster of a mesh in this namespace, but for the review of tokens; seen with 1.31, by taking away one
/// after the other.
pub fn serving_permissions(namespace: &str) -> Vec<Permission> {
    let mut needed = reading_permissions();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_named_as_kubectl_takes_them() {
        let shown: Vec<String> = permissions_of_release("istio-system", 31, Injector::Primary)
            .iter()
            .map(Permission::to_string)
            .collect();
        for text in [
            "watch pods",
            "list endpointslices.discovery.k8s.io",
            "watch configmaps/istio",
            "update mutatingwebhookconfigurations.admissionregistration.k8s.io/istio-sidecar-injector",
            "create tokenreviews.authentication.k8s.io",
        ] {
            assert!(shown.iter().any(|it| it == text), "{text}: {shown:?}");
        }
    }

    #[test]
    fn the_guide_lists_all_of_them() {
        let guide = include_str!("../../templates/guides/clusters.md");
        let listed = |permission: &Permission| {
            let Permission { group, resource, name, verb } = permission;
            let dot = if group.is_empty() { "" } else { "." };
            let resource = format!("`{resource}{dot}{group}`");
            // Two objects are named after the mesh's namespace.
            let name = name.as_ref().map_or(String::new(), |name| match name.as_str() {
                "istio-system" | WEBHOOK => "only the mesh's".to_owned(),
                name => format!("`{name}`"),
            });
            guide.lines().any(|line| {
                let mut cells = line.split(" | ");
                let (object, verbs) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
                let is_of_one = object.contains("only ");
                let is_named = if name.is_empty() { !is_of_one } else { object.contains(&name) };
                object.contains(&resource) && is_named && verbs.contains(&format!("`{verb}`"))
            })
        };
        for permission in permissions_of_release("istio-system", 31, Injector::Primary) {
            assert!(listed(&permission), "{permission}");
        }
    }

    #[test]
    fn a_release_needs_what_its_istiod_does_there() {
        let count = |minor, injector| permissions_of_release("istio-system", minor, injector).len();
        assert_eq!(count(31, Injector::Primary), count(29, Injector::Primary));
        assert_eq!(count(29, Injector::Primary) - count(28, Injector::Primary), 2, "list and watch of one");
        assert_eq!(count(31, Injector::Local), 2 * READ.len() + 1, "nothing is written there");
    }
}
