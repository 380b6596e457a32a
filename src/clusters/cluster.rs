//! One cluster: its label, its client, and what its errors mean.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::connection::Connection;
use super::credentials::{Credentials, CredentialsError};
use super::environment::Environment;
use super::error::Error;
use super::failure::Failure;
use super::session;
use super::settings::{ClusterBlock, ConnectionConfig, Limits, OnUnreachable};
use crate::mesh::{ApiServer, ClusterFacts};

/// How long a connection that is only tried out may take.
const PROBE: Duration = Duration::from_secs(5);

/// A cluster of the provider block, connected to when it is first used. Clones are cheap and share one client.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    host: String,
    /// What requests present, in words.
    credentials: String,
    through_proxy: bool,
    is_insecure: bool,
    api_server: ApiServer,
    on_unreachable: OnUnreachable,
    recreated_from: Option<String>,
    from_variable: Option<&'static str>,
    client: Client,
    /// Whether requests need what a command prints.
    runs_command: bool,
    /// What the cluster said of itself first.
    facts: OnceCell<ClusterFacts>,
    /// What it said before anybody needed it.
    ahead: Mutex<Option<Ahead>>,
}

/// What a cluster said of itself before anybody needed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    /// What it said.
    pub facts: ClusterFacts,
    /// The namespaces that were asked for in the same request; `None` for one that does not exist.
    pub namespaces: BTreeMap<String, Option<Value>>,
}

impl Cluster {
    pub(super) fn new(
        name: &str,
        block: &ClusterBlock,
        connection: Connection,
        limits: Limits,
    ) -> Result<Self, Error> {
        let host = connection.host();
        let credentials = connection.credentials.described(connection.identity.is_some());
        let through_proxy = connection.proxy.is_some();
        let is_insecure = connection.insecure;
        let runs_command = matches!(connection.credentials, Credentials::Exec(_));
        let api_server = connection.api_server();
        let client = session::client(connection, limits).map_err(|source| Error::BuildClient {
            cluster: name.to_owned(),
            host: host.clone(),
            source: Box::new(source),
        })?;
        let shared = Shared {
            name: name.to_owned(),
            host,
            credentials,
            through_proxy,
            is_insecure,
            api_server,
            on_unreachable: block.on_unreachable,
            recreated_from: block.recreated_from.clone(),
            from_variable: None,
            client,
            runs_command,
            facts: OnceCell::new(),
            ahead: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The cluster that others know by a kubeconfig of their own. Nothing of this process's environment is used for it, as
    /// the others do not have that, and no more time than an answer takes.
    pub fn of_kubeconfig(name: &str, config: &ConnectionConfig) -> Result<Self, Error> {
        let connection = Connection::resolve(config, &Environment::default())
            .map_err(|invalid| Error::Setting(Box::new(invalid.in_cluster(name))))?;
        let limits = Limits { connect: PROBE, response: PROBE, ..Limits::default() };
        Self::new(name, &ClusterBlock::default(), connection, limits)
    }

    /// The same cluster, whose connection comes from this environment variable.
    #[must_use]
    pub(super) fn named_by_variable(mut self, variable: Option<&'static str>) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.from_variable = variable;
        }
        self
    }

    /// Label of the cluster block.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// URL of the API server.
    pub fn host(&self) -> &str {
        &self.shared.host
    }

    /// Where the connection goes, and how it knows that it is there.
    pub fn api_server(&self) -> &ApiServer {
        &self.shared.api_server
    }

    /// Whether the connection takes any certificate for the API server's.
    pub fn is_insecure(&self) -> bool {
        self.shared.is_insecure
    }

    /// A client for this cluster; it renews its credentials by itself.
    pub fn client(&self) -> Client {
        self.shared.client.clone()
    }

    /// What refresh and destroy do while the cluster does not answer.
    pub fn on_unreachable(&self) -> OnUnreachable {
        self.shared.on_unreachable
    }

    /// What a cluster is told apart by, as it is now: the UID of its namespace `kube-system`, which lives as long as the cluster.
    pub async fn uid(&self) -> Result<String, Error> {
        let namespace = Api::<Namespace>::all(self.client())
            .get_metadata("kube-system")
            .await
            .map_err(|error| self.error(error))?;
        namespace.metadata.uid.ok_or_else(|| Error::Server {
            cluster: self.name().to_owned(),
            host: self.host().to_owned(),
            code: 0,
            message: "namespace kube-system has no UID".to_owned(),
        })
    }

    /// What the cluster says of itself, as this process has read it first; `read` does so if nobody has. Of several that ask at the same
    /// time one reads.
    pub async fn facts_once<R>(&self, read: impl FnOnce() -> R) -> Result<ClusterFacts, Error>
    where
        R: Future<Output = Result<ClusterFacts, Error>>,
    {
        self.shared.facts.get_or_try_init(read).await.cloned()
    }

    /// Remembers what the cluster says of itself, unless it has said something before.
    pub fn note_facts(&self, facts: &ClusterFacts) {
        let _ = self.shared.facts.set(facts.clone());
    }

    /// What the cluster has said of itself, if this process has read it.
    pub fn seen_facts(&self) -> Option<&ClusterFacts> {
        self.shared.facts.get()
    }

    /// Whether a request runs a command of the user's first.
    pub fn runs_command(&self) -> bool {
        self.shared.runs_command
    }

    /// Keeps what the cluster said before anybody needed it.
    pub fn note_ahead(&self, ahead: Ahead) {
        *self.shared.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
    }

    /// What the cluster said before anybody needed it, once.
    pub fn take_ahead(&self) -> Option<Ahead> {
        self.shared.ahead.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Refuses to go on if `live`, this cluster's UID, is not the `recorded` one, unless the cluster block says
    /// that the recorded cluster is gone.
    pub fn check_uid(&self, recorded: &str, live: &str) -> Result<(), Error> {
        if recorded == live || self.shared.recreated_from.as_deref() == Some(recorded) {
            return Ok(());
        }
        Err(Error::AnotherCluster {
            cluster: self.name().to_owned(),
            host: self.host().to_owned(),
            recorded: recorded.to_owned(),
            live: live.to_owned(),
            from_variable: self.shared.from_variable,
        })
    }

    /// What kind of failure a client's error is.
    pub fn failure(&self, error: &kube::Error) -> Failure {
        let failure = Failure::of(error, self.shared.through_proxy);
        if self.shared.api_server.cluster_ca_certificate.is_some() {
            failure
        } else {
            failure.without_authority()
        }
    }

    /// A client's error in this cluster's terms.
    pub fn error(&self, error: kube::Error) -> Error {
        match credentials_error(error) {
            Ok(source) => {
                Error::Credentials { cluster: self.name().to_owned(), host: self.host().to_owned(), source }
            }
            Err(error) => {
                let failure = self.failure(&error);
                Error::from_failure(self.name(), self.host(), &self.shared.credentials, failure, error)
            }
        }
    }
}

/// The error that [`session`] wrapped, or the error itself.
fn credentials_error(error: kube::Error) -> Result<CredentialsError, kube::Error> {
    match error {
        kube::Error::Service(inner) => {
            inner.downcast::<CredentialsError>().map(|error| *error).map_err(kube::Error::Service)
        }
        other => Err(other),
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.name())
            .field("host", &self.host())
            .finish_non_exhaustive()
    }
}
