//! An HTTP proxy in front of the API server: it counts the requests that pass, stops at a write if it is told to, and makes some of
//! the requests go wrong if it is given a seed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The verbs that change something.
const WRITES: [&str; 5] = ["create", "update", "apply", "patch", "delete"];
/// The longest body that is passed on.
const LONGEST: usize = 64 << 20;

/// What happens to one request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// It goes no further and is answered with this code.
    Refuse(StatusCode),
    /// The server does it, and the client is told this code.
    Hide(StatusCode),
    /// Of the answer's body only the first of so many parts in a thousand come, in an answer that looks whole.
    Truncate(usize),
    /// The answer comes later.
    Delay(Duration),
}

/// The proxy; it ends with the runtime that it was started in.
#[derive(Clone)]
pub struct HttpProxy {
    address: SocketAddr,
    state: Arc<Shared>,
}

struct Shared {
    server: kube::Client,
    random: Option<Mutex<TestRng>>,
    calm: AtomicBool,
    broken: AtomicUsize,
    counts: Mutex<BTreeMap<&'static str, usize>>,
    seen: watch::Sender<Seen>,
    /// How many writes pass.
    limit: usize,
}

/// How many requests have come so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// All of them.
    pub requests: usize,
    /// Those that change something.
    pub writes: usize,
}

impl HttpProxy {
    /// Starts before the server that `server` reaches, with its credentials. Without a seed nothing goes wrong.
    pub async fn start(server: kube::Client, seed: Option<u64>) -> Self {
        Self::start_with(server, seed, usize::MAX).await
    }

    /// The same; it lets so many writes pass and keeps all others, which are never answered.
    pub async fn stopping_after(writes: usize, server: kube::Client) -> Self {
        Self::start_with(server, None, writes).await
    }

    async fn start_with(server: kube::Client, seed: Option<u64>, limit: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Shared {
            server,
            random: seed.map(|seed| Mutex::new(random(seed))),
            calm: AtomicBool::new(false),
            broken: AtomicUsize::new(0),
            counts: Mutex::default(),
            seen: watch::Sender::default(),
            limit,
        });
        let service = axum::Router::new().fallback(pass).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { address, state }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://address:port`.
    pub fn host(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has come so far.
    pub fn seen(&self) -> Seen {
        *self.state.seen.borrow()
    }

    /// Waits until this has come.
    pub async fn until(&self, has_come: impl FnMut(&Seen) -> bool) {
        self.state.seen.subscribe().wait_for(has_come).await.unwrap();
    }

    /// Waits until a write has come that it keeps.
    pub async fn until_it_stops(&self) {
        self.until(|seen| seen.writes > self.state.limit).await;
    }

    /// How many requests went wrong.
    pub fn broken(&self) -> usize {
        self.state.broken.load(Ordering::SeqCst)
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&self) {
        self.state.calm.store(true, Ordering::SeqCst);
    }

    /// How many requests of each verb passed since the last call.
    pub fn take_counts(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut self.state.counts.lock().unwrap())
    }
}

/// A generator of random numbers for one seed.
pub fn random(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

impl Shared {
    fn draw(&self) -> Fault {
        let Some(random) = self.random.as_ref().filter(|_| !self.calm.load(Ordering::SeqCst)) else {
            return Fault::None;
        };
        let mut random = random.lock().unwrap();
        let mut below = |limit: u32| random.next_u32() % limit;
        let codes = [429, 500, 503].map(|code| StatusCode::from_u16(code).unwrap());
        let code = codes[below(3) as usize];
        match below(20) {
            0 => Fault::Refuse(code),
            1 => Fault::Hide(code),
            2 | 3 => Fault::Truncate(below(1000) as usize),
            4 => Fault::Delay(Duration::from_millis(u64::from(below(40)))),
            _ => Fault::None,
        }
    }
}

async fn pass(State(state): State<Arc<Shared>>, request: Request) -> Response {
    let verb = verb(request.method(), request.uri(), request.headers());
    *state.counts.lock().unwrap().entry(verb).or_default() += 1;
    let mut is_kept = false;
    state.seen.send_modify(|seen| {
        seen.requests += 1;
        seen.writes += usize::from(WRITES.contains(&verb));
        is_kept = WRITES.contains(&verb) && seen.writes > state.limit;
    });
    if is_kept {
        std::future::pending::<()>().await;
    }
    let fault = state.draw();
    if !matches!(fault, Fault::None | Fault::Delay(_)) {
        state.broken.fetch_add(1, Ordering::SeqCst);
    }
    if let Fault::Refuse(code) = fault {
        return refusal(code);
    }
    let Ok((head, mut body)) = forward(&state, request).await else {
        return refusal(StatusCode::BAD_GATEWAY);
    };
    match fault {
        Fault::Hide(code) => return refusal(code),
        Fault::Truncate(parts) => body.truncate(body.len() * parts / 1000),
        Fault::Delay(delay) => tokio::time::sleep(delay).await,
        Fault::None | Fault::Refuse(_) => {}
    }
    Response::from_parts(head, Body::from(body))
}

fn refusal(code: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response.headers_mut().insert(RETRY_AFTER, "0".parse().unwrap());
    response
}

async fn forward(
    state: &Shared,
    request: Request,
) -> Result<(http::response::Parts, Vec<u8>), axum::BoxError> {
    let (mut head, body) = request.into_parts();
    for name in [HOST, AUTHORIZATION, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    head.uri = head.uri.path_and_query().unwrap().as_str().parse()?;
    let body = axum::body::to_bytes(body, LONGEST).await?.to_vec();
    let answer = state.server.send(Request::from_parts(head, body.into())).await?;
    let (mut head, body) = answer.into_parts();
    for name in [CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    Ok((head, body.collect().await?.to_bytes().to_vec()))
}

/// A request's verb, as an audit log tells it; reads of discovery and schemas are `discovery`, and what changes nothing is `dry-run`.
fn verb(method: &Method, uri: &Uri, headers: &HeaderMap) -> &'static str {
    let steps: Vec<&str> = uri.path().split('/').filter(|step| !step.is_empty()).collect();
    let query = uri.query().unwrap_or_default();
    let below = match steps.as_slice() {
        ["api", _, below @ ..] | ["apis", _, _, below @ ..] => below,
        _ => &[],
    };
    let below = match below {
        ["namespaces", _, below @ ..] if !below.is_empty() => below,
        below => below,
    };
    let is_apply =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/apply"));
    match method.as_str() {
        _ if below.is_empty() => "discovery",
        _ if query.contains("dryRun=All") => "dry-run",
        "GET" if query.contains("watch=") => "watch",
        "GET" if below.len() == 1 => "list",
        "GET" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" if is_apply => "apply",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "other",
    }
}
