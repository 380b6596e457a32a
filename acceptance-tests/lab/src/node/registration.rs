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

/// Makes the Node and says that it is ready. It stays ready: nobody takes care of nodes in a lab.
pub async fn register(client: &Client, name: &str, address: Ipv4Addr) -> Result<(), Box<kube::Error>> {
    let nodes = Api::<Node>::all(client.clone());
    let object = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": architecture(),
            "topology.kubernetes.io/region": "lab",
            "topology.kubernetes.io/zone": format!("lab-{name}"),
        }},
    });
    nodes.patch(name, &PatchParams::apply("lab").force(), &Patch::Apply(object)).await?;
    let capacity: Value = CAPACITY.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let status = json!({"status": {
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "conditions": [{
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "the lab's node works",
            "lastHeartbeatTime": Timestamp::now(),
            "lastTransitionTime": Timestamp::now(),
        }],
        "capacity": capacity,
        "allocatable": capacity,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
        "nodeInfo": {
            "architecture": architecture(), "operatingSystem": "linux", "bootID": "lab", "machineID": "lab",
            "systemUUID": "lab", "kernelVersion": "lab", "osImage": "lab", "containerRuntimeVersion": "lab://1",
            "kubeletVersion": "v1.36.3", "kubeProxyVersion": "",
        },
    }});
    nodes.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(())
}

/// The processor, in Go's words.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
