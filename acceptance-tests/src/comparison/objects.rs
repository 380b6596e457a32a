use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use lab::parts::{self, Part};
use serde_json::Value;

use super::documents;
use super::fields::flatten;
use crate::official::output;

/// Kinds of which servers make objects for what others have made: leases, what stands behind Services, what happened.
const MADE_BY_SERVERS: [&str; 5] = ["Endpoints", "EndpointSlice", "Event", "IPAddress", "Lease"];

/// What the API server writes into every object.
const WRITTEN_BY_THE_SERVER: [&str; 5] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"];

/// Annotations that controllers write, istiod among them.
const WRITTEN_BY_CONTROLLERS: [&str; 3] = [
    "control-plane.alpha.kubernetes.io/leader",
    "deployment.kubernetes.io/revision",
    "kubernetes.io/service-account.uid",
];

/// What is different in every Service of the same manifest.
const ALLOCATED: [&str; 3] = ["clusterIP", "clusterIPs", "healthCheckNodePort"];

/// Everything that someone made in a cluster: `Kind namespace/name` → field → value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objects(pub BTreeMap<String, BTreeMap<String, String>>);

impl Objects {
    /// Reads everything of every kind that the cluster serves.
    pub fn read(kubeconfig: &Path, cluster: &str) -> Self {
        let kubectl = |arguments: &[&str]| {
            let mut command = Command::new(parts::find(Part::Kubectl).expect("kubectl"));
            command.arg("--kubeconfig").arg(kubeconfig).args(["--context", cluster]).args(arguments);
            output(&mut command, "")
        };
        let kinds = kubectl(&["api-resources", "--verbs=list", "--output=name"]);
        let kinds = kinds.lines().collect::<Vec<_>>().join(",");
        let list = kubectl(&["get", &kinds, "--all-namespaces", "--output=json"]);
        let mut list: Value = serde_json::from_str(&list).expect("kubectl prints JSON");
        let Value::Array(items) = list["items"].take() else { panic!("kubectl prints a list") };
        let made = items.into_iter().filter(is_made);
        Self(made.map(|object| (name(&object), flatten(&without_what_servers_write(object)))).collect())
    }

    /// What is here and was not there before.
    #[must_use]
    pub fn since(mut self, before: &Self) -> Self {
        self.0.retain(|name, _| !before.0.contains_key(name));
        self
    }

    /// The names of all objects of either.
    pub(super) fn names<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a String> {
        self.0.keys().chain(other.0.keys()).collect()
    }
}

/// `Kind namespace/name`, or `Kind name`.
fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    match text(&metadata["namespace"]).as_str() {
        "" => format!("{} {}", text(&object["kind"]), text(&metadata["name"])),
        namespace => format!("{} {namespace}/{}", text(&object["kind"]), text(&metadata["name"])),
    }
}

fn is_made(object: &Value) -> bool {
    let kind = object["kind"].as_str().unwrap_or_default();
    object["metadata"]["ownerReferences"].is_null() && !MADE_BY_SERVERS.contains(&kind)
}

fn without_what_servers_write(mut object: Value) -> Value {
    documents::open(&mut object);
    documents::hide_certificates(&mut object);
    remove(&mut object, &["status"]);
    remove(&mut object["metadata"], &WRITTEN_BY_THE_SERVER);
    if object["metadata"]["annotations"].is_object() {
        remove(&mut object["metadata"]["annotations"], &WRITTEN_BY_CONTROLLERS);
        if object["metadata"]["annotations"] == serde_json::json!({}) {
            remove(&mut object["metadata"], &["annotations"]);
        }
    }
    match object["kind"].as_str() {
        Some("Service") => {
            remove(&mut object["spec"], &ALLOCATED);
            for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
                remove(port, &["nodePort"]);
            }
        }
        Some("MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => {
            for webhook in object["webhooks"].as_array_mut().into_iter().flatten() {
                // It is istiod's own certificate, or its root's.
                remove(&mut webhook["clientConfig"], &["caBundle"]);
            }
        }
        _ => {}
    }
    object
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_servers_write_is_left_out() {
        let service = json!({
            "kind": "Service", "metadata": {"name": "istiod", "namespace": "a", "uid": "1", "labels": {"app": "istiod"}},
            "spec": {"clusterIP": "10.0.0.7", "ports": [{"name": "tls", "port": 443, "nodePort": 30000}], "selector": {"app": "istiod"}},
            "status": {"loadBalancer": {}},
        });
        assert_eq!(name(&service), "Service a/istiod");
        let fields = flatten(&without_what_servers_write(service));
        let expected = [
            "kind",
            "metadata.labels.app",
            "metadata.name",
            "metadata.namespace",
            "spec.ports[name=tls].name",
            "spec.ports[name=tls].port",
            "spec.selector.app",
        ];
        assert_eq!(fields.into_keys().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_controllers_make_of_others_is_no_ones_work() {
        assert!(is_made(&json!({"kind": "Pod", "metadata": {"name": "a"}})));
        assert!(!is_made(&json!({"kind": "Pod", "metadata": {"name": "a", "ownerReferences": [{}]}})));
        assert!(!is_made(&json!({"kind": "Lease", "metadata": {"name": "a"}})));
    }
}
