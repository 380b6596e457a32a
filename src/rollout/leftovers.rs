//! What istiod itself writes into every namespace, and leaves there when it goes.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, ResourceExt};

use crate::clusters::{Cluster, Error};

/// The `ConfigMap` from which proxies take the mesh's root certificate.
const ROOT_CONFIG_MAP: &str = "istio-ca-root-cert";
/// Its only key.
const ROOT_KEY: &str = "root-cert.pem";
/// Where istiod's authority is: the secret and the key of its root, in the order in which istiod looks.
const AUTHORITIES: [(&str, &str); 2] = [("cacerts", "root-cert.pem"), ("istio-ca-secret", "ca-cert.pem")];

/// The root certificate of the mesh in `namespace`: the mark of what its istiod wrote. `None` if it never had one.
pub(super) async fn root_certificate(cluster: &Cluster, namespace: &str) -> Result<Option<String>, Error> {
    let secrets = Api::<Secret>::namespaced(cluster.client(), namespace);
    for (name, key) in AUTHORITIES {
        let secret = secrets.get_opt(name).await.map_err(|error| cluster.error(error))?;
        let root = secret.and_then(|secret| secret.data?.remove(key));
        if let Some(root) = root {
            return Ok(String::from_utf8(root.0).ok());
        }
    }
    Ok(None)
}

/// Deletes the copies of this root in all namespaces. One with another root is another mesh's.
pub(super) async fn delete_root_copies(cluster: &Cluster, root: &str) -> Result<(), Error> {
    let named = ListParams::default().fields(&format!("metadata.name={ROOT_CONFIG_MAP}"));
    let all =
        Api::<ConfigMap>::all(cluster.client()).list(&named).await.map_err(|error| cluster.error(error))?;
    let is_copy = |config_map: &ConfigMap| {
        let data = config_map.data.as_ref();
        data.and_then(|data| data.get(ROOT_KEY)).is_some_and(|copy| copy.trim() == root.trim())
    };
    for config_map in all.items.iter().filter(|config_map| is_copy(config_map)) {
        let namespace = config_map.namespace().unwrap_or_default();
        let preconditions = Preconditions { uid: config_map.uid(), resource_version: None };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        match Api::<ConfigMap>::namespaced(cluster.client(), &namespace)
            .delete(ROOT_CONFIG_MAP, &parameters)
            .await
        {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => {}
            Err(error) => return Err(cluster.error(error)),
        }
    }
    Ok(())
}
