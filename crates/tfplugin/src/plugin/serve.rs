//! From the start of the process to its end.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use super::connection::Connection;
use super::handshake::{Handshake, HandshakeError};
use super::listener::{Address, ListenError, Listener};
use super::log;
use super::parent::Parent;
use super::services::PluginServices;
use super::tls::{self, TlsError};
use crate::Provider;
use crate::generated::plugin::{
    grpc_broker_server::GrpcBrokerServer, grpc_controller_server::GrpcControllerServer,
    grpc_stdio_server::GrpcStdioServer,
};
use crate::generated::tfplugin5::provider_server::ProviderServer;
use crate::panics;
use crate::protocol5::Service;
use crate::registry::RegistryError;
use crate::stopping::Stopping;

/// The largest message in either direction, as in the Go SDK.
const MAX_MESSAGE: usize = 256 << 20;

/// How long an answer may still take after `Shutdown`; Terraform kills us 2 s after it.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// How long work may take to stop after Terraform itself is gone.
const ORPHAN_GRACE: Duration = Duration::from_secs(2);

/// How long a client may take for the TLS handshake.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error("the provider contradicts itself")]
    Registry(#[from] RegistryError),
    #[error("start the asynchronous runtime")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("handle signals")]
    Signals(#[source] io::Error),
    #[error("write the handshake to stdout")]
    Stdout(#[source] io::Error),
    #[error("serve Terraform's calls")]
    Server(#[source] tonic::transport::Error),
}

/// Serves a provider to the Terraform that has started this process, until it says that it is done: the whole of a
/// provider's `main`. With `--debug` among the arguments it waits for Terraform runs that are told of it by
/// `TF_REATTACH_PROVIDERS` instead.
///
/// Whatever goes wrong is said on stderr, and the status is a failure.
pub fn serve<P: Provider>(provider: P) -> ExitCode {
    panics::install_hook();
    let debug = std::env::args().skip(1).any(|argument| argument == "--debug" || argument == "-debug");
    match run(provider, debug) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn run<P: Provider>(provider: P, debug: bool) -> Result<(), ServeError> {
    // In debug mode nobody is our parent.
    let parent = if debug { None } else { Some(Parent::of_this_process()) };
    let handshake = if debug {
        Handshake::default()
    } else {
        Handshake::from_environment(|name| std::env::var(name).ok())?
    };
    log::install(P::name(), P::LOG_TARGETS);
    let stopping = Stopping::new(debug);
    let service = Service::new(provider, stopping.clone())?;
    let runtime = runtime().map_err(ServeError::Runtime)?;
    let served = runtime.block_on(serve_connections(service, stopping, &handshake, parent));
    // Work that outlives its answer has nobody to report to.
    runtime.shutdown_background();
    served
}

/// Operations mostly wait for others, so one thread does for all of them, beside the one that waits for Terraform: each has memory of its
/// own, which the others cannot use. Work that needs the processor for long takes threads for itself.
fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

async fn serve_connections<P: Provider>(
    service: Service<P>,
    stopping: Stopping,
    handshake: &Handshake,
    parent: Option<Parent>,
) -> Result<(), ServeError> {
    let debug = parent.is_none();
    let shutdown = CancellationToken::new();
    handle_interrupts(debug, shutdown.clone()).map_err(ServeError::Signals)?;
    let (tls, certificate) = match &handshake.client_certificate {
        Some(pem) => tls::acceptor(pem).map(|(acceptor, der)| (Some(acceptor), Some(der)))?,
        None => (None, None),
    };
    #[cfg(unix)]
    let (listener, address) = Listener::open(handshake)?;
    #[cfg(not(unix))]
    let (listener, address) = Listener::open(handshake).await?;
    let line =
        if debug { reattach(P::ADDRESS, &address) } else { handshake.line(&address, certificate.as_deref()) };
    writeln!(io::stdout(), "{line}").and_then(|()| io::stdout().flush()).map_err(ServeError::Stdout)?;

    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("plugin", tonic_health::ServingStatus::Serving).await;
    let plugin = PluginServices { shutdown: shutdown.clone(), obeys_shutdown: !debug };
    let provider = ProviderServer::new(service)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let serving = Server::builder()
        .add_service(provider)
        .add_service(GrpcControllerServer::new(plugin.clone()))
        .add_service(GrpcStdioServer::new(plugin.clone()))
        .add_service(GrpcBrokerServer::new(plugin))
        .add_service(health)
        .serve_with_incoming_shutdown(
            connections(Arc::new(listener), tls),
            shutdown.clone().cancelled_owned(),
        );
    tokio::select! {
        served = serving => served.map_err(ServeError::Server),
        () = after(shutdown.cancelled(), SHUTDOWN_GRACE) => Ok(()),
        () = orphaned(parent, &stopping) => Ok(()),
    }
}

async fn after(event: impl Future<Output = ()>, grace: Duration) {
    event.await;
    tokio::time::sleep(grace).await;
}

/// Ends when Terraform is gone and work under way has had its time to stop.
async fn orphaned(parent: Option<Parent>, stopping: &Stopping) {
    match parent {
        Some(parent) => parent.gone().await,
        None => std::future::pending().await,
    }
    tracing::error!("Terraform is gone; the provider stops");
    stopping.stop();
    tokio::time::sleep(ORPHAN_GRACE).await;
}

/// Connections that have passed TLS. A handshake that fails, or takes its time, holds up nobody else.
fn connections(
    listener: Arc<Listener>,
    tls: Option<TlsAcceptor>,
) -> BoxStream<'static, io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        while !sender.is_closed() {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            match accepted {
                Ok(connection) => {
                    let (sender, tls) = (sender.clone(), tls.clone());
                    tokio::spawn(async move {
                        if let Some(connection) = secured(connection, tls).await {
                            // The server is gone: so is the connection.
                            let _ = sender.send(Ok(connection)).await;
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    });
    ReceiverStream::new(receiver).boxed()
}

async fn secured(connection: Connection, tls: Option<TlsAcceptor>) -> Option<Connection> {
    let Some(tls) = tls else {
        return Some(connection);
    };
    match tokio::time::timeout(TLS_TIMEOUT, tls.accept(connection)).await {
        Ok(Ok(stream)) => Some(Connection::new(stream)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a connection was refused");
            None
        }
        Err(_) => {
            tracing::warn!("a connection took too long for its TLS handshake");
            None
        }
    }
}

/// Ctrl-C reaches the whole process group, so us, too; but it is Terraform that decides what it means, and tells us by
/// `Stop`. In debug mode it is meant for us.
fn handle_interrupts(debug: bool, shutdown: CancellationToken) -> io::Result<()> {
    let interrupted = interrupts()?;
    tokio::spawn(async move {
        let mut interrupted = std::pin::pin!(interrupted);
        let mut count = 0_u32;
        while interrupted.next().await.is_some() {
            count += 1;
            if debug {
                shutdown.cancel();
                return;
            }
            tracing::info!(count, "ignored an interrupt: Terraform says when to stop");
        }
    });
    Ok(())
}

#[cfg(unix)]
fn interrupts() -> io::Result<impl futures::Stream<Item = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::interrupt()).map(tokio_stream::wrappers::SignalStream::new)
}

#[cfg(windows)]
fn interrupts() -> io::Result<impl futures::Stream<Item = ()> + Send> {
    tokio::signal::windows::ctrl_c().map(tokio_stream::wrappers::CtrlCStream::new)
}

/// What Terraform needs to know of a provider that it has not started.
fn reattach(provider: &str, address: &Address) -> String {
    let (network, text) = address.network_and_text();
    let reattach = serde_json::json!({
        provider: {
            "Protocol": "grpc",
            "ProtocolVersion": 5,
            "Pid": std::process::id(),
            "Test": true,
            "Addr": { "Network": network, "String": text },
        }
    });
    format!(
        "The provider waits for Terraform runs that have this variable:\n\n\tTF_REATTACH_PROVIDERS='{reattach}'\n"
    )
}
