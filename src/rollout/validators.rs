//! Webhooks that check Istio's resources. istiod closes them once it answers; when the istiod that injected the proxies of a cluster goes,
//! nobody answers there, and they must be open again.

use std::time::{Duration, Instant};

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, PostParams};

use super::target::{FIELD_MANAGER, Target};
use crate::clusters::Error;
use crate::desired::{ManifestSet, object};

/// What istiod writes into them.
const CLOSED: &str = "Fail";
/// What the charts do.
const OPEN: &str = "Ignore";
/// By which istiod's pods are found.
const ISTIODS: &str = "app=istiod";
/// How long a pod that was told to end may go on writing.
const ENDS: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);

/// Opens those of `set` that an istiod has closed, once there is no istiod any more.
pub(super) async fn open(target: &Target, set: &ManifestSet) -> Result<(), Error> {
    let of = |error| target.cluster.error(error);
    let webhooks = Api::<ValidatingWebhookConfiguration>::all(target.cluster.client());
    let objects = set.manifests().iter().map(|manifest| manifest.object.as_ref());
    for object in objects.filter(|object| object::kind(object) == "ValidatingWebhookConfiguration") {
        let name = object::name(object);
        let live = webhooks.get_opt(name).await.map_err(of)?;
        if !live.as_ref().is_some_and(is_closed) {
            continue;
        }
        wait_for_the_end(target).await?;
        let Some(mut live) = webhooks.get_opt(name).await.map_err(of)? else { continue };
        for webhook in live.webhooks.iter_mut().flatten() {
            webhook.failure_policy = Some(OPEN.to_owned());
            webhook.client_config.ca_bundle = None;
        }
        let parameters =
            PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        webhooks.replace(name, &parameters, &live).await.map_err(of)?;
    }
    Ok(())
}

fn is_closed(configuration: &ValidatingWebhookConfiguration) -> bool {
    let mut webhooks = configuration.webhooks.iter().flatten();
    webhooks.any(|webhook| webhook.failure_policy.as_deref() == Some(CLOSED))
}

/// Waits until the last pod of istiod has ended.
async fn wait_for_the_end(target: &Target) -> Result<(), Error> {
    let pods = Api::<Pod>::namespaced(target.cluster.client(), &target.inventory.namespace);
    let began = Instant::now();
    while began.elapsed() < ENDS {
        let labelled = ListParams::default().labels(ISTIODS);
        let found = pods.list_metadata(&labelled).await.map_err(|error| target.cluster.error(error))?;
        if found.items.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
