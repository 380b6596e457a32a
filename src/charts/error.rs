//! Why a chart could not be had.

use std::path::PathBuf;

use thiserror::Error;

/// What went wrong with one chart or its source. URLs are shown without credentials and query.
#[derive(Debug, Error)]
pub enum Error {
    /// Not a place where charts can be.
    #[error("chart source {repository:?} is neither a URL nor a path")]
    NotASource {
        /// The source as far as it may be shown.
        repository: String,
    },
    /// An OCI registry's URL with something that is no name of a repository.
    #[error("chart source {repository:?} is not a path in an OCI registry")]
    NotAnOciName {
        /// The source as far as it may be shown.
        repository: String,
    },
    /// The label of a `chart_registry` block.
    #[error("the label {label:?} of a chart_registry block is not a host name")]
    NotAHost {
        /// The label as far as it may be shown.
        label: String,
    },
    /// A `chart_registry` block with only one of user name and password.
    #[error("chart_registry {label:?} has only one of username and password")]
    HalfOfCredentials {
        /// Its label.
        label: String,
    },
    /// The authorities of a `chart_registry` block.
    #[error("ca_certificate of chart_registry {label:?} is not a certificate in PEM")]
    NotCertificates {
        /// Its label.
        label: String,
    },
    /// An attribute of a `chart_registry` block has no value until apply.
    #[error("the {attribute} of chart_registry {host:?} is not known yet, so its charts cannot be fetched")]
    NotYetKnown {
        /// Its label.
        host: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// The URL holds a user name or password.
    #[error(
        "the URL of the chart source at {host} contains credentials, which would then be stored in state"
    )]
    CredentialsInUrl {
        /// The URL's host.
        host: String,
    },
    /// A `chart_registry` block with credentials for a host without TLS.
    #[error("chart_registry {label:?} has plain_http and a password, which would be sent unencrypted")]
    CredentialsWithoutTls {
        /// Its label.
        label: String,
    },
    /// A `chart_registry` block with authorities for a host without TLS.
    #[error("chart_registry {label:?} has both plain_http and ca_certificate")]
    CertificatesWithoutTls {
        /// Its label.
        label: String,
    },
    /// A URL without TLS to which credentials would go.
    #[error("the user name and password for {host} would be sent unencrypted to {url}")]
    Unencrypted {
        /// Where they would go.
        url: String,
        /// The host that the `chart_registry` block is for.
        host: String,
    },
    /// A server answers, but not with TLS.
    #[error("the server of {url} does not use TLS; it probably serves plain HTTP")]
    NoTls {
        /// What was asked for.
        url: String,
        /// The host.
        host: String,
    },
    /// A registry has tokens given out where nothing is encrypted.
    #[error("{url} requires a token from {realm}, which is not an https URL")]
    TokenRealm {
        /// What was asked for.
        url: String,
        /// Where the registry sends its clients.
        realm: String,
    },
    /// No HTTP client can be built.
    #[error("cannot set up an HTTP client for chart repositories")]
    BuildClient(#[source] reqwest::Error),
    /// A download failed.
    #[error("cannot download {url}")]
    Download {
        /// What was asked for.
        url: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// Nobody who is trusted here has signed the server's certificate.
    #[error("the certificate of {url} is not signed by a trusted certificate authority")]
    Untrusted {
        /// What was asked for.
        url: String,
        /// The host that the `chart_registry` block is for.
        host: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// Credentials are missing.
    #[error("{url} requires authentication (HTTP {status}), and there are no credentials for {host}")]
    Protected {
        /// What was asked for.
        url: String,
        /// The host that the `chart_registry` block is for.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// Credentials do not help.
    #[error("{url} rejected the user name and password of chart_registry {host:?} (HTTP {status})")]
    Refused {
        /// What was asked for.
        url: String,
        /// The block's label.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// A download was answered with an error.
    #[error("{url} responded with HTTP {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// A download is larger than any chart or index.
    #[error("{url} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The bound.
        limit: usize,
    },
    /// The index of a repository cannot be understood.
    #[error("{url} is not the index of a chart repository: {problem}")]
    Index {
        /// The index.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A registry's answer cannot be understood.
    #[error("cannot parse the response of {url}: {problem}")]
    NotUnderstood {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A registry has something else behind the tag.
    #[error("{place} is not a Helm chart: {problem}")]
    NotAChart {
        /// Repository and tag.
        place: String,
        /// What it is.
        problem: String,
    },
    /// A registry does not have the chart.
    #[error("{place} has no chart {chart}")]
    NotInRegistry {
        /// The chart.
        chart: String,
        /// Registry and path.
        place: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The source does not have the chart.
    #[error("{place} has no chart {chart}")]
    NoChart {
        /// The chart.
        chart: String,
        /// Repository or folder.
        place: String,
        /// Charts that it has.
        known: Vec<String>,
    },
    /// The source does not have the version.
    #[error("{place} has no version {version} of chart {chart}")]
    NoVersion {
        /// The chart.
        chart: String,
        /// What was asked for.
        version: String,
        /// Repository or folder.
        place: String,
        /// Versions that it has.
        known: Vec<String>,
    },
    /// The chart is in two places.
    #[error("chart {chart} {version} is both in {} and in {}", one.display(), other.display())]
    Twice {
        /// The chart.
        chart: String,
        /// Its version.
        version: String,
        /// One place.
        one: PathBuf,
        /// Another one.
        other: PathBuf,
    },
    /// Index or manifest promise other bytes.
    #[error("{url} has the digest {found}, but {promised_by} says {expected}")]
    OtherBytes {
        /// The archive.
        url: String,
        /// What has the digest.
        promised_by: &'static str,
        /// The digest in it.
        expected: String,
        /// Digest of what was downloaded.
        found: String,
    },
    /// The chart is not the pinned one.
    #[error("chart {chart} of {place} has the digest {found}, but it is pinned to {pinned}")]
    Pin {
        /// The chart.
        chart: String,
        /// Repository, folder or file.
        place: String,
        /// The expected digest.
        pinned: String,
        /// The digest that it has.
        found: String,
    },
    /// The archive or folder is not a chart.
    #[error("{place} is not a usable chart")]
    Load {
        /// Archive or folder.
        place: String,
        /// What is wrong with it.
        #[source]
        source: helm_template::chart::Error,
    },
    /// The archive holds another chart.
    #[error("{place} contains chart {found}, not {expected}")]
    OtherChart {
        /// The archive.
        place: String,
        /// Name and version that were asked for.
        expected: String,
        /// Name and version in its `Chart.yaml`.
        found: String,
    },
}

impl Error {
    /// Label of the `chart_registry` block that cannot be used as it is.
    pub fn registry(&self) -> Option<&str> {
        match self {
            Self::NotAHost { label }
            | Self::HalfOfCredentials { label }
            | Self::NotCertificates { label }
            | Self::CredentialsWithoutTls { label }
            | Self::CertificatesWithoutTls { label } => Some(label),
            _ => None,
        }
    }
}
