//! One cluster: its control plane and its one node, which share a network namespace.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kube::Client;
use tokio::sync::watch;

use crate::api_server::{self, ApiServer, identity};
use crate::cloud::{Balancers, LoadBalancers, Policy};
use crate::component::{self, Component};
use crate::control_plane::{Addresses, ControlPlane, Files, files};
use crate::dns::Names;
use crate::lab::ClusterSpec;
use crate::net::addresses::ClusterAddresses;
use crate::net::node::NodeNetwork;
use crate::node::{self, Node};
use crate::snapshot;
use crate::{net, parts};

/// What can go wrong with a cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A binary is missing.
    #[error("cannot start a cluster without its parts")]
    Parts(#[from] parts::Error),
    /// A process failed.
    #[error("a process of the cluster failed")]
    Component(#[from] component::Error),
    /// The files of the control plane.
    #[error("cannot make the files of the cluster")]
    Files(#[from] files::Error),
    /// A directory.
    #[error("cannot prepare {}", path.display())]
    Prepare {
        /// The directory.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The API server.
    #[error("cannot use the API server")]
    ApiServer(#[from] api_server::Error),
    /// The network.
    #[error("cannot make the cluster's network")]
    Net(#[from] net::Error),
    /// The node.
    #[error("the node does not work")]
    Node(#[from] node::Error),
    /// The snapshot.
    #[error("cannot copy the snapshot")]
    Snapshot(#[from] snapshot::Error),
    /// There is no such process.
    #[error("the cluster has no component `{0}`")]
    UnknownComponent(String),
}

/// What one cluster is started with.
pub(crate) struct Plan<'a> {
    pub spec: &'a ClusterSpec,
    pub addresses: ClusterAddresses,
    pub neighbours: &'a [ClusterAddresses],
    pub directory: PathBuf,
    pub names: Names,
    pub balancers: Balancers,
    pub snapshot: Option<PathBuf>,
}

/// One cluster.
pub struct Cluster {
    name: String,
    // The order is the order of the end: the node and the servers before their network.
    node: Node,
    servers: Vec<Component>,
    api_server: ApiServer,
    policy: watch::Sender<Policy>,
    directory: PathBuf,
    network: Arc<NodeNetwork>,
}

/// The host name of a cluster's API server, which its certificate bears and every process of the lab resolves.
pub fn api_host_name(cluster: &str) -> String {
    format!("api.{cluster}.lab.example")
}

impl Cluster {
    pub(crate) fn start(plan: Plan<'_>) -> Result<Self, Error> {
        let Plan { spec, addresses, neighbours, directory, names, balancers, snapshot } = plan;
        let network = Arc::new(NodeNetwork::create(&spec.name, addresses, neighbours)?);
        empty(&directory)?;
        let control_plane = control_plane(&spec.name, &directory, &network, snapshot.as_deref())?;
        names.set(&api_host_name(&spec.name), &[addresses.node()]);

        let api_server = ApiServer::start_for(&control_plane)?;
        let streaming = directory.join("streaming");
        empty(&streaming)?;
        let servers = vec![
            control_plane.scheduler()?,
            control_plane.proxy(&spec.name, &addresses.pod_cidr())?,
            control_plane.kubeletd(&streaming)?,
        ];
        let (policy, policies) = watch::channel(Policy::of(spec.load_balancers.clone()));
        let mut node = Node::start(node::Plan {
            name: spec.name.clone(),
            network: Arc::clone(&network),
            connection: api_server.connection(identity::ADMIN)?,
            directory: directory.join("pods"),
            streaming,
            names,
            balancers,
            policies,
        })?;
        for server in &servers {
            server.start()?;
        }
        node.wait_until_ready()?;
        Ok(Self { name: spec.name.clone(), node, servers, api_server, policy, directory, network })
    }

    /// Its name, also that of its node.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its API server.
    pub fn api_server(&self) -> &ApiServer {
        &self.api_server
    }

    /// A client with all rights. Call it inside the runtime that will use it.
    pub fn client(&self) -> Result<Client, Error> {
        Ok(self.api_server.client()?)
    }

    /// Its addresses.
    pub fn addresses(&self) -> ClusterAddresses {
        self.network.addresses()
    }

    /// Its node in the network.
    pub fn network(&self) -> &NodeNetwork {
        &self.network
    }

    /// Its node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// All its server processes.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.api_server.components().chain(&self.servers)
    }

    /// A server process by name: `etcd`, `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `kube-proxy`,
    /// `kubeletd`.
    pub fn component(&self, name: &str) -> Result<&Component, Error> {
        let found = self.components().find(|component| component.name() == name);
        found.ok_or_else(|| Error::UnknownComponent(name.to_owned()))
    }

    pub(crate) fn snapshot(&self, to: &Path) -> Result<(), Error> {
        self.api_server.stop();
        // What etcd has not written to its files yet it writes when it stops.
        self.component("etcd")?.stop();
        snapshot::save(&self.directory, to)?;
        Ok(self.api_server.start_again()?)
    }

    /// Changes what the cloud gives to Services of type `LoadBalancer`, also to those that have something already.
    pub fn set_load_balancers(&self, load_balancers: LoadBalancers) {
        self.policy.send_modify(|policy| policy.load_balancers = load_balancers);
    }

    /// Gives every load balancer new addresses, as when it is made anew.
    pub fn renew_load_balancers(&self) {
        self.policy.send_modify(Policy::renew);
    }
}

/// Makes a directory, or empties the one that a lab left in this jail before.
fn empty(directory: &Path) -> Result<(), Error> {
    let removed = if directory.exists() { fs::remove_dir_all(directory) } else { Ok(()) };
    removed
        .and_then(|()| fs::create_dir_all(directory))
        .map_err(|source| Error::Prepare { path: directory.to_owned(), source })
}

/// New files, or those of a snapshot with its etcd.
fn control_plane(
    name: &str,
    directory: &Path,
    network: &NodeNetwork,
    snapshot: Option<&Path>,
) -> Result<ControlPlane, Error> {
    let of = network.addresses();
    let addresses = Addresses {
        host: of.node().into(),
        port: 6443,
        etcd_port: 2379,
        etcd_peer_port: 2380,
        service_cidr: of.service_cidr(),
        kubernetes_service: of.kubernetes_service(),
    };
    let files = match snapshot {
        Some(snapshot) => {
            snapshot::restore(snapshot, directory)?;
            Files::load(directory, name, &addresses)?
        }
        None => Files::create(directory, name, &addresses, &[&api_host_name(name)])?,
    };
    Ok(ControlPlane { files: Arc::new(files), addresses, network_namespace: Some(network.path()) })
}
