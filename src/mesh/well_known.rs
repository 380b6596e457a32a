//! Names and numbers that others know, too: those of ours in clusters, and Istio's.

use super::ClusterName;

/// The label of every object that the provider makes. Its value is the beginning of the owner's identity.
pub const OWNER_LABEL: &str = "terraform-provider-istio/owner";
/// The inventory of a mesh: a `ConfigMap` in its namespace in each of its clusters.
pub const MESH_INVENTORY: &str = "terraform-provider-istio-mesh";
/// The page of a mesh's book that other workspaces read: a `ConfigMap` beside the inventory in each primary.
pub const JOIN_PAGE: &str = "terraform-provider-istio-mesh.join";
/// Its key, under which the document `join` stands as JSON.
pub const JOIN_PAGE_KEY: &str = "join";

/// The Secret that istiod takes its key from, by the name that istiod looks for.
pub const INTERMEDIATE_SECRET: &str = "cacerts";
/// The Secret in which istiod keeps the root that it makes for itself when it finds nothing to sign with.
pub const ISTIODS_OWN_SECRET: &str = "istio-ca-secret";
/// The ConfigMap from which proxies take the mesh's roots; istiod writes it in every namespace.
pub const ROOTS_CONFIG_MAP: &str = "istio-ca-root-cert";
/// Its key.
pub const ROOTS_KEY: &str = ROOT_CERT;
/// The `ConfigMap` in which istiods elect the one that gives every namespace of a cluster a copy of the mesh's root
/// (`pilot/pkg/leaderelection`).
pub const NAMESPACE_ELECTION: &str = "istio-namespace-controller-election";
/// The file of [`INTERMEDIATE_SECRET`] with the certificate that istiod signs with, by the name that istiod looks for.
pub const CA_CERT: &str = "ca-cert.pem";
/// The file with the key of that certificate.
pub const CA_KEY: &str = "ca-key.pem";
/// The file with the certificates from that one up to its root.
pub const CERT_CHAIN: &str = "cert-chain.pem";
/// The file with the roots that all workloads trust.
pub const ROOT_CERT: &str = "root-cert.pem";
/// All files of [`INTERMEDIATE_SECRET`].
pub const INTERMEDIATE_FILES: [&str; 4] = [CA_CERT, CA_KEY, CERT_CHAIN, ROOT_CERT];
/// The annotation of [`INTERMEDIATE_SECRET`] that says which intermediate it has; without it that is number 0.
pub const INTERMEDIATE_VERSION: &str = "terraform-provider-istio/intermediate-version";
/// The Secret that keeps the root's key.
pub const ROOT_SECRET: &str = "terraform-provider-istio-root";
/// The root's certificate in it, as in every TLS Secret.
pub const ROOT_CERTIFICATE: &str = "tls.crt";
/// The root's key in it, as in every TLS Secret.
pub const ROOT_KEY: &str = "tls.key";

/// The annotation of the mesh's namespace by which a cluster without a control plane says whose istiod serves it.
pub const CONTROL_PLANE_CLUSTERS: &str = "topology.istio.io/controlPlaneClusters";
/// The annotation of a gateway's pods that says who injects them. Another injector leads proxies to another address of istiod, so they start
/// again.
pub const INJECTOR_ANNOTATION: &str = "terraform-provider-istio/injector";
/// The Service that leads to istiod of the primaries in a cluster without a control plane, unless that has an istiod which injects.
pub const ISTIOD_SERVICE: &str = "istiod";
/// The same in a cluster that has one.
pub const REMOTE_ISTIOD_SERVICE: &str = "istiod-remote";
/// The `ConfigMap` with istiod's mesh configuration.
pub const MESH_CONFIG_MAP: &str = "istio";
/// The `ServiceAccount` by which other clusters read this one, and the name of its roles and bindings.
pub const READER_ACCOUNT: &str = "istio-mesh-reader";
/// How the name of the Secret begins with the token by which other clusters read this one.
pub const READER_TOKEN_PREFIX: &str = "istio-mesh-reader-token-";
/// How the names of the Secrets begin by which istiod knows other clusters.
pub const REMOTE_SECRET_PREFIX: &str = "istio-remote-secret-";
/// By which istiod finds these Secrets (`MultiClusterSecretLabel` in `pkg/kube/multicluster`).
pub const REMOTE_SECRET_LABEL: &str = "istio/multiCluster=true";
/// The only key of a Secret with which images are pulled, as Kubernetes has it.
pub const PULL_SECRET_KEY: &str = ".dockerconfigjson";

/// How the names of a federation's objects begin in namespaces of users; the name of the federation follows. What is one of its exports
/// or imports has that name behind a dot, which is in no name of a federation.
pub const FEDERATION_PREFIX: &str = "federation-";

/// End of the names of Services, unless Kubernetes and Istio are set up with another one.
pub const DEFAULT_DOMAIN_SUFFIX: &str = "cluster.local";
/// istiod's port for proxies: configuration and certificates.
pub const ISTIOD_PORT: i64 = 15012;
/// istiod's port for API servers, which have it inject proxies; on the way through a gateway.
pub const ISTIOD_WEBHOOK_PORT: i64 = 15017;

/// The name of the Secret with this token of the reader. A rotation makes one with another number.
pub fn reader_token_secret(version: i64) -> String {
    format!("{READER_TOKEN_PREFIX}{version}")
}

/// The name of the Secret by which istiod knows `cluster`.
pub fn remote_secret_name(cluster: &ClusterName) -> String {
    format!("{REMOTE_SECRET_PREFIX}{cluster}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_named_after_the_inventory_and_its_key() {
        assert_eq!(JOIN_PAGE, format!("{MESH_INVENTORY}.{JOIN_PAGE_KEY}"));
    }
}
