//! The rules of certificate paths that istiod, its agents and Envoy keep.

use thiserror::Error;

/// A program that decides about certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// istiod and the agents, whose verifier is Go's.
    Istiod,
    /// Proxies, whose verifier is `BoringSSL`.
    Envoy,
}

impl std::fmt::Display for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Istiod => "istiod",
            Self::Envoy => "Envoy",
        })
    }
}

/// Which rule a path breaks. `subject` is whose certificate breaks it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rule {
    /// The path ends before a root.
    #[error("no other certificate of the files signed {subject:?}")]
    NoIssuer {
        /// Whose certificate.
        subject: String,
    },
    /// It was signed by a certificate that it does not name.
    #[error(
        "the authorityKeyIdentifier of {subject:?} names another key or another certificate than that of {issuer:?}, which signed \
         it, so Envoy does not find its issuer"
    )]
    KeyIdentifier {
        /// Whose certificate.
        subject: String,
        /// Who signed it.
        issuer: String,
    },
    /// Several certificates could have signed it, and Envoy takes any of them.
    #[error(
        "several certificates have the subject {issuer:?}, and {subject:?} does not name the key of the one that signed it: Envoy \
         takes one without trying the others"
    )]
    Ambiguous {
        /// Whose certificate.
        subject: String,
        /// Who signed it.
        issuer: String,
    },
    /// Issuer and subject have the same name and nothing says that they are two.
    #[error(
        "{subject:?} has the same name as its issuer and no authorityKeyIdentifier, so Envoy takes it for a root"
    )]
    SelfIssued {
        /// Whose certificate.
        subject: String,
    },
    /// The signature does not fit.
    #[error("the signature of {subject:?} was not made with the key of {issuer:?}")]
    Signature {
        /// Whose certificate.
        subject: String,
        /// Who should have signed it.
        issuer: String,
    },
    /// A kind of signature that Go does not accept.
    #[error("istiod does not accept the signature of {subject:?} ({algorithm})")]
    Algorithm {
        /// Whose certificate.
        subject: String,
        /// The kind.
        algorithm: String,
    },
    /// A kind of signature that cannot be checked here.
    #[error("this provider cannot check the signature of {subject:?} ({algorithm})")]
    Unchecked {
        /// Whose certificate.
        subject: String,
        /// The kind.
        algorithm: String,
    },
    /// Its time has passed or is yet to come.
    #[error("{subject:?} is valid from {from} until {until}")]
    NotValid {
        /// Whose certificate.
        subject: String,
        /// RFC 3339.
        from: String,
        /// RFC 3339.
        until: String,
    },
    /// Not an authority, or one that may not sign certificates.
    #[error("{subject:?} is not a CA that may sign certificates")]
    NotAnAuthority {
        /// Whose certificate.
        subject: String,
    },
    /// Too many authorities below.
    #[error("{subject:?} has a pathlen too small for the {below} CAs between it and workloads")]
    PathLength {
        /// Whose certificate.
        subject: String,
        /// How many there are.
        below: usize,
    },
    /// `extendedKeyUsage` excludes what workloads do.
    #[error("the extendedKeyUsage of {subject:?} lacks {purpose}, so {judge} does not accept what it issues")]
    Purpose {
        /// Whose certificate.
        subject: String,
        /// What is lacking.
        purpose: &'static str,
        /// Who does not accept it.
        judge: Judge,
    },
    /// A critical extension that must not be passed over.
    #[error("{judge} does not know the critical extension {extension} of {subject:?}")]
    Critical {
        /// Whose certificate.
        subject: String,
        /// The extension.
        extension: String,
        /// Who does not know it.
        judge: Judge,
    },
    /// Workloads would need a certificate policy.
    #[error(
        "the policyConstraints of {subject:?} require a certificate policy, which certificates of workloads do not have"
    )]
    Policy {
        /// Whose certificate.
        subject: String,
    },
    /// `nameConstraints` exclude a name.
    #[error("the nameConstraints of {subject:?} do not allow {name}, a name of {holder}")]
    Name {
        /// Whose constraints.
        subject: String,
        /// The name.
        name: String,
        /// What has the name.
        holder: String,
    },
    /// A name that no constraint can be compared with.
    #[error("{subject:?} has nameConstraints, and {judge} cannot compare {name} with them")]
    NameSyntax {
        /// Whose constraints.
        subject: String,
        /// The name.
        name: String,
        /// Who cannot.
        judge: Judge,
    },
    /// A constraint that no name can be compared with.
    #[error("{judge} cannot read the constraint {constraint} in the nameConstraints of {subject:?}")]
    ConstraintSyntax {
        /// Whose constraints.
        subject: String,
        /// The constraint.
        constraint: String,
        /// Who cannot.
        judge: Judge,
    },
}
