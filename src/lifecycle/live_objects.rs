//! Objects as they are now, as the field maps of a plan show them.

use std::collections::BTreeMap;

use ssa::{Engine, GroupKind, Keep, Live, Look, Observation};
use tfplugin::Diagnostic;
use tokio_util::sync::CancellationToken;

use super::drift::Drift;
use super::field_maps::Objects;
use super::place::Place;
use crate::diagnostics;
use crate::manifests::{Fields, FingerprintKey, ObjectId, Reading, flatten, read_back, read_back_with};
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
    let reader = Reader { target, asked: asked(wanted), key };
    let objects = reader.asked.keys().map(|id| (id.clone(), None)).collect();
    let look = Look { objects, selections: Vec::new() };
    let looked = target.engine.look(&look, &reader, cancel).await;
    target.definitions.keep();
    Ok(reader.collected(looked.objects, place)?.objects)
}

pub(super) fn asked(wanted: &Objects) -> Asked<'_> {
    wanted.iter().map(|(id, fields)| (id.without_cluster(), (id, fields))).collect()
}

/// Reads of each object the fields that are asked for: none of another owner's.
pub(super) struct Reader<'a> {
    pub target: &'a Target,
    pub asked: Asked<'a>,
    pub key: &'a FingerprintKey,
}

/// What was read of one object.
pub(super) struct Read {
    pub fields: Fields,
    /// What is not as it was asked for.
    pub drift: Vec<Drift>,
}

impl Read {
    fn of(engine: &Engine, live: &Live, asked: &Fields, fields: Fields) -> Self {
        Self { drift: Drift::of(engine, live, asked, &fields), fields }
    }
}

/// Objects, and what of them is not as it was asked for.
#[derive(Default)]
pub(super) struct ReadObjects {
    pub objects: Objects,
    pub drift: BTreeMap<ObjectId, Vec<Drift>>,
}

impl Keep<Option<Read>> for Reader<'_> {
    fn keep(&self, id: &ssa::ObjectId, live: Live) -> Option<Read> {
        if is_definition(&id.group_kind()) {
            let reading = Reading::without_metadata(live.value(), self.key);
            self.target.definitions.put(&live.value()["metadata"], reading);
        }
        let (_, asked) = self.asked.get(id)?;
        let engine = &self.target.engine;
        if engine.is_foreign(&live) {
            return None;
        }
        if asked.is_empty() {
            let fields = flatten(&engine.own_fields(&live), self.key);
            return Some(Read { fields, drift: Vec::new() });
        }
        let fields = read_back(live.value(), asked, self.key);
        Some(Read::of(engine, &live, asked, fields))
    }

    fn may_recall(&self, kind: &GroupKind) -> bool {
        is_definition(kind) && !self.target.definitions.is_empty()
    }

    fn recall(&self, id: &ssa::ObjectId, metadata: &Live) -> Option<Option<Read>> {
        let (_, asked) = self.asked.get(id)?;
        if self.target.engine.is_foreign(metadata) {
            return Some(None);
        }
        let reading =
            self.target.definitions.get(&metadata.value()["metadata"]).filter(|_| !asked.is_empty())?;
        let fields = read_back_with(&reading, metadata.value(), asked, self.key);
        Some(Some(Read::of(&self.target.engine, metadata, asked, fields)))
    }
}

impl Reader<'_> {
    /// The objects that were found.
    pub fn collected(
        &self,
        found: impl IntoIterator<Item = (ssa::ObjectId, Observation<Option<Read>>)>,
        place: Place,
    ) -> Result<ReadObjects, Diagnostic> {
        let mut read = ReadObjects::default();
        for (id, observation) in found {
            let Some((full_id, _)) = self.asked.get(&id) else { continue };
            match observation {
                Observation::Found(Some(Read { fields, drift })) => {
                    read.objects.insert((*full_id).clone(), fields);
                    if !drift.is_empty() {
                        read.drift.insert((*full_id).clone(), drift);
                    }
                }
                Observation::Found(None) | Observation::Absent => {}
                Observation::Unknown(error) => {
                    return Err(cannot_read(&self.target.name, &id, &error, place));
                }
            }
        }
        Ok(read)
    }
}

fn is_definition(kind: &GroupKind) -> bool {
    kind.group == "apiextensions.k8s.io" && kind.kind == "CustomResourceDefinition"
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
