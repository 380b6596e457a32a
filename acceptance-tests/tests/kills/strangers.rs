//! What others have in the clusters of a mesh.

use std::collections::BTreeMap;

use acceptance_tests::admin::Admin;
use serde_json::{Value, json};

const NAMESPACE: &str = "strangers";
const PATHS: [&str; 5] = [
    "/api/v1/namespaces/strangers/configmaps/settings",
    "/api/v1/namespaces/strangers/secrets/cacerts",
    "/apis/apps/v1/namespaces/strangers/deployments/istiod",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/strangers-istiod",
    // Where there are Istio's definitions.
    "/apis/networking.istio.io/v1/namespaces/strangers/serviceentries/strangers",
];

/// Makes what strangers have, named as a mesh names its own.
pub fn settle(admin: &Admin) {
    let labels = json!({"app": "istiod", "app.kubernetes.io/managed-by": "Helm"});
    let metadata = |name: &str| json!({"name": name, "namespace": NAMESPACE, "labels": labels});
    let container = json!({"name": "app", "image": "stranger.example/app"});
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("settings"), "data": {"a": "1"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata("cacerts"), "stringData": {"ca-key.pem": "theirs"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("istiod"), "spec": {
            "selector": {"matchLabels": {"app": "istiod"}},
            "template": {"metadata": {"labels": {"app": "istiod"}}, "spec": {"containers": [container]}}}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
         "metadata": {"name": "strangers-istiod", "labels": labels}, "rules": []},
    ]});
    admin.apply(&objects);
}

/// Makes what strangers have where Istio is.
pub fn use_istio(admin: &Admin) {
    let entry = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": NAMESPACE},
        "spec": {"hosts": ["strangers.example"], "resolution": "DNS", "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}]},
    });
    admin.create("/apis/networking.istio.io/v1/namespaces/strangers/serviceentries", &entry);
}

/// What they have, without what servers write at any time.
pub fn belongings(admin: &Admin) -> BTreeMap<&'static str, Option<Value>> {
    let read = |path: &'static str| {
        let object = admin.get(path).map(|mut object| {
            object["status"] = Value::Null;
            for field in ["resourceVersion", "managedFields"] {
                object["metadata"][field] = Value::Null;
            }
            // The controller's own count.
            object["metadata"]["annotations"] = Value::Null;
            object
        });
        (path, object)
    };
    PATHS.into_iter().map(read).collect()
}
