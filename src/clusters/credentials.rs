//! What a request proves its sender's identity with, and how that is renewed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use k8s_openapi::jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::connection::expand;
use super::environment::Environment;
use super::exec::{ExecError, ExecPlugin};
use super::invalid::{Invalid, Problem};
use super::pem::Identity;
use super::settings::ConnectionConfig;

/// Where a connection's proof of identity comes from, client certificates in the settings apart.
#[derive(Clone, Debug)]
pub(super) enum Credentials {
    /// Nothing, or only a client certificate.
    None,
    /// A header that stays the same.
    Fixed { authorization: HeaderValue, from: &'static str },
    /// A file with a bearer token, and the token that is used where there is no file.
    TokenFile { path: PathBuf, otherwise: Option<HeaderValue> },
    /// A command that prints credentials.
    Exec(ExecPlugin),
}

/// Credentials could not be had.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// The token file cannot be read.
    #[error("cannot read the token file {}", path.display())]
    ReadTokenFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The token file holds something that no header can carry, or nothing.
    #[error("the token file {} contains no token", path.display())]
    NotToken {
        /// The file.
        path: PathBuf,
    },
    /// The exec plugin gave no credentials.
    #[error("the credential plugin {command:?} returned no credentials")]
    Exec {
        /// The command, without its arguments.
        command: String,
        /// What went wrong.
        #[source]
        source: ExecError,
    },
}

/// Credentials that were given out.
#[derive(Clone, Debug, Default)]
pub(super) struct Issued {
    pub authorization: Option<HeaderValue>,
    pub identity: Option<Identity>,
    pub expires: Option<Timestamp>,
}

impl Issued {
    /// Whether a server that refused `other` may take these.
    pub fn differs_from(&self, other: &Self) -> bool {
        let presents_another = match (&self.identity, &other.identity) {
            (None, None) => false,
            (Some(one), Some(other)) => !one.presents_the_same_as(other),
            _ => true,
        };
        presents_another || self.authorization != other.authorization
    }

    /// Whether they run out within a minute: a request may take that long.
    pub fn is_expiring(&self) -> bool {
        self.expires
            .is_some_and(|at| at < Timestamp::now() + k8s_openapi::jiff::SignedDuration::from_secs(60))
    }
}

impl Credentials {
    /// What the settings of a block without a kubeconfig name.
    pub fn from_settings(config: &ConnectionConfig, environment: &Environment) -> Result<Self, Invalid> {
        if let Some(token) = &config.token {
            let authorization =
                bearer(token.expose_secret()).ok_or_else(|| Invalid::new("token", Problem::NotHeader))?;
            return Ok(Self::Fixed { authorization, from: "token" });
        }
        if let Some(path) = &config.token_file {
            let path = expand(path, environment.home.as_deref());
            return Ok(Self::TokenFile { path, otherwise: None });
        }
        match &config.exec {
            Some(exec) => ExecPlugin::from_settings(exec).map(Self::Exec),
            None => Ok(Self::None),
        }
    }

    /// Current credentials. Files are read and plugins run every time.
    pub async fn issue(&self, exec_timeout: Duration) -> Result<Issued, CredentialsError> {
        match self {
            Self::None => Ok(Issued::default()),
            Self::Fixed { authorization, .. } => {
                Ok(Issued { authorization: Some(authorization.clone()), ..Issued::default() })
            }
            Self::TokenFile { path, otherwise } => {
                let authorization = match (token_in(path).await, otherwise) {
                    (Err(_), Some(token)) => token.clone(),
                    (read, _) => read?,
                };
                Ok(Issued { authorization: Some(authorization), ..Issued::default() })
            }
            Self::Exec(plugin) => plugin
                .run(exec_timeout)
                .await
                .map_err(|source| CredentialsError::Exec { command: plugin.command.clone(), source }),
        }
    }

    /// Where they come from, for errors.
    pub fn described(&self, with_certificate: bool) -> String {
        match self {
            Self::None if with_certificate => "the client certificate".to_owned(),
            Self::None => "requests without credentials".to_owned(),
            Self::Fixed { from, .. } => format!("the {from}"),
            Self::TokenFile { path, .. } => format!("the token in {}", path.display()),
            Self::Exec(plugin) => format!("the credentials from the plugin {:?}", plugin.command),
        }
    }
}

async fn token_in(path: &Path) -> Result<HeaderValue, CredentialsError> {
    let token = tokio::fs::read_to_string(path)
        .await
        .map_err(|source| CredentialsError::ReadTokenFile { path: path.into(), source })?;
    bearer(&token).ok_or_else(|| CredentialsError::NotToken { path: path.into() })
}

/// The header that presents `token`, `None` if there is no such header.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let token = token.trim();
    let is_one_word = !token.is_empty() && !token.contains(char::is_whitespace);
    is_one_word.then(|| sensitive(&format!("Bearer {token}")))?
}

/// The header that presents a user name and password.
pub(super) fn basic(username: &str, password: &SecretString) -> Option<HeaderValue> {
    sensitive(&format!("Basic {}", STANDARD.encode(format!("{username}:{}", password.expose_secret()))))
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(value).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_trimmed_and_never_shown() {
        let header = bearer("  s3ntinel\n").unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer s3ntinel");
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn what_is_not_one_word_is_no_token() {
        for text in ["", " \n", "two words", "two\nlines"] {
            assert!(bearer(text).is_none(), "{text:?}");
        }
    }

    #[tokio::test]
    async fn an_empty_token_file_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let credentials = Credentials::TokenFile { path: file.path().to_owned(), otherwise: None };
        let error = credentials.issue(Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the token file {} contains no token", file.path().display()));
    }

    #[tokio::test]
    async fn a_missing_token_file_is_an_error_that_names_it() {
        let credentials = Credentials::TokenFile { path: "/does/not/exist".into(), otherwise: None };
        let error = credentials.issue(Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.to_string(), "cannot read the token file /does/not/exist");
    }
}
