//! Why material cannot be made or used.

use std::collections::BTreeMap;

use thiserror::Error;

/// What is wrong with an authority's files. The text names the file, [`TrustError::file`] gives it by itself,
/// [`TrustError::way_out`] says what to do. Nothing of a key is in any of them.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The name of a kind of key is unknown.
    #[error("{found:?} is no type of key")]
    KeyType {
        /// What was asked for.
        found: String,
    },
    /// A file is absent or empty.
    #[error("{file} is missing or empty; there is {}", listed(present))]
    Missing {
        /// The file.
        file: &'static str,
        /// Files with content.
        present: Vec<String>,
    },
    /// The Secret is istiod's own.
    #[error("istiod itself made this cacerts, for a root of its own (it has the key istio-generated)")]
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
    /// More than one key.
    #[error("{file} has more than one PEM block; it must be the private key alone")]
    SeveralKeys {
        /// The file.
        file: String,
    },
    /// The key is encrypted.
    #[error("the private key in {file} is encrypted")]
    EncryptedKey {
        /// The file.
        file: String,
    },
    /// The key cannot be read, or is of a kind that is not supported.
    #[error("the private key in {file} cannot be used")]
    Key {
        /// The file.
        file: String,
        /// Why not.
        #[source]
        source: rustls::Error,
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
    #[error("certificate {subject:?} in {file} is not an authority's: its basicConstraints lack CA:true")]
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
        file: &'static str,
        /// Whose certificate.
        subject: String,
    },
    /// The root's path length forbids its intermediates.
    #[error(
        "root {subject:?} in {file} has a pathlen too small for the {below} authorities between it and workloads"
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
        "proxies would refuse what {subject:?} issues, with the chain in {file} and the roots in {roots}"
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
        source: webpki::Error,
    },
    /// The revocation lists would make proxies refuse everything.
    #[error("proxies would refuse every certificate because of the revocation lists in {file}")]
    Revocation {
        /// The file.
        file: &'static str,
        /// The rule.
        #[source]
        source: webpki::Error,
    },
    /// A lifetime that no certificate can have.
    #[error("a certificate cannot be valid for {days} days")]
    Lifetime {
        /// What was asked for.
        days: i64,
    },
    /// A certificate or key could not be made.
    #[error("cannot make {what}")]
    Make {
        /// What.
        what: &'static str,
        /// Why not.
        #[source]
        source: rcgen::Error,
    },
    /// A certificate that was parsed cannot be taken apart.
    #[error("a certificate cannot be taken apart")]
    Reread,
    /// No random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
    /// Nothing that all clusters trust.
    #[error("the clusters have no root in common: {}", by_cluster(clusters))]
    NoCommonRoot {
        /// Fingerprints of each cluster's roots.
        clusters: BTreeMap<String, Vec<String>>,
    },
    /// One cluster does not trust another.
    #[error("the authority of cluster {cluster:?} leads to root {root}, which cluster {by:?} does not trust; it has {}", roots.join(", "))]
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
            | Self::NotSelfSigned { file, .. }
            | Self::NoRoomBelow { file, .. }
            | Self::NotInChain { file, .. }
            | Self::Stray { file, .. }
            | Self::OtherRoot { file, .. }
            | Self::Refused { file, .. }
            | Self::Revocation { file, .. } => Some(file),
            Self::NotPem { file }
            | Self::Pem { file, .. }
            | Self::Markers { file }
            | Self::Kind { file, .. }
            | Self::Certificate { file, .. }
            | Self::SeveralKeys { file }
            | Self::EncryptedKey { file }
            | Self::Key { file, .. }
            | Self::NotAnAuthority { file, .. }
            | Self::MayNotSign { file, .. }
            | Self::NameForbidden { file, .. }
            | Self::Expired { file, .. }
            | Self::NotYetValid { file, .. } => Some(file),
            Self::KeyType { .. }
            | Self::MadeByIstiod
            | Self::Lifetime { .. }
            | Self::Make { .. }
            | Self::Reread
            | Self::Random(_)
            | Self::NoCommonRoot { .. }
            | Self::Distrusted { .. } => None,
        }
    }

    /// What the user can do.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::KeyType { .. } => "Use ecdsa-p256 or ecdsa-p384.",
            Self::Missing { .. } => {
                "Give all of ca-cert.pem, ca-key.pem, cert-chain.pem and root-cert.pem (or tls.crt, tls.key and ca.crt); \
                 istiod does not start with an incomplete set."
            }
            Self::MadeByIstiod => {
                "Such a root serves one cluster only. Have the certificates generated, or put an authority with a common \
                 root into the Secret of each cluster."
            }
            Self::NotPem { .. } | Self::Pem { .. } | Self::Markers { .. } => {
                "Copy the file again, whole: each block from -----BEGIN to -----END, as openssl writes it."
            }
            Self::Kind { wanted: "PRIVATE KEY", .. } => {
                "Use a private key as PKCS#8, PKCS#1 or SEC1, without EC PARAMETERS before it; openssl pkcs8 -topk8 -nocrypt \
                 makes one."
            }
            Self::Kind { .. } => {
                "Remove the block. If it is a private key, it has been disclosed: replace it."
            }
            Self::Certificate { .. } => "Check it with openssl x509 -text and copy it again from its source.",
            Self::SeveralKeys { .. } => "Leave only the private key in the file.",
            Self::EncryptedKey { .. } => "Decrypt it with openssl pkcs8; istiod has no password for it.",
            Self::Key { .. } => "Use RSA of 2048 to 4096 bits, or ECDSA on P-256 or P-384, unencrypted.",
            Self::OtherKey { .. } => {
                "Give the key that the certificate was requested with; openssl pkey -pubout and openssl x509 -pubkey show the \
                 same public key when they fit."
            }
            Self::SeveralRoots { .. } => "Leave only the certificate that the key belongs to.",
            Self::NotAnAuthority { .. } | Self::MayNotSign { .. } => {
                "Have it issued as an authority: basicConstraints CA:true and keyUsage keyCertSign."
            }
            Self::NameForbidden { .. } => {
                "Have it issued without nameConstraints, or with ones that permit the trust domain as a URI (and the names of istiod, \
                 if they constrain DNS names). Otherwise every connection of the mesh would be refused."
            }
            Self::NotSelfSigned { .. } => {
                "Give the root itself. An authority below somebody else's root is given as an intermediate, one a cluster."
            }
            Self::NoRoomBelow { .. } => "Use a root without a path length, or with one that is large enough.",
            Self::Expired { .. } => "Replace it by a certificate that is valid.",
            Self::NotYetValid { .. } => {
                "Check the clock where Terraform runs; if it is right, wait or use a certificate that is valid now."
            }
            Self::NotInChain { .. } => {
                "Put the authority's certificate first, then those above it up to the root."
            }
            Self::Stray { .. } => {
                "Remove it, or add the certificate that signed it; every proxy sends the whole chain in each handshake."
            }
            Self::OtherRoot { .. } => {
                "Give the root that signed it, and in the chain every authority in between."
            }
            Self::Refused { source, .. } => way_out_of_refusal(source),
            Self::Revocation { .. } => {
                "Give one current list of every authority of the chain, signed by it and without the authority below, or none \
                 at all. An authority that has been revoked must be replaced."
            }
            Self::Lifetime { .. } => "Use more than nothing, and an end before the year 10000.",
            Self::Make { .. } => "Names must be plain text; check organization, cluster and namespace.",
            Self::Reread | Self::Random(_) => "This should not happen; try again and report it if it stays.",
            Self::NoCommonRoot { .. } => {
                "Clusters of one mesh need one root: sign the authority of each with the same, or rotate the roots step by \
                 step, first trusting both everywhere."
            }
            Self::Distrusted { .. } => {
                "Add the root to root-cert.pem of that cluster before anything is signed with it."
            }
        }
    }
}

fn way_out_of_refusal(error: &webpki::Error) -> &'static str {
    match error {
        webpki::Error::PathLenConstraintViolated => {
            "An authority of the chain allows too few below itself: have it issued again with a larger pathlen, or none."
        }
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
            "Replace the authority of the chain that is not valid now."
        }
        webpki::Error::RequiredEkuNotFoundContext(_) => {
            "An authority of the chain has an extendedKeyUsage without serverAuth and clientAuth: workloads are both. Have \
             it issued without that extension."
        }
        webpki::Error::UnsupportedSignatureAlgorithmContext(_)
        | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "Sign with SHA-256 or better, and RSA from 2048 bits or ECDSA on P-256 or P-384."
        }
        _ => "Check the chain with openssl verify -x509_strict.",
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
