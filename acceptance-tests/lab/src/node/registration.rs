//! The Node object.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

/// What the node offers. Requests are counted by the scheduler and limited by nobody.
pub(super) const CAPACITY: [(&str, &str); 4] =
    [("cpu", "64"), ("memory", "256Gi"), ("pods", "500"), ("ephemeral-storage", "100Gi")];

/// The port that kubeletd listens on.
const KUBELET_PORT: u16 = 10250;

/// Makes the Node and says that it is ready.
pub async fn register(client: &Client, name: &str, address: Ipv4Addr) -> Result<(), Box<kube::Error>> {
    let nodes = Api::<Node>::all(client.clone());
    let object = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/region": "lab",
            "topology.kubernetes.io/zone": format!("lab-{name}"),
        }},
    });
    nodes.patch(name, &PatchParams::apply("lab").force(), &Patch::Apply(object)).await?;
    let capacity: Value = CAPACITY.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let status = json!({"status": {
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "capacity": capacity,
        "allocatable": capacity,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
        "nodeInfo": {
            "architecture": "amd64", "operatingSystem": "linux", "bootID": "lab", "machineID": "lab",
            "systemUUID": "lab", "kernelVersion": "lab", "osImage": "lab", "containerRuntimeVersion": "lab://1",
            "kubeletVersion": "v1.36.3", "kubeProxyVersion": "",
        },
    }});
    nodes.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await?;
    set_ready(client, name, true).await
}

/// Makes the Node ready or not.
pub async fn set_ready(client: &Client, name: &str, ready: bool) -> Result<(), Box<kube::Error>> {
    let condition = json!({
        "type": "Ready",
        "status": if ready { "True" } else { "False" },
        "reason": if ready { "KubeletReady" } else { "KubeletNotReady" },
        "message": "set by the lab",
        "lastHeartbeatTime": Timestamp::now(),
        "lastTransitionTime": Timestamp::now(),
    });
    let status = json!({"status": {"conditions": [condition]}});
    Api::<Node>::all(client.clone())
        .patch_status(name, &PatchParams::default(), &Patch::Merge(status))
        .await?;
    Ok(())
}
