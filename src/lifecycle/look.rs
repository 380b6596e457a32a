//! Everything that a refresh needs of one cluster, at one look: the objects of the resource, its record, and what its status is judged
//! by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ssa::{GroupKind, Inventory, Keep, Live, Look, Looked, Observation, Selection};
use tfplugin::Diagnostic;
use tokio_util::sync::CancellationToken;

use super::field_maps::Objects;
use super::live_objects::{Read, ReadObjects, Reader, asked};
use super::place::Place;
use crate::manifests::FingerprintKey;
use crate::observe::{self, Namespaces, ObjectName, Scope, Snapshot};
use crate::rollout::{RolloutError, Target};

/// How long a look at what a status is judged by may take before each part of it is asked for by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was seen of one cluster.
pub(super) struct Seen {
    /// The objects of the resource.
    pub objects: Result<ReadObjects, Diagnostic>,
    /// Its record; `None` if there is none.
    pub record: Result<Option<Inventory>, RolloutError>,
    /// What its status is judged by.
    pub scope: observe::Objects,
}

/// What is kept of one object.
struct Kept {
    /// What was read of it, if its fields are asked for and it is not another owner's.
    read: Option<Read>,
    /// The whole, if that is needed.
    live: Option<Live>,
}

/// Reads the fields of objects, and keeps some of them whole.
struct Looker<'a> {
    reader: Reader<'a>,
    whole: BTreeSet<ssa::ObjectId>,
}

impl Keep<Kept> for Looker<'_> {
    fn keep(&self, id: &ssa::ObjectId, live: Live) -> Kept {
        let whole = self.whole.contains(id).then(|| live.clone());
        Kept { read: self.reader.keep(id, live), live: whole }
    }

    fn may_recall(&self, kind: &GroupKind) -> bool {
        self.reader.may_recall(kind)
    }

    fn recall(&self, id: &ssa::ObjectId, metadata: &Live) -> Option<Kept> {
        let read = self.reader.recall(id, metadata).filter(|_| !self.whole.contains(id))?;
        Some(Kept { read, live: None })
    }
}

/// Looks at the objects in `wanted`, at the record, and at what is in `scope`. The namespaces in `read` were read before.
pub(super) async fn look(
    target: &Target,
    wanted: &Objects,
    scope: &Scope,
    read: Namespaces,
    (key, place): (&FingerprintKey, Place),
    cancel: &CancellationToken,
) -> Seen {
    let at = &target.inventory;
    let record = ssa::ObjectId::new("", "ConfigMap", &at.namespace, &at.name);
    let keep = Looker::of(target, wanted, key, scope.objects.iter().map(id).chain([record.clone()]));
    let looked = keep.look(scope, read, cancel).await;
    let record = match looked.objects.get(&record) {
        Some(Observation::Found(Kept { live: Some(live), .. })) => target.record_in(live, cancel).await,
        Some(Observation::Absent) => Ok(None),
        // The error of a request of its own says what is wrong.
        _ => target.record(cancel).await,
    };
    let scope = seen_of(scope, &looked);
    Seen { objects: keep.collected(looked, place), record, scope }
}

/// The objects in `wanted` as they are now, and a snapshot of the cluster with what is in `scope`.
pub(super) async fn look_beside(
    target: &Target,
    wanted: &Objects,
    scope: &Scope,
    (key, place): (&FingerprintKey, Place),
    cancel: &CancellationToken,
) -> (Result<ReadObjects, Diagnostic>, Snapshot) {
    let keep = Looker::of(target, wanted, key, scope.objects.iter().map(id));
    let looked = keep.look(scope, Namespaces::new(), cancel).await;
    let (promise, snapshot) = Snapshot::promised(&target.cluster);
    // It is held here.
    let _ = promise.send(Arc::new(seen_of(scope, &looked)));
    (keep.collected(looked, place), snapshot)
}

impl<'a> Looker<'a> {
    /// Keeps these objects whole, beside the fields of those in `wanted`.
    fn of(
        target: &'a Target,
        wanted: &'a Objects,
        key: &'a FingerprintKey,
        whole: impl Iterator<Item = ssa::ObjectId>,
    ) -> Self {
        Self { reader: Reader { target, asked: asked(wanted), key }, whole: whole.collect() }
    }

    async fn look(&self, scope: &Scope, read: Namespaces, cancel: &CancellationToken) -> Looked<Kept> {
        let read = read.into_iter().map(|(name, object)| (ssa::ObjectId::of_namespace(&name), object));
        let read: BTreeMap<ssa::ObjectId, Option<Value>> = read.collect();
        let unread = self.reader.asked.keys().chain(&self.whole).filter(|id| !read.contains_key(id));
        let objects = unread.map(|id| (id.clone(), None)).collect();
        let look = Look { objects, selections: selections(scope) };
        let mut looked = self.reader.target.engine.look(&look, self, cancel).await;
        self.reader.target.definitions.keep();
        let read = read.into_iter().map(|(id, object)| {
            let seen = object
                .map_or(Observation::Absent, |object| Observation::Found(self.keep(&id, Live::of(object))));
            (id, seen)
        });
        looked.objects.extend(read);
        looked
    }

    fn collected(&self, looked: Looked<Kept>, place: Place) -> Result<ReadObjects, Diagnostic> {
        let found = looked.objects.into_iter().map(|(id, seen)| (id, seen.map(|kept| kept.read)));
        self.reader.collected(found, place)
    }
}

/// A snapshot of the target's cluster with what is in `scope`.
pub async fn snapshot(target: &Target, scope: &Scope) -> Snapshot {
    let objects = scope.objects.iter().map(|name| (id(name), None)).collect();
    let look = Look { objects, selections: selections(scope) };
    let whole = |_: &ssa::ObjectId, live: Live| Kept { read: None, live: Some(live) };
    let (promise, snapshot) = Snapshot::promised(&target.cluster);
    let cancel = CancellationToken::new();
    let looking = target.engine.look(&look, &whole, &cancel);
    if let Ok(looked) = tokio::time::timeout(PATIENCE, looking).await {
        // It is held here.
        let _ = promise.send(Arc::new(seen_of(scope, &looked)));
    }
    snapshot
}

/// What was seen of a scope. What could not be read is left out: whoever needs it asks for it, and is told why not.
fn seen_of(scope: &Scope, looked: &Looked<Kept>) -> observe::Objects {
    let mut seen = observe::Objects::default();
    for name in &scope.objects {
        match looked.objects.get(&id(name)) {
            Some(Observation::Found(Kept { live: Some(live), .. })) => {
                seen.insert(name.clone(), Some(live.value().clone()));
            }
            Some(Observation::Absent) => seen.insert(name.clone(), None),
            _ => {}
        }
    }
    for (labelled, found) in scope.labelled.iter().zip(&looked.selected) {
        if let Ok(found) = found {
            let values = found.iter().map(|live| live.value().clone()).collect();
            seen.insert_labelled(labelled.clone(), values);
        }
    }
    seen
}

fn id(name: &ObjectName) -> ssa::ObjectId {
    ssa::ObjectId::new(&name.group, &name.kind, &name.namespace, &name.name)
}

fn selections(scope: &Scope) -> Vec<Selection> {
    let selection = |labelled: &observe::Labelled| {
        let (label, value) = match labelled.label.split_once('=') {
            Some((label, value)) => (label, Some(value.to_owned())),
            None => (labelled.label.as_str(), None),
        };
        let kind = ssa::GroupKind { group: labelled.group.clone(), kind: labelled.kind.clone() };
        let (namespace, label) = (labelled.namespace.clone(), label.to_owned());
        Selection { kind, namespace, label, values: value.into_iter().collect() }
    };
    scope.labelled.iter().map(selection).collect()
}
