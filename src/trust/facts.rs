//! What is read in a certificate, once.

use time::OffsetDateTime;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Error};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::constraints::Constraints;
use super::names::{CanonicalName, Name};
use super::{der, readable, signature};

/// What is read in a certificate, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// For people.
    pub subject: String,
    pub organization: Option<String>,
    /// `ecdsa-p256`, `rsa-4096`, or else the identifier of the algorithm.
    pub key_type: String,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub serial: Vec<u8>,
    /// Names in DER, as Go compares them.
    pub raw_subject: Vec<u8>,
    pub raw_issuer: Vec<u8>,
    /// The same as `BoringSSL` compares them.
    pub canonical_subject: CanonicalName,
    pub canonical_issuer: CanonicalName,
    /// `SubjectPublicKeyInfo` in DER.
    pub public_key: Vec<u8>,
    pub key_id: Option<Vec<u8>>,
    pub authority_key_id: Option<AuthorityKeyId>,
    /// Of X.509 version 1, which has no extensions.
    pub is_version_one: bool,
    /// `basicConstraints` says CA:true.
    pub is_authority: bool,
    /// How many authorities may follow below.
    pub path_length: Option<u32>,
    /// `keyUsage` is absent or has `keyCertSign`.
    pub may_sign: bool,
    pub purposes: Option<Purposes>,
    pub alternative_names: Option<Vec<Name>>,
    /// `emailAddress` in the subject, which `BoringSSL` constrains like the others.
    pub subject_emails: Vec<String>,
    pub constraints: Option<Constraints>,
    /// `requireExplicitPolicy` of `policyConstraints`.
    pub explicit_policy: Option<u32>,
    /// Critical extensions that are unknown to Go.
    pub unknown_to_go: Vec<String>,
    /// Critical extensions that are unknown to `BoringSSL`.
    pub unknown_to_boring: Vec<String>,
}

/// `authorityKeyIdentifier`: which key, or which certificate, signed this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthorityKeyId {
    pub key_id: Option<Vec<u8>>,
    /// The issuer of the issuer's certificate.
    pub issuer: Option<CanonicalName>,
    /// The serial number of the issuer's certificate.
    pub serial: Option<Vec<u8>>,
}

/// `extendedKeyUsage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Purposes {
    pub server: bool,
    pub client: bool,
    pub any: bool,
}

impl Facts {
    /// Reads a certificate.
    ///
    /// # Errors
    /// Why it cannot be read, by this module or by Go.
    pub fn read(der: &[u8]) -> Result<Self, String> {
        let parsed = parsed(der).map_err(|error| error.to_string())?;
        readable::check(&parsed)?;
        let unreadable = |error: X509Error| error.to_string();
        let basic = parsed.basic_constraints().map_err(unreadable)?.map(|extension| extension.value);
        let usage = parsed.key_usage().map_err(unreadable)?.map(|extension| extension.value);
        let purposes = parsed.extended_key_usage().map_err(unreadable)?.map(|extension| Purposes {
            server: extension.value.server_auth,
            client: extension.value.client_auth,
            any: extension.value.any,
        });
        let names = parsed.subject_alternative_name().map_err(unreadable)?.map(|extension| extension.value);
        let policies = parsed.policy_constraints().map_err(unreadable)?;
        let organization = parsed.subject().iter_organization().next();
        let emails = parsed.subject().iter_email().filter_map(|attribute| attribute.as_str().ok());
        let (unknown_to_go, unknown_to_boring) = readable::unknown_critical(&parsed);
        Ok(Self {
            subject: parsed.subject().to_string(),
            organization: organization.and_then(|attribute| attribute.as_str().ok()).map(str::to_owned),
            key_type: key_type(parsed.public_key()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            serial: parsed.raw_serial().to_vec(),
            raw_subject: parsed.subject().as_raw().to_vec(),
            raw_issuer: parsed.issuer().as_raw().to_vec(),
            canonical_subject: CanonicalName::of(parsed.subject()),
            canonical_issuer: CanonicalName::of(parsed.issuer()),
            public_key: parsed.public_key().raw.to_vec(),
            key_id: key_id(&parsed),
            authority_key_id: authority_key_id(&parsed),
            is_version_one: parsed.version().0 == 0,
            is_authority: basic.is_some_and(|basic| basic.ca),
            path_length: basic.and_then(|basic| basic.path_len_constraint),
            may_sign: usage.is_none_or(x509_parser::extensions::KeyUsage::key_cert_sign),
            purposes,
            alternative_names: names.map(|names| names.general_names.iter().map(Name::of).collect()),
            subject_emails: emails.map(str::to_owned).collect(),
            constraints: Constraints::of(&parsed)?,
            explicit_policy: policies.and_then(|extension| extension.value.require_explicit_policy),
            unknown_to_go,
            unknown_to_boring,
        })
    }

    /// What is in a certificate that istiod issues (`genCertTemplateFromCSR` in `security/pkg/pki/util/generate_cert.go`): no subject,
    /// and the issuer's key identifier.
    pub fn issued(issuer: &Self, names: Vec<Name>, now: OffsetDateTime) -> Self {
        let is_of_nobody = issuer.canonical_subject.is_empty();
        let key_id = issuer.key_id.clone().filter(|_| !is_of_nobody);
        Self {
            subject: names.iter().find_map(Name::text).unwrap_or_default().to_owned(),
            organization: None,
            key_type: String::new(),
            not_before: now,
            not_after: now,
            serial: vec![1],
            raw_subject: der::tagged(der::SEQUENCE, &[]),
            raw_issuer: issuer.raw_subject.clone(),
            canonical_subject: CanonicalName::default(),
            canonical_issuer: issuer.canonical_subject.clone(),
            public_key: Vec::new(),
            key_id: None,
            authority_key_id: key_id.map(|key_id| AuthorityKeyId {
                key_id: Some(key_id),
                issuer: None,
                serial: None,
            }),
            is_version_one: false,
            is_authority: false,
            path_length: None,
            may_sign: false,
            purposes: Some(Purposes { server: true, client: true, any: false }),
            alternative_names: Some(names),
            subject_emails: Vec::new(),
            constraints: None,
            explicit_policy: None,
            unknown_to_go: Vec::new(),
            unknown_to_boring: Vec::new(),
        }
    }

    /// Subject and issuer have the same name. Whether it signed itself is another question: an authority may have the name of the
    /// one that signed it.
    pub fn is_self_issued(&self) -> bool {
        self.raw_subject == self.raw_issuer
    }

    /// Whether it may stand above others: both Go and `BoringSSL` take roots of version 1.
    pub fn is_issuer(&self) -> bool {
        self.is_authority || self.is_version_one
    }

    pub fn is_valid(&self, now: OffsetDateTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// The whole of a certificate whose parts agree.
pub(super) fn parsed(der: &[u8]) -> Result<X509Certificate<'_>, X509Error> {
    let (rest, parsed) = X509Certificate::from_der(der).map_err(|error| match error {
        x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error,
        x509_parser::nom::Err::Incomplete(_) => X509Error::InvalidCertificate,
    })?;
    let is_whole = rest.is_empty()
        && parsed.signature_algorithm == parsed.tbs_certificate.signature
        && parsed.signature_value.unused_bits == 0;
    if is_whole { Ok(parsed) } else { Err(X509Error::InvalidCertificate) }
}

fn key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

fn authority_key_id(certificate: &X509Certificate<'_>) -> Option<AuthorityKeyId> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => Some(AuthorityKeyId {
            key_id: id.key_identifier.as_ref().map(|id| id.0.to_vec()),
            issuer: id.authority_cert_issuer.iter().flatten().find_map(|name| match name {
                GeneralName::DirectoryName(name) => Some(CanonicalName::of(name)),
                _ => None,
            }),
            serial: id.authority_cert_serial.map(<[u8]>::to_vec),
        }),
        _ => None,
    })
}

fn key_type(key: &SubjectPublicKeyInfo<'_>) -> String {
    if let Ok(PublicKey::RSA(rsa)) = key.parsed() {
        return format!("rsa-{}", rsa.key_size());
    }
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    signature::named(&curve.unwrap_or_else(|| key.algorithm.algorithm.clone()))
}
