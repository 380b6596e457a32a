//! Requests to one host: bounded in time and size, tried again when the server fails for a moment, and careful about
//! who gets to see credentials.

use std::error::Error as StdError;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, StatusCode};
use rustls::{CertificateError, InvalidMessage};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::error::Error;
use super::registry::Credentials;

const CONNECT: Duration = Duration::from_secs(10);
/// Without a byte.
const IDLE: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_mins(3);
const REDIRECTS: usize = 10;
/// How often what fails for a moment is tried again.
const AGAIN: usize = 2;
/// Before the second attempt; the third one waits twice as long.
const DELAY: Duration = Duration::from_millis(500);

/// A client that trusts `authorities` besides the system's. Its proxies and certificate authorities apply:
/// `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
pub(super) fn client(authorities: Vec<Certificate>) -> Result<Client, Error> {
    // The program installs it once; whoever uses this as a library may not have.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Only a race with another thread that installs one can make this fail.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    Client::builder()
        .user_agent(concat!("terraform-provider-istio/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(IDLE)
        .timeout(WHOLE)
        .tls_certs_merge(authorities)
        // reqwest itself drops the authorization when a redirect leads to another host or port.
        .redirect(Policy::custom(follow))
        .build()
        .map_err(Error::BuildClient)
}

/// One host as the user describes it. What it redirects to, and who gives out its tokens, is trusted by the same
/// certificate authorities.
#[derive(Clone, Debug)]
pub(super) struct Http {
    /// As the label of its `chart_registry` block names it.
    pub host: String,
    pub client: Client,
    pub credentials: Option<Credentials>,
    /// Whether its OCI charts are fetched without TLS.
    pub is_plain: bool,
}

/// What is presented to a server.
#[derive(Clone, Debug)]
pub(super) enum Authorization {
    Basic(Credentials),
    Bearer(SecretString),
}

/// A question to a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub url: &'a Url,
    pub authorization: Option<&'a Authorization>,
    /// The media type that is wanted.
    pub accept: Option<&'static str>,
    /// The most bytes that are taken.
    pub limit: usize,
}

/// An answer that is no failure of the server.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Of an answer with status 200.
    pub body: Vec<u8>,
    /// Whether another server gave it than the one that was asked.
    pub is_from_elsewhere: bool,
}

impl Http {
    /// The user's name and password, ready to be presented.
    pub fn basic(&self) -> Option<Authorization> {
        self.credentials.clone().map(Authorization::Basic)
    }

    /// The file at `url`, at most `limit` bytes of it. The host's credentials go along.
    pub async fn get(&self, url: &Url, limit: usize) -> Result<Vec<u8>, Error> {
        let authorization = self.basic();
        let question = Question { url, authorization: authorization.as_ref(), accept: None, limit };
        let answer = self.ask(question).await?;
        if answer.status == StatusCode::OK {
            Ok(answer.body)
        } else {
            Err(self.refusal(url, answer.status, authorization.is_some()))
        }
    }

    /// Asks up to three times.
    pub async fn ask(&self, question: Question<'_>) -> Result<Answer, Error> {
        let pauses = ExponentialBuilder::new().with_min_delay(DELAY).with_max_times(AGAIN);
        let ask = || self.ask_once(question);
        ask.retry(pauses).when(is_passing).notify(|error, _| tracing::debug!(%error, "asking again")).await
    }

    /// What an answer means that is not the one that was wanted.
    pub fn refusal(&self, url: &Url, status: StatusCode, with_credentials: bool) -> Error {
        let (url, host, status) = (shown(url), self.host.clone(), status.as_u16());
        match status {
            401 | 403 if with_credentials => Error::Refused { url, host, status },
            401 | 403 => Error::Protected { url, host, status },
            status => Error::Status { url, status },
        }
    }

    async fn ask_once(&self, question: Question<'_>) -> Result<Answer, Error> {
        let Question { url, authorization, accept, limit } = question;
        let mut request = self.client.get(url.clone());
        request = match authorization {
            Some(Authorization::Basic(Credentials { username, password })) => {
                request.basic_auth(username, Some(password.expose_secret()))
            }
            Some(Authorization::Bearer(token)) => request.bearer_auth(token.expose_secret()),
            None => request,
        };
        if let Some(media_type) = accept {
            request = request.header(ACCEPT, media_type);
        }
        let mut response = request.send().await.map_err(|error| self.failure(url, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if is_overloaded(status.as_u16()) {
            return Err(Error::Status { url: shown(url), status: status.as_u16() });
        }
        let is_from_elsewhere = response.url().origin() != url.origin();
        let mut body = Vec::new();
        while status == StatusCode::OK
            && let Some(chunk) = response.chunk().await.map_err(|error| self.failure(url, error))?
        {
            if body.len() + chunk.len() > limit {
                return Err(Error::TooLarge { url: shown(url), limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body, is_from_elsewhere })
    }

    /// reqwest's own words would show the whole URL.
    fn failure(&self, url: &Url, error: reqwest::Error) -> Error {
        let url = shown(error.url().unwrap_or(url));
        let (is_untrusted, is_no_tls) = match tls_problem(&error) {
            // The same subject with another key is a bad signature rather than an unknown issuer.
            Some(rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => (true, false),
            // What the first byte of a record must be, no letter is.
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => (false, true),
            _ => (false, false),
        };
        let source = error.without_url();
        let host = self.host.clone();
        if is_untrusted {
            Error::Untrusted { url, host, source }
        } else if is_no_tls {
            Error::NoTls { url, host }
        } else {
            Error::Download { url, source }
        }
    }
}

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let was_encrypted = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if was_encrypted && attempt.url().scheme() != "https" {
        return attempt.error("it redirects from https to http");
    }
    if attempt.previous().len() > REDIRECTS {
        return attempt.error("it redirects too many times");
    }
    attempt.follow()
}

fn is_overloaded(status: u16) -> bool {
    matches!(status, 429 | 500..=599)
}

fn is_passing(error: &Error) -> bool {
    match error {
        Error::Status { status, .. } => is_overloaded(*status),
        Error::Download { source, .. } => source.is_timeout() || source.is_connect() || source.is_body(),
        _ => false,
    }
}

/// What rustls did not like. hyper nests its errors in `io::Error`s, which hide them from `source`.
fn tls_problem<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(problem) = error.downcast_ref() {
            return Some(problem);
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = wrapped.map(|wrapped| wrapped as &'a (dyn StdError + 'static)).or_else(|| error.source());
    }
    None
}

/// The URL without what may be secret in it.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // These fail only for URLs that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
