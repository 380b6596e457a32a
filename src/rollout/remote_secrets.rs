//! A remote secret tells istiod of one cluster. Every other entry in it would be one more to istiod, with the same endpoints.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Map, Value, json};

use super::RolloutError;
use super::target::{FIELD_MANAGER, Target};
use crate::desired::{Manifest, ManifestSet, Placeholder};

/// Takes out of the remote secrets of `set` what others have added to them.
pub(super) async fn keep_own_clusters(target: &Target, set: &ManifestSet) -> Result<(), RolloutError> {
    let secrets = Api::<Secret>::namespaced(target.cluster.client(), &target.inventory.namespace);
    for manifest in set.manifests().iter().filter(|manifest| is_remote_secret(manifest)) {
        let name = manifest.object["metadata"]["name"].as_str().unwrap_or_default();
        let failed = |error| {
            let (secret, source) = (name.to_owned(), target.cluster.error(error));
            RolloutError::RemoteSecret { secret, source }
        };
        let live = secrets.get_opt(name).await.map_err(failed)?;
        let data = live.and_then(|secret| secret.data).unwrap_or_default();
        let foreign = data.into_keys().filter(|key| !manifest.placeholders.contains_key(key));
        let foreign: Map<String, Value> = foreign.map(|key| (key, Value::Null)).collect();
        if !foreign.is_empty() {
            let patch = Patch::Merge(json!({"data": foreign}));
            let parameters =
                PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
            secrets.patch(name, &parameters, &patch).await.map_err(failed)?;
        }
    }
    Ok(())
}

fn is_remote_secret(manifest: &Manifest) -> bool {
    manifest.placeholders.values().any(|placeholder| matches!(placeholder, Placeholder::Access(_)))
}
