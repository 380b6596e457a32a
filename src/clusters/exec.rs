//! client-go credential plugins: a command that prints an `ExecCredential`.
//!
//! The contract is Kubernetes' `client.authentication.k8s.io`: the request stands in the environment variable
//! `KUBERNETES_EXEC_INFO`, the answer on standard output.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::config::ExecAuthCluster;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use tokio::process::Command;

use super::credentials::{Issued, bearer};
use super::invalid::{Invalid, Problem};
use super::kubeconfig::Exec;
use super::pem::Identity;
use super::scrub::last_lines;
use super::settings::ExecConfig;

const BETA: &str = "client.authentication.k8s.io/v1beta1";
const API_VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", BETA];

/// A command that prints credentials, ready to run.
#[derive(Clone)]
pub(super) struct ExecPlugin {
    api_version: &'static str,
    pub command: String,
    args: Vec<String>,
    env: BTreeMap<String, SecretString>,
    /// What a kubeconfig's `provideClusterInfo` asks for.
    cluster: Option<ExecAuthCluster>,
}

/// Arguments and the environment may hold secrets.
impl std::fmt::Debug for ExecPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExecPlugin({:?})", self.command)
    }
}

/// A credential plugin did not do its part.
#[derive(Debug, Error)]
pub enum ExecError {
    /// No such command where Terraform runs.
    #[error("the command is not installed where Terraform runs")]
    NotFound,
    /// The command could not be started.
    #[error("it cannot be started")]
    Start(#[source] std::io::Error),
    /// It took too long.
    #[error("it did not finish within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// It failed.
    #[error("it failed with {status}{}", said(stderr))]
    Failed {
        /// Exit status in words.
        status: String,
        /// The last lines of its standard error, without what looks like a secret.
        stderr: String,
    },
    /// Its output is not what the contract says. The output itself may hold a token and is not kept.
    #[error("it did not print an ExecCredential in JSON (line {line}, column {column})")]
    NotExecCredential {
        /// Line of the output, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The answer has neither token nor certificate.
    #[error("its ExecCredential has neither a token nor a client certificate with its key")]
    NoCredential,
    /// The answer has a field that cannot be used.
    #[error("the {0} of its ExecCredential cannot be used")]
    BadField(&'static str),
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!(" and printed:\n{stderr}") }
}

#[derive(Deserialize)]
struct ExecCredential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<SecretText>,
    client_certificate_data: Option<String>,
    client_key_data: Option<SecretText>,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(SecretString);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl ExecPlugin {
    /// The plugin that an `exec` block names.
    pub fn from_settings(config: &ExecConfig) -> Result<Self, Invalid> {
        Ok(Self {
            api_version: api_version(&config.api_version)
                .map_err(|problem| Invalid::new("exec.api_version", problem))?,
            command: config.command.clone(),
            args: config.args.clone(),
            env: config.env.clone(),
            cluster: None,
        })
    }

    /// The plugin that a kubeconfig's user names.
    pub fn from_kubeconfig(config: &Exec, cluster: Option<ExecAuthCluster>) -> Result<Self, Problem> {
        let version = api_version(config.api_version.as_deref().unwrap_or_default())?;
        match (config.interactive_mode.as_deref(), version) {
            (Some("Never" | "IfAvailable"), _) | (None, BETA) => {}
            (Some("Always"), _) => return Err(Problem::NeedsTerminal),
            (mode, _) => return Err(Problem::NoInteractiveMode { is_written: mode.is_some() }),
        }
        let env = config.env.iter();
        let env = env.map(|(name, value)| Ok((name.clone().ok_or(Problem::UnnamedVariable)?, value.clone())));
        Ok(Self {
            api_version: version,
            command: config.command.clone().ok_or(Problem::NoCommand)?,
            args: config.args.clone(),
            env: env.collect::<Result<_, Problem>>()?,
            cluster,
        })
    }

    /// Runs the command, without a shell and without a terminal, and returns what it issued.
    pub async fn run(&self, timeout: Duration) -> Result<Issued, ExecError> {
        let child = Command::new(&self.command)
            .args(&self.args)
            .env("KUBERNETES_EXEC_INFO", self.info())
            .envs(self.env.iter().map(|(name, value)| (name, value.expose_secret())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => ExecError::NotFound,
                _ => ExecError::Start(error),
            })?;
        let output = tokio::time::timeout(timeout, child.wait_with_output())
            .await
            .map_err(|_| ExecError::TimedOut(timeout))?
            .map_err(ExecError::Start)?;
        if !output.status.success() {
            return Err(ExecError::Failed {
                status: output.status.to_string(),
                stderr: last_lines(&String::from_utf8_lossy(&output.stderr), self.env.values()),
            });
        }
        issued(&output.stdout)
    }

    fn info(&self) -> String {
        let mut spec = json!({ "interactive": false });
        if let Some(cluster) = &self.cluster {
            spec["cluster"] = json!(cluster);
        }
        json!({ "apiVersion": self.api_version, "kind": "ExecCredential", "spec": spec }).to_string()
    }
}

fn api_version(given: &str) -> Result<&'static str, Problem> {
    API_VERSIONS.into_iter().find(|known| *known == given).ok_or(Problem::NotExecApiVersion)
}

fn issued(output: &[u8]) -> Result<Issued, ExecError> {
    let credential: ExecCredential = serde_json::from_slice(output)
        .map_err(|error| ExecError::NotExecCredential { line: error.line(), column: error.column() })?;
    let status = credential.status.ok_or(ExecError::NoCredential)?;
    let identity = match (&status.client_certificate_data, &status.client_key_data) {
        (Some(certificate), Some(key)) => Some(
            Identity::new(certificate, &key.0).map_err(|_| ExecError::BadField("clientCertificateData"))?,
        ),
        _ => None,
    };
    let authorization = match &status.token {
        Some(token) => Some(bearer(token.0.expose_secret()).ok_or(ExecError::BadField("token"))?),
        None => None,
    };
    if authorization.is_none() && identity.is_none() {
        return Err(ExecError::NoCredential);
    }
    let expires = status
        .expiration_timestamp
        .map(|at| at.parse::<Timestamp>().map_err(|_| ExecError::BadField("expirationTimestamp")))
        .transpose()?;
    Ok(Issued { authorization, identity, expires })
}

#[cfg(test)]
#[path = "exec/tests.rs"]
mod tests;
