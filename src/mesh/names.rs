use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Istio's default trust domain: every mesh has it that names none, so none of them can be told from another.
pub const DEFAULT_TRUST_DOMAIN: &str = "cluster.local";
/// Where Istio lives unless the user says otherwise, as in Istio's own documentation.
pub const DEFAULT_NAMESPACE: &str = "istio-system";
/// Where the Istio project publishes its charts.
pub const OFFICIAL_CHARTS: &str = "https://blob.istio.io/istio-release/charts";

/// The longest DNS label, and the longest value of a Kubernetes label.
pub(super) const LABEL_LENGTH: usize = 63;
/// The longest DNS name.
const SUBDOMAIN_LENGTH: usize = 253;

/// A text is not a name of the kind that its place needs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is not a {kind}: {rule}")]
pub struct InvalidName {
    /// What the text should have been, as in `cluster name`.
    pub kind: &'static str,
    /// The text.
    pub text: String,
    /// What such a name looks like.
    pub rule: &'static str,
}

/// Declares a checked text: parsed once, then known to keep its rule.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $keeps:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                let keeps: fn(&str) -> bool = $keeps;
                if keeps(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidName { kind: $kind, text, rule: $rule })
                }
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a cluster, which Istio puts into `CLUSTER_ID`, the label `topology.istio.io/cluster`, the key of a
    /// remote secret and the injection path.
    ///
    /// A DNS-1123 label is what fits all of these; a label's value is the shortest of them with 63 characters.
    ClusterName,
    "cluster name",
    "1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends (a DNS-1123 label)",
    is_dns_label
}

name! {
    /// The name of a network, the value of the label `topology.istio.io/network` and a part of the injection path.
    Network,
    "network name",
    "1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends (a DNS-1123 label)",
    is_dns_label
}

name! {
    /// `metadata.name` of a Kubernetes namespace.
    Namespace,
    "namespace name",
    "1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends (a DNS-1123 label)",
    is_dns_label
}

name! {
    /// Istio's `global.meshID`. Istio itself has no rule for it; the charts paste it between double quotes, and telemetry
    /// carries it as a label's value, so it has to be one.
    MeshId,
    "mesh ID",
    "1 to 63 letters, digits, \"-\", \"_\" and \".\", with a letter or digit at both ends",
    is_label_value
}

name! {
    /// A SPIFFE trust domain as Istio accepts it in `meshConfig.trustDomain` (`ValidateTrustDomain`: labels of DNS-1123),
    /// without Istio's optional dot at the end, which SPIFFE does not allow.
    TrustDomain,
    "trust domain",
    "DNS-1123 labels joined by dots, 253 characters at most, such as \"shop.example\"",
    is_dns_subdomain
}

name! {
    /// The exact version of a chart release, in the form of Semantic Versioning 2.0.
    ChartVersion,
    "chart version",
    "an exact release such as \"1.31.1\", without a range or the prefix \"v\"",
    |text| Version::parse(text).is_ok()
}

name! {
    /// The name of a federation, in the names of its objects.
    FederationName,
    "federation name",
    "1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends (a DNS-1123 label)",
    is_dns_label
}

name! {
    /// What a federation calls another mesh.
    PeerName,
    "peer name",
    "1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends (a DNS-1123 label)",
    is_dns_label
}

name! {
    /// What a federation calls an export or an import, in the names of its objects.
    ShareName,
    "name of an export or import",
    "1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends (a DNS-1123 label)",
    is_dns_label
}

name! {
    /// `metadata.name` of a Kubernetes Service, and the name of one of its ports.
    ServiceName,
    "name of a Service or of a port",
    "1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends (a DNS-1123 label)",
    is_dns_label
}

impl ChartVersion {
    /// Its numbers.
    pub fn version(&self) -> Version {
        // It has been parsed before.
        Version::parse(&self.0).unwrap_or_else(|_| Version::new(0, 0, 0))
    }

    /// Major and minor number.
    pub fn minor(&self) -> (u64, u64) {
        let Version { major, minor, .. } = self.version();
        (major, minor)
    }
}

fn is_lower_alphanumeric(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// `IsDNS1123Label` of Kubernetes' apimachinery.
pub fn is_dns_label(text: &str) -> bool {
    text.len() <= LABEL_LENGTH
        && text.starts_with(is_lower_alphanumeric)
        && text.ends_with(is_lower_alphanumeric)
        && text.chars().all(|c| is_lower_alphanumeric(c) || c == '-')
}

/// `IsDNS1123Subdomain` of Kubernetes' apimachinery.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= SUBDOMAIN_LENGTH && text.split('.').all(is_dns_label)
}

/// `IsQualifiedName` of Kubernetes' apimachinery: the key of a label or an annotation, or a class.
pub(super) fn is_qualified_name(text: &str) -> bool {
    let (prefix, name) = text.rsplit_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_dns_subdomain) && is_label_value(name)
}

/// `IsValidLabelValue` of Kubernetes' apimachinery, but for the empty text.
fn is_label_value(text: &str) -> bool {
    text.len() <= LABEL_LENGTH
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}
