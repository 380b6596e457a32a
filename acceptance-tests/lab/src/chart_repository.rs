//! A chart repository: a folder with an `index.yaml` and archives, served over HTTP on loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::oneshot;

/// A static HTTP server; it ends when this is dropped.
#[derive(Debug)]
pub struct ChartRepository {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
}

#[derive(Clone)]
struct Served {
    directory: PathBuf,
    authorization: Option<String>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl ChartRepository {
    /// Serves `directory` to everybody.
    pub fn serve(directory: &Path) -> io::Result<Self> {
        Self::start(directory, None)
    }

    /// Serves `directory` to whoever comes with this user and password (HTTP basic authentication).
    pub fn serve_protected(directory: &Path, username: &str, password: &str) -> io::Result<Self> {
        Self::start(directory, Some(format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))))
    }

    fn start(directory: &Path, authorization: Option<String>) -> io::Result<Self> {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let served =
            Served { directory: directory.to_owned(), authorization, requests: Arc::clone(&requests) };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let router = Router::new().fallback(answer).with_state(served);
                tokio::select! {
                    ended = axum::serve(listener, router) => ended,
                    _ = stopped => Ok(()),
                }
            })
        });
        Ok(Self { address, requests, stop: Some(stop) })
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for so far, in order, with or without the right to have them.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ChartRepository {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may have ended by itself.
            let _ = stop.send(());
        }
    }
}

async fn answer(State(served): State<Served>, uri: Uri, headers: HeaderMap) -> Response {
    served.requests.lock().unwrap_or_else(PoisonError::into_inner).push(uri.path().to_owned());
    let given = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
    if served.authorization.as_ref().is_some_and(|wanted| given != Some(wanted.as_bytes())) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"charts\"")])
            .into_response();
    }
    let relative = Path::new(uri.path().trim_start_matches('/'));
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match tokio::fs::read(served.directory.join(relative)).await {
        Ok(content) => content.into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
