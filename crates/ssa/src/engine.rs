use std::sync::Arc;

use tokio::sync::{Mutex, RwLock, Semaphore};

use crate::discovery::Discovery;
use crate::options::Options;
use crate::schemas::Schemas;

/// Works on the objects of one cluster. Cheap to clone; clones share discovery, schemas and the limit of requests.
///
/// Its verbs are in the modules of their names: `observe`, `diff`, `claim`, `apply`, `prune`, `delete`, `wait`. All of them
/// end within a second once their `CancellationToken` is cancelled.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub client: RwLock<kube::Client>,
    pub options: Options,
    pub requests: Semaphore,
    pub discovery: Mutex<Option<Arc<Discovery>>>,
    pub schemas: Schemas,
}

impl Engine {
    /// An engine for the cluster that `client` reaches. Nothing is sent yet.
    ///
    /// The engine retries by itself: make the client with `Config::default_retry = false`.
    pub fn new(client: kube::Client, options: Options) -> Self {
        let requests = Semaphore::new(options.concurrency.max(1));
        Self {
            shared: Arc::new(Shared {
                client: RwLock::new(client),
                options,
                requests,
                discovery: Mutex::default(),
                schemas: Schemas::default(),
            }),
        }
    }
}
