//! What users tell Istio in a cluster, which only the istiod of that cluster reads.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use kube::api::{DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, ResourceExt as _};
use serde_json::Value;

use crate::clusters::{Cluster, Error};
use crate::mesh::well_known::OWNER_LABEL;

/// The kinds that decide how proxies behave, with the version that every supported release serves (`istio.io/api`).
const KINDS: [(&str, &str, &str); 12] = [
    ("networking.istio.io", "v1", "DestinationRule"),
    ("networking.istio.io", "v1alpha3", "EnvoyFilter"),
    ("networking.istio.io", "v1", "Gateway"),
    ("networking.istio.io", "v1beta1", "ProxyConfig"),
    ("networking.istio.io", "v1", "ServiceEntry"),
    ("networking.istio.io", "v1", "Sidecar"),
    ("networking.istio.io", "v1", "VirtualService"),
    ("security.istio.io", "v1", "AuthorizationPolicy"),
    ("security.istio.io", "v1", "PeerAuthentication"),
    ("security.istio.io", "v1", "RequestAuthentication"),
    ("telemetry.istio.io", "v1", "Telemetry"),
    ("extensions.istio.io", "v1alpha1", "WasmPlugin"),
];

/// What users have created, by `<Kind> <namespace>/<name>`: its `spec`. Needs to list these kinds in all namespaces. What the provider owns
/// is left out; a kind that the cluster does not serve has no objects.
///
/// # Errors
/// A kind cannot be listed.
pub async fn istio_resources(cluster: &Cluster) -> Result<BTreeMap<String, Value>, Error> {
    let lists = KINDS.map(|(group, version, kind)| async move {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let objects = Api::<DynamicObject>::all_with(cluster.client(), &resource);
        match objects.list(&ListParams::default()).await {
            Ok(list) => Ok(list.items.into_iter().filter_map(|object| named(kind, object)).collect()),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(cluster.error(error)),
        }
    });
    Ok(try_join_all(lists).await?.into_iter().flatten().collect())
}

fn named(kind: &str, mut object: DynamicObject) -> Option<(String, Value)> {
    if object.labels().contains_key(OWNER_LABEL) {
        return None;
    }
    let name = format!("{kind} {}/{}", object.namespace().unwrap_or_default(), object.name_any());
    Some((name, object.data["spec"].take()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_provider_owns_is_left_out() {
        let object = |labels: Value| -> DynamicObject {
            let metadata = json!({"name": "foo", "namespace": "web", "labels": labels});
            serde_json::from_value(json!({"metadata": metadata, "spec": {"hosts": ["foo"]}})).unwrap()
        };
        let named = |labels| named("VirtualService", object(labels));
        assert_eq!(named(json!({})), Some(("VirtualService web/foo".to_owned(), json!({"hosts": ["foo"]}))));
        assert_eq!(named(json!({OWNER_LABEL: "5"})), None);
    }
}
