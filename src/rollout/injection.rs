//! Whether istiod's webhook fills in gateway pods, before one is created.
//!
//! The gateway chart's container has `image: auto`, which istiod's injector replaces. A pod that was created while the
//! webhook did not work keeps that image for ever, and its Deployment does not replace it.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::target::Target;
use crate::clusters::Cluster;
use crate::mesh::EastWestGateway;
use crate::render::{Manifest, ManifestSet, Stage};

const PAUSE: Duration = Duration::from_secs(1);

/// Waits until a pod like the gateway's comes back from a dry-run with a real image, and has pods that were created without one
/// made anew. Without the right to create pods, that cannot be seen, and nothing is waited for.
pub(super) async fn wait(
    target: &Target,
    set: &ManifestSet,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Result<(), RolloutError> {
    let Some(pod) = set.manifests().iter().find_map(gateway_pod) else { return Ok(()) };
    let cluster = &target.cluster;
    let pod: Pod = serde_json::from_value(pod).map_err(RolloutError::GatewayPod)?;
    let pods = Api::<Pod>::namespaced(cluster.client(), &pod.namespace().unwrap_or_default());
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    let began = Instant::now();
    loop {
        let reason = match pods.create(&parameters, &pod).await {
            Ok(injected) if has_image(&injected) => return replace_stuck(cluster, &pods).await,
            Ok(_) => "istiod's webhook was not called, or did not know the pod".to_owned(),
            Err(kube::Error::Api(status)) if status.is_forbidden() && !status.message.contains("webhook") => {
                tracing::info!("no right to try out injection: {}", status.message);
                return Ok(());
            }
            Err(kube::Error::Api(status)) => status.message.clone(),
            Err(error) => cluster.error(error).to_string(),
        };
        if began.elapsed() >= timeout || cancel.is_cancelled() {
            return Err(RolloutError::NotInjected { waited: began.elapsed(), reason });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Deletes the gateway's pods without an image; their Deployment makes others.
async fn replace_stuck(cluster: &Cluster, pods: &Api<Pod>) -> Result<(), RolloutError> {
    let failed = |error| RolloutError::StuckPods(cluster.error(error));
    let listed = pods.list(&ListParams::default().labels(EastWestGateway::PODS)).await.map_err(failed)?;
    let is_stuck = |pod: &&Pod| !has_image(pod) && pod.metadata.deletion_timestamp.is_none();
    for pod in listed.items.iter().filter(is_stuck) {
        let preconditions = Preconditions { uid: pod.uid(), resource_version: None };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        match pods.delete(&pod.name_any(), &parameters).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// A pod as the gateway's Deployment would create it.
fn gateway_pod(manifest: &Manifest) -> Option<Value> {
    if manifest.stage != Stage::Gateways {
        return None;
    }
    let template = manifest.object.pointer("/spec/template")?;
    let mut metadata = template["metadata"].clone();
    metadata["generateName"] = json!("injection-check-");
    metadata["namespace"] = manifest.object["metadata"]["namespace"].clone();
    Some(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}))
}

fn has_image(pod: &Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.into_iter().all(|container| {
        container.image.as_deref().is_some_and(|image| image != EastWestGateway::PLACEHOLDER_IMAGE)
    })
}
