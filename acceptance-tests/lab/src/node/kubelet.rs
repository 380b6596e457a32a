//! Which pods belong to the node, and a task for each of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::Api;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, ResourceExt as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::stores::{Steady, Stores};
use super::{Plan, pod};
use crate::net::node::NodeNetwork;
use crate::net::pod::PodAddresses;

/// How long the pods may take to end when their node does.
const END: Duration = Duration::from_secs(5);

/// What every pod's task needs.
pub struct Context {
    pub node: String,
    pub node_address: Ipv4Addr,
    pub client: Client,
    pub stores: Stores,
    pub network: Arc<NodeNetwork>,
    pub addresses: Arc<PodAddresses>,
    pub directory: PathBuf,
    pub streaming: PathBuf,
}

/// What the API says of one pod.
#[derive(Clone)]
pub enum Wanted {
    /// This is the pod now.
    Pod(Arc<Pod>),
    /// It is no longer there: end at once.
    Gone,
}

struct Worker {
    wanted: watch::Sender<Wanted>,
    task: JoinHandle<()>,
}

/// The stand-in for a kubelet.
pub struct Kubelet {
    context: Arc<Context>,
    workers: BTreeMap<String, Worker>,
    /// The pods that a new list has shown so far.
    listed: Vec<String>,
}

impl Kubelet {
    pub fn new(plan: &Plan, client: Client, stores: Stores) -> Self {
        let of = plan.network.addresses();
        let context = Context {
            node: plan.name.clone(),
            node_address: of.node(),
            client,
            stores,
            network: Arc::clone(&plan.network),
            addresses: PodAddresses::new(of),
            directory: plan.directory.clone(),
            streaming: plan.streaming.clone(),
        };
        Self { context: Arc::new(context), workers: BTreeMap::new(), listed: Vec::new() }
    }

    /// Runs the node's pods until `stop`, then kills them.
    pub async fn run(mut self, stop: CancellationToken) {
        let selector = format!("spec.nodeName={}", self.context.node);
        let pods = Api::<Pod>::all(self.context.client.clone());
        let events = watcher(pods, watcher::Config::default().fields(&selector)).backoff(Steady);
        let mut events = std::pin::pin!(events);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                event = events.next() => match event {
                    Some(Ok(event)) => self.handle(event),
                    Some(Err(error)) => tracing::debug!(node = self.context.node, %error, "watching pods"),
                    None => break,
                }
            }
        }
        for worker in self.workers.values() {
            worker.wanted.send_replace(Wanted::Gone);
        }
        let ended = futures::future::join_all(self.workers.into_values().map(|worker| worker.task));
        // A task may be waiting for an API server that is frozen. Whatever does not end now ends with the runtime.
        let _ = tokio::time::timeout(END, ended).await;
    }

    fn handle(&mut self, event: Event<Pod>) {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(pod) => {
                self.listed.push(pod.uid().unwrap_or_default());
                self.want(pod);
            }
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                let gone: Vec<String> =
                    self.workers.keys().filter(|uid| !listed.contains(uid)).cloned().collect();
                for uid in gone {
                    self.end(&uid);
                }
            }
            Event::Apply(pod) => self.want(pod),
            Event::Delete(pod) => self.end(&pod.uid().unwrap_or_default()),
        }
    }

    fn want(&mut self, pod: Pod) {
        let uid = pod.uid().unwrap_or_default();
        if let Some(worker) = self.workers.get(&uid) {
            worker.wanted.send_replace(Wanted::Pod(Arc::new(pod)));
            return;
        }
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let over = matches!(phase, Some("Succeeded" | "Failed"));
        if over && pod.metadata.deletion_timestamp.is_none() {
            return;
        }
        let pod = Arc::new(pod);
        let (wanted, seen) = watch::channel(Wanted::Pod(Arc::clone(&pod)));
        let task = tokio::spawn(pod::run(Arc::clone(&self.context), pod, seen));
        self.workers.insert(uid, Worker { wanted, task });
    }

    fn end(&mut self, uid: &str) {
        if let Some(worker) = self.workers.remove(uid) {
            worker.wanted.send_replace(Wanted::Gone);
        }
    }
}
