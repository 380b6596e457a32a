//! Whether the certificates that an authority issues would be accepted.

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder,
    UnknownStatusPolicy, anchor_from_trusted_cert,
};

use super::certificate::Certificate;
use super::error::TrustError;
use super::issue;
use super::key::PrivateKey;

/// An authority and what a proxy sees of it.
pub(super) struct Presented<'a> {
    pub certificate: &'a Certificate,
    pub key: &'a PrivateKey,
    /// What workloads present after their own certificate.
    pub chain: &'a [Certificate],
    /// What they trust.
    pub roots: &'a [Certificate],
    /// Revocation lists in DER; none means that nobody looks for any.
    pub revocations: &'a [Vec<u8>],
}

impl Presented<'_> {
    /// The root that a workload's certificate leads to, as its place in `roots`.
    ///
    /// Asks what counts: a certificate is issued as istiod would, and verified with what proxies have, once as a
    /// server's and once as a client's. That is stricter than istiod, which only looks from `ca-cert.pem` upwards
    /// (`security/pkg/pki/util/keycertbundle.go`, `Verify`) and thus starts with a chain that no proxy accepts: one
    /// without `ca-cert.pem` itself, or one whose root allows no authority below (`pathlen:0`).
    pub fn root(&self, now: OffsetDateTime) -> Result<usize, PathError> {
        let leaf: CertificateDer<'_> = issue::probe(self.certificate, self.key, now)?.into();
        let leaf = EndEntityCert::try_from(&leaf).map_err(PathError::Refused)?;
        // A root in the chain leads nowhere but to itself, where webpki would lose its way.
        let links = self.chain.iter().filter(|certificate| !certificate.is_self_issued());
        let chain: Vec<_> = links.map(|certificate| certificate.der().clone()).collect();
        let (places, anchors) = self.anchors(now)?;
        let lists = self.revocation_lists().map_err(PathError::Revocation)?;
        let lists: Vec<_> = lists.iter().collect();
        let verify = |usage, revocation| {
            let time = unix_time(now);
            let path = leaf.verify_for_usage(
                ALL_VERIFICATION_ALGS,
                &anchors,
                &chain,
                time,
                usage,
                revocation,
                None,
            )?;
            let anchor = anchors.iter().position(|anchor| anchor == path.anchor()).unwrap_or(0);
            Ok((places[anchor], path.intermediate_certificates().count()))
        };
        verify(KeyUsage::client_auth(), None).map_err(PathError::Refused)?;
        let (root, below) = verify(KeyUsage::server_auth(), None).map_err(PathError::Refused)?;
        // What an anchor says of the path below itself is nothing to webpki, but is to Go and to BoringSSL.
        if self.roots[root]
            .path_length()
            .is_some_and(|allowed| u32::try_from(below).is_ok_and(|below| below > allowed))
        {
            return Err(PathError::NoRoom { root, below });
        }
        if !lists.is_empty() {
            verify(KeyUsage::server_auth(), revocation_options(&lists)).map_err(PathError::Revocation)?;
        }
        Ok(root)
    }

    /// The roots that are valid, with their places in `roots`.
    fn anchors(&self, now: OffsetDateTime) -> Result<(Vec<usize>, Vec<TrustAnchor<'_>>), PathError> {
        let valid = self.roots.iter().enumerate().filter(|(_, root)| root.is_valid(now));
        let anchor = |root: usize, certificate| {
            anchor_from_trusted_cert(certificate).map_err(|error| PathError::Root { root, error })
        };
        valid.map(|(root, certificate)| Ok((root, anchor(root, certificate.der())?))).collect()
    }

    fn revocation_lists(&self) -> Result<Vec<CertRevocationList<'static>>, Error> {
        let read = |der: &Vec<u8>| Ok(OwnedCertRevocationList::from_der(der)?.into());
        self.revocations.iter().map(read).collect()
    }
}

/// Times before 1970 are that: no certificate is valid then.
fn unix_time(now: OffsetDateTime) -> UnixTime {
    let since = (now - OffsetDateTime::UNIX_EPOCH).try_into().unwrap_or_default();
    UnixTime::since_unix_epoch(since)
}

/// Envoy wants a list from every authority of the chain as soon as it has one, and refuses everything when one has
/// expired; istiod checks the former (`Verify`).
fn revocation_options<'a>(lists: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
    let options = RevocationOptionsBuilder::new(lists).ok()?;
    Some(
        options
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build(),
    )
}

/// Why there is no root.
pub(super) enum PathError {
    /// The probe could not be made.
    Probe(TrustError),
    /// This root cannot be used.
    Root { root: usize, error: Error },
    /// A proxy would refuse it.
    Refused(Error),
    /// This root allows fewer authorities below itself than there are.
    NoRoom { root: usize, below: usize },
    /// A proxy would refuse it because of the revocation lists.
    Revocation(Error),
}

impl From<TrustError> for PathError {
    fn from(error: TrustError) -> Self {
        Self::Probe(error)
    }
}
