use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::discovery::Resource;
use crate::engine::Engine;
use crate::live::Live;
use crate::look::Look;
use crate::object_id::ObjectId;
use crate::request::Call;
use crate::request_error::{RequestError, Target, Verb};

/// What a look at one object gave.
#[derive(Clone, Debug)]
pub enum Observation<T = Live> {
    /// It exists.
    Found(T),
    /// It does not exist, or the cluster does not serve its kind.
    Absent,
    /// It could not be read: not permitted, unreachable, cancelled. Says nothing about whether it exists.
    Unknown(Arc<RequestError>),
}

impl<T> Observation<T> {
    /// The object, if it is known to exist.
    pub fn live(&self) -> Option<&T> {
        match self {
            Self::Found(live) => Some(live),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// The same, with what `change` makes of the object.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Observation<U> {
        match self {
            Self::Found(live) => Observation::Found(change(live)),
            Self::Absent => Observation::Absent,
            Self::Unknown(error) => Observation::Unknown(error),
        }
    }

    /// Why it could not be read.
    pub fn error(&self) -> Option<&Arc<RequestError>> {
        match self {
            Self::Unknown(error) => Some(error),
            Self::Found(_) | Self::Absent => None,
        }
    }
}

/// What a look at several objects gave: one entry for each.
pub type Observed<T = Live> = BTreeMap<ObjectId, Observation<T>>;

/// How many objects one answer to a LIST holds at most.
const PAGE: usize = 500;

/// How much of each object of a LIST is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Whole,
    /// What stands in `metadata`.
    Metadata,
}

impl Form {
    fn accept(self) -> &'static str {
        match self {
            Self::Whole => "application/json",
            Self::Metadata => {
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
            }
        }
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    items: Vec<Box<RawValue>>,
}

#[derive(Deserialize, Default)]
struct PageMetadata {
    #[serde(rename = "continue", default)]
    token: String,
    /// Absent where the server does not know, as with selectors.
    #[serde(rename = "remainingItemCount", default)]
    remaining: usize,
}

/// One item of a LIST, of which most are not asked for: only those that are become trees.
pub(crate) struct Item {
    pub namespace: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    text: Box<RawValue>,
}

#[derive(Deserialize)]
struct Named {
    metadata: ItemMetadata,
}

#[derive(Deserialize)]
struct ItemMetadata {
    #[serde(default)]
    namespace: String,
    name: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl Item {
    /// `None` for what has no name, as no object is.
    fn of(text: Box<RawValue>) -> Option<Self> {
        let Named { metadata: ItemMetadata { namespace, name, labels } } =
            serde_json::from_str(text.get()).ok()?;
        Some(Self { namespace, name, labels: labels.unwrap_or_default(), text })
    }

    /// The whole object. The items of a list do not repeat the list's kind.
    pub fn live(&self, resource: &Resource) -> Live {
        let mut item = serde_json::from_str::<Value>(self.text.get()).unwrap_or_default();
        if let Some(object) = item.as_object_mut() {
            object.insert("apiVersion".to_owned(), Value::String(resource.api_version()));
            object.insert("kind".to_owned(), Value::String(resource.kind.kind.clone()));
        }
        Live::of(item)
    }
}

impl Engine {
    /// Reads the live objects with these ids, each in the version that the cluster prefers, see [`Engine::look`].
    pub async fn observe(&self, ids: &BTreeSet<ObjectId>, cancel: &CancellationToken) -> Observed {
        let wanted = ids.iter().map(|id| (id.clone(), None)).collect();
        self.observe_versions(wanted, cancel).await
    }

    /// Like [`Engine::observe`], with the version that each object is wanted in.
    pub(crate) async fn observe_versions(
        &self,
        wanted: BTreeMap<ObjectId, Option<String>>,
        cancel: &CancellationToken,
    ) -> Observed {
        let look = Look { objects: wanted, selections: Vec::new() };
        self.look(&look, &|_: &ObjectId, live| live, cancel).await.objects
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
            Ok(value) => Ok(Some(Live::of(value))),
            Err(error) if error.is_not_found() && !error.is_of_unserved_kind() => Ok(None),
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
        let take = |item: Item| {
            let live = item.live(resource);
            found.insert(live.uid().to_owned(), live);
        };
        self.pages(resource, (namespace, query), Form::Whole, usize::MAX, take, cancel).await?;
        Ok(found.into_values().collect())
    }

    /// Hands over the objects of a LIST, page by page. Says whether all were, which takes at most so many pages. An object may come twice, the later
    /// state last.
    pub(crate) async fn pages(
        &self,
        resource: &Resource,
        (namespace, query): (&str, &str),
        form: Form,
        limit: usize,
        mut take: impl FnMut(Item),
        cancel: &CancellationToken,
    ) -> Result<bool, RequestError> {
        let target = Target::Kind(resource.kind.clone(), namespace.to_owned());
        let mut token = String::new();
        loop {
            let uri = format!("{}?limit={PAGE}{query}{token}", resource.list_path(namespace));
            let call = Call::get(Verb::List, target.clone(), uri).accept(form.accept());
            let page: Page = match self.read(&call, cancel).await {
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
            page.items.into_iter().filter_map(Item::of).for_each(&mut take);
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
