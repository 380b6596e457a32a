//! The Secrets of the mesh's certificate authority.
//!
//! `cacerts` is what istiod signs with, in the files that Istio's guide "Plug in CA Certificates" names. The root's key
//! is in one cluster only, in a Secret that neither istiod nor a reader of another cluster has a right to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::desired::object::managed;
use crate::desired::{Component, Placeholder, Placeholders};
use crate::mesh::well_known::{
    INTERMEDIATE_FILES, INTERMEDIATE_SECRET, INTERMEDIATE_VERSION, ROOT_CERTIFICATE, ROOT_KEY, ROOT_SECRET,
};
use crate::mesh::{Authority, ClusterName, GivenAuthority, MeshIdentity, RootKeeper};

/// The Secrets of one cluster with what is to be filled in; none if istiod makes its own root.
pub(super) fn secrets(
    identity: &MeshIdentity,
    authority: &Authority,
    cluster: &ClusterName,
) -> Vec<(Component, Value, Placeholders)> {
    match authority {
        Authority::Generated { root, intermediate_version: version, .. } => {
            let (intermediate, placeholders) = intermediate(identity, *version);
            let mut secrets = vec![(Component::Authority, intermediate, placeholders)];
            if *root == RootKeeper::Cluster(cluster.clone()) {
                let root =
                    [ROOT_CERTIFICATE, ROOT_KEY].map(|file| (file.to_owned(), Placeholder::Root(file)));
                let secret = secret(identity, ROOT_SECRET, "kubernetes.io/tls");
                secrets.insert(0, (Component::Root, secret, Placeholders::from(root)));
            }
            secrets
        }
        Authority::Given(authorities) => {
            let secret = || secret(identity, INTERMEDIATE_SECRET, "Opaque");
            let given = authorities.get(cluster).map(|given| with_certificates(secret(), given));
            given
                .into_iter()
                .map(|(secret, placeholders)| (Component::Authority, secret, placeholders))
                .collect()
        }
        Authority::Existing | Authority::SelfSigned => Vec::new(),
    }
}

/// The Secret with the intermediate of this number, to be filled in.
pub(super) fn intermediate(identity: &MeshIdentity, version: i64) -> (Value, Placeholders) {
    let placeholder = |file| Placeholder::Intermediate { file, version };
    let placeholders = INTERMEDIATE_FILES.map(|file| (file.to_owned(), placeholder(file)));
    let mut intermediate = secret(identity, INTERMEDIATE_SECRET, "Opaque");
    if version != 0 {
        intermediate["metadata"]["annotations"][INTERMEDIATE_VERSION] = Value::from(version.to_string());
    }
    (intermediate, Placeholders::from(placeholders))
}

fn secret(identity: &MeshIdentity, name: &str, kind: &str) -> Value {
    managed(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": identity.namespace()},
        "type": kind,
    }))
}

/// The Secret with everything but the key.
fn with_certificates(mut secret: Value, given: &GivenAuthority) -> (Value, Placeholders) {
    let [certificate, key, chain, roots] = INTERMEDIATE_FILES;
    let encoded = |text: &str| Value::from(STANDARD.encode(text));
    secret["data"] = json!({
        certificate: encoded(&given.certificate),
        chain: encoded(&given.certificate_chain),
        roots: encoded(&given.root_certificates),
    });
    let placeholder =
        Placeholder::GivenKey { certificate: given.certificate.clone(), version: given.private_key_version };
    (secret, Placeholders::from([(key.to_owned(), placeholder)]))
}
