//! The connections of a client: TCP, the proxy, TLS, HTTP/1.1.

use std::sync::Arc;

use http::Uri;
use hyper_rustls::{DefaultServerNameResolver, FixedServerNameResolver, HttpsConnector, ResolveServerName};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::Client;
use kube::client::{Body, ConfigExt as _};
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use thiserror::Error;
use tower::{BoxError, ServiceBuilder, ServiceExt};

use super::connection::Connection;
use super::credentials::basic;
use super::pem::Identity;
use super::proxy::{Protocol, Proxy};
use super::settings::Limits;
use super::tls;

/// The TLS connection to a proxy failed.
#[derive(Debug, Error)]
#[error("cannot connect to the proxy")]
pub(super) struct ProxyConnectionError(#[source] BoxError);

/// A client without credentials but the certificate of `identity`, or else the connection's own.
pub(super) fn client(
    connection: &Connection,
    identity: Option<&Identity>,
    limits: &Limits,
) -> Result<Client, kube::Error> {
    let identity = identity.or(connection.identity.as_ref());
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // A function would have to name the traits of hyper's streams.
    macro_rules! over {
        ($connector:expr) => {{
            let mut connector = TimeoutConnector::new(secured($connector, connection, identity)?);
            connector.set_connect_timeout(Some(limits.connect));
            finished(connector, connection)
        }};
    }
    let Some(proxy) = &connection.proxy else { return over!(tcp) };
    match proxy.protocol {
        Protocol::Http => over!(tunnel(proxy, tcp)),
        Protocol::Https => {
            // Go trusts the same certificates for the proxy as for the server.
            let https = HttpsConnector::from((tcp, tls::configuration(connection, None)?));
            over!(tunnel(proxy, ServiceExt::<Uri>::map_err(https, ProxyConnectionError)))
        }
        Protocol::Socks => over!(socks(proxy, tcp)),
    }
}

fn tunnel<C>(proxy: &Proxy, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.address.clone(), connector);
    match proxy.login.as_ref().and_then(|(username, password)| basic(username, password)) {
        Some(header) => tunnel.with_auth(header),
        None => tunnel,
    }
}

fn socks<C>(proxy: &Proxy, connector: C) -> SocksV5<C> {
    let socks = SocksV5::new(proxy.address.clone(), connector);
    match &proxy.login {
        Some((username, password)) => socks.with_auth(username.clone(), password.expose_secret().to_owned()),
        None => socks,
    }
}

/// TLS to the server over `connector`.
fn secured<C>(
    connector: C,
    connection: &Connection,
    identity: Option<&Identity>,
) -> Result<HttpsConnector<C>, kube::Error> {
    let configuration = tls::configuration(connection, identity)?;
    let names: Arc<dyn ResolveServerName + Send + Sync> = match &connection.tls_server_name {
        Some(name) => {
            let name = ServerName::try_from(name.clone());
            Arc::new(FixedServerNameResolver::new(
                name.map_err(|error| kube::Error::Service(Box::new(error)))?,
            ))
        }
        None => Arc::new(DefaultServerNameResolver::default()),
    };
    Ok(HttpsConnector::new(connector, configuration, false, names))
}

fn finished<C>(connector: C, connection: &Connection) -> Result<Client, kube::Error>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let client: legacy::Client<_, Body> = legacy::Client::builder(TokioExecutor::new()).build(connector);
    let config = connection.kube_config();
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(config.extra_headers_layer()?)
        .service(client);
    Ok(Client::new(service, config.default_namespace))
}
