//! Which `Gateway` resources of others open a gateway of the mesh: Istio lets any namespace select its pods.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, ResourceExt as _};
use serde_json::Value;

use crate::clusters::{Cluster, Error};
use crate::mesh::GatewayRole;
use crate::mesh::well_known::OWNER_LABEL;

/// The `Gateway` resources, as `<namespace>/<name>`, that select the pods of the gateway of this role in `namespace` and are not the
/// provider's, sorted. Needs to list pods there and `Gateway` resources in all namespaces.
///
/// # Errors
/// One of them cannot be listed.
pub async fn selecting_gateways(
    cluster: &Cluster,
    role: GatewayRole,
    namespace: &str,
) -> Result<Vec<String>, Error> {
    let own = ListParams::default().labels(&format!("istio={}", role.selector()));
    let pods = Api::<Pod>::namespaced(cluster.client(), namespace).list(&own).await;
    let pods = pods.map_err(|error| cluster.error(error))?;
    // Without a pod, what the chart gives each of them.
    let usual = || BTreeMap::from([("istio".to_owned(), role.selector().to_owned())]);
    let labels = pods.items.first().map_or_else(usual, |pod| pod.labels().clone());
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("networking.istio.io", "v1", "Gateway"));
    let gateways = Api::<DynamicObject>::all_with(cluster.client(), &resource);
    let mut selecting: Vec<String> = match gateways.list(&ListParams::default()).await {
        Ok(list) => list.items.iter().filter(|gateway| selects(gateway, &labels)).map(named).collect(),
        Err(kube::Error::Api(status)) if status.is_not_found() => Vec::new(),
        Err(error) => return Err(cluster.error(error)),
    };
    selecting.sort();
    Ok(selecting)
}

/// One without a selector selects every gateway (`pilot/pkg/model/push_context.go`, `mergeGateways`).
fn selects(gateway: &DynamicObject, labels: &BTreeMap<String, String>) -> bool {
    let selector = gateway.data.pointer("/spec/selector").and_then(Value::as_object);
    let mut entries = selector.into_iter().flatten();
    !gateway.labels().contains_key(OWNER_LABEL)
        && entries.all(|(name, value)| labels.get(name).map(String::as_str) == value.as_str())
}

fn named(gateway: &DynamicObject) -> String {
    format!("{}/{}", gateway.namespace().unwrap_or_default(), gateway.name_any())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_gateway_selects_pods_that_have_all_labels_of_its_selector() {
        let labels = [("istio", "federationgateway"), ("app", "istio-federationgateway")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let selects = |owner: Value, spec: Value| {
            let object =
                json!({"metadata": {"name": "all", "namespace": "web", "labels": owner}, "spec": spec});
            selects(&serde_json::from_value(object).unwrap(), &labels)
        };
        assert!(selects(json!({}), json!({"selector": {"istio": "federationgateway"}})));
        assert!(selects(json!({}), json!({"selector": {"app": "istio-federationgateway"}})));
        assert!(selects(json!({}), json!({})), "every gateway");
        assert!(!selects(json!({}), json!({"selector": {"istio": "ingressgateway"}})));
        assert!(!selects(json!({}), json!({"selector": {"istio": "federationgateway", "a": "b"}})));
        assert!(!selects(json!({OWNER_LABEL: "5"}), json!({"selector": {"istio": "federationgateway"}})));
    }
}
