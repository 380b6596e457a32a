use thiserror::Error;

use super::rules;
use crate::mesh::InvalidName;
use crate::trust::TrustError;

/// What is wrong with a member of a peer document.
#[derive(Debug, Error)]
pub enum MemberError {
    /// Nobody can use the mesh, or the export, without it.
    #[error("it is missing")]
    Missing,
    /// A text is longer than any name.
    #[error("it has more than {most} characters")]
    TooLong {
        /// The most.
        most: usize,
    },
    /// There are more than anybody needs.
    #[error("it has {count} entries, and {most} are allowed")]
    TooMany {
        /// How many.
        count: usize,
        /// The most.
        most: usize,
    },
    /// A text is not a name of the kind that its place needs.
    #[error(transparent)]
    Name(InvalidName),
    /// Meshes with this trust domain cannot be told apart.
    #[error("{domain:?} is Istio's default, so other meshes have it, too")]
    SharedTrustDomain {
        /// The trust domain.
        domain: &'static str,
    },
    /// Certificates cannot be bound to an IP address (RFC 5280, section 4.2.1.10).
    #[error("{address:?} is an IP address")]
    TrustDomainIsAddress {
        /// The address.
        address: String,
    },
    /// A root cannot be read, or is not an authority.
    #[error("proxies cannot trust these certificates")]
    Roots(#[source] TrustError),
    /// Nothing can be reached there.
    #[error("{reason}")]
    Address {
        /// Why not.
        reason: String,
    },
    /// A number is out of range.
    #[error("{found} is not between {least} and {most}")]
    Range {
        /// The number.
        found: i64,
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// Istio does not route it.
    #[error("{found:?} is not a protocol that Istio routes")]
    Protocol {
        /// The protocol.
        found: String,
    },
    /// Two entries are alike where each must be different.
    #[error("{found} is given twice")]
    Twice {
        /// What both have.
        found: String,
    },
}

impl MemberError {
    /// What to do about it.
    pub(super) fn way_out(&self) -> String {
        match self {
            Self::Missing => {
                "Apply in the workspace of the other mesh, and pass the document exactly as the provider wrote it."
                    .to_owned()
            }
            Self::TooMany { .. } => {
                "Remove what is not needed in the configuration of the other mesh, or split its exports among several federations."
                    .to_owned()
            }
            Self::SharedTrustDomain { .. } | Self::TrustDomainIsAddress { .. } => {
                "Give the other mesh its own trust_domain, such as \"bank.example\".".to_owned()
            }
            Self::Roots(error) => error.way_out().to_owned(),
            Self::Address { .. } => {
                "Give the gateway of the other mesh an address that is reachable from other meshes.".to_owned()
            }
            Self::Protocol { .. } => format!("Use one of {}.", rules::PROTOCOLS.join(", ")),
            Self::Name(_) | Self::TooLong { .. } | Self::Range { .. } | Self::Twice { .. } => {
                super::error::UNCHANGED.to_owned()
            }
        }
    }
}
