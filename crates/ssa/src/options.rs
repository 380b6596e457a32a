use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::discovery_cache::DiscoveryCache;
use crate::field_path::FieldPath;
use crate::field_set::ManagedFields;
use crate::object_id::ObjectId;
use crate::predecessor::Predecessor;
use crate::release::Inherit;
use crate::rules::{FieldRule, Rules, TakeOver};
use crate::schema_cache::SchemaCache;

/// How an [`Engine`](crate::Engine) works, for its whole life.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the log calls the cluster.
    pub cluster: String,
    /// Name under which every field is owned (`fieldManager` of each write).
    pub field_manager: String,
    /// The label that the engine puts on every object that it makes.
    pub owner: Owner,
    /// Fields and objects of others.
    pub rules: Rules,
    /// How many requests may be under way at once; at least 1.
    pub concurrency: usize,
    /// Limits of requests.
    pub budgets: Budgets,
    /// The schemas that were read before.
    pub schemas: SchemaCache,
    /// What servers were found to serve before.
    pub discovery: DiscoveryCache,
    /// How to get a client with fresh credentials; used once for each request that the server answers with 401.
    pub reauthenticate: Option<Reauthenticate>,
}

impl Options {
    /// Options with the default budgets, sixteen requests at once and no rules.
    pub fn new(field_manager: &str, owner: Owner) -> Self {
        Self {
            cluster: String::new(),
            field_manager: field_manager.to_owned(),
            owner,
            rules: Rules::default(),
            concurrency: 16,
            budgets: Budgets::default(),
            schemas: SchemaCache::default(),
            discovery: DiscoveryCache::default(),
            reauthenticate: None,
        }
    }
}

/// The mark of ownership: an object whose label `label` has this `value` is ours, one with another value is someone else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Label key.
    pub label: String,
    /// Label value.
    pub value: String,
}

/// Limits of single requests and their retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// How long one attempt of a request may take.
    pub request_timeout: Duration,
    /// How long a request may be retried in all, counted from its first attempt: after 429 (its `Retry-After` is kept), 5xx,
    /// timeouts and broken connections. Never after a verdict: a denial, and all other 4xx but those of quotas. Of an engine that
    /// works until a deadline ([`Engine::until`](crate::Engine::until)), only after answers that do not say that they pass.
    pub retry_time: Duration,
    /// Pause before the first repetition; it doubles each time, up to five seconds.
    pub first_pause: Duration,
    /// Pause between two looks while waiting.
    pub poll_interval: Duration,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            retry_time: Duration::from_mins(1),
            first_pause: Duration::from_millis(200),
            poll_interval: Duration::from_secs(1),
        }
    }
}

/// Makes a client with fresh credentials.
#[derive(Clone)]
pub struct Reauthenticate(Arc<dyn Fn() -> BoxFuture<'static, kube::Result<kube::Client>> + Send + Sync>);

impl Reauthenticate {
    /// From a function that makes the client.
    pub fn new<F>(make: F) -> Self
    where
        F: Fn() -> BoxFuture<'static, kube::Result<kube::Client>> + Send + Sync + 'static,
    {
        Self(Arc::new(make))
    }

    pub(crate) async fn client(&self) -> kube::Result<kube::Client> {
        (self.0)().await
    }
}

impl fmt::Debug for Reauthenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reauthenticate")
    }
}

/// What one diff or apply may do beyond its own objects and fields. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Which existing objects may become ours.
    pub adoption: Adoption,
    /// Which fields of others may become ours.
    pub take_over: Vec<TakeOver>,
    /// Fields of objects of ours that may be taken from whoever owns them, with everything below them; the root path is a whole object.
    /// An object that is not ours keeps its fields, whatever stands here.
    pub approved: BTreeMap<ObjectId, Vec<FieldPath>>,
    /// Fields that belong to others, beside those of [`Rules`].
    pub fields: Vec<FieldRule>,
    /// Which objects that nobody owns any more may become ours.
    pub inherit: Vec<Inherit>,
    /// Whose work ours continues: their fields become ours whether the manifest has them or not.
    pub predecessors: Vec<Predecessor>,
    /// Whether an object whose immutable fields change may be deleted and made again.
    pub recreate: bool,
    /// Whether objects that must not be written are passed over, instead of nothing being written because of them. They still are an error
    /// in the end.
    pub skip_refused: bool,
}

impl Policy {
    /// Whether a field may be taken from this manager.
    pub(crate) fn takes(&self, id: &ObjectId, manager: &str, path: &FieldPath, is_ours: bool) -> bool {
        (is_ours && self.approves(id, path))
            || self.take_over.iter().any(|take_over| take_over.allows(id, manager, path))
    }

    /// Whether a field of an object of ours was approved to be taken from others. A field that has one owner as a whole is, if a part
    /// of it was.
    fn approves(&self, id: &ObjectId, path: &FieldPath) -> bool {
        let mut approved = self.approved.get(id).into_iter().flatten();
        approved.any(|approved| path.starts_with(approved) || approved.starts_with(path))
    }

    /// Whether the fields that an entry of an object's `managedFields` names become ours as a whole.
    pub(crate) fn succeeds(&self, id: &ObjectId, entry: &ManagedFields) -> bool {
        entry.subresource.is_empty() && self.predecessors.iter().any(|one| one.is(id, &entry.manager))
    }
}

/// Which existing objects that are not ours may become ours. Ours are those with our owner label, and those that the
/// inventory has with their UID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adoption {
    /// None: an existing object that is not ours is an error.
    #[default]
    Never,
    /// Those without an owner label: objects that another tool made, for imports.
    Unowned,
    /// All, even those with another owner's label.
    Any,
}
