//! Many objects of a cluster at one look, with as few requests as they can be had with.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::discovery::{Discovery, Resource};
use crate::engine::Engine;
use crate::live::Live;
use crate::object_id::{GroupKind, ObjectId};
use crate::observe::{Form, Item, Observation, Observed, encode};
use crate::request_error::RequestError;

/// All objects of a kind in a namespace that bear a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    /// Their kind.
    pub kind: GroupKind,
    /// Their namespace.
    pub namespace: String,
    /// The label's key.
    pub label: String,
    /// The values that are meant; none: every value.
    pub values: Vec<String>,
}

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Single objects, each in the version that it is wanted in; `None` for the one that the cluster prefers.
    pub objects: BTreeMap<ObjectId, Option<String>>,
    /// Objects that are found by a label.
    pub selections: Vec<Selection>,
}

/// What was seen.
#[derive(Debug)]
pub struct Looked<T> {
    /// One entry for each single object.
    pub objects: Observed<T>,
    /// The objects of each selection, in the order of the selections.
    pub selected: Vec<Selected>,
}

/// What is kept of the single objects of a look: of a large one less than the whole.
pub trait Keep<T>: Sync {
    /// What is kept of an object.
    fn keep(&self, id: &ObjectId, live: Live) -> T;

    /// Whether objects of this kind may be known by their metadata.
    fn may_recall(&self, _kind: &GroupKind) -> bool {
        false
    }

    /// What is kept of an object of which only the metadata were read; `None` if the whole must be.
    fn recall(&self, _id: &ObjectId, _metadata: &Live) -> Option<T> {
        None
    }
}

impl<T, F: Fn(&ObjectId, Live) -> T + Sync> Keep<T> for F {
    fn keep(&self, id: &ObjectId, live: Live) -> T {
        self(id, live)
    }
}

/// The objects of one selection.
pub type Selected = Result<Vec<Live>, Arc<RequestError>>;

/// What is looked at of one kind, or of that in one namespace.
#[derive(Clone)]
struct Batch<'a> {
    resource: &'a Resource,
    ids: Vec<&'a ObjectId>,
    /// With their positions in the look.
    selections: Vec<(usize, &'a Selection)>,
}

/// What was seen of a batch.
struct Part<T> {
    objects: Observed<T>,
    /// With their positions in the look.
    selected: Vec<(usize, Selected)>,
}

impl Selection {
    fn has(&self, item: &Item) -> bool {
        let value = item.labels.get(&self.label);
        item.namespace == self.namespace
            && value.is_some_and(|value| self.values.is_empty() || self.values.contains(value))
    }

    fn query(&self) -> String {
        let Self { label, values, .. } = self;
        let selector =
            if values.is_empty() { label.clone() } else { format!("{label} in ({})", values.join(",")) };
        format!("&labelSelector={}", encode(&selector))
    }
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { objects: Observed::new(), selected: Vec::new() }
    }
}

impl<T> Extend<Part<T>> for Part<T> {
    fn extend<I: IntoIterator<Item = Part<T>>>(&mut self, parts: I) {
        for part in parts {
            self.objects.extend(part.objects);
            self.selected.extend(part.selected);
        }
    }
}

impl<'a> Batch<'a> {
    fn of(resource: &'a Resource) -> Self {
        Self { resource, ids: Vec::new(), selections: Vec::new() }
    }

    fn len(&self) -> usize {
        self.ids.len() + self.selections.len()
    }

    /// The same in each namespace.
    fn by_namespace(&self) -> BTreeMap<&'a str, Self> {
        let mut parts: BTreeMap<&str, Self> = BTreeMap::new();
        let part = |namespace: &'a str| (namespace, Self::of(self.resource));
        for id in &self.ids {
            let (namespace, empty) = part(&id.namespace);
            parts.entry(namespace).or_insert(empty).ids.push(id);
        }
        for (place, selection) in &self.selections {
            let (namespace, empty) = part(&selection.namespace);
            parts.entry(namespace).or_insert(empty).selections.push((*place, selection));
        }
        parts
    }

    fn unknown<T>(&self, error: RequestError) -> Part<T> {
        let error = Arc::new(error);
        let unknown = |id: &&ObjectId| ((*id).clone(), Observation::Unknown(error.clone()));
        Part {
            objects: self.ids.iter().map(unknown).collect(),
            selected: self.selections.iter().map(|(place, _)| (*place, Err(error.clone()))).collect(),
        }
    }
}

impl Engine {
    /// Reads live objects.
    ///
    /// One LIST a kind; where LIST over all namespaces is not permitted, or would be longer than several short ones, one LIST a kind and namespace; and
    /// where that is not permitted or not worth it either, GETs, and LISTs by label. Errors are part of the answer, for just the objects that they hide.
    pub async fn look<T: Send>(
        &self,
        look: &Look,
        keep: &impl Keep<T>,
        cancel: &CancellationToken,
    ) -> Looked<T> {
        if look.objects.is_empty() && look.selections.is_empty() {
            return Looked { objects: Observed::new(), selected: Vec::new() };
        }
        let serves_all = |discovery: &Discovery| look.resources(discovery).all(|resource| resource.is_some());
        let discovery = match self.discovery_with(serves_all, cancel).await {
            Ok(discovery) => discovery,
            Err(error) => return look.unknown(error),
        };
        let part = self.look_by(&discovery, look, keep, cancel).await;
        if !discovery.is_kept() || !part.misses_a_kind() {
            return look.seen(part);
        }
        match self.rediscover(cancel).await {
            Ok(discovery) => look.seen(self.look_by(&discovery, look, keep, cancel).await),
            Err(error) => look.unknown(error),
        }
    }

    /// Kinds that the cluster does not serve are left out: none of their objects exists.
    async fn look_by<T: Send>(
        &self,
        discovery: &Discovery,
        look: &Look,
        keep: &impl Keep<T>,
        cancel: &CancellationToken,
    ) -> Part<T> {
        let batches = look.batches(discovery).into_iter().map(|batch| self.look_at_kind(batch, keep, cancel));
        let parts = stream::iter(batches.collect::<Vec<_>>())
            .buffer_unordered(self.shared.options.concurrency.max(1));
        parts.collect().await
    }

    async fn look_at_kind<T: Send>(
        &self,
        batch: Batch<'_>,
        keep: &impl Keep<T>,
        cancel: &CancellationToken,
    ) -> Part<T> {
        let (recalled, batch) = self.recall(batch, keep, cancel).await;
        if batch.len() == 0 {
            return recalled;
        }
        let mut part = self.look_at_whole(&batch, keep, cancel).await;
        part.extend([recalled]);
        part
    }

    /// Those of a batch that are known by their metadata, which one short LIST has; and the rest. What goes wrong with that LIST goes
    /// wrong again with the others.
    async fn recall<'a, T: Send>(
        &self,
        mut batch: Batch<'a>,
        keep: &impl Keep<T>,
        cancel: &CancellationToken,
    ) -> (Part<T>, Batch<'a>) {
        let resource = batch.resource;
        if resource.namespaced || batch.ids.len() < 2 || !keep.may_recall(&resource.kind) {
            return (Part::default(), batch);
        }
        let mut found = BTreeMap::new();
        let take = |item: Item| drop(found.insert(item.name.clone(), item.live(resource)));
        let limit = batch.ids.len();
        if !matches!(self.pages(resource, ("", ""), Form::Metadata, limit, take, cancel).await, Ok(true)) {
            return (Part::default(), batch);
        }
        let mut recalled = Part::default();
        batch.ids.retain(|id| {
            let seen = match found.get(&id.name) {
                Some(metadata) => keep.recall(id, metadata).map(Observation::Found),
                None => Some(Observation::Absent),
            };
            let is_unknown = seen.is_none();
            recalled.objects.extend(seen.map(|seen| ((*id).clone(), seen)));
            is_unknown
        });
        (recalled, batch)
    }

    async fn look_at_whole<T: Send>(
        &self,
        batch: &Batch<'_>,
        keep: &impl Keep<T>,
        cancel: &CancellationToken,
    ) -> Part<T> {
        let parts = batch.by_namespace();
        let namespaces_of_objects = parts.values().filter(|part| !part.ids.is_empty()).count();
        if namespaces_of_objects > 1 {
            match self.pick(batch, "", parts.len(), keep, cancel).await {
                Ok(Some(part)) => return part,
                Err(error) if !error.is_forbidden() => return batch.unknown(error),
                Ok(None) | Err(_) => {}
            }
        }
        let reads =
            parts.into_iter().map(|(namespace, part)| self.look_at_namespace(namespace, part, keep, cancel));
        reads.collect::<FuturesUnordered<_>>().collect().await
    }

    async fn look_at_namespace<T: Send>(
        &self,
        namespace: &str,
        batch: Batch<'_>,
        keep: &impl Keep<T>,
        cancel: &CancellationToken,
    ) -> Part<T> {
        if batch.len() > 1 && !batch.ids.is_empty() {
            match self.pick(&batch, namespace, batch.len(), keep, cancel).await {
                Ok(Some(part)) => return part,
                Err(error) if !error.is_forbidden() => return batch.unknown(error),
                Ok(None) | Err(_) => {}
            }
        }
        self.look_at_each(&batch, keep, cancel).await
    }

    async fn look_at_each<T: Send>(
        &self,
        batch: &Batch<'_>,
        keep: &impl Keep<T>,
        cancel: &CancellationToken,
    ) -> Part<T> {
        let gets = batch.ids.iter().map(|id| async {
            let observation = match self.get(batch.resource, id, cancel).await {
                Ok(Some(live)) => Observation::Found(keep.keep(id, live)),
                Ok(None) => Observation::Absent,
                Err(error) => Observation::Unknown(Arc::new(error)),
            };
            ((*id).clone(), observation)
        });
        let lists = batch.selections.iter().map(|(place, selection)| async {
            let found = self.list(batch.resource, &selection.namespace, &selection.query(), cancel).await;
            (*place, found.map_err(Arc::new))
        });
        let (gets, lists) = (gets.collect::<Vec<_>>(), lists.collect::<Vec<_>>());
        let (objects, selected) =
            futures::join!(futures::future::join_all(gets), futures::future::join_all(lists));
        Part { objects: objects.into_iter().collect(), selected }
    }

    /// Picks objects out of a LIST; `None` if that takes more than so many pages.
    async fn pick<T: Send>(
        &self,
        batch: &Batch<'_>,
        namespace: &str,
        pages: usize,
        keep: &impl Keep<T>,
        cancel: &CancellationToken,
    ) -> Result<Option<Part<T>>, RequestError> {
        let Batch { resource, ids, selections } = batch;
        let mut objects: Observed<T> = ids.iter().map(|id| ((*id).clone(), Observation::Absent)).collect();
        let mut selected: Vec<BTreeMap<String, Live>> = selections.iter().map(|_| BTreeMap::new()).collect();
        let pick = |item: Item| {
            for ((_, selection), found) in selections.iter().zip(&mut selected) {
                if selection.has(&item) {
                    found.insert(item.name.clone(), item.live(resource));
                }
            }
            let id = ObjectId::new(&resource.kind.group, &resource.kind.kind, &item.namespace, &item.name);
            if let Some(place) = objects.get_mut(&id) {
                *place = Observation::Found(keep.keep(&id, item.live(resource)));
            }
        };
        let is_whole = self.pages(resource, (namespace, ""), Form::Whole, pages, pick, cancel).await?;
        let selected = selections.iter().zip(selected);
        let selected =
            selected.map(|((place, _), found)| (*place, Ok(found.into_values().collect()))).collect();
        Ok(is_whole.then_some(Part { objects, selected }))
    }
}

impl Look {
    /// Where everything that is looked at stands in discovery.
    fn resources<'a>(&'a self, discovery: &'a Discovery) -> impl Iterator<Item = Option<&'a Resource>> {
        let objects = self.objects.iter();
        let objects = objects.map(|(id, version)| discovery.resource(&id.group_kind(), version.as_deref()));
        objects.chain(self.selections.iter().map(|selection| discovery.resource(&selection.kind, None)))
    }

    fn batches<'a>(&'a self, discovery: &'a Discovery) -> Vec<Batch<'a>> {
        let mut batches: BTreeMap<(&GroupKind, &str), Batch<'_>> = BTreeMap::new();
        let objects = self.objects.keys().map(Wanted::Object);
        let selections = self.selections.iter().enumerate().map(|(place, it)| Wanted::Selection(place, it));
        for (wanted, resource) in objects.chain(selections).zip(self.resources(discovery)) {
            let Some(resource) = resource else { continue };
            let key = (&resource.kind, resource.version.as_str());
            let batch = batches.entry(key).or_insert_with(|| Batch::of(resource));
            match wanted {
                Wanted::Object(id) => batch.ids.push(id),
                Wanted::Selection(place, selection) => batch.selections.push((place, selection)),
            }
        }
        batches.into_values().collect()
    }

    /// What was seen, and for the rest that it does not exist.
    fn seen<T>(&self, part: Part<T>) -> Looked<T> {
        let mut objects: Observed<T> =
            self.objects.keys().map(|id| (id.clone(), Observation::Absent)).collect();
        let is_absent = |observation: &Observation<T>| matches!(observation, Observation::Unknown(error) if error.is_of_unserved_kind());
        objects.extend(part.objects.into_iter().filter(|(_, observation)| !is_absent(observation)));
        let mut selected: Vec<_> = self.selections.iter().map(|_| Ok(Vec::new())).collect();
        for (place, found) in part.selected {
            if !found.as_ref().is_err_and(|error| error.is_of_unserved_kind()) {
                selected[place] = found;
            }
        }
        Looked { objects, selected }
    }

    fn unknown<T>(&self, error: RequestError) -> Looked<T> {
        let error = Arc::new(error);
        let objects = self.objects.keys().map(|id| (id.clone(), Observation::Unknown(error.clone())));
        Looked {
            objects: objects.collect(),
            selected: self.selections.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

enum Wanted<'a> {
    Object(&'a ObjectId),
    Selection(usize, &'a Selection),
}

impl<T> Part<T> {
    /// Whether the server has said of a kind that it does not serve it.
    fn misses_a_kind(&self) -> bool {
        let of_objects = self.objects.values().filter_map(Observation::error);
        let of_selections = self.selected.iter().filter_map(|(_, found)| found.as_ref().err());
        of_objects.chain(of_selections).any(|error| error.is_of_unserved_kind())
    }
}
