//! A cluster's node: the lab's stand-in for a kubelet, its DNS server and its cloud, on one thread inside the
//! node's network namespace.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cloud::{Balancers, Cloud, Policy};
use crate::connection::{self, Connection};
use crate::dns::{self, Names, Services, Zone};
use crate::net;
use crate::net::addresses::DNS;
use crate::net::node::NodeNetwork;

mod container;
mod downward;
mod env;
mod exec;
mod image;
mod kubelet;
mod pod;
mod probes;
mod process;
mod quantity;
mod registration;
mod rootfs;
mod status;
mod stores;
mod streaming;
mod volumes;

/// How long a node may take to become ready.
const READY: Duration = Duration::from_mins(1);

/// What can go wrong with a node.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A client could not be made.
    #[error("cannot reach the API server")]
    Connection(#[from] connection::Error),
    /// The network namespace.
    #[error("cannot work in the node's network")]
    Net(#[from] net::Error),
    /// The DNS server.
    #[error("cannot start the DNS server")]
    Dns(#[from] dns::Error),
    /// The thread or its runtime.
    #[error("cannot start the node's thread")]
    Thread(#[from] io::Error),
    /// The API server refused the node.
    #[error("cannot register the node")]
    Register(#[source] Box<kube::Error>),
    /// It did not become ready in time.
    #[error("the node is not ready after {} s", READY.as_secs())]
    NotReady,
    /// There is no such container.
    #[error("the pod {namespace}/{pod} has no process of the container {container}")]
    NoContainer {
        /// The pod's namespace.
        namespace: String,
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
}

/// What a node is started with.
pub(crate) struct Plan {
    pub name: String,
    pub network: Arc<NodeNetwork>,
    pub connection: Connection,
    /// Where the pods' files go.
    pub directory: PathBuf,
    /// Where kubeletd looks for the pods' processes.
    pub streaming: PathBuf,
    pub names: Names,
    pub balancers: Balancers,
    pub policies: watch::Receiver<Policy>,
}

/// A running node; its pods' processes end with it.
pub struct Node {
    name: String,
    streaming: PathBuf,
    ready: watch::Receiver<bool>,
    stop: CancellationToken,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Node {
    /// Starts the node's thread.
    pub(crate) fn start(plan: Plan) -> Result<Self, Error> {
        let stop = CancellationToken::new();
        let (ready_sender, ready) = watch::channel(false);
        let (name, streaming) = (plan.name.clone(), plan.streaming.clone());
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name(format!("node-{name}")).spawn(move || {
            net::enter(&plan.network.path())?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run(plan, ready_sender, stopped))
        })?;
        Ok(Self { name, streaming, ready, stop, thread: Some(thread) })
    }

    /// Waits until the node is registered and works.
    pub(crate) fn wait_until_ready(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + READY;
        while !*self.ready.borrow() {
            if let Some(ended) = self.thread.take_if(|thread| thread.is_finished()) {
                // It ends before it is ready only with an error.
                ended.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                return Err(Error::NotReady);
            }
            if Instant::now() > deadline {
                return Err(Error::NotReady);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// All that a container wrote so far.
    pub fn log(&self, namespace: &str, pod: &str, container: &str) -> Result<String, Error> {
        let found = streaming::container(&self.streaming, namespace, pod, container);
        let no_container = || Error::NoContainer {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
        };
        let log = fs::read(found.ok_or_else(no_container)?.log)?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }

    /// The process id of a container, if it runs.
    pub fn pid(&self, namespace: &str, pod: &str, container: &str) -> Option<u32> {
        streaming::container(&self.streaming, namespace, pod, container)?.pid
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            match thread.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(node = self.name, error = crate::chain(&error), "the node ended");
                }
                Err(_) => tracing::warn!(node = self.name, "the node's thread panicked"),
            }
        }
    }
}

async fn run(plan: Plan, ready: watch::Sender<bool>, stop: CancellationToken) -> Result<(), Error> {
    let client = plan.connection.client()?;
    let address = plan.network.addresses().node();
    registration::register(&client, &plan.name, address).await.map_err(Error::Register)?;
    let stores = stores::Stores::start(&client);
    let services = Services::new(stores.services.clone(), stores.slices.clone());
    dns::serve(DNS, Zone::cluster(plan.names.clone(), services)).await?;
    let cloud = Cloud {
        cluster: plan.name.clone(),
        client: client.clone(),
        network: Arc::clone(&plan.network),
        names: plan.names.clone(),
        balancers: plan.balancers.clone(),
        services: stores.services.clone(),
    };
    tokio::spawn(cloud.run(plan.policies.clone(), stores.changes()));
    let kubelet = kubelet::Kubelet::new(&plan, client, stores);
    ready.send_replace(true);
    kubelet.run(stop).await;
    Ok(())
}

/// A path below another, whatever it begins with.
fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}
