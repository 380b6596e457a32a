//! istiod starts again, where only that has it forget what it should not know any more.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::RolloutError;
use super::target::Target;
use crate::clusters;
use crate::desired::{Component, ManifestSet};
use crate::mesh::ChartName;

/// What `kubectl rollout restart` writes into a pod template.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";
/// Under which name: it is no field of the set.
const MANAGER: &str = "terraform-provider-istio-restart";

/// Restarts the Deployment of istiod in this set; whether there was something to restart.
///
/// # Errors
/// The Deployment could not be written.
pub async fn restart_istiod(target: &Target, set: &ManifestSet) -> Result<bool, RolloutError> {
    restart(target, set).await.map_err(RolloutError::Restart)
}

pub(super) async fn restart(target: &Target, set: &ManifestSet) -> Result<bool, clusters::Error> {
    let is_istiod = |object: &serde_json::Value| object["kind"] == "Deployment";
    let istiod = set.manifests().iter().find(|manifest| {
        manifest.component == Component::Chart(ChartName::Istiod) && is_istiod(&manifest.object)
    });
    let Some(name) = istiod.and_then(|istiod| istiod.object["metadata"]["name"].as_str()) else {
        return Ok(false);
    };
    let now = Timestamp::now().to_string();
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED: now}}}}});
    let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let deployments = Api::<Deployment>::namespaced(target.cluster.client(), &target.inventory.namespace);
    match deployments.patch(name, &parameters, &Patch::Merge(patch)).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(false),
        Err(error) => Err(target.cluster.error(error)),
    }
}
