//! Several clusters that can reach each other, started together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use nix::mount::{MsFlags, mount};
use tokio::runtime::Runtime;

use crate::api_server;
use crate::cloud::{Balancers, LoadBalancers};
use crate::cluster::{self, Cluster};
use crate::connection::{self, Connection, write_kubeconfig};
use crate::dns::{self, Names};
use crate::jail;
use crate::net;
use crate::net::addresses::{ClusterAddresses, MAX_CLUSTERS, OUTSIDE};
use crate::net::wan::Wan;
use crate::snapshot;

/// What can go wrong with a lab.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A lab changes the network and mounts of its process: only a jail's may be changed.
    #[error("a lab starts inside a jail only: call `lab::jail::enter()` first in `main`")]
    NoJail,
    /// The description makes no sense.
    #[error("a lab has 1 to {MAX_CLUSTERS} clusters with different names, not {0:?}")]
    Spec(Vec<String>),
    /// The network.
    #[error("cannot make the lab's network")]
    Net(#[from] net::Error),
    /// A cluster.
    #[error("cluster {name}")]
    Cluster {
        /// The cluster.
        name: String,
        /// What went wrong.
        source: Box<cluster::Error>,
    },
    /// The DNS server of the jail.
    #[error("cannot start the lab's DNS server")]
    Dns(#[from] dns::Error),
    /// The runtime, or a file of the lab.
    #[error("cannot prepare the lab")]
    Prepare(#[from] io::Error),
    /// The kubeconfig.
    #[error("cannot write the lab's kubeconfig")]
    Kubeconfig(#[from] connection::Error),
    /// A snapshot in the cache.
    #[error("cannot keep the prepared clusters")]
    Snapshot(#[from] snapshot::Error),
    /// An identity of an API server.
    #[error("cannot use an API server of the lab")]
    ApiServer(#[from] api_server::Error),
}

/// What a lab is made of.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The clusters; the order decides their addresses.
    pub clusters: Vec<ClusterSpec>,
    /// Start from what [`Lab::snapshot`] kept there.
    pub snapshot: Option<PathBuf>,
}

/// What a cluster is made of.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// Its name, also the name of its node and of its context in the kubeconfig.
    pub name: String,
    /// Clusters with the same network reach each other's pods.
    pub network: String,
    /// What the cloud gives to Services of type `LoadBalancer`.
    pub load_balancers: LoadBalancers,
}

impl ClusterSpec {
    /// A cluster in a network, whose load balancers have one address.
    pub fn new(name: &str, network: &str) -> Self {
        Self {
            name: name.to_owned(),
            network: network.to_owned(),
            load_balancers: LoadBalancers::Addresses(1),
        }
    }
}

impl Spec {
    /// Clusters with a network each: only their API servers and load balancers reach each other.
    pub fn isolated(names: &[&str]) -> Self {
        Self::of(names.iter().map(|name| ClusterSpec::new(name, name)).collect())
    }

    /// Clusters on one network: every pod reaches every pod.
    pub fn flat(names: &[&str]) -> Self {
        Self::of(names.iter().map(|name| ClusterSpec::new(name, "flat")).collect())
    }

    /// These clusters.
    pub fn of(clusters: Vec<ClusterSpec>) -> Self {
        Self { clusters, snapshot: None }
    }

    fn check(&self) -> Result<(), Error> {
        let mut names: Vec<String> = self.clusters.iter().map(|cluster| cluster.name.clone()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        let fits = (1..=usize::from(MAX_CLUSTERS)).contains(&count);
        if fits && names.len() == count { Ok(()) } else { Err(Error::Spec(names)) }
    }

    fn addresses(&self) -> impl Iterator<Item = (ClusterAddresses, &ClusterSpec)> {
        (1..=MAX_CLUSTERS).map(ClusterAddresses::new).zip(&self.clusters)
    }
}

/// Clusters that can reach each other. They end with it.
pub struct Lab {
    // The order is the order of the end: the clusters before what joins them.
    clusters: Vec<Cluster>,
    names: Names,
    runtime: Runtime,
    state: PathBuf,
    _wan: Wan,
}

impl Lab {
    /// Starts all clusters at once and waits until their nodes are ready.
    pub fn start(spec: &Spec) -> Result<Self, Error> {
        if !jail::is_inside() {
            return Err(Error::NoJail);
        }
        spec.check()?;
        let state = Path::new(jail::STATE).to_owned();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let wan = Wan::create()?;
        let names = Names::default();
        runtime.block_on(dns::serve(OUTSIDE, dns::Zone::outside(names.clone())))?;
        use_resolver(&state)?;
        let balancers = Balancers::default();
        let start = |addresses: ClusterAddresses, cluster: &ClusterSpec| {
            let neighbours: Vec<ClusterAddresses> = spec
                .addresses()
                .filter(|(other, it)| *other != addresses && it.network == cluster.network)
                .map(|(other, _)| other)
                .collect();
            let plan = cluster::Plan {
                spec: cluster,
                addresses,
                neighbours: &neighbours,
                directory: state.join(&cluster.name),
                names: names.clone(),
                balancers: balancers.clone(),
                snapshot: spec.snapshot.as_deref().map(|snapshot| snapshot.join(&cluster.name)),
            };
            Cluster::start(plan)
                .map_err(|source| Error::Cluster { name: cluster.name.clone(), source: Box::new(source) })
        };
        let clusters = thread::scope(|scope| {
            let starting: Vec<_> = spec
                .addresses()
                .map(|(addresses, cluster)| scope.spawn(move || start(addresses, cluster)))
                .collect();
            starting
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let lab = Self { clusters, names, runtime, state, _wan: wan };
        write_kubeconfig(&lab.kubeconfig(), &lab.connections()?)?;
        Ok(lab)
    }

    /// Starts the clusters as `prepare` left them: it is called once for each `fixture` and each set of the lab's
    /// parts, and what the clusters stored then is kept in the lab's cache. Wait for answers, not for conditions:
    /// until the nodes have started the pods again, the API shows them as they were.
    pub fn start_prepared<E>(
        spec: &Spec,
        fixture: &str,
        prepare: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<Self, E>
    where
        E: From<Error>,
    {
        let directory = snapshot::directory(fixture).map_err(Error::from)?;
        if !directory.is_dir() {
            let lab = Self::start(spec)?;
            prepare(&lab)?;
            let unfinished = directory.with_extension(format!("unfinished-{}", std::process::id()));
            lab.snapshot(&unfinished)?;
            drop(lab);
            snapshot::keep(&unfinished, &directory).map_err(Error::from)?;
        }
        Ok(Self::start(&Spec { snapshot: Some(directory), ..spec.clone() })?)
    }

    /// All clusters, in the order of the description.
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// The cluster with this name.
    ///
    /// # Panics
    /// When there is none: the test names one that it did not start.
    #[allow(clippy::panic, reason = "a test that names a cluster it did not start is wrong")]
    pub fn cluster(&self, name: &str) -> &Cluster {
        self.clusters
            .iter()
            .find(|cluster| cluster.name() == name)
            .unwrap_or_else(|| panic!("the lab has no cluster {name}"))
    }

    /// A kubeconfig file with one context a cluster, named as the cluster is, all with all rights.
    pub fn kubeconfig(&self) -> PathBuf {
        self.state.join("kubeconfig")
    }

    fn connections(&self) -> Result<Vec<Connection>, Error> {
        let admins = self.clusters.iter().map(|cluster| {
            let admin = cluster.api_server().connection(api_server::identity::ADMIN)?;
            Ok(Connection { name: cluster.name().to_owned(), ..admin })
        });
        admins.collect()
    }

    /// Host names that every pod and every process of the jail can resolve, beside those of the load balancers.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The lab's runtime, for tests that are not asynchronous themselves.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Cuts the link between two clusters: no packet of one reaches the other.
    pub fn cut(&self, one: &str, other: &str) -> Result<(), Error> {
        Ok(self.cluster(one).network().cut_cluster(self.cluster(other).addresses(), true)?)
    }

    /// Heals the link between two clusters that [`cut`](Self::cut) was called for in this order.
    pub fn heal(&self, one: &str, other: &str) -> Result<(), Error> {
        Ok(self.cluster(one).network().cut_cluster(self.cluster(other).addresses(), false)?)
    }

    /// Keeps what all clusters stored in `directory`, for [`Spec::snapshot`]. Their API servers are away meanwhile.
    pub fn snapshot(&self, directory: &Path) -> Result<(), Error> {
        for cluster in &self.clusters {
            cluster.snapshot(&directory.join(cluster.name())).map_err(|source| Error::Cluster {
                name: cluster.name().to_owned(),
                source: Box::new(source),
            })?;
        }
        Ok(())
    }
}

/// Makes the processes of the jail use its DNS server.
fn use_resolver(state: &Path) -> io::Result<()> {
    let content = format!("nameserver {OUTSIDE}\n");
    let system = Path::new("/etc/resolv.conf");
    if fs::read_to_string(system).is_ok_and(|known| known == content) {
        return Ok(());
    }
    if let Ok(target) = fs::canonicalize(system) {
        let file = state.join("resolv.conf");
        fs::write(&file, content)?;
        return Ok(mount(Some(&file), &target, None::<&str>, MsFlags::MS_BIND, None::<&str>)?);
    }
    // A link to a file below /run, which is new in a jail.
    let target = system.parent().unwrap_or(system).join(fs::read_link(system)?);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(target, content)
}
