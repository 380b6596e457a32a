//! Names and numbers that others know, too: those of ours in clusters, and Istio's.

/// The inventory of a mesh: a `ConfigMap` in its namespace in each of its clusters.
pub const MESH_INVENTORY: &str = "terraform-provider-istio-mesh";
/// The page of a mesh's book that other workspaces read: a `ConfigMap` beside the inventory in each primary.
pub const JOIN_PAGE: &str = "terraform-provider-istio-mesh.join";
/// Its key, under which the document `join` stands as JSON.
pub const JOIN_PAGE_KEY: &str = "join";

/// End of the names of Services, unless Kubernetes and Istio are set up with another one.
pub const DEFAULT_DOMAIN_SUFFIX: &str = "cluster.local";
/// istiod's port for proxies: configuration and certificates.
pub const ISTIOD_PORT: i64 = 15012;
/// istiod's port for API servers, which have it inject proxies; on the way through a gateway.
pub const ISTIOD_WEBHOOK_PORT: i64 = 15017;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_named_after_the_inventory_and_its_key() {
        assert_eq!(JOIN_PAGE, format!("{MESH_INVENTORY}.{JOIN_PAGE_KEY}"));
    }
}
