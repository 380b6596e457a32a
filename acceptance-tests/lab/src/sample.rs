//! What tests call: an echo service that says its cluster, and a client beside it, both with sidecars.

use serde_json::{Value, json};

/// The namespace of the sample.
pub const NAMESPACE: &str = "sample";
/// The URL of the service, the same in every cluster.
pub const URL: &str = "http://echo.sample:5000/";
/// The service as proxies call it.
pub const PROXY_CLUSTER: &str = "outbound|5000||echo.sample.svc.cluster.local";

/// The namespace of the sample.
fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": {"istio-injection": "enabled"}}})
}

/// The namespace and the Service of the sample, without what answers.
pub fn entrance() -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": [namespace(), service("echo")]})
}

/// The sample in one cluster.
pub fn manifests(cluster: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": [
        namespace(),
        service("echo"),
        // Every call on a connection of its own: one that is kept may be closed by the other proxy, whose listener has changed, at the
        // very moment of the next call, and that would say nothing about the mesh.
        {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "echo", "namespace": NAMESPACE},
         "spec": {"host": "echo.sample.svc.cluster.local",
                  "trafficPolicy": {"connectionPool": {"http": {"maxRequestsPerConnection": 1}}}}},
        deployment("echo", cluster),
        deployment("client", cluster),
    ]})
}

/// The Service of a Deployment of this name in the sample's namespace.
pub fn service(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
           "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 5000, "targetPort": 8080}]}})
}

/// Where every cluster calls the Service of this name.
pub fn url(name: &str) -> String {
    format!("http://{name}.{NAMESPACE}:5000/")
}

/// An echo server of this name, which says that it is in `cluster`.
pub fn deployment(name: &str, cluster: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{
            "name": "app",
            "image": "lab.example/istio/app:1",
            "args": ["--port=8080", format!("--cluster={cluster}")],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        }]}},
    }})
}
