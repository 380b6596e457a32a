//! One certificate and what can be read in it.

use std::fmt;

use base16ct::lower;
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert};
use x509_parser::der_parser::oid;
use x509_parser::extensions::KeyUsage;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Error};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::constraints::{Constraints, Names};
use super::encoding::{self, CERTIFICATE};
use super::error::TrustError;
use super::key::PrivateKey;

/// How long the replacement of an authority may take to plan.
const NEAR: Duration = Duration::days(30);

/// A certificate that could be parsed in full.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    facts: Facts,
}

/// What is read once, when the certificate is parsed.
#[derive(Clone, PartialEq, Eq)]
struct Facts {
    subject: String,
    organization: Option<String>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    key_type: String,
    /// `basicConstraints` says CA:true.
    is_authority: bool,
    /// `keyUsage` is absent or has `keyCertSign`.
    may_sign: bool,
    /// How many authorities may follow below.
    path_length: Option<u32>,
    self_issued: bool,
    name_constraints: Constraints,
}

/// What became of checking one certificate's signature with another's key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    Good,
    /// By another key, or the certificate was changed.
    Bad,
    /// Of a kind that is no longer in use, SHA-1 for instance; a root's own signature may be.
    Unknown,
}

impl Certificate {
    /// Every certificate of a PEM file, at least one; one that is bad is an error. `file` names it in errors.
    pub fn parse_all(file: &str, content: &[u8]) -> Result<Vec<Self>, TrustError> {
        let contents = encoding::contents(file, content, CERTIFICATE)?;
        contents.into_iter().enumerate().map(|(index, der)| Self::new(file, index + 1, der)).collect()
    }

    /// `number` is its place in the file, from 1. Both libraries must be able to read it: the one that tells what is in
    /// it, and the one that verifies.
    fn new(file: &str, number: usize, der: Vec<u8>) -> Result<Self, TrustError> {
        let malformed = |reason: String| TrustError::Certificate { file: file.to_owned(), number, reason };
        let facts = Facts::read(&der).map_err(|error| malformed(error.to_string()))?;
        let certificate = Self { der: der.into(), facts };
        EndEntityCert::try_from(&certificate.der).map_err(|error| malformed(error.to_string()))?;
        if certificate.is_self_issued() && certificate.signed_by(&certificate) == Signature::Bad {
            return Err(malformed(
                "it is its own issuer, but its signature is not by its own key: it was changed or damaged"
                    .to_owned(),
            ));
        }
        Ok(certificate)
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

    /// `sha256:` and the digest of the DER in lower-case hexadecimal, as `openssl x509 -fingerprint -sha256` computes
    /// it.
    pub fn fingerprint(&self) -> String {
        format!("sha256:{}", lower::encode_string(&Sha256::digest(&self.der)))
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
        self.facts.self_issued
    }

    /// How many authorities it allows below itself; `None` is any number.
    pub(super) fn path_length(&self) -> Option<u32> {
        self.facts.path_length
    }

    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    pub(super) fn is_valid(&self, now: OffsetDateTime) -> bool {
        self.facts.not_before <= now && now <= self.facts.not_after
    }

    /// That it may sign certificates: CA:true and, if there is a `keyUsage`, `keyCertSign`.
    pub(super) fn check_authority(&self, file: &str) -> Result<(), TrustError> {
        let (file, subject) = (file.to_owned(), self.facts.subject.clone());
        match (self.facts.is_authority, self.facts.may_sign) {
            (false, _) => Err(TrustError::NotAnAuthority { file, subject }),
            (true, false) => Err(TrustError::MayNotSign { file, subject }),
            (true, true) => Ok(()),
        }
    }

    /// That it may stand above certificates for these names.
    pub(super) fn check_names(&self, file: &str, names: &Names<'_>) -> Result<(), TrustError> {
        let Some(name) = self.facts.name_constraints.forbidden(names) else { return Ok(()) };
        let (file, subject) = (file.to_owned(), self.facts.subject.clone());
        Err(TrustError::NameForbidden { file, subject, name })
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
        let fits = self.raw().is_some_and(|raw| key.fits(&raw.public_key));
        fits.then_some(()).ok_or(TrustError::OtherKey { certificate: file, file: key_file })
    }

    /// Whether `issuer` signed it, by name and by signature.
    pub(super) fn signed_by(&self, issuer: &Self) -> Signature {
        let (Ok((_, own)), Ok((_, other))) =
            (X509Certificate::from_der(&self.der), X509Certificate::from_der(&issuer.der))
        else {
            return Signature::Unknown;
        };
        if own.issuer().as_raw() != other.subject().as_raw() {
            return Signature::Bad;
        }
        let Ok(issuer) = EndEntityCert::try_from(&issuer.der) else { return Signature::Unknown };
        let message = own.tbs_certificate.as_ref();
        let mut signature = Signature::Unknown;
        for algorithm in ALL_VERIFICATION_ALGS {
            if !is_of(algorithm.signature_alg_id().as_ref(), own.signature_algorithm.oid()) {
                continue;
            }
            match issuer.verify_signature(*algorithm, message, &own.signature_value.data) {
                Ok(()) => return Signature::Good,
                Err(webpki::Error::InvalidSignatureForPublicKey) => signature = Signature::Bad,
                Err(_) => {}
            }
        }
        signature
    }

    /// The parts of its DER that those who build on it need byte for byte: subject and public key.
    pub(super) fn raw(&self) -> Option<Raw> {
        let (_, parsed) = X509Certificate::from_der(&self.der).ok()?;
        let key_id = parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        });
        Some(Raw {
            subject: parsed.subject().as_raw().to_vec(),
            public_key: parsed.public_key().raw.to_vec(),
            key_id,
        })
    }
}

/// Parts of a certificate in DER.
pub(super) struct Raw {
    pub subject: Vec<u8>,
    pub public_key: Vec<u8>,
    pub key_id: Option<Vec<u8>>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({:?}, {})", self.facts.subject, self.fingerprint())
    }
}

impl Facts {
    fn read(der: &[u8]) -> Result<Self, X509Error> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|error| match error {
            x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error,
            x509_parser::nom::Err::Incomplete(_) => X509Error::InvalidCertificate,
        })?;
        let is_whole = rest.is_empty()
            && parsed.signature_algorithm == parsed.tbs_certificate.signature
            && parsed.signature_value.unused_bits == 0;
        if !is_whole {
            return Err(X509Error::InvalidCertificate);
        }
        let basic = parsed.basic_constraints()?.map(|extension| extension.value);
        let usage = parsed.key_usage()?.map(|extension| extension.value);
        Ok(Self {
            subject: parsed.subject().to_string(),
            organization: parsed
                .subject()
                .iter_organization()
                .next()
                .and_then(|attribute| attribute.as_str().ok())
                .map(str::to_owned),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            key_type: key_type(parsed.public_key()),
            is_authority: basic.is_some_and(|basic| basic.ca),
            may_sign: usage.is_none_or(KeyUsage::key_cert_sign),
            path_length: basic.and_then(|basic| basic.path_len_constraint),
            self_issued: parsed.issuer().as_raw() == parsed.subject().as_raw(),
            name_constraints: Constraints::of(&parsed)?,
        })
    }
}

fn key_type(key: &SubjectPublicKeyInfo<'_>) -> String {
    if let Ok(PublicKey::RSA(rsa)) = key.parsed() {
        return format!("rsa-{}", rsa.key_size());
    }
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let identifier: Oid<'_> = curve.unwrap_or_else(|| key.algorithm.algorithm.clone());
    let names = [
        (oid!(1.2.840.10045.3.1.7), "ecdsa-p256"),
        (oid!(1.3.132.0.34), "ecdsa-p384"),
        (oid!(1.3.132.0.35), "ecdsa-p521"),
        (oid!(1.3.101.112), "ed25519"),
    ];
    names
        .iter()
        .find(|(known, _)| *known == identifier)
        .map_or_else(|| identifier.to_id_string(), |(_, name)| (*name).to_owned())
}

/// Whether the content of an `AlgorithmIdentifier` begins with this object identifier.
fn is_of(algorithm_identifier: &[u8], identifier: &Oid<'_>) -> bool {
    algorithm_identifier.strip_prefix(&[6]).and_then(<[u8]>::split_first).is_some_and(|(length, rest)| {
        usize::from(*length) == identifier.as_bytes().len() && rest.starts_with(identifier.as_bytes())
    })
}

pub(super) fn rfc3339(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    // Only a year beyond 9999 cannot be written; X.509 has none.
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
