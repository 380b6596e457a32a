use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::sync::{Mutex, RwLock, Semaphore};

use crate::discovery::Discovery;
use crate::discovery_cache::Server;
use crate::options::{Options, Owner};
use crate::schemas::Index;

/// Works on the objects of one owner in one cluster. Cheap to clone; clones, and views for other owners, share discovery, schemas and the
/// limit of requests.
///
/// Its verbs are in the modules of their names: `observe`, `diff`, `claim`, `apply`, `prune`, `delete`, `wait`. All of them
/// end within a second once their `CancellationToken` is cancelled.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    /// Whose objects are meant; that of `shared.options` is only the first view's.
    pub(crate) owner: Arc<Owner>,
    /// When the operation must be over that this view is of.
    pub(crate) deadline: Option<Instant>,
}

pub(crate) struct Shared {
    pub credentials: RwLock<Credentials>,
    pub options: Options,
    pub requests: Semaphore,
    pub discovery: Mutex<Option<Arc<Discovery>>>,
    /// Which server it is, once that is known.
    pub server: OnceLock<Server>,
    pub index: Index,
}

/// The client that requests are sent with.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub client: kube::Client,
    /// How many clients there were before.
    pub generation: u64,
}

impl Engine {
    /// An engine for the cluster that `client` reaches. Nothing is sent yet.
    ///
    /// The engine retries by itself: make the client with `Config::default_retry = false`.
    pub fn new(client: kube::Client, options: Options) -> Self {
        let requests = Semaphore::new(options.concurrency.max(1));
        let owner = Arc::new(options.owner.clone());
        Self {
            owner,
            deadline: None,
            shared: Arc::new(Shared {
                credentials: RwLock::new(Credentials { client, generation: 0 }),
                options,
                requests,
                discovery: Mutex::default(),
                server: OnceLock::new(),
                index: Index::default(),
            }),
        }
    }

    /// The same engine for the objects of another owner.
    #[must_use]
    pub fn for_owner(&self, owner: Owner) -> Self {
        Self { shared: Arc::clone(&self.shared), owner: Arc::new(owner), deadline: self.deadline }
    }

    /// The same engine for an operation that may take until then: what something else in the cluster has to mend first (a webhook that
    /// has no endpoints yet, an API server that does not answer) is waited for as long as that, and no longer. Without it, for
    /// [`Budgets::retry_time`](crate::Budgets).
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// Says which server the engine reaches. From then on what an earlier process has found that it serves is used, see
    /// [`DiscoveryCache`](crate::DiscoveryCache). What was said first stays.
    pub fn identify(&self, server: Server) {
        let _ = self.shared.server.set(server);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::Engine;
    use crate::{Claim, DeleteOptions, Inventory, Policy};

    fn spawnable(_: impl Send) {}

    /// Compiles only if every verb's future may move between threads.
    #[allow(dead_code)]
    fn every_verb_can_be_spawned(engine: &Engine, claim: &Claim, inventory: &mut Inventory) {
        let cancel = &CancellationToken::new();
        let (none, policy, options) = (&BTreeSet::new(), &Policy::default(), &DeleteOptions::default());
        let at = &inventory.at.clone();
        spawnable(engine.observe(none, cancel));
        spawnable(engine.diff(&[], None, policy, cancel));
        spawnable(engine.inventory(at, cancel));
        spawnable(engine.claim(at, claim, &[], cancel));
        spawnable(engine.apply(&[], inventory, policy, cancel));
        spawnable(engine.prune(inventory, none, options, cancel));
        spawnable(engine.complete(inventory, &BTreeMap::new(), cancel));
        spawnable(engine.release(inventory, cancel));
        spawnable(engine.delete(inventory, options, cancel));
        spawnable(engine.wait(none, Duration::ZERO, cancel));
    }
}
