//! Secrets that an apply leaves as they are: what is in them is read before the first write, since nothing else knows it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use ssa::Observation;
use tfplugin::{Diagnostic, Field};
use tokio_util::sync::CancellationToken;

use super::live_objects::cannot_read;
use super::place::Place;
use crate::desired::Manifest;
use crate::manifests::{Fields, FingerprintKey, ObjectId, flatten, secret_field, whole_texts};
use crate::rollout::Target;

/// The whole texts of those of these objects that exist.
pub async fn whole(
    target: &Target,
    objects: &BTreeSet<ObjectId>,
    place: Place,
    cancel: &CancellationToken,
) -> Result<BTreeMap<ObjectId, Fields>, Diagnostic> {
    let found = found(target, objects.iter().cloned(), place, cancel).await?;
    Ok(found.into_iter().map(|(id, live)| (id, whole_texts(&live))).collect())
}

/// The data of those of these Secrets that exist.
pub async fn read(
    target: &Target,
    secrets: impl Iterator<Item = ObjectId>,
    place: Place,
    cancel: &CancellationToken,
) -> Result<BTreeMap<ObjectId, Map<String, Value>>, Diagnostic> {
    let found = found(target, secrets, place, cancel).await?;
    let data = |live: &Value| live["data"].as_object().cloned().unwrap_or_default();
    Ok(found.into_iter().map(|(id, live)| (id, data(&live))).collect())
}

async fn found(
    target: &Target,
    objects: impl Iterator<Item = ObjectId>,
    place: Place,
    cancel: &CancellationToken,
) -> Result<BTreeMap<ObjectId, Value>, Diagnostic> {
    let ids: BTreeMap<ssa::ObjectId, ObjectId> = objects.map(|id| (id.without_cluster(), id)).collect();
    let asked: BTreeSet<ssa::ObjectId> = ids.keys().cloned().collect();
    let mut found = BTreeMap::new();
    if asked.is_empty() {
        return Ok(found);
    }
    for (asked, observation) in target.engine.observe(&asked, cancel).await {
        match observation {
            Observation::Found(live) => {
                found.extend(ids.get(&asked).map(|id| (id.clone(), live.value().clone())));
            }
            Observation::Absent => {}
            Observation::Unknown(error) => return Err(cannot_read(&target.name, &asked, &error, place)),
        }
    }
    Ok(found)
}

/// The manifest with the live data in all placeholders whose value the plan knows.
pub fn fill(
    manifest: Manifest,
    id: &ObjectId,
    planned: Option<&BTreeMap<String, Field<String>>>,
    live: Option<&Map<String, Value>>,
    key: &FingerprintKey,
) -> Result<Manifest, Diagnostic> {
    let promised = |placeholder: &String| {
        planned.and_then(|planned| planned.get(&secret_field(placeholder))?.as_known())
    };
    let kept: Vec<(String, String)> = manifest
        .placeholders
        .keys()
        .filter_map(|placeholder| Some((placeholder.clone(), promised(placeholder)?.clone())))
        .collect();
    if kept.is_empty() {
        return Ok(manifest);
    }
    let live = live.ok_or_else(|| has_changed(id))?;
    let data: Map<String, Value> = kept
        .iter()
        .filter_map(|(placeholder, _)| Some((placeholder.clone(), live.get(placeholder)?.clone())))
        .collect();
    let fingerprints = flatten(&serde_json::json!({"apiVersion": "v1", "kind": "Secret", "data": data}), key);
    if kept
        .iter()
        .any(|(placeholder, fingerprint)| fingerprints.get(&secret_field(placeholder)) != Some(fingerprint))
    {
        return Err(has_changed(id));
    }
    Ok(manifest.filled(&data))
}

pub(super) fn has_changed(id: &ObjectId) -> Diagnostic {
    Diagnostic::error(
        format!("{id} has changed since the plan"),
        "It was changed or deleted outside Terraform. Nothing was written; plan again.",
    )
}
