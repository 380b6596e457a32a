//! What the proxies of a cluster trust, and what its istiod signs with.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;

use crate::clusters::{Cluster, Error};

/// From which proxies take the mesh's roots; istiod writes it in every namespace.
const ROOTS: &str = "istio-ca-root-cert";
const ROOTS_KEY: &str = "root-cert.pem";
/// From which istiod takes its certificate and key (Istio, "Plug in CA Certificates").
const SIGNER: &str = "cacerts";
const SIGNER_KEY: &str = "ca-cert.pem";

/// The roots as PEM; `None` as long as istiod has not written them. Needs to get `ConfigMap`s in `namespace`, the control plane's.
pub async fn roots(cluster: &Cluster, namespace: &str) -> Result<Option<String>, Error> {
    let read = Api::<ConfigMap>::namespaced(cluster.client(), namespace).get_opt(ROOTS).await;
    let config_map = read.map_err(|error| cluster.error(error))?;
    Ok(config_map.and_then(|config_map| config_map.data?.remove(ROOTS_KEY)))
}

/// The certificate that istiod signs with, as it is in its Secret: PEM, by whoever wrote it. `None` without that Secret: then
/// istiod signs with a root of its own. Needs to get Secrets in `namespace`, the control plane's.
pub(super) async fn signer(cluster: &Cluster, namespace: &str) -> Result<Option<Vec<u8>>, Error> {
    let read = Api::<Secret>::namespaced(cluster.client(), namespace).get_opt(SIGNER).await;
    let secret = read.map_err(|error| cluster.error(error))?;
    Ok(secret.and_then(|secret| Some(secret.data?.remove(SIGNER_KEY)?.0)))
}
