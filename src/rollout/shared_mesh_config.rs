//! The mesh configuration that istiod reads beside ConfigMap `istio`: composed from all records in the mesh's namespace.
//!
//! Whoever changes a record composes. Each resource owns its record, the mesh owns that the ConfigMap exists, and nobody owns
//! what is in it: it follows from the records.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Map, Value, json};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::composition::{CompositionError, compose};
use super::error::RolloutError;
use super::target::{FIELD_MANAGER, Target};
use crate::clusters::{self, Cluster};
use crate::desired::{Component, ManifestSet};
use crate::mesh::SharedMeshConfig;
use crate::observe;

/// How often others may come in between.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);
/// How long istiod may take to read the ConfigMap, which it watches, and to collect changes.
const READS: Duration = Duration::from_secs(30);
/// How long it takes proxies to trust other roots, once istiod does: a new certificate for each, half a second as measured.
const PROXIES: Duration = Duration::from_secs(2);

/// Why the shared mesh configuration is not what its records say.
#[derive(Debug, Error)]
pub enum SharedMeshConfigError {
    /// The ConfigMap or the records could not be read.
    #[error("cannot read ConfigMap {name} and its records", name = SharedMeshConfig::CONFIG_MAP)]
    Read(#[source] clusters::Error),
    /// The ConfigMap could not be written.
    #[error("cannot write ConfigMap {name}", name = SharedMeshConfig::CONFIG_MAP)]
    Write(#[source] clusters::Error),
    /// The records give no document.
    #[error("cannot compose ConfigMap {name} from its records", name = SharedMeshConfig::CONFIG_MAP)]
    Compose(#[from] CompositionError),
    /// Somebody deleted the ConfigMap after it was created.
    #[error("ConfigMap {name} does not exist", name = SharedMeshConfig::CONFIG_MAP)]
    Absent,
    /// Others write it all the time.
    #[error("ConfigMap {name} was changed by something else at every attempt to write it", name = SharedMeshConfig::CONFIG_MAP)]
    Contended,
}

/// The ConfigMap as it is beside what it should hold.
struct Reading {
    resource_version: Option<String>,
    data: BTreeMap<String, String>,
    text: String,
}

/// Composes the shared mesh configuration if `set` has one: what istiod reads must be there before it starts.
pub(super) async fn of_set(
    target: &Target,
    set: &ManifestSet,
    cancel: &CancellationToken,
) -> Result<(), RolloutError> {
    if !set.manifests().iter().any(|manifest| manifest.component == Component::SharedMeshConfig) {
        return Ok(());
    }
    let written = write(&target.cluster, &target.inventory.namespace, cancel).await;
    written.map_err(RolloutError::SharedMeshConfig)
}

/// Writes what the records in `namespace` say together, unless it stands there already.
pub async fn write(
    cluster: &Cluster,
    namespace: &str,
    cancel: &CancellationToken,
) -> Result<(), SharedMeshConfigError> {
    let config_maps = Api::<ConfigMap>::namespaced(cluster.client(), namespace);
    for _ in 0..ATTEMPTS {
        let reading = read(cluster, &config_maps).await?.ok_or(SharedMeshConfigError::Absent)?;
        if reading.is_composed() {
            return Ok(());
        }
        let patch = Patch::Merge(reading.patch());
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match config_maps.patch(SharedMeshConfig::CONFIG_MAP, &parameters, &patch).await {
            Ok(_) => return Ok(()),
            Err(kube::Error::Api(status)) if status.is_conflict() && !cancel.is_cancelled() => {}
            Err(error) => return Err(SharedMeshConfigError::Write(cluster.error(error))),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(SharedMeshConfigError::Contended)
}

/// Waits until istiod trusts whom the records name, and nobody else, and gives proxies the time to hear of it. Where istiod cannot be
/// asked, it is given the time that it needs at most.
pub(super) async fn takes_effect(
    cluster: &Cluster,
    namespace: &str,
    left: Duration,
) -> Result<(), SharedMeshConfigError> {
    let config_maps = Api::<ConfigMap>::namespaced(cluster.client(), namespace);
    let until = Instant::now() + left.min(READS);
    while let Some(reading) = read(cluster, &config_maps).await? {
        let composed: Value = serde_json::from_str(&reading.text).unwrap_or_default();
        let wanted = observe::trusted_certificates(&composed);
        let running = observe::mesh_configs(cluster, namespace).await.map_err(SharedMeshConfigError::Read)?;
        if running.is_ok_and(|all| all.iter().all(|running| observe::trusted_certificates(running) == wanted))
        {
            tokio::time::sleep(PROXIES.min(left)).await;
            break;
        }
        if Instant::now() >= until {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Whether the data of the ConfigMap is what its records say; `None` if there is no ConfigMap.
///
/// # Errors
/// The records give no document.
pub fn is_composed(
    data: Option<&BTreeMap<String, String>>,
    records: &BTreeMap<String, String>,
) -> Result<Option<bool>, SharedMeshConfigError> {
    let Some(data) = data else { return Ok(None) };
    Ok(Some(has_only(data, &compose(records)?.to_text())))
}

/// The ConfigMap first, then the records: whoever adds a record in between writes the ConfigMap after that, and the version read
/// here is out of date.
async fn read(
    cluster: &Cluster,
    config_maps: &Api<ConfigMap>,
) -> Result<Option<Reading>, SharedMeshConfigError> {
    let failed = |error| SharedMeshConfigError::Read(cluster.error(error));
    let Some(live) = config_maps.get_opt(SharedMeshConfig::CONFIG_MAP).await.map_err(failed)? else {
        return Ok(None);
    };
    let label = format!("{}={}", SharedMeshConfig::RECORD_LABEL, SharedMeshConfig::CONFIG_MAP);
    let listed = config_maps.list(&ListParams::default().labels(&label)).await.map_err(failed)?;
    let is_there = |record: &ConfigMap| record.metadata.deletion_timestamp.is_none();
    let records = listed.items.into_iter().filter(is_there).map(|record| {
        let text = record.data.as_ref().and_then(|data| data.get(SharedMeshConfig::KEY));
        (record.name_any(), text.cloned().unwrap_or_default())
    });
    let document = compose(&records.collect())?;
    Ok(Some(Reading {
        resource_version: live.metadata.resource_version,
        data: live.data.unwrap_or_default(),
        text: document.to_text(),
    }))
}

/// Nothing else may be in it: of the key `meshNetworks`, the shared ConfigMap's wins.
fn has_only(data: &BTreeMap<String, String>, text: &str) -> bool {
    data.len() == 1 && data.get(SharedMeshConfig::KEY).is_some_and(|own| own == text)
}

impl Reading {
    fn is_composed(&self) -> bool {
        has_only(&self.data, &self.text)
    }

    /// What makes the ConfigMap hold the document and nothing else, as long as nobody else has written it.
    fn patch(&self) -> Value {
        let mut data: Map<String, Value> = self.data.keys().map(|key| (key.clone(), Value::Null)).collect();
        data.insert(SharedMeshConfig::KEY.to_owned(), json!(self.text));
        json!({"metadata": {"resourceVersion": self.resource_version}, "data": data})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(data: &[(&str, &str)]) -> Reading {
        let data = data.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        Reading { resource_version: Some("7".to_owned()), data, text: "{}\n".to_owned() }
    }

    #[test]
    fn unchanged_bytes_are_not_written() {
        assert!(reading(&[("mesh", "{}\n")]).is_composed());
        for other in [&[][..], &[("mesh", "{}")], &[("mesh", "{}\n"), ("meshNetworks", "")]] {
            assert!(!reading(other).is_composed(), "{other:?}");
        }
    }

    #[test]
    fn what_is_written_replaces_exactly_what_was_read() {
        let patch = reading(&[("mesh", "old"), ("meshNetworks", "networks: {}")]).patch();
        assert_eq!(
            patch,
            json!({"metadata": {"resourceVersion": "7"}, "data": {"mesh": "{}\n", "meshNetworks": null}})
        );
    }
}
