//! A chart repository: a folder with an `index.yaml` and archives, served over HTTP or HTTPS on loopback.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificates::{Authority, Certificate};
use crate::web::{self, Server};

/// A static HTTP server; it ends when this is dropped.
#[derive(Debug)]
pub struct ChartRepository {
    scheme: &'static str,
    server: Server,
    requests: Arc<Mutex<Vec<String>>>,
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
        Self::start(directory, None, None)
    }

    /// Serves `directory` to whoever comes with this user and password (HTTP basic authentication).
    pub fn serve_protected(directory: &Path, username: &str, password: &str) -> io::Result<Self> {
        Self::start(directory, Some((username, password)), None)
    }

    /// The same over HTTPS, with a certificate from `authority`.
    pub fn serve_encrypted(
        directory: &Path,
        username: &str,
        password: &str,
        authority: &Authority,
    ) -> io::Result<Self> {
        let certificate = web::loopback_certificate(authority)?;
        Self::start(directory, Some((username, password)), Some(certificate))
    }

    fn start(
        directory: &Path,
        login: Option<(&str, &str)>,
        certificate: Option<Certificate>,
    ) -> io::Result<Self> {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let authorization = login.map(|(username, password)| {
            format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
        });
        let state =
            Served { directory: directory.to_owned(), authorization, requests: Arc::clone(&requests) };
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let server = Server::start(Router::new().fallback(answer).with_state(state), certificate)?;
        Ok(Self { scheme, server, requests })
    }

    /// `http://127.0.0.1:port`, or `https`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.host())
    }

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        self.server.host()
    }

    /// The paths that were asked for so far, in order, with or without the right to have them.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
