//! List resources: find what exists (`terraform query`, Terraform 1.14 and later).

use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::Sender;

use crate::schema::Schema;
use crate::{Diagnostics, Identified, ResourceContext, TerraformValue, Value};

/// Finds the resources of one type that exist.
pub trait ListResource: Send + Sync + 'static {
    /// What is found; offered by [`Registry::identified`](crate::Registry::identified), too. The list has its type name.
    type Resource: Identified;
    /// What stands in the `config` block of a `list` block.
    type Model: TerraformValue + Send + Sync;

    /// What may stand in the `config` block: attributes that the user sets, without defaults.
    fn schema(&self) -> Schema;

    /// Checks the configuration beyond what the schema says: pure, offline, with values that may be unknown.
    fn validate(&self, config: &Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Finds, and gives each find to [`Listing::push`] until that says to break. Messages come last.
    fn list(
        &self,
        config: Self::Model,
        listing: &Listing<Self::Resource>,
        context: &ResourceContext<Self::Resource>,
    ) -> impl Future<Output = Diagnostics> + Send;
}

/// Something that exists.
#[derive(Clone, Debug)]
pub struct Found<R: Identified> {
    /// What identifies it.
    pub identity: R::Identity,
    /// What a person calls it.
    pub display_name: String,
    /// Its state: needed when [`Listing::includes_resources`] says so.
    pub resource: Option<R::Model>,
}

/// A find as values.
#[derive(Clone, Debug)]
pub(crate) struct FoundValue {
    pub(crate) identity: Value,
    pub(crate) display_name: String,
    pub(crate) resource: Option<Value>,
}

/// Where finds go, and how many are wanted.
#[derive(Debug)]
pub struct Listing<R> {
    sender: Sender<FoundValue>,
    left: AtomicUsize,
    include_resources: bool,
    resource: PhantomData<fn(R)>,
}

impl<R: Identified> Listing<R> {
    pub(crate) fn new(asked: Asked) -> Self {
        Self {
            sender: asked.sender,
            left: AtomicUsize::new(asked.limit),
            include_resources: asked.include_resources,
            resource: PhantomData,
        }
    }

    /// How many more finds the client takes: no need to ask the remote system for more.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    /// Whether the client wants the state of each find, too.
    pub fn includes_resources(&self) -> bool {
        self.include_resources
    }

    /// Sends a find to the client, as fast as that takes them. `Break` when it wants no more.
    pub async fn push(&self, found: Found<R>) -> ControlFlow<()> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let Ok(left) = taken else {
            return ControlFlow::Break(());
        };
        let value = FoundValue {
            identity: found.identity.into_value(),
            display_name: found.display_name,
            resource: found.resource.filter(|_| self.include_resources).map(R::Model::into_value),
        };
        // Without a receiver the client has gone away.
        let sent = self.sender.send(value).await.is_ok();
        if sent && left > 1 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// What a client asks of a list.
pub(crate) struct Asked {
    pub(crate) sender: Sender<FoundValue>,
    pub(crate) limit: usize,
    pub(crate) include_resources: bool,
}
