//! Downloads: bounded in time and size, tried again when the server fails for a moment, and careful about who gets
//! to see credentials.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use url::Url;

use super::error::Error;
use super::source::Credentials;

const CONNECT: Duration = Duration::from_secs(10);
/// Without a byte.
const IDLE: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_mins(3);
const REDIRECTS: usize = 10;
const ATTEMPTS: u32 = 3;
/// Before the second attempt; the third one waits twice as long.
const DELAY: Duration = Duration::from_millis(500);

/// Downloads files. The system's proxies and certificate authorities apply: `HTTPS_PROXY`, `NO_PROXY`,
/// `SSL_CERT_FILE`, `SSL_CERT_DIR`.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
}

impl Http {
    pub fn new() -> Result<Self, Error> {
        // The program installs it once; whoever uses this as a library may not have.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Only a race with another thread that installs one can make this fail.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let client = Client::builder()
            .user_agent(concat!("terraform-provider-istio/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(IDLE)
            .timeout(WHOLE)
            // reqwest itself drops the authorization when a redirect leads to another host or port.
            .redirect(Policy::custom(follow))
            .build()
            .map_err(Error::BuildClient)?;
        Ok(Self { client })
    }

    /// The file at `url`, at most `limit` bytes of it.
    pub async fn get(
        &self,
        url: &Url,
        credentials: Option<&Credentials>,
        limit: usize,
    ) -> Result<Vec<u8>, Error> {
        let mut delay = DELAY;
        for _ in 1..ATTEMPTS {
            match self.try_get(url, credentials, limit).await {
                Err(error) if is_passing(&error) => tracing::debug!(%error, "downloading again"),
                outcome => return outcome,
            }
            tokio::time::sleep(delay).await;
            delay *= 2;
        }
        self.try_get(url, credentials, limit).await
    }

    async fn try_get(
        &self,
        url: &Url,
        credentials: Option<&Credentials>,
        limit: usize,
    ) -> Result<Vec<u8>, Error> {
        // reqwest's own words would show the whole URL.
        let failed =
            |source: reqwest::Error| Error::Download { url: shown(url), source: source.without_url() };
        let mut request = self.client.get(url.clone());
        if let Some(credentials) = credentials {
            request = request.basic_auth(&credentials.username, Some(credentials.password.expose_secret()));
        }
        let mut response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(Error::Status { url: shown(url), status: response.status().as_u16() });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > limit {
                return Err(Error::TooLarge { url: shown(url), limit });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let was_encrypted = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if was_encrypted && attempt.url().scheme() != "https" {
        return attempt.error("it redirects from https to http");
    }
    if attempt.previous().len() > REDIRECTS {
        return attempt.error("it redirects too often");
    }
    attempt.follow()
}

fn is_passing(error: &Error) -> bool {
    match error {
        Error::Status { status, .. } => matches!(status, 429 | 500..=599),
        Error::Download { source, .. } => source.is_timeout() || source.is_connect() || source.is_body(),
        _ => false,
    }
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
