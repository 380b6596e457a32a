//! Whether istiod's webhook fills in gateway pods, before one is created.
//!
//! The gateway chart's container has `image: auto`, which istiod's injector replaces. A pod that was created while the
//! webhook did not work keeps that image for ever, and its Deployment does not replace it.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use ssa::Progress;
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::target::Target;
use crate::clusters::Cluster;
use crate::desired::{Manifest, ManifestSet, Stage};
use crate::mesh::EastWestGateway;

const PAUSE: Duration = Duration::from_secs(1);
/// How long a policy may deny the pod: it may judge a pod that the webhook has not filled in yet, and a quota may be freed.
const DENIED: Duration = Duration::from_mins(1);
/// The account of the pod that is tried out: every namespace gets it, while the gateway's own is created with the gateway.
const ACCOUNT: &str = "default";

/// What the API server makes of a pod like the gateway's.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The webhook has filled it in.
    Injected,
    /// The provider has no permission to create pods, so nothing can be seen.
    NotPermitted,
    /// The webhook does not work yet, or was not called, for this reason.
    NotInjected(String),
    /// A policy or a quota denies the pod.
    Denied(String),
}

/// Waits until pods like the gateways' come back from a dry-run with a real image, and has pods that were created without one
/// recreated. Without the permission to create pods, that cannot be seen, and nothing is waited for.
pub(super) async fn wait(
    target: &Target,
    set: &ManifestSet,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Result<(), RolloutError> {
    let began = Instant::now();
    for gateway in set.manifests().iter().filter_map(Gateway::of) {
        gateway.wait(&target.cluster, began, timeout, cancel).await?;
    }
    Ok(())
}

/// The same in a cluster that istiod of another one serves. It may have no gateway: then with any pod. What denies that one says nothing of
/// others.
pub(super) async fn wait_in(
    target: &Target,
    set: &ManifestSet,
    namespace: &str,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Result<(), RolloutError> {
    let has_gateway = set.manifests().iter().any(|manifest| Gateway::of(manifest).is_some());
    let waited = if has_gateway {
        wait(target, set, timeout, cancel).await
    } else {
        Gateway::any(namespace).wait(&target.cluster, Instant::now(), timeout, cancel).await
    };
    match waited {
        Err(RolloutError::GatewayDenied { reason }) if !has_gateway => {
            tracing::info!(reason, "injection cannot be tested");
            Ok(())
        }
        Err(RolloutError::NotInjected { pod, waited, reason, .. }) => {
            Err(RolloutError::NotInjected { pod, waited, reason, is_elsewhere: true })
        }
        waited => waited,
    }
}

/// The pods of one gateway, or of none.
struct Gateway {
    namespace: String,
    /// A pod as its Deployment would create it, but for the account.
    pod: Value,
    /// By which its pods are found; `None` if there are none.
    selector: Option<String>,
}

impl Gateway {
    fn of(manifest: &Manifest) -> Option<Self> {
        if manifest.stage != Stage::Gateways {
            return None;
        }
        // What the API server answers may quote it.
        let template = manifest.shown().pointer("/spec/template")?;
        let namespace = manifest.object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let mut metadata = template["metadata"].clone();
        metadata["generateName"] = json!("injection-check-");
        metadata["namespace"] = json!(namespace);
        let mut spec = template["spec"].clone();
        spec["serviceAccountName"] = json!(ACCOUNT);
        let labels = manifest.object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        let labels = labels.into_iter().flatten();
        let selector: Vec<String> =
            labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
        Some(Self { namespace, pod, selector: Some(selector.join(",")) })
    }

    /// A pod that istiod's template for gateways fills in, in a namespace that need not be labelled for injection.
    fn any(namespace: &str) -> Self {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "generateName": "injection-check-", "namespace": namespace,
                "labels": {"sidecar.istio.io/inject": "true"},
                "annotations": {"inject.istio.io/templates": "gateway"},
            },
            "spec": {
                "serviceAccountName": ACCOUNT,
                "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{"name": "istio-proxy", "image": EastWestGateway::PLACEHOLDER_IMAGE}],
            },
        });
        Self { namespace: namespace.to_owned(), pod, selector: None }
    }

    async fn wait(
        &self,
        cluster: &Cluster,
        began: Instant,
        timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<(), RolloutError> {
        let pods = Api::<Pod>::namespaced(cluster.client(), &self.namespace);
        let pod: Pod = serde_json::from_value(self.pod.clone()).map_err(RolloutError::GatewayPod)?;
        let parameters = PostParams { dry_run: true, ..PostParams::default() };
        let mut denied_since = None;
        let mut progress = Progress::begin(cluster.name());
        loop {
            let created = tokio::select! {
                () = cancel.cancelled() => return Err(RolloutError::Cancelled),
                created = pods.create(&parameters, &pod) => created,
            };
            let reason = match answer(created, cluster) {
                Answer::Injected => return self.replace_stuck(cluster, &pods).await,
                Answer::NotPermitted => {
                    tracing::info!("injection cannot be tested without permission to create pods");
                    return Ok(());
                }
                Answer::NotInjected(reason) => {
                    denied_since = None;
                    reason
                }
                Answer::Denied(reason) => {
                    if denied_since.get_or_insert_with(Instant::now).elapsed() >= DENIED {
                        return Err(RolloutError::GatewayDenied { reason });
                    }
                    reason
                }
            };
            if began.elapsed() >= timeout {
                if denied_since.is_some() {
                    return Err(RolloutError::GatewayDenied { reason });
                }
                let (pod, waited) = (self.name(), began.elapsed());
                return Err(RolloutError::NotInjected { pod, waited, reason, is_elsewhere: false });
            }
            progress.waits_for(&format!("istiod's webhook does not inject gateway pods yet: {reason}"));
            tokio::select! {
                () = cancel.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// What it is, for messages.
    fn name(&self) -> &'static str {
        if self.selector.is_some() { "the gateway's pod" } else { "a pod" }
    }

    /// Deletes the gateway's pods without an image; their Deployment creates others.
    async fn replace_stuck(&self, cluster: &Cluster, pods: &Api<Pod>) -> Result<(), RolloutError> {
        let Some(selector) = &self.selector else { return Ok(()) };
        let failed = |error| RolloutError::StuckPods(cluster.error(error));
        let listed = pods.list(&ListParams::default().labels(selector)).await.map_err(failed)?;
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
}

fn answer(created: Result<Pod, kube::Error>, cluster: &Cluster) -> Answer {
    match created {
        Ok(pod) if has_image(&pod) => Answer::Injected,
        Ok(_) => {
            Answer::NotInjected("istiod's webhook was not called, or did not recognise the pod".to_owned())
        }
        Err(kube::Error::Api(status)) => refused(status.code, &status.message),
        Err(error) => Answer::NotInjected(cluster.error(error).to_string()),
    }
}

/// What an error answer says. All that the API server itself says of permissions has one form (`Forbidden` in
/// `k8s.io/apiserver/pkg/endpoints/handlers/responsewriters`); other plugins and webhooks answer 403 in words of their own.
fn refused(code: u16, message: &str) -> Answer {
    let is_missing_permission = message.starts_with("pods is forbidden: User ")
        && message.contains("cannot create resource \"pods\" in API group \"\"");
    let is_missing_account = message.contains("error looking up service account");
    match code {
        403 if is_missing_permission => Answer::NotPermitted,
        // A namespace that was just created gets its account in a moment.
        403 if is_missing_account => Answer::NotInjected(message.to_owned()),
        408 | 429 => Answer::NotInjected(message.to_owned()),
        400..=499 => Answer::Denied(message.to_owned()),
        _ => Answer::NotInjected(message.to_owned()),
    }
}

fn has_image(pod: &Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.into_iter().all(|container| {
        container.image.as_deref().is_some_and(|image| image != EastWestGateway::PLACEHOLDER_IMAGE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{Component, Placeholders};

    #[test]
    fn only_the_api_servers_own_word_says_that_the_permission_is_missing() {
        let missing = "pods is forbidden: User \"ci\" cannot create resource \"pods\" in API group \"\" in the namespace \
                       \"istio-system\"";
        assert_eq!(refused(403, missing), Answer::NotPermitted);
        let account = "pods \"injection-check-\" is forbidden: error looking up service account istio-system/default: \
                       serviceaccount \"default\" not found";
        assert_eq!(refused(403, account), Answer::NotInjected(account.to_owned()));
        for denied in [
            "pods \"injection-check-\" is forbidden: violates PodSecurity \"restricted:latest\"",
            "pods \"injection-check-\" is forbidden: exceeded quota: pods",
            "admission webhook \"policy.example\" denied the request: cannot create resource \"pods\" in API group \"\"",
        ] {
            assert_eq!(refused(403, denied), Answer::Denied(denied.to_owned()));
        }
    }

    #[test]
    fn a_webhook_that_fails_is_waited_for() {
        for (code, message) in [
            (
                500,
                "Internal error occurred: failed calling webhook \"rev.namespace.sidecar-injector.istio.io\"",
            ),
            (429, "too many requests"),
            (503, "the server is currently unable to handle the request"),
        ] {
            assert_eq!(refused(code, message), Answer::NotInjected(message.to_owned()));
        }
    }

    #[test]
    fn the_pod_that_is_tried_out_has_an_account_that_exists_before_the_gateways() {
        let object = json!({
            "kind": "Deployment",
            "metadata": {"name": "istio-eastwestgateway", "namespace": "gateways"},
            "spec": {
                "selector": {"matchLabels": {"app": "istio-eastwestgateway", "istio": "eastwestgateway"}},
                "template": {
                    "metadata": {"labels": {"istio": "eastwestgateway"}},
                    "spec": {"serviceAccountName": "istio-eastwestgateway", "containers": [{"image": "auto"}]},
                },
            },
        });
        let component = Component::Chart(crate::mesh::ChartName::Gateway);
        let manifest = Manifest {
            component,
            stage: Stage::Gateways,
            object: object.into(),
            placeholders: Placeholders::new(),
            sensitive: None,
        };
        let gateway = Gateway::of(&manifest).unwrap();
        assert_eq!(gateway.pod["spec"]["serviceAccountName"], "default");
        assert_eq!(gateway.pod["metadata"]["namespace"], "gateways");
        assert_eq!(gateway.selector.as_deref(), Some("app=istio-eastwestgateway,istio=eastwestgateway"));
    }
}
