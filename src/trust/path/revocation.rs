//! Whether the revocation lists let a workload's certificate pass. webpki reads them, and needs a certificate to judge.

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder,
    UnknownStatusPolicy, anchor_from_trusted_cert,
};

use super::super::error::TrustError;
use super::super::files::CA_CRL;
use super::super::issue;
use super::super::key::PrivateKey;
use super::Presented;

/// Why the lists do not let it pass.
pub(in super::super) enum Refused {
    /// The certificate to be judged could not be made.
    Probe(TrustError),
    /// This rule is broken.
    Rule(Error),
}

impl From<TrustError> for Refused {
    fn from(error: TrustError) -> Self {
        Self::Probe(error)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Rule(error)
    }
}

/// That `lists`, in DER, are those of every authority of the path, valid, and do not revoke the one below. No lists mean that nobody
/// looks for any.
pub(in super::super) fn check(
    presented: &Presented<'_>,
    key: &PrivateKey,
    lists: &[Vec<u8>],
    now: OffsetDateTime,
) -> Result<(), Refused> {
    if lists.is_empty() {
        return Ok(());
    }
    if !key.can_sign() {
        return Err(Refused::Probe(TrustError::UncheckedLists { file: CA_CRL }));
    }
    let read = |der: &Vec<u8>| -> Result<CertRevocationList<'static>, Error> {
        Ok(OwnedCertRevocationList::from_der(der)?.into())
    };
    let lists = lists.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    let leaf: CertificateDer<'_> = issue::probe(presented.certificate, key, now)?.into();
    let leaf = EndEntityCert::try_from(&leaf)?;
    // A root in the chain leads nowhere but to itself, where webpki would lose its way.
    let links = presented.chain.iter().filter(|certificate| !certificate.is_self_signed());
    let chain: Vec<_> = links.map(|certificate| certificate.der().clone()).collect();
    let valid = presented.roots.iter().filter(|root| root.is_valid(now));
    let anchors = valid
        .map(|root| anchor_from_trusted_cert(root.der()))
        .collect::<Result<Vec<TrustAnchor<'_>>, Error>>()?;
    let (time, lists) = (unix_time(now), lists.iter().collect::<Vec<_>>());
    let usage = KeyUsage::server_auth();
    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &chain, time, usage, options(&lists), None)?;
    Ok(())
}

/// Times before 1970 are that: no certificate is valid then.
fn unix_time(now: OffsetDateTime) -> UnixTime {
    let since = (now - OffsetDateTime::UNIX_EPOCH).try_into().unwrap_or_default();
    UnixTime::since_unix_epoch(since)
}

/// Envoy wants a list from every authority of the chain as soon as it has one, and refuses everything when one has
/// expired; istiod checks the former (`Verify`).
fn options<'a>(lists: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
    let options = RevocationOptionsBuilder::new(lists).ok()?;
    Some(
        options
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build(),
    )
}
