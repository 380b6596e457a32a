//! The Secrets of the mesh's certificate authority.
//!
//! `cacerts` is what istiod signs with, in the files that Istio's guide "Plug in CA Certificates" names. The root's key
//! is in one cluster only, in a Secret that neither istiod nor a reader of another cluster has a right to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::hole::Hole;
use super::manifest_set::{Component, Holes};
use super::object::managed;
use crate::mesh::{Authority, ClusterName, GivenAuthority, RootKeeper, ValidatedMesh};

/// The Secret that istiod takes its key from, by the name that istiod looks for.
pub const INTERMEDIATE_SECRET: &str = "cacerts";
/// Its files, by the names that istiod looks for.
pub const INTERMEDIATE_FILES: [&str; 4] = ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"];

/// The annotation of [`INTERMEDIATE_SECRET`] that says which intermediate it has; without it that is number 0.
pub const INTERMEDIATE_VERSION: &str = "terraform-provider-istio/intermediate-version";

/// The Secret that keeps the root's key.
pub const ROOT_SECRET: &str = "terraform-provider-istio-root";
/// The root's certificate in it, as in every TLS Secret.
pub const ROOT_CERTIFICATE: &str = "tls.crt";
/// The root's key in it, as in every TLS Secret.
pub const ROOT_KEY: &str = "tls.key";

/// The Secrets of one cluster with what is to be filled in; none if istiod makes its own root.
pub(super) fn secrets(mesh: &ValidatedMesh, cluster: &ClusterName) -> Vec<(Component, Value, Holes)> {
    let secret = |name: &str, kind: &str| {
        managed(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": mesh.namespace()},
            "type": kind,
        }))
    };
    let intermediate = || secret(INTERMEDIATE_SECRET, "Opaque");
    match mesh.authority() {
        Authority::Generated { root, intermediate_version: version, .. } => {
            let hole = |file| Hole::Intermediate { file, version: *version };
            let holes = INTERMEDIATE_FILES.map(|file| (file.to_owned(), hole(file)));
            let mut intermediate = intermediate();
            if *version != 0 {
                intermediate["metadata"]["annotations"][INTERMEDIATE_VERSION] =
                    Value::from(version.to_string());
            }
            let mut secrets = vec![(Component::Authority, intermediate, Holes::from(holes))];
            if *root == RootKeeper::Cluster(cluster.clone()) {
                let root = [ROOT_CERTIFICATE, ROOT_KEY].map(|file| (file.to_owned(), Hole::Root(file)));
                secrets.insert(
                    0,
                    (Component::Root, secret(ROOT_SECRET, "kubernetes.io/tls"), Holes::from(root)),
                );
            }
            secrets
        }
        Authority::Given(authorities) => {
            let given = authorities.get(cluster).map(|given| with_certificates(intermediate(), given));
            given.into_iter().map(|(secret, holes)| (Component::Authority, secret, holes)).collect()
        }
        Authority::Existing | Authority::SelfSigned => Vec::new(),
    }
}

/// The Secret with everything but the key.
fn with_certificates(mut secret: Value, given: &GivenAuthority) -> (Value, Holes) {
    let [certificate, key, chain, roots] = INTERMEDIATE_FILES;
    let encoded = |text: &str| Value::from(STANDARD.encode(text));
    secret["data"] = json!({
        certificate: encoded(&given.certificate),
        chain: encoded(&given.certificate_chain),
        roots: encoded(&given.root_certificates),
    });
    let hole = Hole::GivenKey { certificate: given.certificate.clone(), version: given.private_key_version };
    (secret, Holes::from([(key.to_owned(), hole)]))
}
