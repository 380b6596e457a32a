use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, stream};
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

/// The objects to look at with one LIST, or one GET if it is only one.
struct Batch {
    resource: Resource,
    namespace: String,
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
}

impl Engine {
    /// Reads the live objects with these ids, each in the version that the cluster prefers.
    ///
    /// One LIST a kind and namespace, or a GET where only one object of the kind is wanted there. Where LIST is not permitted,
    /// GETs take its place. Errors are part of the answer, for just the objects that they hide.
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
        let discovery = match self.discovery(cancel).await {
            Ok(discovery) => discovery,
            Err(error) => return unknown(wanted.keys(), error),
        };
        let mut observed: Observed = wanted.keys().map(|id| (id.clone(), Observation::Absent)).collect();
        let batches = batches(wanted, &discovery).into_iter().map(|batch| self.observe_batch(batch, cancel));
        let found = stream::iter(batches.collect::<Vec<_>>())
            .buffer_unordered(self.shared.options.concurrency.max(1));
        observed.extend(found.collect::<Vec<Observed>>().await.into_iter().flatten());
        observed
    }

    async fn observe_batch(&self, batch: Batch, cancel: &CancellationToken) -> Observed {
        if batch.ids.len() == 1 {
            return self.get_each(&batch, cancel).await;
        }
        match self.list(&batch.resource, &batch.namespace, "", cancel).await {
            Ok(items) => pick(&batch.ids, items),
            Err(error) if error.is_forbidden() => self.get_each(&batch, cancel).await,
            Err(error) => unknown(batch.ids.iter(), error),
        }
    }

    async fn get_each(&self, batch: &Batch, cancel: &CancellationToken) -> Observed {
        let gets = batch.ids.iter().map(|id| async {
            let observation = match self.get(&batch.resource, id, cancel).await {
                Ok(Some(live)) => Observation::Found(live),
                Ok(None) => Observation::Absent,
                Err(error) => Observation::Unknown(Arc::new(error)),
            };
            (id.clone(), observation)
        });
        futures::future::join_all(gets).await.into_iter().collect()
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
        let target = Target::Kind(resource.kind.clone(), namespace.to_owned());
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            let uri = format!("{}?limit={PAGE}{query}{token}", resource.list_path(namespace));
            let page: Page = match self.read(&Call::get(Verb::List, target.clone(), uri), cancel).await {
                // The server no longer has the state that the pages are cut from.
                Err(RequestError::Refused { source, .. }) if source.code == 410 && !token.is_empty() => {
                    found.clear();
                    token.clear();
                    continue;
                }
                page => page?,
            };
            found.extend(page.items.into_iter().map(|item| Live::new(with_kind(item, resource))));
            if page.metadata.token.is_empty() {
                return Ok(found);
            }
            token = format!("&continue={}", encode(&page.metadata.token));
        }
    }
}

/// Percent-encodes one value of a query.
pub(crate) fn encode(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
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

fn pick(ids: &[ObjectId], items: Vec<Live>) -> Observed {
    let mut by_name: BTreeMap<String, Live> = items
        .into_iter()
        .map(|live| (live.value()["metadata"]["name"].as_str().unwrap_or_default().to_owned(), live))
        .collect();
    ids.iter()
        .map(|id| (id.clone(), by_name.remove(&id.name).map_or(Observation::Absent, Observation::Found)))
        .collect()
}

/// Kinds that the cluster does not serve are left out: none of their objects exists.
fn batches(wanted: &BTreeMap<ObjectId, Option<String>>, discovery: &Discovery) -> Vec<Batch> {
    let mut batches: BTreeMap<(GroupKind, &Option<String>, String), Batch> = BTreeMap::new();
    for (id, version) in wanted {
        let kind = id.group_kind();
        let Some(resource) = discovery.resource(&kind, version.as_deref()) else { continue };
        let namespace = if resource.namespaced { id.namespace.clone() } else { String::new() };
        let batch = batches.entry((kind, version, namespace.clone())).or_insert_with(|| Batch {
            resource: resource.clone(),
            namespace,
            ids: Vec::new(),
        });
        batch.ids.push(id.clone());
    }
    batches.into_values().collect()
}
