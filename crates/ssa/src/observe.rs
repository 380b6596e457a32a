use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::discovery::{Discovery, Resource};
use crate::engine::Engine;
use crate::live::Live;
use crate::object_id::{GroupKind, ObjectId};
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};

/// What a look at one object gave.
#[derive(Clone, Debug)]
pub enum Observation {
    /// It exists.
    Found(Live),
    /// It does not exist, or the cluster does not serve its kind.
    Absent,
    /// It could not be read: not permitted, unreachable, cancelled. Says nothing about whether it exists.
    Unknown(Arc<RequestError>),
}

impl Observation {
    /// The object, if it is known to exist.
    pub fn live(&self) -> Option<&Live> {
        match self {
            Self::Found(live) => Some(live),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

/// What a look at several objects gave: one entry for each.
pub type Observed = BTreeMap<ObjectId, Observation>;

/// How many objects one answer to a LIST holds at most.
const PAGE: usize = 500;

/// The objects of one kind to look at.
struct Batch {
    resource: Resource,
    ids: Vec<ObjectId>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    items: Vec<Value>,
}

#[derive(Deserialize, Default)]
struct PageMetadata {
    #[serde(rename = "continue", default)]
    token: String,
    /// Absent where the server does not know, as with selectors.
    #[serde(rename = "remainingItemCount", default)]
    remaining: usize,
}

impl Engine {
    /// Reads the live objects with these ids, each in the version that the cluster prefers.
    ///
    /// One LIST a kind; where LIST over all namespaces is not permitted, or would be longer than several short ones, one LIST a kind and namespace; and
    /// where that is not permitted or not worth it either, GETs. Errors are part of the answer, for just the objects that they hide.
    pub async fn observe(&self, ids: &BTreeSet<ObjectId>, cancel: &CancellationToken) -> Observed {
        let wanted = ids.iter().map(|id| (id.clone(), None)).collect();
        self.observe_versions(&wanted, cancel).await
    }

    /// Like [`Engine::observe`], with the version that each object is wanted in.
    pub(crate) async fn observe_versions(
        &self,
        wanted: &BTreeMap<ObjectId, Option<String>>,
        cancel: &CancellationToken,
    ) -> Observed {
        if wanted.is_empty() {
            return Observed::new();
        }
        let serves_all = |discovery: &Discovery| {
            wanted
                .iter()
                .all(|(id, version)| discovery.resource(&id.group_kind(), version.as_deref()).is_some())
        };
        let discovery = match self.discovery_with(serves_all, cancel).await {
            Ok(discovery) => discovery,
            Err(error) => return unknown(wanted.keys(), error),
        };
        let mut observed: Observed = wanted.keys().map(|id| (id.clone(), Observation::Absent)).collect();
        let batches = batches(wanted, &discovery).into_iter().map(|batch| self.observe_kind(batch, cancel));
        let found = stream::iter(batches.collect::<Vec<_>>())
            .buffer_unordered(self.shared.options.concurrency.max(1));
        observed.extend(found.collect::<Vec<Observed>>().await.into_iter().flatten());
        observed
    }

    async fn observe_kind(&self, batch: Batch, cancel: &CancellationToken) -> Observed {
        let Batch { resource, ids } = batch;
        let mut by_namespace: BTreeMap<String, Vec<ObjectId>> = BTreeMap::new();
        for id in ids.clone() {
            by_namespace.entry(id.namespace.clone()).or_default().push(id);
        }
        if by_namespace.len() > 1 {
            match self.pick(&resource, "", &ids, by_namespace.len(), cancel).await {
                Ok(Some(observed)) => return observed,
                Err(error) if !error.is_forbidden() => return unknown(ids.iter(), error),
                Ok(None) | Err(_) => {}
            }
        }
        let reads = by_namespace
            .into_iter()
            .map(|(namespace, ids)| self.observe_namespace(&resource, namespace, ids, cancel));
        futures::future::join_all(reads.collect::<Vec<_>>()).await.into_iter().flatten().collect()
    }

    async fn observe_namespace(
        &self,
        resource: &Resource,
        namespace: String,
        ids: Vec<ObjectId>,
        cancel: &CancellationToken,
    ) -> Observed {
        if ids.len() == 1 {
            return self.get_each(resource, &ids, cancel).await;
        }
        match self.pick(resource, &namespace, &ids, ids.len(), cancel).await {
            Ok(Some(observed)) => observed,
            Err(error) if !error.is_forbidden() => unknown(ids.iter(), error),
            Ok(None) | Err(_) => self.get_each(resource, &ids, cancel).await,
        }
    }

    async fn get_each(&self, resource: &Resource, ids: &[ObjectId], cancel: &CancellationToken) -> Observed {
        let gets = ids.iter().map(|id| async {
            let observation = match self.get(resource, id, cancel).await {
                Ok(Some(live)) => Observation::Found(live),
                Ok(None) => Observation::Absent,
                Err(error) => Observation::Unknown(Arc::new(error)),
            };
            (id.clone(), observation)
        });
        futures::future::join_all(gets).await.into_iter().collect()
    }

    /// Picks objects out of a LIST; `None` if that takes more than so many pages.
    async fn pick(
        &self,
        resource: &Resource,
        namespace: &str,
        ids: &[ObjectId],
        pages: usize,
        cancel: &CancellationToken,
    ) -> Result<Option<Observed>, RequestError> {
        let mut picked: Observed = ids.iter().map(|id| (id.clone(), Observation::Absent)).collect();
        let take = |live: Live| {
            let text = |name: &str| live.value()["metadata"][name].as_str().unwrap_or_default();
            let (group, kind) = (&resource.kind.group, &resource.kind.kind);
            let id = ObjectId::new(group, kind, text("namespace"), text("name"));
            if let Some(place) = picked.get_mut(&id) {
                *place = Observation::Found(live);
            }
        };
        let is_whole = self.pages(resource, namespace, "", pages, take, cancel).await?;
        Ok(is_whole.then_some(picked))
    }

    /// One object; `None` if it does not exist.
    pub(crate) async fn get(
        &self,
        resource: &Resource,
        id: &ObjectId,
        cancel: &CancellationToken,
    ) -> Result<Option<Live>, RequestError> {
        let call = Call::get(Verb::Get, Target::Object(id.clone()), resource.path(id));
        match self.read(&call, cancel).await {
            Ok(value) => Ok(Some(Live::new(value))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All objects of a kind in one namespace (empty: in all), narrowed by further query parameters.
    pub(crate) async fn list(
        &self,
        resource: &Resource,
        namespace: &str,
        query: &str,
        cancel: &CancellationToken,
    ) -> Result<Vec<Live>, RequestError> {
        let mut found = BTreeMap::new();
        let take = |live: Live| drop(found.insert(live.uid().to_owned(), live));
        self.pages(resource, namespace, query, usize::MAX, take, cancel).await?;
        Ok(found.into_values().collect())
    }

    /// Hands over the objects of a LIST, page by page. Says whether all were, which takes at most so many pages. An object may come twice, the later
    /// state last.
    async fn pages(
        &self,
        resource: &Resource,
        namespace: &str,
        query: &str,
        limit: usize,
        mut take: impl FnMut(Live),
        cancel: &CancellationToken,
    ) -> Result<bool, RequestError> {
        let target = Target::Kind(resource.kind.clone(), namespace.to_owned());
        let mut token = String::new();
        loop {
            let uri = format!("{}?limit={PAGE}{query}{token}", resource.list_path(namespace));
            let page: Page = match self.read(&Call::get(Verb::List, target.clone(), uri), cancel).await {
                // The server no longer has the state that the pages are cut from.
                Err(RequestError::Refused { source, .. }) if source.code == 410 && !token.is_empty() => {
                    token.clear();
                    continue;
                }
                page => page?,
            };
            if token.is_empty() && page.metadata.remaining.div_ceil(PAGE) >= limit {
                return Ok(false);
            }
            page.items.into_iter().for_each(|item| take(Live::new(with_kind(item, resource))));
            if page.metadata.token.is_empty() {
                return Ok(true);
            }
            token = format!("&continue={}", encode(&page.metadata.token));
        }
    }
}

/// Percent-encodes one value of a query.
pub(crate) fn encode(value: &str) -> String {
    /// The unreserved characters of RFC 3986.
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(value, PLAIN).to_string()
}

/// The items of a list do not repeat the list's kind.
fn with_kind(mut item: Value, resource: &Resource) -> Value {
    if let Some(object) = item.as_object_mut() {
        object.insert("apiVersion".to_owned(), Value::String(resource.api_version()));
        object.insert("kind".to_owned(), Value::String(resource.kind.kind.clone()));
    }
    item
}

fn unknown<'a>(ids: impl Iterator<Item = &'a ObjectId>, error: RequestError) -> Observed {
    let error = Arc::new(error);
    ids.map(|id| (id.clone(), Observation::Unknown(error.clone()))).collect()
}

/// Kinds that the cluster does not serve are left out: none of their objects exists.
fn batches(wanted: &BTreeMap<ObjectId, Option<String>>, discovery: &Discovery) -> Vec<Batch> {
    let mut batches: BTreeMap<(GroupKind, &Option<String>), Batch> = BTreeMap::new();
    for (id, version) in wanted {
        let kind = id.group_kind();
        let Some(resource) = discovery.resource(&kind, version.as_deref()) else { continue };
        let batch = batches
            .entry((kind, version))
            .or_insert_with(|| Batch { resource: resource.clone(), ids: Vec::new() });
        batch.ids.push(id.clone());
    }
    batches.into_values().collect()
}
