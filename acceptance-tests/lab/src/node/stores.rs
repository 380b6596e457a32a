//! What the node knows of the cluster, kept up to date by watchers.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::Api;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::reflector::{self, Store};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, watcher};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

/// How a watcher tries again: an API server that comes back after a test stopped it is found at once.
pub struct Steady;

impl Iterator for Steady {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(Duration::from_millis(300))
    }
}

impl Backoff for Steady {
    fn reset(&mut self) {}
}

/// Objects that pods, DNS and the cloud read.
#[derive(Clone)]
pub struct Stores {
    pub services: Store<Service>,
    pub slices: Store<EndpointSlice>,
    pub config_maps: Store<ConfigMap>,
    pub secrets: Store<Secret>,
    changes: watch::Receiver<u64>,
}

impl Stores {
    /// Starts the watchers on the current runtime.
    pub fn start(client: &Client) -> Self {
        let (sender, changes) = watch::channel(0);
        Self {
            services: keep(client, &sender),
            slices: keep(client, &sender),
            config_maps: keep(client, &sender),
            secrets: keep(client, &sender),
            changes,
        }
    }

    /// Counts up whenever any of the objects changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}

fn keep<K>(client: &Client, changed: &watch::Sender<u64>) -> Store<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K::DynamicType: Hash + Eq,
{
    let (reader, writer) = reflector::store();
    let events = watcher(Api::<K>::all(client.clone()), watcher::Config::default());
    let events = reflector::reflector(writer, events.backoff(Steady));
    let changed = changed.clone();
    tokio::spawn(async move {
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            if event.is_ok() {
                changed.send_modify(|count| *count += 1);
            }
        }
    });
    reader
}
