//! What a pod can learn about itself: `fieldRef` and `resourceFieldRef`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{Pod, ResourceFieldSelector};

use super::quantity;

/// A pod and what the node knows about it.
pub struct Facts<'a> {
    pub pod: &'a Pod,
    pub address: Ipv4Addr,
    pub node_address: Ipv4Addr,
}

impl Facts<'_> {
    /// The value of a field path; nothing if the lab does not know the path.
    pub fn field(&self, path: &str) -> Option<String> {
        let metadata = &self.pod.metadata;
        let spec = self.pod.spec.as_ref();
        if let Some((map, key)) = subscript(path) {
            let map = match map {
                "metadata.labels" => &metadata.labels,
                "metadata.annotations" => &metadata.annotations,
                _ => return None,
            };
            return Some(map.as_ref().and_then(|map| map.get(key)).cloned().unwrap_or_default());
        }
        let text = |value: Option<&String>| value.cloned().unwrap_or_default();
        Some(match path {
            "metadata.name" => text(metadata.name.as_ref()),
            "metadata.namespace" => text(metadata.namespace.as_ref()),
            "metadata.uid" => text(metadata.uid.as_ref()),
            "metadata.labels" => lines(metadata.labels.as_ref()),
            "metadata.annotations" => lines(metadata.annotations.as_ref()),
            "spec.nodeName" => text(spec.and_then(|spec| spec.node_name.as_ref())),
            "spec.serviceAccountName" => text(spec.and_then(|spec| spec.service_account_name.as_ref())),
            "status.podIP" | "status.podIPs" => self.address.to_string(),
            "status.hostIP" | "status.hostIPs" => self.node_address.to_string(),
            _ => return None,
        })
    }

    /// The value of a resource of a container, `own` being the one that asks; nothing if it is malformed. A resource
    /// without a limit is limited by what the node offers.
    pub fn resource(&self, own: Option<&str>, selector: &ResourceFieldSelector) -> Option<String> {
        let (kind, resource) = selector.resource.split_once('.')?;
        let name = selector.container_name.as_deref().or(own)?;
        let spec = self.pod.spec.as_ref()?;
        let container = spec.containers.iter().chain(spec.init_containers.iter().flatten());
        let container = container.into_iter().find(|container| container.name == name)?;
        let resources = container.resources.as_ref();
        let given = match kind {
            "limits" => resources.and_then(|it| it.limits.as_ref()),
            "requests" => resources.and_then(|it| it.requests.as_ref()),
            _ => return None,
        };
        let offered = super::registration::CAPACITY.iter().find(|(name, _)| *name == resource);
        let value = match given.and_then(|given| given.get(resource)) {
            Some(quantity) => quantity.0.as_str(),
            None if kind == "limits" => offered.map(|(_, value)| *value)?,
            None => "0",
        };
        let divisor = selector.divisor.as_ref().map(|divisor| divisor.0.as_str());
        quantity::in_units(value, divisor).map(|number| number.to_string())
    }
}

/// `metadata.labels['app']` → `metadata.labels`, `app`.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, rest) = path.split_once("['")?;
    Some((map, rest.strip_suffix("']")?))
}

/// A map as the kubelet writes it into a file: `key="value"`, sorted.
fn lines(map: Option<&BTreeMap<String, String>>) -> String {
    let lines = map.into_iter().flatten().map(|(key, value)| format!("{key}={value:?}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_learns_its_fields_and_resources() {
        let pod: Pod = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "echo-1", "namespace": "web", "labels": {"app": "echo", "version": "v\"1"}},
            "spec": {"containers": [{"name": "app", "resources": {"limits": {"cpu": "1500m"}}}]},
        }))
        .unwrap();
        let facts = Facts {
            pod: &pod,
            address: Ipv4Addr::new(10, 11, 0, 2),
            node_address: Ipv4Addr::new(172, 30, 0, 10),
        };
        assert_eq!(facts.field("metadata.labels['app']").as_deref(), Some("echo"));
        assert_eq!(facts.field("metadata.labels['none']").as_deref(), Some(""));
        assert_eq!(facts.field("metadata.labels").as_deref(), Some("app=\"echo\"\nversion=\"v\\\"1\""));
        assert_eq!(facts.field("status.podIP").as_deref(), Some("10.11.0.2"));
        assert_eq!(facts.field("spec.unknown"), None);
        let selector =
            ResourceFieldSelector { resource: "limits.cpu".to_owned(), ..ResourceFieldSelector::default() };
        assert_eq!(facts.resource(Some("app"), &selector).as_deref(), Some("2"));
    }
}
