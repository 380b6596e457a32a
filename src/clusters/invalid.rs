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
    /// No private key that TLS can sign with here.
    #[error("it contains a private key that cannot be parsed or is of an unsupported kind")]
    UnusableKey,
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
    /// Not YAML. The parser's own words would quote the file, so only the place is kept.
    #[error("{origin} is not a kubeconfig{}", .line.map(|line| format!(" (line {line})")).unwrap_or_default())]
    NotKubeconfig {
        /// The file, or the setting that holds the text.
        origin: String,
        /// Line, from 1, where parsing stopped.
        line: Option<usize>,
    },
    /// Not what a kubeconfig may say.
    #[error("{origin} is not a valid kubeconfig")]
    InKubeconfig {
        /// The file, or the setting that holds the text.
        origin: String,
        /// What is wrong.
        #[source]
        problem: Box<Problem>,
    },
    /// A field has a value of another kind than kubectl reads there.
    #[error("{path} is {found} and must be {wanted}")]
    WrongKind {
        /// The field.
        path: String,
        /// The right kind, in words.
        wanted: &'static str,
        /// The kind of the value, in words.
        found: &'static str,
    },
    /// A field is not in base64.
    #[error("{path} is not base64")]
    NotBase64 {
        /// The field.
        path: String,
    },
    /// The YAML says that it is something else.
    #[error("its {field} is not {wanted}")]
    NotOfKind {
        /// `kind` or `apiVersion`.
        field: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// Two entries of one name.
    #[error("it has the {kind} {name:?} twice")]
    Twice {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// Their name.
        name: String,
    },
    /// None of the files exists.
    #[error("cannot find {}", .paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    NoFile {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// Credentials would be sent in clear text.
    #[error("{}, and credentials must not be sent in clear text", if *has_scheme { "its scheme is http" } else { "it has no scheme, which kubectl takes for http" })]
    PlainHttp {
        /// Whether the URL has a scheme.
        has_scheme: bool,
    },
    /// A credential plugin that cannot run without a terminal.
    #[error("its interactiveMode is Always, and the provider has no terminal")]
    NeedsTerminal,
    /// A credential plugin that does not say whether it needs a terminal.
    #[error("{}", if *is_written { "its interactiveMode is none of Never, IfAvailable and Always" } else { "it has no interactiveMode" })]
    NoInteractiveMode {
        /// Whether it says something else.
        is_written: bool,
    },
    /// A credential plugin without a program.
    #[error("it has no command")]
    NoCommand,
    /// A variable of a credential plugin has no name.
    #[error("a variable in its env has no name")]
    UnnamedVariable,
    /// A CGI program takes no proxy from its caller.
    #[error("HTTP_PROXY is not used in a CGI program, because REQUEST_METHOD is set")]
    ProxyInCgi,
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
    #[error("auth-provider is not supported; Kubernetes 1.26 removed those of the clouds")]
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
            Self::NotProxyUrl { .. } => "Use http://name:port, https://name:port or socks5://name:port.".to_owned(),
            Self::ProxyInCgi => "Unset REQUEST_METHOD or HTTP_PROXY, or set proxy_url.".to_owned(),
            Self::PlainHttp { has_scheme: true } => {
                "Use the API server's https URL, or remove the credentials. Only a server on this machine, such as kubectl proxy, can \
                 be used without TLS."
                    .to_owned()
            }
            Self::PlainHttp { has_scheme: false } => "Write https:// in front of it.".to_owned(),
            Self::UnusableKey => {
                "Use the PEM text of an RSA key of at least 2048 bits, an ECDSA key on P-256 or P-384, or an Ed25519 key."
                    .to_owned()
            }
            Self::NotPem | Self::Lacks { .. } | Self::Unreadable { .. } => {
                "Use the PEM text, from BEGIN to END, or its base64 encoding, as the cloud providers' modules output it.".to_owned()
            }
            Self::OtherKey => "Take the certificate and the key from the same source.".to_owned(),
            Self::NotServerName => "Use one of the names of the API server's certificate.".to_owned(),
            Self::NotHeader => "Use the bare token, without a prefix, spaces or line breaks.".to_owned(),
            Self::ReadFile { .. } | Self::NoFile { .. } => {
                "Check that the file exists where Terraform runs and that its user may read it.".to_owned()
            }
            Self::InKubeconfig { problem, .. } | Self::Entry { problem, .. } => problem.way_out(),
            Self::NoCurrentContext { known } => choose("Set config_context", known),
            Self::NoEntry { known, .. } => choose("Use an entry that it has", known),
            Self::NotExecApiVersion
            | Self::NeedsTerminal
            | Self::NoInteractiveMode { .. }
            | Self::NoCommand
            | Self::UnnamedVariable
            | Self::AuthProvider => self.way_out_of_plugin().to_owned(),
            Self::NotKubeconfig { .. }
            | Self::WrongKind { .. }
            | Self::NotBase64 { .. }
            | Self::NotOfKind { .. }
            | Self::Twice { .. } => self.way_out_of_document(),
        }
    }

    /// Of a credential plugin in a kubeconfig.
    fn way_out_of_plugin(&self) -> &'static str {
        match self {
            Self::NotExecApiVersion => {
                "Use client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1; newer releases of the plugin \
                 support one of them."
            }
            Self::NeedsTerminal => {
                "Set interactiveMode: IfAvailable if the plugin can do without one, or use other credentials."
            }
            Self::NoInteractiveMode { .. } => {
                "Write interactiveMode: IfAvailable in it; client.authentication.k8s.io/v1 requires one."
            }
            Self::NoCommand => "Write the plugin's program into command.",
            Self::UnnamedVariable => "Give every entry of env a name.",
            _ => "Use the exec plugin that replaces it.",
        }
    }

    /// Of a text that is no kubeconfig.
    fn way_out_of_document(&self) -> String {
        match self {
            Self::WrongKind { wanted: "text", found: "a number" | "a bool", .. } => {
                "Write the value in quotes.".to_owned()
            }
            Self::NotBase64 { .. } => {
                "Write the base64 encoding of the PEM text on one line, or several lines of it after a vertical bar.".to_owned()
            }
            Self::NotOfKind { field, wanted } => {
                format!("Check that this is the kubeconfig; if it is, write {field}: {wanted}.")
            }
            Self::Twice { .. } => "Remove or rename one of the two.".to_owned(),
            _ => "Check it with kubectl config view.".to_owned(),
        }
    }
}

fn choose(advice: &str, known: &[String]) -> String {
    match known {
        [] => format!("{advice}; it has none, so check that it is the intended kubeconfig."),
        known => format!("{advice}: {}.", known.join(", ")),
    }
}
