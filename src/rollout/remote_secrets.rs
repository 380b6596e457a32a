//! A remote secret tells istiod of one cluster. Every other entry in it would be one more to istiod, with the same endpoints.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Map, Value, json};

use super::RolloutError;
use super::target::{FIELD_MANAGER, Target};
use crate::desired::{Manifest, ManifestSet, Placeholder};
use crate::mesh::ClusterName;
use crate::mesh::well_known::{REMOTE_SECRET_LABEL, REMOTE_SECRET_PREFIX, remote_secret_name};

/// Takes out of the remote secrets of `set` what others have added to them.
pub(super) async fn keep_own_clusters(target: &Target, set: &ManifestSet) -> Result<(), RolloutError> {
    let secrets = Api::<Secret>::namespaced(target.cluster.client(), &target.inventory.namespace);
    if !set.manifests().iter().any(is_remote_secret) {
        return Ok(());
    }
    let listed = secrets.list(&ListParams::default().labels(REMOTE_SECRET_LABEL)).await;
    let listed =
        listed.map_err(|error| failed(target, &format!("{REMOTE_SECRET_PREFIX}*"), error))?.items.into_iter();
    let mut live: BTreeMap<String, Secret> = listed.map(|secret| (secret.name_any(), secret)).collect();
    for manifest in set.manifests().iter().filter(|manifest| is_remote_secret(manifest)) {
        let name = manifest.object["metadata"]["name"].as_str().unwrap_or_default();
        let data = live.remove(name).and_then(|secret| secret.data).unwrap_or_default();
        let foreign = data.into_keys().filter(|key| !manifest.placeholders.contains_key(key));
        let foreign: Map<String, Value> = foreign.map(|key| (key, Value::Null)).collect();
        if !foreign.is_empty() {
            let patch = Patch::Merge(json!({"data": foreign}));
            let parameters =
                PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
            let patched = secrets.patch(name, &parameters, &patch).await;
            patched.map_err(|error| failed(target, name, error))?;
        }
    }
    Ok(())
}

/// The comment that the remote secret for `read` gets, which begins with `wanted`. istiod asks a cluster whose it is once, for each content
/// of the Secret: to ask `again`, the Secret has to say something else, and what it says now stays otherwise.
pub(super) async fn comment(
    target: &Target,
    read: &ClusterName,
    wanted: &str,
    again: bool,
) -> Result<String, RolloutError> {
    let secrets = Api::<Secret>::namespaced(target.cluster.client(), &target.inventory.namespace);
    let name = remote_secret_name(read);
    let live = secrets.get_opt(&name).await.map_err(|error| RolloutError::ReadRemoteSecret {
        secret: name.clone(),
        source: target.cluster.error(error),
    })?;
    let Some(live) = live else { return Ok(wanted.to_owned()) };
    if again {
        let version = live.resource_version().unwrap_or_default();
        return Ok(format!("{wanted}; read again after version {version}"));
    }
    let content = live.data.unwrap_or_default().remove(read.as_str()).unwrap_or_default().0;
    let said = commented(&content).filter(|said| said.split(';').next() == Some(wanted));
    Ok(said.unwrap_or(wanted).to_owned())
}

/// The comment that a kubeconfig begins with.
fn commented(kubeconfig: &[u8]) -> Option<&str> {
    std::str::from_utf8(kubeconfig).ok()?.lines().next()?.strip_prefix("# ")
}

fn failed(target: &Target, secret: &str, error: kube::Error) -> RolloutError {
    RolloutError::RemoteSecret { secret: secret.to_owned(), source: target.cluster.error(error) }
}

fn is_remote_secret(manifest: &Manifest) -> bool {
    manifest.placeholders.values().any(|placeholder| matches!(placeholder, Placeholder::Access { .. }))
}
