//! How far a run has come, as the API servers see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, WatchEvent, WatchParams};
use lab::Lab;
use tokio::task::JoinHandle;

use super::Moment;
use crate::audited::Writes;

/// The mesh's namespace.
const NAMESPACE: &str = "istio-system";

/// What the run has done so far.
pub struct Progress {
    writes: Writes,
    closed: Arc<AtomicUsize>,
    watches: Vec<JoinHandle<()>>,
}

impl Progress {
    /// Counts from now on; the records have this name.
    pub fn begin(lab: &Lab, inventory: &str) -> Self {
        let names: Vec<&str> = lab.clusters().iter().map(lab::Cluster::name).collect();
        let closed = Arc::new(AtomicUsize::new(0));
        let watches = lab.clusters().iter().map(|cluster| {
            let client = lab.runtime().block_on(async { cluster.client().expect("a client") });
            lab.runtime().spawn(count_closing(
                Api::namespaced(client, NAMESPACE),
                Arc::clone(&closed),
                inventory.to_owned(),
            ))
        });
        let watches = watches.collect();
        Self { writes: Writes::begin(lab, &names), closed, watches }
    }

    /// Looks again; whether the run has come as far as this.
    pub fn has_reached(&mut self, moment: Moment) -> bool {
        match moment {
            Moment::Write(number) => self.writes.has_seen(number),
            Moment::Closed(number) => {
                self.writes.has_seen(usize::MAX);
                self.closed.load(Ordering::Relaxed) >= number
            }
        }
    }

    /// What was written.
    pub fn writes(&self) -> &Writes {
        &self.writes
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
async fn count_closing(records: Api<ConfigMap>, closed: Arc<AtomicUsize>, inventory: String) {
    let parameters = WatchParams::default().fields(&format!("metadata.name={inventory}"));
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
