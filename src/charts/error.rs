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
    /// An OCI registry.
    #[error("chart source {repository:?} is an OCI registry, which is not supported yet")]
    Oci {
        /// The source.
        repository: String,
    },
    /// The URL holds a user name or password.
    #[error("the URL of the chart source at {host} holds credentials, which state would then hold as well")]
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
    /// A download was answered with an error.
    #[error("{url} answered with HTTP status {status}")]
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
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The version that was asked for is none.
    #[error("{version:?} is neither a version of chart {chart} nor a version constraint")]
    NotAVersion {
        /// The chart.
        chart: String,
        /// What was asked for.
        version: String,
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
    /// The repository's index promises other bytes.
    #[error("{url} has the digest {found}, the index of its repository says {expected}")]
    IndexDigest {
        /// The archive.
        url: String,
        /// Digest in the index.
        expected: String,
        /// Digest of what was downloaded.
        found: String,
    },
    /// The chart is not the pinned one.
    #[error("chart {chart} of {place} has the digest {found}, it was pinned to {pinned}")]
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
    #[error("{place} is not a chart that can be used")]
    Load {
        /// Archive or folder.
        place: String,
        /// What is wrong with it.
        #[source]
        source: helm_template::chart::Error,
    },
    /// The archive holds another chart.
    #[error("{place} holds chart {found}, not {expected}")]
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
    /// What the user can do.
    pub fn way_out(&self) -> String {
        match self {
            Self::NotASource { .. } | Self::Oci { .. } => {
                "Use an HTTP repository (https://…), a folder with charts or .tgz files, or a .tgz file. Charts of an \
                 OCI registry get there with helm pull."
                    .to_owned()
            }
            Self::CredentialsInUrl { .. } => {
                "Move user name and password to a chart_registry block of the provider.".to_owned()
            }
            Self::BuildClient(_) => {
                "Check SSL_CERT_FILE and the proxy variables where Terraform runs.".to_owned()
            }
            Self::Download { .. } => "Check the repository's URL, and HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE where \
                 Terraform runs. Without access a folder of charts can be the source."
                .to_owned(),
            Self::Status { status: 401 | 403, .. } => {
                "Give the repository's user name and password in a chart_registry block of the provider.".to_owned()
            }
            Self::Status { status: 429 | 500..=599, .. } => {
                "The repository is overloaded or failing; try again later.".to_owned()
            }
            Self::Status { .. } | Self::TooLarge { .. } | Self::Index { .. } => {
                "Check that the URL is a chart repository's: index.yaml must be right below it.".to_owned()
            }
            Self::Read { .. } => {
                "Check that it exists where Terraform runs and that its user may read it.".to_owned()
            }
            Self::NotAVersion { .. } => {
                "Give a release such as 1.31.1, or a constraint such as ~1.31.0.".to_owned()
            }
            Self::NoChart { known, .. } | Self::NoVersion { known, .. } => listed(known),
            Self::Twice { .. } => "Remove one of the two, or name a folder that has only one.".to_owned(),
            Self::IndexDigest { .. } => {
                "The archive was changed or damaged on its way; ask whoever runs the repository.".to_owned()
            }
            Self::Pin { .. } => {
                "The chart has changed since it was pinned. If that is right, plan again with another version or \
                 source; if not, restore the chart."
                    .to_owned()
            }
            Self::Load { .. } | Self::OtherChart { .. } => "Check the archive with helm show chart.".to_owned(),
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
