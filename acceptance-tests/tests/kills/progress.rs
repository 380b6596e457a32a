//! How far a run has come, as the API servers see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use acceptance_tests::book::INVENTORY;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, WatchEvent, WatchParams};
use lab::Lab;
use lab::api_server::AuditLog;
use tokio::task::JoinHandle;

use crate::moment::Moment;
use crate::victim::NAMESPACE;

/// What the run has done so far.
pub struct Progress {
    logs: Vec<(String, AuditLog)>,
    writes: usize,
    /// The last write that was seen.
    last: String,
    closed: Arc<AtomicUsize>,
    watches: Vec<JoinHandle<()>>,
}

impl Progress {
    /// Counts from now on.
    pub fn begin(lab: &Lab) -> Self {
        let logs = lab.clusters().iter().map(|cluster| {
            let mut log = cluster.api_server().audit();
            // What came before is not this run's.
            log.news().expect("read the audit log");
            (cluster.name().to_owned(), log)
        });
        let logs = logs.collect();
        let closed = Arc::new(AtomicUsize::new(0));
        let watches = lab.clusters().iter().map(|cluster| {
            let client = lab.runtime().block_on(async { cluster.client().expect("a client") });
            lab.runtime().spawn(count_closing(Api::namespaced(client, NAMESPACE), Arc::clone(&closed)))
        });
        let watches = watches.collect();
        Self { logs, writes: 0, last: String::new(), closed, watches }
    }

    /// Looks again; whether the run has come as far as this.
    pub fn has_reached(&mut self, moment: Moment) -> bool {
        for (cluster, log) in &mut self.logs {
            for request in log
                .news()
                .expect("read the audit log")
                .into_iter()
                .filter(lab::api_server::audit::Request::is_write)
            {
                self.writes += 1;
                let object = &request.object;
                self.last = format!(
                    "{cluster}: {} {} {}/{}",
                    request.verb, object.resource, object.namespace, object.name
                );
                if moment == Moment::Write(self.writes) {
                    return true;
                }
            }
        }
        match moment {
            Moment::Write(number) => self.writes >= number,
            Moment::Closed(number) => self.closed.load(Ordering::Relaxed) >= number,
        }
    }

    /// How many writes were seen.
    pub fn writes(&self) -> usize {
        self.writes
    }

    /// The last write that was seen.
    pub fn last(&self) -> &str {
        &self.last
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        for watch in &self.watches {
            watch.abort();
        }
    }
}

/// Counts a record that somebody has held and holds no longer, or that is gone.
async fn count_closing(records: Api<ConfigMap>, closed: Arc<AtomicUsize>) {
    let parameters = WatchParams::default().fields(&format!("metadata.name={INVENTORY}"));
    let mut was_held = false;
    loop {
        let Ok(events) = records.watch(&parameters, "0").await else { continue };
        let mut events = events.boxed();
        while let Some(Ok(event)) = events.next().await {
            let is_held = match &event {
                WatchEvent::Added(record) | WatchEvent::Modified(record) => {
                    record.data.as_ref().is_some_and(|data| data.contains_key("holder"))
                }
                WatchEvent::Deleted(_) => false,
                WatchEvent::Bookmark(_) | WatchEvent::Error(_) => continue,
            };
            if was_held && !is_held {
                closed.fetch_add(1, Ordering::Relaxed);
            }
            was_held = is_held;
        }
    }
}
