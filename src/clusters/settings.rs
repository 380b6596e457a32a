//! What a `cluster` block of the provider says, as plain values.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

/// One `cluster "<label>"` block.
#[derive(Clone, Debug, Default)]
pub struct ClusterBlock {
    /// How to reach the API server, as far as it is known.
    pub connection: ConnectionSettings,
    /// What refresh and destroy do while the cluster does not answer.
    pub on_unreachable: OnUnreachable,
    /// UID of the cluster that had this label before and is gone for good.
    pub recreated_from: Option<String>,
}

/// The connection settings of a block. Terraform plans with provider values that only apply makes known.
#[derive(Clone, Debug)]
pub enum ConnectionSettings {
    /// Every setting has its value.
    Known(Box<ConnectionConfig>),
    /// A setting has no value yet.
    NotYetKnown {
        /// Name of the first attribute without a value, `host` for example.
        attribute: String,
    },
}

/// The settings that say as whom the provider comes, or on which way, and nothing about where the API server is.
const NOT_WHEREABOUTS: [&str; 6] =
    ["token", "token_file", "client_certificate", "client_key", "proxy_url", "config_context_auth_info"];

impl ConnectionSettings {
    /// The setting without a value yet by which another API server may be meant than before. Of an unknown token alone nothing
    /// follows: it is often as young as the run.
    pub fn unknown_whereabouts(&self) -> Option<&str> {
        let Self::NotYetKnown { attribute } = self else { return None };
        let is_credential = NOT_WHEREABOUTS.contains(&attribute.as_str()) || attribute.starts_with("exec");
        (!is_credential).then_some(attribute)
    }
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self::Known(Box::default())
    }
}

/// The settings of one connection, named as in the provider block and, where the kubernetes provider has the
/// same setting, as there.
#[derive(Clone, Debug, Default)]
pub struct ConnectionConfig {
    /// URL of the API server; without a scheme it is `https`.
    pub host: Option<String>,
    /// Certificates that sign the API server's, PEM or base64 of PEM. Without them the system's trust store decides.
    pub cluster_ca_certificate: Option<String>,
    /// Whether the API server's certificate goes unchecked.
    pub insecure: Option<bool>,
    /// Bearer token.
    pub token: Option<SecretString>,
    /// File with a bearer token; it is read again for every request, so it may rotate.
    pub token_file: Option<String>,
    /// Client certificate chain, PEM or base64 of PEM.
    pub client_certificate: Option<String>,
    /// Private key of `client_certificate`, PEM or base64 of PEM.
    pub client_key: Option<SecretString>,
    /// Command that prints credentials.
    pub exec: Option<ExecConfig>,
    /// One kubeconfig file. `~` is the home directory.
    pub config_path: Option<String>,
    /// Several kubeconfig files; the first one that has an entry wins.
    pub config_paths: Vec<String>,
    /// The text of a kubeconfig.
    pub config_raw: Option<SecretString>,
    /// Context of the kubeconfig; its `current-context` otherwise.
    pub config_context: Option<String>,
    /// Cluster entry of the kubeconfig instead of the context's.
    pub config_context_cluster: Option<String>,
    /// User entry of the kubeconfig instead of the context's.
    pub config_context_auth_info: Option<String>,
    /// Proxy for all requests, `http://` or `socks5://`; may carry a user name and password.
    pub proxy_url: Option<SecretString>,
    /// Name to expect in the API server's certificate instead of the host's.
    pub tls_server_name: Option<String>,
}

/// A client-go credential plugin.
#[derive(Clone, Default)]
pub struct ExecConfig {
    /// `client.authentication.k8s.io/v1` or `/v1beta1`.
    pub api_version: String,
    /// Program to run, without a shell.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Environment variables on top of the provider's own.
    pub env: BTreeMap<String, SecretString>,
}

/// Arguments may carry secrets (`--client-secret …`), so they are not shown.
impl fmt::Debug for ExecConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecConfig")
            .field("api_version", &self.api_version)
            .field("command", &self.command)
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}

/// The `on_unreachable` setting of a cluster block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnreachable {
    /// A cluster that does not answer is an error.
    #[default]
    Error,
    /// Refresh keeps what state says; changes are errors.
    Keep,
    /// The cluster is gone for good: destroy forgets what was in it.
    Abandon,
}

impl OnUnreachable {
    /// The value of the setting's text, `None` if it is no such value.
    pub fn from_setting(text: &str) -> Option<Self> {
        match text {
            "error" => Some(Self::Error),
            "keep" => Some(Self::Keep),
            "abandon" => Some(Self::Abandon),
            _ => None,
        }
    }
}

/// Bounds on what one cluster may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until TCP, proxy and TLS are through.
    pub connect: Duration,
    /// From a request to the head of its response. The API server gives up on a request after 60 s by itself.
    pub response: Duration,
    /// Until an exec plugin has printed its credentials.
    pub exec: Duration,
    /// Requests at the same time to one cluster.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            response: Duration::from_secs(70),
            exec: Duration::from_mins(1),
            concurrency: 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_cluster_may_be_meant_by_an_unknown_host_or_authority_and_not_by_an_unknown_token() {
        let unknown = |attribute: &str| ConnectionSettings::NotYetKnown { attribute: attribute.to_owned() };
        for attribute in ["host", "cluster_ca_certificate", "config_raw", "config_path", "config_context"] {
            assert_eq!(unknown(attribute).unknown_whereabouts(), Some(attribute));
        }
        for attribute in ["token", "token_file", "exec.args", "client_key", "proxy_url"] {
            assert_eq!(unknown(attribute).unknown_whereabouts(), None, "{attribute}");
        }
        assert_eq!(ConnectionSettings::default().unknown_whereabouts(), None);
    }
}
