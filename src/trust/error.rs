//! Why material cannot be made or used.

use std::collections::BTreeMap;

use thiserror::Error;

use super::rule::Rule;

/// What is wrong with an authority's files. The text names the file, [`TrustError::file`] gives it by itself,
/// [`TrustError::way_out`] says what to do. Nothing of a key is in any of them.
#[derive(Debug, Error)]
pub enum TrustError {
    /// A file is absent or empty.
    #[error("{file} is missing or empty; found {}", listed(present))]
    Missing {
        /// The file.
        file: &'static str,
        /// Files with content.
        present: Vec<String>,
    },
    /// The Secret is istiod's own.
    #[error("istiod itself created this cacerts, for its own root (it has the key istio-generated)")]
    MadeByIstiod,
    /// No PEM at all.
    #[error("{file} has no PEM text")]
    NotPem {
        /// The file.
        file: String,
    },
    /// A PEM block is damaged.
    #[error("{file} has a PEM block that cannot be read")]
    Pem {
        /// The file.
        file: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Markers do not pair.
    #[error("{file} has a PEM block whose BEGIN or END line is damaged or missing")]
    Markers {
        /// The file.
        file: String,
    },
    /// Other readers than Go take it.
    #[error("istiod does not read {file} from line {line}: {reason}")]
    Notation {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What Go does not accept.
        reason: &'static str,
    },
    /// A PEM block of a kind that has no place there.
    #[error("{file} has a PEM block {found:?} (or one with headers) where only {wanted:?} can be used")]
    Kind {
        /// The file.
        file: String,
        /// Its label.
        found: String,
        /// What belongs there.
        wanted: &'static str,
    },
    /// A certificate cannot be parsed, or was changed after it was signed.
    #[error("certificate {number} of {file} cannot be used: {reason}")]
    Certificate {
        /// The file.
        file: String,
        /// Its place, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// The key is encrypted.
    #[error("the private key in {file} is encrypted")]
    EncryptedKey {
        /// The file.
        file: String,
    },
    /// The key cannot be read, or is of a kind that is not supported.
    #[error(
        "this provider cannot use the private key in {file}: it is damaged, or of another kind than RSA from 1024 bits, ECDSA on \
         P-256, P-384 or P-521, and Ed25519"
    )]
    Key {
        /// The file.
        file: String,
    },
    /// A key that only istiod could sign with.
    #[error("this provider cannot sign certificates with the private key in {file}")]
    CannotSign {
        /// The file.
        file: &'static str,
    },
    /// Key and certificate do not belong together.
    #[error("the private key in {file} is not that of the certificate in {certificate}")]
    OtherKey {
        /// The certificate's file.
        certificate: &'static str,
        /// The key's file.
        file: &'static str,
    },
    /// Not exactly one root certificate.
    #[error("{file} has {count} certificates; it must be the root's alone")]
    SeveralRoots {
        /// The file.
        file: &'static str,
        /// How many.
        count: usize,
    },
    /// The certificate is not an authority's.
    #[error("certificate {subject:?} in {file} is not a CA certificate: its basicConstraints lack CA:true")]
    NotAnAuthority {
        /// The file.
        file: String,
        /// Whose certificate.
        subject: String,
    },
    /// The certificate's key usage excludes signing certificates.
    #[error("certificate {subject:?} in {file} may not sign certificates: its keyUsage lacks keyCertSign")]
    MayNotSign {
        /// The file.
        file: String,
        /// Whose certificate.
        subject: String,
    },
    /// The certificate's name constraints exclude what the mesh needs.
    #[error(
        "certificate {subject:?} in {file} may not issue for {name}: its nameConstraints do not allow it"
    )]
    NameForbidden {
        /// The file.
        file: String,
        /// Whose certificate.
        subject: String,
        /// The name.
        name: String,
    },
    /// The root was signed by somebody else.
    #[error("certificate {subject:?} in {file} is not self-signed, so it is not a root")]
    NotSelfSigned {
        /// The file.
        file: String,
        /// Whose certificate.
        subject: String,
    },
    /// A name constraint for this trust domain would make Envoy refuse every certificate.
    #[error(
        "the root in {file} cannot be bound to the trust domain {trust_domain:?}, which is not a host name to Envoy"
    )]
    Unbindable {
        /// The file.
        file: String,
        /// The trust domain.
        trust_domain: String,
    },
    /// The root's path length forbids its intermediates.
    #[error(
        "root {subject:?} in {file} has a pathlen too small for the {below} CAs between it and workloads"
    )]
    NoRoomBelow {
        /// The file.
        file: &'static str,
        /// Whose certificate.
        subject: String,
        /// How many authorities there are below it.
        below: usize,
    },
    /// Past its end.
    #[error("certificate {subject:?} in {file} expired at {not_after}")]
    Expired {
        /// The file.
        file: String,
        /// Whose certificate.
        subject: String,
        /// RFC 3339.
        not_after: String,
    },
    /// Before its beginning.
    #[error("certificate {subject:?} in {file} is valid from {not_before}; now it is {now}")]
    NotYetValid {
        /// The file.
        file: String,
        /// Whose certificate.
        subject: String,
        /// RFC 3339.
        not_before: String,
        /// RFC 3339.
        now: String,
    },
    /// The chain lacks the authority.
    #[error(
        "{file} does not have the certificate {subject:?} of {certificate}, so proxies could not present it"
    )]
    NotInChain {
        /// The chain's file.
        file: &'static str,
        /// The authority's file.
        certificate: &'static str,
        /// The authority.
        subject: String,
    },
    /// A certificate of the chain that belongs to nothing.
    #[error("certificate {subject:?} in {file} was not signed by any other certificate of the files")]
    Stray {
        /// The file.
        file: &'static str,
        /// Whose certificate.
        subject: String,
    },
    /// The chain ends elsewhere.
    #[error("the certificate {subject:?} of {certificate} leads to none of the roots in {file}: {}", roots.join(", "))]
    OtherRoot {
        /// The authority's file.
        certificate: &'static str,
        /// The authority.
        subject: String,
        /// The roots' file.
        file: &'static str,
        /// Their fingerprints.
        roots: Vec<String>,
    },
    /// A rule of certificate paths is broken.
    #[error(
        "certificates issued by {subject:?} would be rejected, with the chain in {file} and the roots in {roots}"
    )]
    Refused {
        /// The chain's file.
        file: &'static str,
        /// The roots' file.
        roots: &'static str,
        /// The authority.
        subject: String,
        /// The rule.
        #[source]
        source: Box<Rule>,
    },
    /// The revocation lists would make proxies refuse everything.
    #[error("proxies would reject every certificate because of the revocation lists in {file}")]
    Revocation {
        /// The file.
        file: &'static str,
        /// The rule.
        #[source]
        source: webpki::Error,
    },
    /// Lists that cannot be checked here.
    #[error("this provider cannot check the revocation lists in {file} of a CA with a key of this kind")]
    UncheckedLists {
        /// The file.
        file: &'static str,
    },
    /// A lifetime that no certificate can have.
    #[error("a certificate cannot be valid for {days} days")]
    Lifetime {
        /// What was asked for.
        days: i64,
    },
    /// A certificate or key could not be made.
    #[error("cannot create {what}")]
    Make {
        /// What.
        what: &'static str,
        /// Why not.
        #[source]
        source: rcgen::Error,
    },
    /// A certificate that was made cannot be taken apart.
    #[error("cannot parse a certificate")]
    Reread,
    /// No random numbers.
    #[error("the system provides no random numbers")]
    Random(#[source] getrandom::Error),
    /// Nothing that all clusters trust.
    #[error("the clusters have no root in common: {}", by_cluster(clusters))]
    NoCommonRoot {
        /// Fingerprints of each cluster's roots.
        clusters: BTreeMap<String, Vec<String>>,
    },
    /// One cluster does not trust another.
    #[error("the CA of cluster {cluster:?} leads to root {root}, which cluster {by:?} does not trust; it has {}", roots.join(", "))]
    Distrusted {
        /// The one that is not trusted.
        cluster: String,
        /// Fingerprint of its root.
        root: String,
        /// The one that does not trust it.
        by: String,
        /// Fingerprints of what it trusts.
        roots: Vec<String>,
    },
}

impl TrustError {
    /// The file that has to change, for those that map files to attributes; `None` if it is none by itself.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Missing { file, .. }
            | Self::OtherKey { file, .. }
            | Self::SeveralRoots { file, .. }
            | Self::CannotSign { file }
            | Self::UncheckedLists { file }
            | Self::NoRoomBelow { file, .. }
            | Self::NotInChain { file, .. }
            | Self::Stray { file, .. }
            | Self::OtherRoot { file, .. }
            | Self::Refused { file, .. }
            | Self::Revocation { file, .. } => Some(file),
            Self::NotPem { file }
            | Self::Notation { file, .. }
            | Self::Pem { file, .. }
            | Self::Markers { file }
            | Self::Kind { file, .. }
            | Self::Certificate { file, .. }
            | Self::EncryptedKey { file }
            | Self::Key { file, .. }
            | Self::NotAnAuthority { file, .. }
            | Self::MayNotSign { file, .. }
            | Self::NameForbidden { file, .. }
            | Self::NotSelfSigned { file, .. }
            | Self::Unbindable { file, .. }
            | Self::Expired { file, .. }
            | Self::NotYetValid { file, .. } => Some(file),
            Self::MadeByIstiod
            | Self::Lifetime { .. }
            | Self::Make { .. }
            | Self::Reread
            | Self::Random(_)
            | Self::NoCommonRoot { .. }
            | Self::Distrusted { .. } => None,
        }
    }
}

fn listed(present: &[String]) -> String {
    if present.is_empty() { "nothing else".to_owned() } else { present.join(", ") }
}

fn by_cluster(clusters: &BTreeMap<String, Vec<String>>) -> String {
    let one = |(cluster, roots): (&String, &Vec<String>)| match roots.as_slice() {
        [] => format!("{cluster:?} has none"),
        roots => format!("{cluster:?} has {}", roots.join(" and ")),
    };
    clusters.iter().map(one).collect::<Vec<_>>().join("; ")
}
