//! How certificates are made.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, SerialNumber,
};
use rcgen::{ExtendedKeyUsagePurpose, SigningKey as _};
use time::{Duration, OffsetDateTime};
use x509_parser::der_parser::asn1_rs::{self, Any, FromDer as _};

use super::certificate::Certificate;
use super::der::{BIT_STRING, SEQUENCE, tagged};
use super::error::TrustError;
use super::key::PrivateKey;

/// How long before its making a certificate begins to be valid, for clusters whose clock is late. Istiod gives the
/// certificates that it issues two minutes (`ClockSkewGracePeriod`), kubeadm five (`CertificateBackdate`).
const CLOCK_SKEW: Duration = Duration::minutes(5);

/// The parameters of an authority's certificate. `below` is how many authorities it may have below itself.
///
/// `keyUsage` differs from Istio's Makefile, which writes for RSA keys: `keyEncipherment` and `nonRepudiation` mean
/// nothing for an authority and the former not for ECDSA; `cRLSign` is needed to sign the lists of `ca-crl.pem`.
pub(super) fn authority(
    name: DistinguishedName,
    below: Option<u8>,
    now: OffsetDateTime,
    lifetime: Duration,
) -> Result<CertificateParams, TrustError> {
    let end = now.checked_add(lifetime).filter(|end| lifetime.is_positive() && end.year() <= 9999);
    let begin = now.checked_sub(CLOCK_SKEW);
    let (Some(not_before), Some(not_after)) = (begin, end) else {
        return Err(TrustError::Lifetime { days: lifetime.whole_days() });
    };
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name;
    parameters.serial_number = Some(serial_number()?);
    (parameters.not_before, parameters.not_after) = (not_before, not_after);
    parameters.is_ca = IsCa::Ca(below.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
    parameters.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

/// A name of these parts, in their order.
pub(super) fn name<'a>(parts: impl IntoIterator<Item = (DnType, &'a str)>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, value) in parts {
        name.push(kind, value);
    }
    name
}

/// 158 random bits; RFC 5280 §4.1.2.2 allows 20 octets and wants the number positive.
fn serial_number() -> Result<SerialNumber, TrustError> {
    let mut octets = [0; 20];
    getrandom::fill(&mut octets).map_err(TrustError::Random)?;
    octets[0] = octets[0] & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&octets))
}

/// A certificate for `key`, signed by itself.
pub(super) fn self_signed(parameters: &CertificateParams, key: &PrivateKey) -> Result<Vec<u8>, TrustError> {
    let made = parameters.self_signed(key).map_err(made("the root's certificate"))?;
    Ok(made.der().to_vec())
}

/// A certificate for `subject_key`, signed by `issuer` with `issuer_key`.
pub(super) fn signed(
    mut parameters: CertificateParams,
    subject_key: &PrivateKey,
    issuer: &Certificate,
    issuer_key: &PrivateKey,
) -> Result<Vec<u8>, TrustError> {
    let what = "a certificate";
    let issuer = issuer.facts();
    parameters.use_authority_key_identifier_extension = issuer.key_id.is_some();
    let mut issued_by = CertificateParams::default();
    issued_by.distinguished_name = DistinguishedName::new();
    issued_by.key_identifier_method =
        issuer.key_id.clone().map_or(KeyIdMethod::Sha256, KeyIdMethod::PreSpecified);
    let made_by = Issuer::from_params(&issued_by, issuer_key);
    let template = parameters.signed_by(subject_key, &made_by).map_err(made(what))?;
    let body = with_issuer(template.der(), &issuer.raw_subject).map_err(|_| TrustError::Reread)?;
    let signature = issuer_key.sign(&body.signed).map_err(made(what))?;
    let bits = [&[0], signature.as_slice()].concat();
    Ok(tagged(SEQUENCE, &[body.signed, body.algorithm, tagged(BIT_STRING, &bits)].concat()))
}

/// What a workload's certificate would be, as istiod issues it; it proves the authority's chain and is thrown away.
/// Its key is the authority's own, since nobody will use it.
pub(super) fn probe(
    issuer: &Certificate,
    key: &PrivateKey,
    now: OffsetDateTime,
) -> Result<Vec<u8>, TrustError> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    (parameters.not_before, parameters.not_after) = (now, now);
    parameters.serial_number = Some(SerialNumber::from_slice(&[1]));
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    signed(parameters, key, issuer, key)
}

pub(super) fn made(what: &'static str) -> impl FnOnce(rcgen::Error) -> TrustError {
    move |source| TrustError::Make { what, source }
}

/// The parts of a certificate before its signature, in DER.
struct Body {
    signed: Vec<u8>,
    algorithm: Vec<u8>,
}

/// The template with another issuer. Verifiers compare names byte for byte, and rcgen cannot write all that given
/// authorities have: several `DC` or `OU`, as Active Directory makes them.
fn with_issuer(template: &[u8], issuer: &[u8]) -> Result<Body, asn1_rs::Err<asn1_rs::Error>> {
    let (_, certificate) = Any::from_der(template)?;
    let (after_body, body) = Any::from_der(certificate.data)?;
    let (signature, _) = Any::from_der(after_body)?;
    let mut rest = body.data;
    // Version, serial number, algorithm.
    for _ in 0..3 {
        rest = Any::from_der(rest)?.0;
    }
    let (before, (after, _)) = (&body.data[..body.data.len() - rest.len()], Any::from_der(rest)?);
    Ok(Body {
        signed: tagged(SEQUENCE, &[before, issuer, after].concat()),
        algorithm: after_body[..after_body.len() - signature.len()].to_vec(),
    })
}
