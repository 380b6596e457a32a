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
    /// TLS was tried with a server that has none.
    #[error("{host} responds in plain HTTP, without TLS")]
    PlainHttp {
        /// What was asked for.
        url: String,
        /// The host.
        host: String,
    },
    /// A registry has tokens issued by a service without TLS.
    #[error("{url} names {realm} for its tokens, which has no TLS")]
    PlainTokenService {
        /// What was asked for.
        url: String,
        /// The service.
        realm: String,
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
            | Self::NotCertificates { label } => Some(label),
            _ => None,
        }
    }

    /// What the user can do.
    pub fn way_out(&self) -> String {
        match self {
            Self::NotASource { .. } => {
                "Use an HTTP repository (https://…), a path in an OCI registry (oci://…), a directory of charts or .tgz files, \
                 or a .tgz file."
                    .to_owned()
            }
            Self::CredentialsInUrl { .. } => {
                "Move the user name and password to a chart_registry block of the provider.".to_owned()
            }
            Self::NotAnOciName { .. }
            | Self::NotUnderstood { .. }
            | Self::PlainTokenService { .. }
            | Self::NotAChart { .. }
            | Self::NotInRegistry { .. } => self.way_to_a_registry(),
            Self::NotAHost { .. }
            | Self::HalfOfCredentials { .. }
            | Self::NotCertificates { .. }
            | Self::NotYetKnown { .. } => self.way_to_a_block(),
            Self::BuildClient(_)
            | Self::Download { .. }
            | Self::Untrusted { .. }
            | Self::PlainHttp { .. }
            | Self::Protected { .. }
            | Self::Refused { .. }
            | Self::Status { .. }
            | Self::TooLarge { .. }
            | Self::Index { .. } => self.way_to_a_server(),
            Self::Read { .. } => {
                "Check that it exists where Terraform runs and that its user may read it.".to_owned()
            }
            Self::NoChart { known, .. } | Self::NoVersion { known, .. } => listed(known),
            Self::Twice { .. } => "Remove one of the two, or use a directory that has only one.".to_owned(),
            Self::OtherBytes { .. } => {
                "The archive was changed or damaged in transit; ask whoever runs the repository.".to_owned()
            }
            Self::Pin { .. } => {
                "The chart has changed since it was pinned. If this is intended, plan again with another version or source; \
                 otherwise restore the chart."
                    .to_owned()
            }
            Self::Load { .. } | Self::OtherChart { .. } => "Check the archive with helm show chart.".to_owned(),
        }
    }

    fn way_to_a_registry(&self) -> String {
        match self {
            Self::NotAnOciName { .. } => {
                "Use the form oci://host/path, in lower case and without a tag, a digest or the chart's name: the chart istiod \
                 of oci://host/path is in the repository path/istiod."
            }
            Self::PlainTokenService { .. } => {
                "Passwords and tokens are only sent over TLS. Set the registry's external URL to its https address (in Harbor: \
                 external_url), so that it names that for its tokens."
            }
            Self::NotUnderstood { .. } => {
                "Check that the host is a registry that implements the OCI distribution API over HTTPS."
            }
            Self::NotAChart { .. } => {
                "Check the path, and push the chart with helm push: a registry also has images and other artifacts."
            }
            _ => {
                "Check the path: the chart must be a repository right below it, which is where helm push puts it. A registry may \
                 also hide a repository from users without permission to read it."
            }
        }
        .to_owned()
    }

    fn way_to_a_block(&self) -> String {
        match self {
            Self::NotAHost { .. } => {
                "Label it with the host of the chart source, and its port if it has one: \"registry.example\" or \
                 \"registry.example:5000\"."
            }
            Self::HalfOfCredentials { .. } => {
                "Set both, or neither for a host without authentication. Registries accept a token as the password."
            }
            Self::NotCertificates { .. } => {
                "Set it to the PEM text of one or more certificates, from BEGIN to END, for example with file(…)."
            }
            _ => {
                "Charts are read while Terraform plans. First apply the resource that the value comes from (terraform apply \
                 -target), or use a value that is known at plan."
            }
        }
        .to_owned()
    }

    fn way_to_a_server(&self) -> String {
        match self {
            Self::BuildClient(_) => {
                "Check SSL_CERT_FILE and the proxy variables where Terraform runs.".to_owned()
            }
            Self::Download { .. } => {
                "Check the source's URL, and HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE where Terraform runs. Without network \
                 access, use a directory of charts as the source."
                    .to_owned()
            }
            Self::PlainHttp { host, .. } => format!(
                "Charts are fetched from OCI registries (oci://…) and https repositories only over TLS. Use the port of {host} that has \
                 TLS, or put a proxy with TLS in front of it; a chart_registry block takes the ca_certificate of a private CA. A chart \
                 repository without TLS can be used as http://…, and a directory of charts needs no server."
            ),
            Self::Untrusted { host, .. } => format!(
                "Set ca_certificate in a chart_registry {host:?} block of the provider to the certificate of the CA that signed \
                 it."
            ),
            Self::Protected { host, .. } => format!(
                "Set username and password in a chart_registry {host:?} block of the provider. Some registries respond like this \
                 for charts that do not exist, too."
            ),
            Self::Refused { .. } => {
                "Check username and password of the block, and whether the user has permission to pull from there. Some \
                 registries respond like this for charts that do not exist, too."
                    .to_owned()
            }
            Self::Status { status: 429 | 500..=599, .. } => {
                "The server is overloaded or failing; try again later.".to_owned()
            }
            _ => "Check the source's URL: an HTTP repository has index.yaml right below it.".to_owned(),
        }
    }
}

/// The first few of what there is.
fn listed(known: &[String]) -> String {
    const MOST: usize = 10;
    match known.len() {
        0 => "It has none; check the source.".to_owned(),
        n if n <= MOST => format!("It has {}.", known.join(", ")),
        n => format!("It has {} and {} more.", known[..MOST].join(", "), n - MOST),
    }
}
