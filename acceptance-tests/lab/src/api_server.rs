//! A real Kubernetes API: etcd and kube-apiserver.
//!
//! By itself it listens on loopback and needs neither root nor namespaces; it is ready in about three seconds and
//! ends with this process, even when it is killed. A cluster of the lab has one too.

use std::collections::BTreeSet;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::Client;
use kube::api::Api;

use crate::certificates::{self, Certificate};
use crate::component::{self, Component};
use crate::connection::{self, Connection};
use crate::control_plane::{self, Addresses, ControlPlane, Files, files};
use crate::port::ReservedPort;
use crate::state_directory::StateDirectory;
use crate::{blocking, parts};

pub mod audit;
pub mod identity;

pub use audit::AuditLog;

/// How long the API server may take to become ready. Three seconds are usual; a machine that also compiles needs many more.
const READY: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(50);
/// How long a token on request lives.
const TOKEN_SECONDS: i64 = 24 * 60 * 60;

/// What can go wrong with an API server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A binary is missing.
    #[error("cannot start an API server without its parts")]
    Parts(#[from] parts::Error),
    /// A process failed.
    #[error("a process of the API server failed")]
    Component(#[from] component::Error),
    /// Certificates, tokens or kubeconfigs could not be made.
    #[error("cannot make the files of the API server")]
    Files(#[from] control_plane::files::Error),
    /// A client certificate could not be made.
    #[error("cannot make a client certificate")]
    Certificate(#[from] certificates::Error),
    /// A client could not be made.
    #[error("cannot reach the API server")]
    Connection(#[from] connection::Error),
    /// A directory, port or thread could not be had.
    #[error("cannot prepare the API server")]
    Prepare(#[from] io::Error),
    /// It did not become ready in time.
    #[error("the API server is not ready after {} s: {last}; the end of its log:\n{log}", READY.as_secs())]
    NotReady {
        /// What it answered last.
        last: String,
        /// The last lines it wrote.
        log: String,
    },
    /// The API refused what the lab needs.
    #[error("the API server refused to {act}")]
    Refused {
        /// What was asked.
        act: &'static str,
        /// Its answer.
        source: Box<kube::Error>,
    },
    /// Nobody has this name.
    #[error("there is no identity `{0}`")]
    UnknownIdentity(String),
}

/// What an API server is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Run kube-controller-manager too: namespaces then really go away, owned objects are collected, Deployments
    /// get their `ReplicaSet`s and namespaces their default service account and root certificate.
    pub controllers: bool,
}

/// etcd and kube-apiserver, perhaps with kube-controller-manager.
pub struct ApiServer {
    // The order is the order of the end: processes before their directory.
    controllers: Option<Component>,
    server: Component,
    etcd: Component,
    identities: Mutex<Vec<Connection>>,
    files: Arc<Files>,
    _loopback: Option<Loopback>,
}

/// What an API server on loopback holds: its ports and its directory in memory.
struct Loopback {
    _ports: [ReservedPort; 3],
    _state: StateDirectory,
}

impl ApiServer {
    /// Starts one on loopback, without controllers, and waits until it is ready.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(&Options::default())
    }

    /// Starts one on loopback, with controllers, and waits until it is ready.
    pub fn with_controllers() -> Result<Self, Error> {
        Self::start_with(&Options { controllers: true })
    }

    /// The one that all tests of this process share; started, without controllers, by whoever asks first.
    ///
    /// # Panics
    /// When it cannot be started: a test without its server has failed.
    #[allow(clippy::panic, reason = "a test that cannot have its server must fail, not skip")]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ApiServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("{}", crate::chain(&error))))
    }

    /// Starts one on loopback and waits until it is ready.
    pub fn start_with(options: &Options) -> Result<Self, Error> {
        let state = StateDirectory::new()?;
        let ports = [ReservedPort::new()?, ReservedPort::new()?, ReservedPort::new()?];
        let addresses = Addresses {
            host: Ipv4Addr::LOCALHOST.into(),
            port: ports[0].number(),
            etcd_port: ports[1].number(),
            etcd_peer_port: ports[2].number(),
            service_cidr: "10.0.0.0/24".to_owned(),
            kubernetes_service: Ipv4Addr::new(10, 0, 0, 1),
        };
        let files = Arc::new(Files::create(state.path(), "loopback", &addresses, &[])?);
        let control_plane = ControlPlane { files, addresses, network_namespace: None };
        let controllers = if options.controllers { Some(control_plane.controller_manager()?) } else { None };
        let loopback = Some(Loopback { _ports: ports, _state: state });
        Self { controllers, _loopback: loopback, ..Self::of(&control_plane)? }.started()
    }

    /// Starts the API server of a cluster and waits until it is ready.
    pub(crate) fn start_for(control_plane: &ControlPlane) -> Result<Self, Error> {
        let controllers = Some(control_plane.controller_manager()?);
        Self { controllers, ..Self::of(control_plane)? }.started()
    }

    fn of(control_plane: &ControlPlane) -> Result<Self, Error> {
        Ok(Self {
            controllers: None,
            server: control_plane.api_server()?,
            etcd: control_plane.etcd()?,
            identities: Mutex::new(control_plane.files.identities().to_vec()),
            files: Arc::clone(&control_plane.files),
            _loopback: None,
        })
    }

    fn started(self) -> Result<Self, Error> {
        self.start_again()?;
        let admin = self.connection(identity::ADMIN)?;
        blocking::run(async move {
            identity::allow_user(&admin.client()?, identity::READER, &identity::read_everything())
                .await
                .map_err(|source| Error::Refused {
                    act: "allow the reader to read",
                    source: Box::new(source),
                })
        })??;
        Ok(self)
    }

    /// `https://address:port`.
    pub fn host(&self) -> &str {
        self.files.identities().first().map_or("", |connection| &connection.host)
    }

    /// The certificate of the authority that signed the API server's certificate.
    pub fn ca_pem(&self) -> &str {
        self.files.authority().pem()
    }

    /// The authority that signs the API server's certificate and its users', with its key.
    pub fn authority(&self) -> Certificate {
        self.files.authority().files()
    }

    /// A kubeconfig file with the contexts `admin`, which is the current one, and `reader`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.files.path("admin.kubeconfig")
    }

    /// The bearer token of an identity.
    pub fn token(&self, identity: &str) -> Result<String, Error> {
        Ok(self.connection(identity)?.token)
    }

    /// A client with all rights. Call it inside the runtime that will use it.
    pub fn client(&self) -> Result<Client, Error> {
        self.client_as(identity::ADMIN)
    }

    /// A client of one identity. Call it inside the runtime that will use it.
    pub fn client_as(&self, identity: &str) -> Result<Client, Error> {
        Ok(self.connection(identity)?.client()?)
    }

    /// How one identity reaches the API server.
    pub fn connection(&self, identity: &str) -> Result<Connection, Error> {
        let identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        let found = identities.iter().find(|connection| connection.name == identity);
        found.cloned().ok_or_else(|| Error::UnknownIdentity(identity.to_owned()))
    }

    /// Makes an identity, a service account in `default`, that may do exactly what `rules` say in the whole
    /// cluster, and returns its token.
    pub fn add_identity(&self, name: &str, rules: &[PolicyRule]) -> Result<String, Error> {
        let admin = self.connection(identity::ADMIN)?;
        let token = blocking::run(async {
            identity::service_account(&admin.client()?, name, rules, TOKEN_SECONDS)
                .await
                .map_err(|source| Error::Refused { act: "make an identity", source: Box::new(source) })
        })??;
        let connection = Connection { name: name.to_owned(), token: token.clone(), ..admin };
        self.identities.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(token)
    }

    /// What all identities of [`add_identity`](Self::add_identity) ask, from the first request on.
    pub fn audit(&self) -> AuditLog {
        AuditLog::of(&self.files.path(files::AUDIT_LOG))
    }

    /// How many requests all identities of [`add_identity`](Self::add_identity) have made so far.
    pub fn requests_of_identities(&self) -> Result<usize, Error> {
        let requests = self.audit().news()?;
        Ok(requests.into_iter().map(|request| request.id).collect::<BTreeSet<String>>().len())
    }

    /// A client certificate for a user, in one group.
    pub fn client_certificate(&self, user: &str, group: Option<&str>) -> Result<Certificate, Error> {
        Ok(self.files.authority().client(user, group)?)
    }

    /// Stops the API server: its port refuses connections. What it stored stays.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Kills the API server without any goodbye. What it stored stays.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts what does not run, after [`stop`](Self::stop) or [`kill`](Self::kill), on the same port, and waits
    /// until it is ready.
    pub fn start_again(&self) -> Result<(), Error> {
        self.etcd.start()?;
        self.server.start()?;
        let admin = self.connection(identity::ADMIN)?;
        blocking::run(self.wait_until_ready(&admin))??;
        if let Some(controllers) = &self.controllers {
            controllers.start()?;
        }
        Ok(())
    }

    /// Makes it accept connections and answer nothing.
    pub fn freeze(&self) -> Result<(), Error> {
        Ok(self.server.freeze()?)
    }

    /// Lets it answer again.
    pub fn thaw(&self) -> Result<(), Error> {
        Ok(self.server.thaw()?)
    }

    /// The processes: `etcd`, `kube-apiserver` and perhaps `kube-controller-manager`.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        [Some(&self.etcd), Some(&self.server), self.controllers.as_ref()].into_iter().flatten()
    }

    async fn wait_until_ready(&self, admin: &Connection) -> Result<(), Error> {
        let deadline = Instant::now() + READY;
        let client = admin.client()?;
        loop {
            self.etcd.check()?;
            self.server.check()?;
            let last = match readiness(&client).await {
                Ok(()) => return Ok(()),
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                return Err(Error::NotReady { last, log: self.server.log_tail(15) });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Ready, and with the namespaces that every cluster has.
async fn readiness(client: &Client) -> Result<(), Box<kube::Error>> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(kube::Error::HttpError)?;
    client.request_text(request).await?;
    let namespaces = Api::<Namespace>::all(client.clone());
    for name in ["default", "kube-system"] {
        namespaces.get(name).await?;
    }
    Ok(())
}
