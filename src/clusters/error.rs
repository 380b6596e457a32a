//! Why a cluster could not be used, in the user's terms.

use thiserror::Error;

use super::credentials::CredentialsError;
use super::failure::{Failure, Reason};
use super::invalid::SettingError;

/// What went wrong with one cluster. Every variant names it; none shows a credential.
#[derive(Debug, Error)]
pub enum Error {
    /// No cluster block has this label.
    #[error("cluster {cluster:?}: the provider has no cluster block with this label")]
    NoBlock {
        /// The label.
        cluster: String,
        /// Labels that there are.
        known: Vec<String>,
    },
    /// A connection setting has no value until apply.
    #[error("cluster {cluster:?}: its {attribute} is not known yet, so the cluster cannot be reached")]
    NotYetKnown {
        /// Label of the cluster block.
        cluster: String,
        /// The attribute without a value.
        attribute: String,
    },
    /// A connection setting cannot be used.
    #[error(transparent)]
    Setting(Box<SettingError>),
    /// A client cannot be built.
    #[error("cluster {cluster:?}: cannot set up a client for {host}")]
    BuildClient {
        /// Label of the cluster block.
        cluster: String,
        /// URL of the API server.
        host: String,
        /// What kube says.
        #[source]
        source: Box<kube::Error>,
    },
    /// The credentials for a request could not be had.
    #[error("cluster {cluster:?}: no credentials for {host}")]
    Credentials {
        /// Label of the cluster block.
        cluster: String,
        /// URL of the API server.
        host: String,
        /// What went wrong.
        #[source]
        source: CredentialsError,
    },
    /// No answer from the API server.
    #[error("cluster {cluster:?}: {host} cannot be reached: {reason}")]
    Unreachable {
        /// Label of the cluster block.
        cluster: String,
        /// URL of the API server.
        host: String,
        /// What kind of failure it was.
        reason: Reason,
        /// What the network stack says.
        #[source]
        source: Box<kube::Error>,
    },
    /// The API server does not know who is asking (401).
    #[error("cluster {cluster:?}: {host} does not accept {credentials}")]
    Unauthorized {
        /// Label of the cluster block.
        cluster: String,
        /// URL of the API server.
        host: String,
        /// What was presented, in words.
        credentials: String,
    },
    /// The API server knows who is asking and says no (403).
    #[error("cluster {cluster:?}: {host} denied the request: {message}")]
    Forbidden {
        /// Label of the cluster block.
        cluster: String,
        /// URL of the API server.
        host: String,
        /// Identity, verb and resource in the server's words.
        message: String,
    },
    /// Any other answer that is an error.
    #[error("cluster {cluster:?}: {host} responded with an error{}: {message}", in_words(*code))]
    Server {
        /// Label of the cluster block.
        cluster: String,
        /// URL of the API server.
        host: String,
        /// HTTP status, 0 if the answer could not be understood.
        code: u16,
        /// The server's words.
        message: String,
    },
    /// Another cluster answers under this label than the one that state knows.
    #[error("cluster {cluster:?}: {host} is the cluster with UID {live}, but state has the UID {recorded}")]
    AnotherCluster {
        /// Label of the cluster block.
        cluster: String,
        /// URL of the API server.
        host: String,
        /// UID in state.
        recorded: String,
        /// UID of the cluster that answers.
        live: String,
        /// The environment variable that the connection comes from, as the block has no connection settings.
        from_variable: Option<&'static str>,
    },
}

impl Error {
    /// Label of the cluster.
    pub fn cluster(&self) -> &str {
        match self {
            Self::Setting(error) => &error.cluster,
            Self::NoBlock { cluster, .. }
            | Self::NotYetKnown { cluster, .. }
            | Self::BuildClient { cluster, .. }
            | Self::Credentials { cluster, .. }
            | Self::Unreachable { cluster, .. }
            | Self::Unauthorized { cluster, .. }
            | Self::Forbidden { cluster, .. }
            | Self::Server { cluster, .. }
            | Self::AnotherCluster { cluster, .. } => cluster,
        }
    }

    /// Whether, while a cluster is being identified, anything but the cluster that state knows has answered: that is what a cluster
    /// block's `on_unreachable` is about. Of a cluster that is gone its kubeconfig, its credentials, its name or its address may be
    /// gone first, and another may answer at the address. A connection that is not known yet tells nothing of that.
    pub fn is_no_answer(&self) -> bool {
        !matches!(self, Self::NoBlock { .. } | Self::NotYetKnown { .. })
    }

    /// What the user can do.
    pub fn way_out(&self) -> String {
        match self {
            Self::NoBlock { known, .. } if known.is_empty() => {
                "Add a cluster block with this label to the provider.".to_owned()
            }
            Self::NoBlock { known, .. } => format!(
                "Use one of {}, or keep the cluster's block in the provider until nothing of it is left in state.",
                known.join(", ")
            ),
            Self::NotYetKnown { .. } => {
                "Plan again once the cluster exists, or take the value from an attribute of the resource that creates the \
                 cluster."
                    .to_owned()
            }
            Self::Setting(error) => error.way_out(),
            Self::BuildClient { .. } => {
                "Set cluster_ca_certificate, or install the system's CA certificates where Terraform runs."
                    .to_owned()
            }
            Self::Credentials { .. } => {
                "Check that the command or file provides credentials where Terraform runs; HCP Terraform workers have no cloud \
                 CLIs."
                    .to_owned()
            }
            Self::Unreachable { reason, .. } => reason.way_out(),
            Self::Unauthorized { .. } => {
                "The credentials may have expired (an EKS token lasts 15 minutes) or belong to another cluster. \
                 Use exec or token_file to have them renewed during the run."
                    .to_owned()
            }
            Self::Forbidden { .. } => {
                "Grant the identity the permission that the message names, or connect with another identity."
                    .to_owned()
            }
            Self::Server { code: 429 | 500..=599, .. } => {
                "The API server is overloaded or failing; try again, and check its logs if the error persists.".to_owned()
            }
            Self::Server { .. } => "Check that host is the URL of a Kubernetes API server.".to_owned(),
            Self::AnotherCluster { recorded, from_variable: Some(variable), .. } => format!(
                "The cluster block has no connection settings, or only null ones, so the connection is taken from the environment \
                 variable {variable}. Set the block's connection settings, or unset {variable}. If the former cluster is permanently \
                 gone and this one takes its place, set recreated_from = {recorded:?} in the block."
            ),
            Self::AnotherCluster { recorded, .. } => format!(
                "If the former cluster is permanently gone, set recreated_from = {recorded:?} in its cluster block. Otherwise \
                 correct the block's connection settings."
            ),
        }
    }

    pub(super) fn from_failure(
        cluster: &str,
        host: &str,
        credentials: &str,
        failure: Failure,
        source: kube::Error,
    ) -> Self {
        let (cluster, host) = (cluster.to_owned(), host.to_owned());
        match failure {
            Failure::Unreachable(reason) => {
                Self::Unreachable { cluster, host, reason, source: Box::new(source) }
            }
            Failure::Unauthorized => {
                Self::Unauthorized { cluster, host, credentials: credentials.to_owned() }
            }
            Failure::Forbidden { message } => Self::Forbidden { cluster, host, message },
            Failure::Server { code, message } => Self::Server { cluster, host, code, message },
        }
    }
}

fn in_words(code: u16) -> String {
    if code == 0 { String::new() } else { format!(" (HTTP {code})") }
}
