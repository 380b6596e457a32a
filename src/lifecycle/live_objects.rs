//! Objects as they are now, as the field maps of a plan show them.

use std::collections::{BTreeMap, BTreeSet};

use ssa::Observation;
use tfplugin::Diagnostic;
use tokio_util::sync::CancellationToken;

use super::field_maps::Objects;
use super::place::Place;
use crate::diagnostics;
use crate::manifests::{FingerprintKey, ObjectId, flatten, read_back};
use crate::rollout::Target;

/// The live fields of those of `wanted` that exist and are not another owner's. Of an object without any fields those are read that
/// the provider has applied.
pub async fn read_objects(
    target: &Target,
    wanted: &Objects,
    key: &FingerprintKey,
    place: Place,
    cancel: &CancellationToken,
) -> Result<Objects, Diagnostic> {
    let ids: BTreeMap<ssa::ObjectId, &ObjectId> =
        wanted.keys().map(|id| (id.without_cluster(), id)).collect();
    let asked: BTreeSet<ssa::ObjectId> = ids.keys().cloned().collect();
    let mut objects = Objects::new();
    for (asked, observation) in target.engine.observe(&asked, cancel).await {
        let Some((id, fields)) = ids.get(&asked).and_then(|id| wanted.get_key_value(*id)) else { continue };
        match observation {
            Observation::Found(live) if target.engine.is_foreign(&live) => {}
            Observation::Found(live) if fields.is_empty() => {
                objects.insert(id.clone(), flatten(&target.engine.own_fields(&live), key));
            }
            Observation::Found(live) => {
                objects.insert(id.clone(), read_back(live.value(), fields, key));
            }
            Observation::Absent => {}
            Observation::Unknown(error) => return Err(cannot_read(&target.name, &asked, &error, place)),
        }
    }
    Ok(objects)
}

/// A refresh cannot do without what a cluster says.
pub fn cannot_read(label: &str, id: &ssa::ObjectId, error: &ssa::RequestError, place: Place) -> Diagnostic {
    let summary = format!("Cluster {label:?}: cannot read {id}");
    let way_out = if error.is_forbidden() {
        "Grant the identity of the cluster block get and list on this kind: refresh and plan need no other permission."
    } else {
        "State is unchanged; run the same command again."
    };
    diagnostics::failure(summary, error, way_out, Some(place(label)))
}
