//! The Secrets of a generated certificate authority.
//!
//! `cacerts` is what istiod signs with, in the files that Istio's guide "Plug in CA Certificates" names. The root's key
//! is in one cluster only, in a Secret that neither istiod nor a reader of another cluster has a right to.

use serde_json::{Value, json};

use super::hole::Hole;
use super::manifest_set::{Component, Holes};
use super::object::managed;
use crate::mesh::{Authority, ClusterName, ValidatedMesh};

/// The Secret that istiod takes its key from, by the name that istiod looks for.
pub const INTERMEDIATE_SECRET: &str = "cacerts";
/// Its files, by the names that istiod looks for.
pub const INTERMEDIATE_FILES: [&str; 4] = ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"];

/// The Secret that keeps the root's key.
pub const ROOT_SECRET: &str = "terraform-provider-istio-root";
/// The root's certificate in it, as in every TLS Secret.
pub const ROOT_CERTIFICATE: &str = "tls.crt";
/// The root's key in it, as in every TLS Secret.
pub const ROOT_KEY: &str = "tls.key";

/// The Secrets of one cluster with what is to be filled in; none if istiod makes its own root.
pub(super) fn secrets(mesh: &ValidatedMesh, cluster: &ClusterName) -> Vec<(Component, Value, Holes)> {
    let Authority::Generated { key_cluster, .. } = mesh.authority() else { return Vec::new() };
    let secret = |name: &str, kind: &str| {
        managed(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": mesh.namespace()},
            "type": kind,
        }))
    };
    let intermediate = INTERMEDIATE_FILES.map(|file| (file.to_owned(), Hole::Intermediate(file)));
    let mut secrets =
        vec![(Component::Authority, secret(INTERMEDIATE_SECRET, "Opaque"), Holes::from(intermediate))];
    if cluster == key_cluster {
        let root = [ROOT_CERTIFICATE, ROOT_KEY].map(|file| (file.to_owned(), Hole::Root(file)));
        secrets.insert(0, (Component::Root, secret(ROOT_SECRET, "kubernetes.io/tls"), Holes::from(root)));
    }
    secrets
}
