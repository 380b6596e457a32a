//! What the proxies of a cluster trust, what its istiod signs with, and what of both is kept there. Keys are read, since they are in
//! the same Secrets, and left behind here.

use std::collections::BTreeMap;

use futures::future::{try_join, try_join3};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use super::snapshot::{Scope, Snapshot};
use crate::clusters::Error;
use crate::mesh::well_known::{INTERMEDIATE_SECRET, ISTIODS_OWN_SECRET, ROOTS_CONFIG_MAP, ROOTS_KEY};

/// The files in these Secrets that are no keys.
const PUBLIC: [&str; 6] =
    ["ca-cert.pem", "cert-chain.pem", "root-cert.pem", "tls.crt", "ca.crt", "istio-generated"];

/// The files of a Secret that are no keys.
pub type CertificateFiles = BTreeMap<String, Vec<u8>>;

/// What a cluster holds of certificates.
#[derive(Clone, Debug, Default)]
pub struct HeldCertificates {
    /// Those in the Secret that keeps a mesh's root.
    pub root: Option<CertificateFiles>,
    /// Those that istiod finds to sign with.
    pub authority: Option<CertificateFiles>,
    /// Those that istiod made for itself.
    pub own: Option<CertificateFiles>,
    /// The roots that proxies have been told to trust, as PEM.
    pub roots: Option<String>,
}

/// What this cluster holds in `namespace`, the control plane's, where `root_secret` keeps a mesh's root. Needs to get Secrets and
/// `ConfigMap`s there.
pub async fn certificates(
    cluster: &Snapshot,
    namespace: &str,
    root_secret: &str,
) -> Result<HeldCertificates, Error> {
    let files = |name| files(cluster, namespace, name);
    let secrets = try_join3(files(root_secret), files(INTERMEDIATE_SECRET), files(ISTIODS_OWN_SECRET));
    let ((root, authority, own), roots) = try_join(secrets, roots(cluster, namespace)).await?;
    Ok(HeldCertificates { root, authority, own, roots })
}

/// The roots as PEM; `None` as long as istiod has not written them. Needs to get `ConfigMap`s in `namespace`, the control plane's.
pub async fn roots(cluster: &Snapshot, namespace: &str) -> Result<Option<String>, Error> {
    let config_map = cluster.get::<ConfigMap>(namespace, ROOTS_CONFIG_MAP).await?;
    Ok(config_map.and_then(|config_map| config_map.data?.remove(ROOTS_KEY)))
}

/// The certificates that istiod signs with, as they are in its Secret, by whoever wrote it. `None` without that Secret: an istiod
/// that starts then makes a root of its own. Needs to get Secrets in `namespace`, the control plane's.
pub async fn authority(cluster: &Snapshot, namespace: &str) -> Result<Option<CertificateFiles>, Error> {
    files(cluster, namespace, INTERMEDIATE_SECRET).await
}

/// Where [`certificates`] are.
pub fn certificates_scope(namespace: &str, root_secret: &str) -> Scope {
    authority_scope(Scope::default(), namespace)
        .and::<Secret>(namespace, root_secret)
        .and::<Secret>(namespace, ISTIODS_OWN_SECRET)
}

/// Where roots and authority are.
pub fn authority_scope(scope: Scope, namespace: &str) -> Scope {
    scope.and::<ConfigMap>(namespace, ROOTS_CONFIG_MAP).and::<Secret>(namespace, INTERMEDIATE_SECRET)
}

async fn files(cluster: &Snapshot, namespace: &str, name: &str) -> Result<Option<CertificateFiles>, Error> {
    Ok(cluster.get::<Secret>(namespace, name).await?.map(public))
}

fn public(secret: Secret) -> CertificateFiles {
    let files = secret.data.unwrap_or_default().into_iter();
    files
        .filter(|(name, _)| PUBLIC.contains(&name.as_str()))
        .map(|(name, content)| (name, content.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_left_behind() {
        let secret = json!({"data": {
            "tls.crt": "YQ==", "tls.key": "aw==", "ca-key.pem": "aw==", "key.pem": "aw==", "ca-cert.pem": "Yg==",
        }});
        let files = public(serde_json::from_value(secret).unwrap());
        let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        assert_eq!(files, [("ca-cert.pem", b"b".as_slice()), ("tls.crt", b"a".as_slice())]);
    }
}
