//! One cluster called `east`, and what its API server thinks of whoever asks.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use istio_provider::clusters::{
    Cluster, ClusterBlock, Clusters, ConnectionConfig, ConnectionSettings, Environment, Error, Limits,
};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::{Api, PostParams};
use lab::api_server::ApiServer;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Long enough for a busy machine, short enough for a test that waits for it to run out.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    response: Duration::from_secs(20),
    exec: Duration::from_secs(20),
    concurrency: 16,
};

pub const ADMIN: &str = lab::api_server::identity::ADMIN;
pub const READER: &str = lab::api_server::identity::READER;

/// The shared server's address and authority; no credentials.
pub fn connection() -> ConnectionConfig {
    to(ApiServer::shared())
}

pub fn to(server: &ApiServer) -> ConnectionConfig {
    ConnectionConfig {
        host: Some(server.host().to_owned()),
        cluster_ca_certificate: Some(server.ca_pem().to_owned()),
        ..Default::default()
    }
}

pub fn token(identity: &str) -> String {
    ApiServer::shared().token(identity).unwrap()
}

pub fn clusters(config: ConnectionConfig, limits: Limits) -> Clusters {
    let connection = ConnectionSettings::Known(Box::new(config));
    let block = ClusterBlock { connection, ..Default::default() };
    Clusters::new(BTreeMap::from([("east".to_owned(), block)]), Environment::default(), limits)
}

pub async fn east(config: ConnectionConfig) -> Cluster {
    clusters(config, LIMITS).get("east").await.unwrap()
}

/// Who the API server says is asking.
pub async fn who(cluster: &Cluster) -> Result<String, Error> {
    let reviews = Api::<SelfSubjectReview>::all(cluster.client());
    let review = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await
        .map_err(|error| cluster.error(error))?;
    Ok(review.status.unwrap().user_info.unwrap().username.unwrap())
}

/// The error with all its causes, after a look for `secrets` in it and in its debug output.
pub fn shown(error: &Error, secrets: &[&str]) -> String {
    let text = lab::chain(error);
    let everything = format!("{text} {error:?} {}", error.way_out());
    for secret in secrets {
        assert!(!everything.contains(secret), "{everything}");
    }
    text
}

pub fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

/// What makes a server with this certificate of a connection.
pub fn tls_acceptor(certificate: &lab::certificates::Certificate) -> tokio_rustls::TlsAcceptor {
    let chain =
        CertificateDer::pem_slice_iter(certificate.certificate.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config))
}
