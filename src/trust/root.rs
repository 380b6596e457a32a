//! The root of a mesh.

use rcgen::DnType;
use time::{Duration, OffsetDateTime};

use super::certificate::Certificate;
use super::constraints::Names;
use super::encoding::Source;
use super::error::TrustError;
use super::files::{ROOT_CERT, ROOT_KEY};
use super::intermediate::IntermediateRequest;
use super::issue;
use super::key::PrivateKey;
use super::signature::Signature;
use crate::mesh::KeyType;

/// A root certificate with its key.
#[derive(Clone, Debug)]
pub struct Root {
    certificate: Certificate,
    key: PrivateKey,
}

/// What a new root shall be.
#[derive(Clone, Debug)]
pub struct RootRequest<'a> {
    /// `O` of its name; Istio's Makefile writes `Istio`.
    pub organization: &'a str,
    /// `CN` of its name; Istio's Makefile writes `Root CA`.
    pub common_name: &'a str,
    /// Kind of its key.
    pub key_type: KeyType,
    /// When it is made. It is valid from a few minutes before, for clocks that are late.
    pub now: OffsetDateTime,
    /// How long it is valid from `now`; Istio's Makefile takes 3650 days.
    pub lifetime: Duration,
}

impl Root {
    /// Makes a root with a new key: `tools/certs/common.mk` of Istio is the model of its content.
    pub fn generate(request: &RootRequest<'_>) -> Result<Self, TrustError> {
        let name = issue::name([
            (DnType::OrganizationName, request.organization),
            (DnType::CommonName, request.common_name),
        ]);
        let parameters = issue::authority(name, None, request.now, request.lifetime)?;
        let key = PrivateKey::generate(request.key_type)?;
        let certificate = Certificate::made(ROOT_CERT, issue::self_signed(&parameters, &key)?)?;
        Self::checked(certificate, key, request.now)
    }

    /// Reads a root from two PEM files, one certificate and its key, and checks that it can sign intermediates now.
    /// Errors call the files `root-cert.pem` and `root-key.pem`.
    pub fn parse(certificate: &[u8], key: &[u8], now: OffsetDateTime) -> Result<Self, TrustError> {
        let mut certificates = Certificate::parse_all(ROOT_CERT, certificate)?;
        let count = certificates.len();
        let certificate = certificates.pop().filter(|_| count == 1);
        let certificate = certificate.ok_or(TrustError::SeveralRoots { file: ROOT_CERT, count })?;
        Self::checked(certificate, PrivateKey::parse(Source::any(ROOT_KEY), key)?, now)
    }

    fn checked(certificate: Certificate, key: PrivateKey, now: OffsetDateTime) -> Result<Self, TrustError> {
        let subject = || certificate.subject().to_owned();
        certificate.check_authority(ROOT_CERT)?;
        if certificate.signed_by(&certificate) == Signature::Bad {
            return Err(TrustError::NotSelfSigned { file: ROOT_CERT.to_owned(), subject: subject() });
        }
        if certificate.facts().path_length == Some(0) {
            return Err(TrustError::NoRoomBelow { file: ROOT_CERT, subject: subject(), below: 1 });
        }
        certificate.check_validity(ROOT_CERT, now)?;
        certificate.check_key(ROOT_CERT, &key, ROOT_KEY)?;
        if !key.can_sign() {
            return Err(TrustError::CannotSign { file: ROOT_KEY });
        }
        Ok(Self { certificate, key })
    }

    /// That what is issued below it would be accepted, with the names of the workloads and istiod of a mesh: an intermediate is issued
    /// and thrown away.
    pub fn check_names(&self, names: &Names<'_>, now: OffsetDateTime) -> Result<(), TrustError> {
        let request = IntermediateRequest {
            cluster: "probe",
            namespace: names.namespace,
            key_type: KeyType::EcdsaP256,
            now,
            lifetime: Duration::days(1),
        };
        self.issue(&request)?.check_names(names, now)
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }
}
