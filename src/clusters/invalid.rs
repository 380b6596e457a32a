//! Settings that cannot make a connection, and what to do about each.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::environment::variable;

/// One setting of one cluster that cannot be used.
#[derive(Debug, Error)]
#[error("cluster {cluster:?}: {setting} cannot be used")]
pub struct SettingError {
    /// Label of the cluster block.
    pub cluster: String,
    /// The setting that is wrong.
    pub setting: Setting,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// A setting and where its value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Attribute of the cluster block; a dot leads into a nested block, as in `exec.command`. Empty for the block
    /// as a whole.
    pub field: &'static str,
    /// The environment variable that the value came from, if it was not the block.
    pub variable: Option<&'static str>,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.field, self.variable) {
            ("", None) => f.write_str("connection"),
            (field, None) => f.write_str(field),
            (field, Some(variable)) => write!(f, "{field} (environment variable {variable})"),
        }
    }
}

/// A setting that cannot be used, before it is known whose.
#[derive(Debug)]
pub(super) struct Invalid {
    pub setting: Setting,
    pub problem: Problem,
}

impl Invalid {
    /// About a setting of the block itself.
    pub fn new(field: &'static str, problem: Problem) -> Self {
        Self { setting: Setting { field, variable: None }, problem }
    }

    /// The same, for a connection that came from the environment.
    pub fn blamed_on_variable(mut self) -> Self {
        self.setting.variable = self.setting.variable.or_else(|| variable(self.setting.field));
        self
    }

    pub fn in_cluster(self, cluster: &str) -> SettingError {
        SettingError { cluster: cluster.to_owned(), setting: self.setting, problem: self.problem }
    }
}

impl SettingError {
    /// What the user can do.
    pub fn way_out(&self) -> String {
        self.problem.way_out()
    }
}

/// Why a setting cannot be used. None of the texts shows a value that may be secret.
#[derive(Debug, Error)]
pub enum Problem {
    /// Neither the block nor the environment names an API server.
    #[error("no API server is configured")]
    NoServer,
    /// Two blocks take their connection from the environment.
    #[error(
        "cluster {other:?} takes its connection from the same environment variables, so both would be the same cluster"
    )]
    SharedEnvironment {
        /// The other block's label.
        other: String,
    },
    /// Set, but to an empty text.
    #[error("it is empty")]
    Empty,
    /// Two settings exclude each other.
    #[error("it conflicts with {other}")]
    Contradicts {
        /// The other setting.
        other: &'static str,
    },
    /// A setting makes sense only with another one.
    #[error("it requires {other}")]
    Needs {
        /// The missing setting.
        other: &'static str,
    },
    /// Not a value of Go's `strconv.ParseBool`.
    #[error("it is neither true nor false")]
    NotBoolean,
    /// Not the URL of an API server.
    #[error("it is not the URL of an API server: {reason}")]
    NotServerUrl {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not the URL of a proxy that can be used.
    #[error("it is not the URL of a supported proxy: {reason}")]
    NotProxyUrl {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Neither PEM nor base64 of it.
    #[error("it is neither PEM nor base64 of PEM")]
    NotPem,
    /// PEM without the wanted section.
    #[error("it contains no {wanted}")]
    Lacks {
        /// The wanted section in words.
        wanted: &'static str,
    },
    /// The certificate or key is no valid one.
    #[error("it contains a {what} that cannot be parsed")]
    Unreadable {
        /// `certificate` or `private key`.
        what: &'static str,
        /// What rustls says.
        #[source]
        source: rustls::Error,
    },
    /// The private key does not belong to the certificate.
    #[error("it is not the key of client_certificate")]
    OtherKey,
    /// Not a DNS name or an address.
    #[error("it is neither a DNS name nor an IP address")]
    NotServerName,
    /// A token cannot be sent in an HTTP header.
    #[error("it has characters that an HTTP header cannot carry")]
    NotHeader,
    /// Neither `v1` nor `v1beta1`.
    #[error("it is not an API version of credential plugins")]
    NotExecApiVersion,
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Not a kubeconfig. The parser's own words would quote the file, so only the place is kept.
    #[error("{origin} is not a kubeconfig{}", .place.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default())]
    NotKubeconfig {
        /// The file, or the setting that holds the text.
        origin: String,
        /// Line and column, from 1, where parsing stopped.
        place: Option<(u64, u64)>,
    },
    /// No context was chosen.
    #[error("the kubeconfig has no current-context")]
    NoCurrentContext {
        /// Contexts of the kubeconfig.
        known: Vec<String>,
    },
    /// The kubeconfig lacks an entry.
    #[error("the kubeconfig has no {kind} {name:?}")]
    NoEntry {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// The missing name.
        name: String,
        /// Entries of that kind that it has.
        known: Vec<String>,
    },
    /// A field of a kubeconfig entry is wrong.
    #[error("{field} of {kind} {name:?} cannot be used")]
    Entry {
        /// `cluster` or `user`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The kubeconfig's field.
        field: &'static str,
        /// What is wrong with the field.
        #[source]
        problem: Box<Problem>,
    },
    /// A kubeconfig user with an `auth-provider`.
    #[error("Kubernetes 1.26 removed auth-provider")]
    AuthProvider,
}

impl Problem {
    /// What the user can do.
    pub fn way_out(&self) -> String {
        match self {
            Self::NoServer => {
                "Set host, config_path, config_paths or config_raw. A cluster block without connection settings takes KUBE_HOST, \
                 KUBE_CONFIG_PATH or KUBE_CONFIG_PATHS from the environment."
                    .to_owned()
            }
            Self::SharedEnvironment { .. } => "Configure different connection settings in each cluster block.".to_owned(),
            Self::Empty => "Omit the setting, set it to null, or give it a value.".to_owned(),
            Self::Contradicts { other } => format!("Keep one of the two; if it is this one, remove {other}."),
            Self::Needs { other } => format!("Set {other} as well, or remove this one."),
            Self::NotBoolean => "Use true or false.".to_owned(),
            Self::NotServerUrl { .. } => {
                "Use the form https://name:port, with a path if the API server is behind one. Credentials have their own \
                 settings."
                    .to_owned()
            }
            Self::NotProxyUrl { .. } => "Use http://name:port or socks5://name:port.".to_owned(),
            Self::NotPem | Self::Lacks { .. } | Self::Unreadable { .. } => {
                "Use the PEM text, from BEGIN to END, or its base64 encoding, as the cloud providers' modules output it.".to_owned()
            }
            Self::OtherKey => "Take the certificate and the key from the same source.".to_owned(),
            Self::NotServerName => "Use one of the names of the API server's certificate.".to_owned(),
            Self::NotHeader => "Use the bare token, without a prefix, spaces or line breaks.".to_owned(),
            Self::NotExecApiVersion => {
                "Use client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1; newer releases of the plugin \
                 support one of them."
                    .to_owned()
            }
            Self::ReadFile { .. } => {
                "Check that the file exists where Terraform runs and that its user may read it.".to_owned()
            }
            Self::NotKubeconfig { .. } => "Check it with kubectl config view.".to_owned(),
            Self::NoCurrentContext { known } => choose("Set config_context", known),
            Self::NoEntry { known, .. } => choose("Use an entry that it has", known),
            Self::Entry { problem, .. } => problem.way_out(),
            Self::AuthProvider => "Use the exec plugin that replaces it.".to_owned(),
        }
    }
}

fn choose(advice: &str, known: &[String]) -> String {
    match known {
        [] => format!("{advice}; it has none, so check that it is the intended kubeconfig."),
        known => format!("{advice}: {}.", known.join(", ")),
    }
}
