//! Objects as they are now, as the field maps of a plan show them.

use std::collections::BTreeMap;

use ssa::{Live, Look, Observation};
use tfplugin::Diagnostic;
use tokio_util::sync::CancellationToken;

use super::field_maps::Objects;
use super::place::Place;
use crate::diagnostics;
use crate::manifests::{Fields, FingerprintKey, ObjectId, flatten, read_back};
use crate::rollout::Target;

/// Objects to read, by their ids without the cluster, with the fields that are asked for.
pub(super) type Asked<'a> = BTreeMap<ssa::ObjectId, (&'a ObjectId, &'a Fields)>;

/// The live fields of those of `wanted` that exist and are not another owner's. Of an object without any fields those are read that
/// the provider has applied.
pub async fn read_objects(
    target: &Target,
    wanted: &Objects,
    key: &FingerprintKey,
    place: Place,
    cancel: &CancellationToken,
) -> Result<Objects, Diagnostic> {
    let asked = asked(wanted);
    let objects = asked.keys().map(|id| (id.clone(), None)).collect();
    let look = Look { objects, selections: Vec::new() };
    let take = |id: &ssa::ObjectId, live: Live| fields(target, asked.get(id)?.1, &live, key);
    let looked = target.engine.look(&look, take, cancel).await;
    collected(target, &asked, looked.objects, place)
}

pub(super) fn asked(wanted: &Objects) -> Asked<'_> {
    wanted.iter().map(|(id, fields)| (id.without_cluster(), (id, fields))).collect()
}

/// What an object says in the fields that are asked for; `None` if it is another owner's.
pub(super) fn fields(target: &Target, asked: &Fields, live: &Live, key: &FingerprintKey) -> Option<Fields> {
    if target.engine.is_foreign(live) {
        return None;
    }
    if asked.is_empty() {
        return Some(flatten(&target.engine.own_fields(live), key));
    }
    Some(read_back(live.value(), asked, key))
}

/// The objects that were found.
pub(super) fn collected(
    target: &Target,
    asked: &Asked<'_>,
    found: impl IntoIterator<Item = (ssa::ObjectId, Observation<Option<Fields>>)>,
    place: Place,
) -> Result<Objects, Diagnostic> {
    let mut objects = Objects::new();
    for (id, observation) in found {
        let Some((full_id, _)) = asked.get(&id) else { continue };
        match observation {
            Observation::Found(fields) => objects.extend(fields.map(|fields| ((*full_id).clone(), fields))),
            Observation::Absent => {}
            Observation::Unknown(error) => return Err(cannot_read(&target.name, &id, &error, place)),
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
