//! What a user can do about an error of a chart or its source.

use super::error::Error;

impl Error {
    /// What the user can do.
    pub fn way_out(&self) -> String {
        match self {
            Self::NotASource { repository } if repository.starts_with("oci+") => {
                "Use oci://host/path. For a registry without TLS, also set plain_http = true in a chart_registry block of the \
                 provider with its host as the label."
                    .to_owned()
            }
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
            | Self::NotAChart { .. }
            | Self::NotInRegistry { .. } => self.way_to_a_registry(),
            Self::NotAHost { .. }
            | Self::HalfOfCredentials { .. }
            | Self::NotCertificates { .. }
            | Self::CredentialsWithoutTls { .. }
            | Self::CertificatesWithoutTls { .. }
            | Self::NotYetKnown { .. } => self.way_to_a_block(),
            Self::BuildClient(_)
            | Self::Download { .. }
            | Self::Untrusted { .. }
            | Self::Unencrypted { .. }
            | Self::NoTls { .. }
            | Self::TokenRealm { .. }
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
            Self::CredentialsWithoutTls { .. } => {
                "Remove plain_http and serve the registry over TLS (a private CA can be set as ca_certificate), or remove username \
                 and password. Only a registry on this machine, such as localhost:5000, may have both."
            }
            Self::CertificatesWithoutTls { .. } => "Remove one of the two: without TLS there is no certificate to verify.",
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
            Self::Untrusted { host, .. } => format!(
                "Set ca_certificate in a chart_registry {host:?} block of the provider to the certificate of the CA that signed \
                 it."
            ),
            Self::Unencrypted { .. } => {
                "Use an https URL for the chart source, or remove username and password from the chart_registry block.".to_owned()
            }
            Self::NoTls { host, url } => way_to_tls(host, url),
            Self::TokenRealm { .. } => {
                "Credentials and tokens are only exchanged over TLS. Correct the external URL in the configuration of the registry \
                 (for Harbor, external_url or externalURL) to begin with https."
                    .to_owned()
            }
            Self::Status { url, status: 400 } if url.starts_with("http://") => {
                "Check the source's URL. Servers respond like this to plain HTTP where they expect TLS: use an https URL, or remove \
                 plain_http from the chart_registry block."
                    .to_owned()
            }
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

fn way_to_tls(host: &str, url: &str) -> String {
    // The registry API's own path; a repository has none like it.
    let plain = if url.contains("/v2/") {
        format!("set plain_http = true in a chart_registry {host:?} block of the provider")
    } else {
        "use http:// in the URL of the chart source".to_owned()
    };
    format!(
        "Charts are fetched over TLS. Check host and port; if the server has no TLS, {plain}: whoever controls the network can then read \
         and replace what is fetched for the first time."
    )
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
