use std::time::{Duration, Instant};

use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::core::Status;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::engine::{Credentials, Engine};
use crate::patience::{Worth, worth};
use crate::progress::Progress;
use crate::redaction::redacted;
use crate::request_error::{RequestError, Target, Transport, Verb};

const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a request may still be repeated when the operation's time is over: what was done has to be recorded.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How much of an answer that is no `Status` is quoted.
const QUOTED: usize = 300;

/// One request, with what its errors say about it.
pub(crate) struct Call {
    pub verb: Verb,
    pub target: Target,
    pub method: Method,
    /// Path and query.
    pub uri: String,
    pub accept: &'static str,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    /// Whether the body holds secrets though the target is no Secret.
    pub is_confidential: bool,
}

/// A successful answer.
pub(crate) struct Answer<T> {
    pub status: StatusCode,
    pub content: T,
    /// How often the request was sent.
    pub attempts: u32,
}

/// One attempt that did not succeed.
enum Attempt {
    Answered(StatusCode, Option<Duration>, Box<Status>),
    Broken(Transport),
    Malformed(serde_json::Error),
}

impl Call {
    pub fn get(verb: Verb, target: Target, uri: String) -> Self {
        Self::new(verb, target, Method::GET, uri, "application/json", Vec::new())
    }

    pub fn new(
        verb: Verb,
        target: Target,
        method: Method,
        uri: String,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Self {
        Self {
            verb,
            target,
            method,
            uri,
            accept: "application/json",
            content_type,
            body,
            is_confidential: false,
        }
    }

    pub fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    pub fn confidential(mut self, is_confidential: bool) -> Self {
        self.is_confidential = is_confidential;
        self
    }

    fn request(&self) -> Result<Request<Body>, http::Error> {
        let mut request =
            Request::builder().method(&self.method).uri(&self.uri).header(header::ACCEPT, self.accept);
        if !self.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, self.content_type);
        }
        request.body(Body::from(self.body.clone()))
    }

    pub fn cancelled(&self) -> RequestError {
        RequestError::Cancelled { verb: self.verb, target: Box::new(self.target.clone()) }
    }

    /// An error for an answer that no repetition changes.
    fn refused(&self, code: StatusCode, source: Box<Status>) -> RequestError {
        let (verb, target) = (self.verb, Box::new(self.target.clone()));
        match code {
            StatusCode::UNAUTHORIZED => RequestError::Unauthorized { verb, target, source },
            StatusCode::FORBIDDEN => RequestError::Forbidden { verb, target, source },
            StatusCode::NOT_FOUND => RequestError::NotFound { verb, target, source },
            StatusCode::CONFLICT => RequestError::Conflict { verb, target, source },
            _ => RequestError::Refused { verb, target, source },
        }
    }

    /// An error for a failure that lasted as long as it may be repeated.
    fn given_up(&self, attempt: Attempt, attempts: u32, elapsed: Duration) -> RequestError {
        let (verb, target) = (self.verb, Box::new(self.target.clone()));
        match attempt {
            Attempt::Answered(_, _, source) => {
                RequestError::Unavailable { verb, target, attempts, elapsed, source }
            }
            Attempt::Broken(source) => RequestError::Unreachable { verb, target, attempts, elapsed, source },
            Attempt::Malformed(source) => RequestError::Malformed { verb, target, source },
        }
    }

    /// What is waited for after this attempt, for the log.
    fn awaited(&self, attempt: &Attempt) -> String {
        let Self { verb, target, .. } = self;
        match attempt {
            Attempt::Answered(_, _, status) => format!("{verb} {target}: {}", status.message),
            Attempt::Broken(transport) => format!("{verb} {target}: {transport}"),
            Attempt::Malformed(_) => format!("{verb} {target}: the answer is incomplete"),
        }
    }

    fn may_hold_secrets(&self) -> bool {
        match &self.target {
            _ if self.is_confidential => true,
            Target::Object(id) => id.is_secret(),
            Target::Kind(kind, _) => kind.group.is_empty() && kind.kind == "Secret",
            Target::Document(_) => false,
        }
    }
}

impl Engine {
    /// Sends a request until its JSON is there, or it is refused, out of time or cancelled.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        call: &Call,
        cancel: &CancellationToken,
    ) -> Result<Answer<T>, RequestError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(call.cancelled()),
            answer = self.send_until_answered(call) => answer,
        }
    }

    /// Sends a request and keeps only the JSON of its answer.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        call: &Call,
        cancel: &CancellationToken,
    ) -> Result<T, RequestError> {
        Ok(self.send(call, cancel).await?.content)
    }

    async fn send_until_answered<T: DeserializeOwned>(&self, call: &Call) -> Result<Answer<T>, RequestError> {
        let began = Instant::now();
        let mut progress = Progress::begin(&self.shared.options.cluster);
        let mut pause = self.shared.options.budgets.first_pause;
        let mut fresh_credentials = false;
        for attempts in 1.. {
            let Credentials { client, generation } = self.shared.credentials.read().await.clone();
            let failed = match self.attempt(client, call).await {
                Ok((status, content)) => return Ok(Answer { status, content, attempts }),
                Err(failed) => failed,
            };
            if let Attempt::Answered(StatusCode::UNAUTHORIZED, ..) = failed
                && !fresh_credentials
                && self.reauthenticate(call, generation).await?
            {
                fresh_credentials = true;
                continue;
            }
            let worth = failed.worth();
            let mut wait = pause;
            match failed {
                Attempt::Answered(code, _, status) if worth == Worth::Nothing => {
                    return Err(call.refused(code, status));
                }
                Attempt::Answered(_, Some(after), _) => wait = wait.max(after),
                _ => {}
            }
            if worth == Worth::Nothing || began.elapsed() + wait > self.time_for(worth, began) {
                return Err(call.given_up(failed, attempts, began.elapsed()));
            }
            progress.waits_for(&call.awaited(&failed));
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(call.cancelled())
    }

    /// How long a request that began then may be repeated.
    fn time_for(&self, worth: Worth, began: Instant) -> Duration {
        let a_while = self.shared.options.budgets.retry_time;
        let Some(deadline) = self.deadline else { return a_while };
        let all = deadline.saturating_duration_since(began).max(LAST_REQUESTS);
        if worth == Worth::AsLongAsItTakes { all } else { all.min(a_while) }
    }

    /// Whether there are other credentials than those of this generation to try again with. Of several requests that are rejected together
    /// the first gets fresh ones and the others use them.
    async fn reauthenticate(&self, call: &Call, generation: u64) -> Result<bool, RequestError> {
        let Some(reauthenticate) = &self.shared.options.reauthenticate else { return Ok(false) };
        let mut credentials = self.shared.credentials.write().await;
        if credentials.generation == generation {
            let client = reauthenticate.client().await.map_err(|source| RequestError::Reauthenticate {
                verb: call.verb,
                target: Box::new(call.target.clone()),
                source: Box::new(source),
            })?;
            *credentials = Credentials { client, generation: generation + 1 };
        }
        Ok(true)
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        client: kube::Client,
        call: &Call,
    ) -> Result<(StatusCode, T), Attempt> {
        let limit = self.shared.options.budgets.request_timeout;
        // The semaphore is never closed, so that an error here cannot be; no permit would only mean no limit.
        let _permit = self.shared.requests.acquire().await;
        let request = call.request().map_err(|error| Attempt::Broken(error.into()))?;
        let exchange = async {
            let response = client.send(request).await?;
            let (parts, body) = response.into_parts();
            Ok::<_, kube::Error>((parts, body.collect().await?.to_bytes()))
        };
        let (parts, body) = tokio::time::timeout(limit, exchange)
            .await
            .map_err(|_| Attempt::Broken(Transport::TimedOut(limit)))?
            .map_err(|error| failed(error, call.may_hold_secrets()))?;
        if parts.status.is_success() {
            let content = serde_json::from_slice(&body).map_err(Attempt::Malformed)?;
            return Ok((parts.status, content));
        }
        let after =
            parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let status = status(parts.status, &body, call.may_hold_secrets());
        Err(Attempt::Answered(parts.status, after.map(Duration::from_secs), Box::new(status)))
    }
}

impl Attempt {
    fn worth(&self) -> Worth {
        match self {
            Self::Answered(code, _, status) => worth(*code, status),
            Self::Broken(transport) if transport.may_pass() => Worth::AsLongAsItTakes,
            // Only an answer that ends too early may be whole the next time.
            Self::Malformed(error) if error.is_eof() => Worth::AWhile,
            Self::Broken(_) | Self::Malformed(_) => Worth::Nothing,
        }
    }
}

/// A client may read an answer itself, and hand on what it says.
fn failed(error: kube::Error, secret: bool) -> Attempt {
    match error {
        kube::Error::Api(status) if let Ok(code) = StatusCode::from_u16(status.code) => {
            let status = if secret { redacted(*status) } else { *status };
            Attempt::Answered(code, None, Box::new(status))
        }
        error => Attempt::Broken(Transport::Failed(Box::new(error))),
    }
}

/// The `Status` of a failure; of an answer about a Secret only what can hold no data of it.
fn status(code: StatusCode, body: &[u8], secret: bool) -> Status {
    // Any JSON object can be read as one, but only API servers say whether it is a success.
    let given = serde_json::from_slice::<Status>(body).ok().filter(|given| given.status.is_some());
    let mut status = given.unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        Status { message: text.chars().take(QUOTED).collect(), ..Status::default() }
    });
    status.code = code.as_u16();
    if status.reason.is_empty() {
        code.canonical_reason().unwrap_or_default().clone_into(&mut status.reason);
    }
    if secret { redacted(status) } else { status }
}
