//! The connections of a client: TCP, the proxy, TLS, HTTP.
//!
//! As with client-go, all requests share one connection where the server speaks HTTP/2. A port forward takes a connection over, which only
//! HTTP/1.1 allows, so it has connections of its own.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Uri, header};
use hyper_rustls::{DefaultServerNameResolver, FixedServerNameResolver, HttpsConnector, ResolveServerName};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
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

/// How long a connection may be silent before it is asked for a sign of life, and how long that may take: client-go's own figures
/// (`ReadIdleTimeout` and `PingTimeout` of k8s.io/apimachinery). A dead connection would hold up every request.
const SILENCE: Duration = Duration::from_secs(30);
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// The protocols that a server may choose from, by their names in ALPN.
const ANY_HTTP: [&[u8]; 2] = [b"h2", b"http/1.1"];
const HTTP_1: [&[u8]; 1] = [b"http/1.1"];

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
            let over = |protocols: &[&[u8]]| {
                let mut connector =
                    TimeoutConnector::new(secured($connector, connection, identity, protocols)?);
                connector.set_connect_timeout(Some(limits.connect));
                Ok::<_, kube::Error>(connector)
            };
            finished(over(&ANY_HTTP)?, over(&HTTP_1)?, connection)
        }};
    }
    let Some(proxy) = &connection.proxy else { return over!(tcp.clone()) };
    match proxy.protocol {
        Protocol::Http => over!(tunnel(proxy, tcp.clone())),
        Protocol::Https => {
            // Go trusts the same certificates for the proxy as for the server.
            let https = HttpsConnector::from((tcp, tls::configuration(connection, None)?));
            over!(tunnel(proxy, ServiceExt::<Uri>::map_err(https.clone(), ProxyConnectionError)))
        }
        Protocol::Socks => over!(socks(proxy, tcp.clone())),
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

/// TLS to the server over `connector`, for one of these protocols.
fn secured<C>(
    connector: C,
    connection: &Connection,
    identity: Option<&Identity>,
    protocols: &[&[u8]],
) -> Result<HttpsConnector<C>, kube::Error> {
    let mut configuration = tls::configuration(connection, identity)?;
    configuration.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
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

/// A client over `connector`, and over `upgradable` for requests that take their connection over.
fn finished<C>(connector: C, upgradable: C, connection: &Connection) -> Result<Client, kube::Error>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(SILENCE)
        .http2_keep_alive_timeout(SIGN_OF_LIFE);
    let client: legacy::Client<_, Body> = builder.build(connector);
    let upgrading: legacy::Client<_, Body> = builder.build(upgradable);
    let send = move |request: Request<Body>| {
        let client = if request.headers().contains_key(header::UPGRADE) { &upgrading } else { &client };
        client.request(request)
    };
    let config = connection.kube_config();
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(config.extra_headers_layer()?)
        .service(tower::service_fn(send));
    Ok(Client::new(service, config.default_namespace))
}
