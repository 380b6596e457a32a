//! One certificate and what can be read in it.

use std::fmt;

use base16ct::lower;
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::constraints::Constraints;
use super::encoding::{self, CERTIFICATE, Source};
use super::error::TrustError;
use super::facts::{self, Facts};
use super::key::PrivateKey;
use super::signature::{self, Signature};

/// How long the replacement of an authority may take to plan.
const NEAR: Duration = Duration::days(30);

/// A certificate that could be parsed in full.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    facts: Facts,
}

impl Certificate {
    /// Every certificate of a PEM file, at least one; one that is bad is an error. `file` names it in errors.
    pub fn parse_all(file: &str, content: &[u8]) -> Result<Vec<Self>, TrustError> {
        Self::parse(Source::any(file), content)
    }

    pub(super) fn parse(source: Source<'_>, content: &[u8]) -> Result<Vec<Self>, TrustError> {
        let contents = encoding::contents(source, content, CERTIFICATE)?;
        contents.into_iter().enumerate().map(|(index, der)| Self::new(source.file, index + 1, der)).collect()
    }

    /// `number` is its place in the file, from 1.
    fn new(file: &str, number: usize, der: Vec<u8>) -> Result<Self, TrustError> {
        let malformed = |reason: String| TrustError::Certificate { file: file.to_owned(), number, reason };
        let facts = Facts::read(&der).map_err(malformed)?;
        let certificate = Self { der: der.into(), facts };
        if certificate.names_itself() && certificate.signed_by(&certificate) == Signature::Bad {
            return Err(malformed(
                "it is its own issuer, but its signature is not by its own key: it was changed or damaged"
                    .to_owned(),
            ));
        }
        Ok(certificate)
    }

    /// Whether it says that its own key signed it. One with the name of its issuer alone does not say that: a new authority may have
    /// the name of the one that signed it.
    fn names_itself(&self) -> bool {
        let named = self.facts.authority_key_id.as_ref().and_then(|identifier| identifier.key_id.as_ref());
        self.is_self_issued() && named.is_some() && named == self.facts.key_id.as_ref()
    }

    /// A certificate that was just made.
    pub(super) fn made(file: &str, der: Vec<u8>) -> Result<Self, TrustError> {
        Self::new(file, 1, der)
    }

    /// PEM, one block with a line feed at the end of each line.
    pub fn pem(&self) -> String {
        encoding::encode(CERTIFICATE, &self.der)
    }

    /// `O=Istio, CN=Root CA`.
    pub fn subject(&self) -> &str {
        &self.facts.subject
    }

    /// Whether it constrains the URIs of what is signed below it. webpki, and so ztunnel, rejects every certificate with a URI then.
    pub fn constrains_uris(&self) -> bool {
        self.facts.constraints.as_ref().is_some_and(Constraints::are_of_uris)
    }

    /// `sha256:` and the digest of the DER in lower-case hexadecimal, as `openssl x509 -fingerprint -sha256` computes
    /// it.
    pub fn fingerprint(&self) -> String {
        format!("sha256:{}", lower::encode_string(&Sha256::digest(&self.der)))
    }

    /// The same of its public key (`SubjectPublicKeyInfo`): certificates with one key trust the same signatures.
    pub fn key_fingerprint(&self) -> String {
        format!("sha256:{}", lower::encode_string(&Sha256::digest(&self.facts.public_key)))
    }

    /// The first second of its validity.
    pub fn not_before(&self) -> OffsetDateTime {
        self.facts.not_before
    }

    /// The last second of its validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.facts.not_after
    }

    /// The last second of its validity in RFC 3339, UTC: `2036-11-22T22:43:30Z`.
    pub fn not_after_text(&self) -> String {
        rfc3339(self.facts.not_after)
    }

    /// Whether little time is left to replace it: a tenth of its validity, or at least 30 days unless those would be more than a
    /// third of it.
    pub fn is_near_its_end(&self, now: OffsetDateTime) -> bool {
        let lifetime: Duration = self.facts.not_after - self.facts.not_before;
        let near = Duration::max(lifetime / 10, NEAR.min(lifetime / 3));
        self.facts.not_after - now < near
    }

    /// Type of its public key: `ecdsa-p256`, `rsa-4096`, `ed25519`, or else the identifier of the algorithm.
    pub fn key_type(&self) -> &str {
        &self.facts.key_type
    }

    /// Issuer and subject are the same and the signature fits the certificate's own key. A signature of a kind that is
    /// no longer in use (SHA-1) is not checked: nobody checks that of a root.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.signed_by(self) != Signature::Bad
    }

    pub(super) fn organization(&self) -> Option<&str> {
        self.facts.organization.as_deref()
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.facts.is_self_issued()
    }

    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    pub(super) fn is_valid(&self, now: OffsetDateTime) -> bool {
        self.facts.is_valid(now)
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// That it may sign certificates: CA:true and, if there is a `keyUsage`, `keyCertSign`.
    pub(super) fn check_authority(&self, file: &str) -> Result<(), TrustError> {
        let (file, subject) = (file.to_owned(), self.facts.subject.clone());
        // One of version 1 has nowhere to say so.
        match (self.facts.is_issuer(), self.facts.may_sign) {
            (false, _) => Err(TrustError::NotAnAuthority { file, subject }),
            (true, false) => Err(TrustError::MayNotSign { file, subject }),
            (true, true) => Ok(()),
        }
    }

    pub(super) fn check_validity(&self, file: &str, now: OffsetDateTime) -> Result<(), TrustError> {
        let (file, subject) = (file.to_owned(), self.facts.subject.clone());
        if now < self.facts.not_before {
            let not_before = rfc3339(self.facts.not_before);
            return Err(TrustError::NotYetValid { file, subject, not_before, now: rfc3339(now) });
        }
        if now > self.facts.not_after {
            return Err(TrustError::Expired { file, subject, not_after: self.not_after_text() });
        }
        Ok(())
    }

    pub(super) fn check_key(
        &self,
        file: &'static str,
        key: &PrivateKey,
        key_file: &'static str,
    ) -> Result<(), TrustError> {
        key.fits(&self.facts.public_key)
            .then_some(())
            .ok_or(TrustError::OtherKey { certificate: file, file: key_file })
    }

    /// Whether `issuer` signed it, by name and by signature.
    pub(super) fn signed_by(&self, issuer: &Self) -> Signature {
        if self.facts.raw_issuer == issuer.facts.raw_subject {
            self.signed_with_key_of(issuer)
        } else {
            Signature::Bad
        }
    }

    /// Whether it was signed with this key, whatever the name of its owner.
    pub(super) fn signed_with_key_of(&self, issuer: &Self) -> Signature {
        let (Ok(own), Ok(other)) = (facts::parsed(&self.der), facts::parsed(&issuer.der)) else {
            return Signature::Bad;
        };
        let (message, signature) = (own.tbs_certificate.as_ref(), &own.signature_value.data);
        signature::check(&own.signature_algorithm, other.public_key(), message, signature)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({:?}, {})", self.facts.subject, self.fingerprint())
    }
}

pub(super) fn rfc3339(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    // Only a year beyond 9999 cannot be written; X.509 has none.
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
