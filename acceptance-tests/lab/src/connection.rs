//! How a client reaches an API server: address, trusted authority and one identity's token.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::AuthInfo;
use serde_json::json;

/// What can go wrong with connections.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The description of a connection is not what the client library takes.
    #[error("cannot describe the connection to {host}")]
    Describe {
        /// The API server.
        host: String,
        /// What the library says.
        source: serde_json::Error,
    },
    /// A client could not be made.
    #[error("cannot make a client for {host}")]
    Client {
        /// The API server.
        host: String,
        /// What the library says.
        source: Box<kube::Error>,
    },
    /// The address or the authority's certificate is malformed.
    #[error("malformed connection to {host}")]
    Malformed {
        /// The API server.
        host: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The kubeconfig could not be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: String,
        /// What the system answered.
        source: std::io::Error,
    },
}

/// One way to reach one API server.
#[derive(Clone)]
pub struct Connection {
    /// Its name: the context in a kubeconfig.
    pub name: String,
    /// `https://host:port`.
    pub host: String,
    /// The authority to trust, PEM.
    pub ca_pem: String,
    /// The bearer token.
    pub token: String,
}

impl Connection {
    /// A client. Call it inside the runtime that will use it.
    pub fn client(&self) -> Result<kube::Client, Error> {
        let malformed = |source| Error::Malformed { host: self.host.clone(), source };
        // Only the first of several calls in a process installs it; the others find it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = kube::Config::new(self.host.parse().map_err(|error| malformed(Box::new(error)))?);
        config.root_cert = Some(vec![der(&self.ca_pem).map_err(|error| malformed(Box::new(error)))?]);
        config.auth_info = self.auth_info()?;
        kube::Client::try_from(config)
            .map_err(|source| Error::Client { host: self.host.clone(), source: Box::new(source) })
    }

    fn auth_info(&self) -> Result<AuthInfo, Error> {
        serde_json::from_value(json!({ "token": self.token }))
            .map_err(|source| Error::Describe { host: self.host.clone(), source })
    }
}

/// One kubeconfig with a context for each connection; the first is the current one.
pub fn kubeconfig(connections: &[Connection]) -> serde_json::Value {
    let clusters = connections.iter().map(|it| {
        json!({"name": it.name, "cluster": {"server": it.host, "certificate-authority-data": STANDARD.encode(&it.ca_pem)}})
    });
    let users = connections.iter().map(|it| json!({"name": it.name, "user": {"token": it.token}}));
    let contexts = connections
        .iter()
        .map(|it| json!({"name": it.name, "context": {"cluster": it.name, "user": it.name}}));
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters.collect::<Vec<_>>(),
        "users": users.collect::<Vec<_>>(),
        "contexts": contexts.collect::<Vec<_>>(),
        "current-context": connections.first().map(|it| it.name.clone()),
    })
}

/// Writes [`kubeconfig`] as JSON, which every reader of kubeconfigs takes.
pub fn write_kubeconfig(path: &Path, connections: &[Connection]) -> Result<(), Error> {
    std::fs::write(path, kubeconfig(connections).to_string())
        .map_err(|source| Error::Write { path: path.display().to_string(), source })
}

fn der(pem: &str) -> Result<Vec<u8>, base64::DecodeError> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body)
}
