//! Refresh: the objects and field paths that state names, as they are now.

use std::sync::Arc;

use futures::{StreamExt as _, stream};
use ssa::Inventory;
use tfplugin::{Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use super::book::{Character, Remembered};
use super::drift;
use super::field_maps::Objects;
use super::live_objects::{ReadObjects, read_objects};
use super::look::{Seen, look};
use super::managed::Kind;
use super::place::Place;
use super::reached::{Reached, ReadTime};
use super::recorded::Recorded;
use super::resume::{self, Found};
use super::sensitive_fields;
use crate::diagnostics;
use crate::manifests::{Fields, FingerprintKey, IgnoredFields, ObjectId};
use crate::observe::Scope;
use crate::rollout::Target;

/// Of so many clusters large answers may be in memory at the same time; what is kept of them is far smaller.
const READ_AT_ONCE: usize = 12;

/// What a refresh needs beside what state records.
#[derive(Clone, Copy)]
pub struct Refresh<'a> {
    /// The key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// What kind of resource it is.
    pub kind: Kind,
    /// The fields that are left to others.
    pub ignored: &'a IgnoredFields,
    /// Until when it may read.
    pub time: ReadTime,
    /// Ctrl-C.
    pub cancel: &'a CancellationToken,
    /// What else of a cluster is looked at, for its status.
    pub scope: &'a (dyn Fn(&str) -> Scope + Sync),
}

impl Refresh<'_> {
    /// What state records, brought up to date with the clusters that were reached.
    ///
    /// # Errors
    /// A cluster could not be read.
    pub async fn objects(
        &self,
        reached: Vec<Reached>,
        mut recorded: Recorded,
    ) -> Result<(Recorded, Diagnostics), Diagnostics> {
        let known = &recorded;
        let readings = reached.into_iter().map(|reached| async move {
            let (label, facts) = (reached.target.name.clone(), reached.facts.clone());
            let reading = self.booked_objects(reached, known);
            (self.time.limit(reading, |late| late, &label, self.kind.place).await, label, facts)
        });
        let readings: Vec<_> =
            stream::iter(readings.collect::<Vec<_>>()).buffered(READ_AT_ONCE).collect().await;
        let (mut warnings, mut errors) = (Diagnostics::new(), Diagnostics::new());
        for (objects, label, facts) in readings {
            match objects {
                Ok(Booked { objects, is_finished, warnings: further }) => {
                    warnings.extend(further);
                    recorded.finished.extend(is_finished.map(|is_finished| (label.clone(), is_finished)));
                    recorded.objects.retain(|id, _| id.cluster != label);
                    recorded.objects.extend(objects);
                    recorded.cluster_uids.insert(label.clone(), facts.uid);
                    recorded.kubernetes_versions.insert(label, facts.kubernetes_version);
                }
                Err(error) => errors.push(error),
            }
        }
        errors.into_result().map(|()| (recorded, warnings))
    }

    /// The objects that state or the record knows in this cluster, as they are now, with what was changed and what is wrong with the record.
    async fn booked_objects(&self, reached: Reached, recorded: &Recorded) -> Result<Booked, Diagnostic> {
        let Self { key, kind, ignored, cancel, .. } = *self;
        let place = kind.place;
        let Reached { ref target, facts, namespaces, promise, .. } = reached;
        let unreadable =
            |error| diagnostics::rollout(&target.name, &error, &recorded.kind, Some(place(&target.name)));
        if recorded.cluster_uids.get(&target.name) != Some(&facts.uid) {
            // The block says that the cluster of before is gone, and everything in it with it. That is believed unless somebody else
            // has a resource in this one: then the block names the wrong cluster, and state must not forget the right one.
            let record = target.record(cancel).await.map_err(unreadable)?;
            may_be_ours(target, record.as_ref(), kind)?;
            return Ok(Booked::default());
        }
        let wanted = recorded.objects.iter().filter(|(id, _)| id.cluster == target.name);
        let wanted: Objects = wanted.map(|(id, fields)| (id.clone(), fields.clone())).collect();
        let scope = (self.scope)(&target.name);
        let Seen { objects, record, scope } =
            look(target, &wanted, &scope, namespaces, (key, place), cancel).await;
        // Who judges the status may have given up.
        let _ = promise.send(Arc::new(scope));
        let ReadObjects { mut objects, drift } = objects?;
        let record = record.map_err(unreadable)?;
        let of_record = record_warning(target, record.as_ref(), &objects, place);
        let warnings = of_record.into_iter().chain(drift::seen(&target.name, &drift, place)).collect();
        let record = record.filter(|record| record.identity() == target.owner.id());
        let further = record.iter().flat_map(|record| record.entries().keys());
        let further =
            further.map(|id| ObjectId::in_cluster(&target.name, id)).filter(|id| !wanted.contains_key(id));
        let further: Objects = further.map(|id| (id, Fields::new())).collect();
        let further = read_objects(target, &further, key, place, cancel).await?;
        objects.extend(further.into_iter().map(|(id, fields)| (id.clone(), ignored.without(&id, fields).0)));
        // Of the secrets that a killed run has written, state knows nothing.
        let secret = record.as_ref().map(|record| sensitive_fields::of_settings(record.settings()));
        let objects = sensitive_fields::hidden(objects, &secret.unwrap_or_default(), key);
        let is_finished = record.map(|record| Remembered::read(record.settings(), kind).origins.is_some());
        Ok(Booked { objects, is_finished, warnings })
    }
}

/// What a refresh has found in one cluster.
#[derive(Default)]
struct Booked {
    objects: Objects,
    /// Whether the last apply came to its end; `None` without a record of this resource.
    is_finished: Option<bool>,
    warnings: Diagnostics,
}

/// Whether this resource may be in a cluster that its block says was recreated.
fn may_be_ours(target: &Target, record: Option<&Inventory>, kind: Kind) -> Result<(), Diagnostic> {
    let records = record.map(|record| (target.name.clone(), Found::of(record, kind))).into_iter().collect();
    resume::is_known(target.owner.id(), &records, &Character::default(), kind).map_err(|refusal| *refusal)
}

/// What is wrong with the record of a cluster in which there are objects of the resource.
fn record_warning(
    target: &Target,
    record: Option<&Inventory>,
    objects: &Objects,
    place: Place,
) -> Option<Diagnostic> {
    let ssa::InventoryRef { namespace, name } = &target.inventory;
    let label = &target.name;
    let (summary, detail) = match record {
        None if objects.is_empty() => return None,
        None => (
            format!("Cluster {label:?}: the inventory {namespace}/{name} is missing"),
            "The ConfigMap in which the provider records what it has created in the cluster was deleted. The next apply that \
             changes something, or a destroy, recreates it from state and from the owner labels of the objects.",
        ),
        Some(record) if record.identity() == target.owner.id() => return None,
        Some(_) => (
            format!("Cluster {label:?}: the inventory {namespace}/{name} belongs to another resource"),
            "Only objects with this resource's owner label are read, and nothing of the other one is changed or deleted. To remove \
             this resource from the cluster, remove the cluster from its configuration and apply.",
        ),
    };
    Some(Diagnostic::warning(summary, detail).at(place(label)))
}
