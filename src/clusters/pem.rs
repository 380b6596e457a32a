//! Certificates and keys as users have them: PEM, or base64 of PEM as the clouds' modules put it out.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use secrecy::{ExposeSecret, SecretString};

use super::invalid::{Invalid, Problem};

/// A client certificate and its key, as they are presented.
#[derive(Clone)]
pub(super) struct Identity {
    key: Arc<CertifiedKey>,
}

impl Identity {
    /// Checks that both can be read and belong together. Each is PEM or base64 of PEM.
    pub fn new(certificate: &str, key: &SecretString) -> Result<Self, Invalid> {
        let certificate = text(certificate).map_err(|problem| Invalid::new("client_certificate", problem))?;
        let key = text(key.expose_secret()).map_err(|problem| Invalid::new("client_key", problem))?;
        Self::of_pem(&certificate, &key.into())
    }

    /// The same for what is PEM.
    pub fn of_pem(certificate: &str, key: &SecretString) -> Result<Self, Invalid> {
        let certificate_is = |problem| Invalid::new("client_certificate", problem);
        let key_is = |problem| Invalid::new("client_key", problem);
        let chain = sections(certificate).map_err(certificate_is)?;
        let private_key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes())
            .map_err(|_| key_is(Problem::Lacks { wanted: "private key" }))?;
        let key = rustls::crypto::ring::default_provider()
            .key_provider
            .load_private_key(private_key)
            .map_err(|_| key_is(Problem::UnusableKey))?;
        let key = CertifiedKey::new(chain, key);
        let certified = public_key(&key).map_err(certificate_is)?;
        let is_others = key.key.public_key().is_some_and(|own| *own != *certified);
        if is_others { Err(key_is(Problem::OtherKey)) } else { Ok(Self { key: Arc::new(key) }) }
    }

    /// What a TLS handshake presents.
    pub fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// Whether both present the same certificates.
    pub fn presents_the_same_as(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert
    }
}

/// The key is a secret.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// The public key of the first certificate. rustls does not parse certificates of X.509 version 1, which microk8s gives its users, nor
/// those with a critical extension that it does not know; to present one, no more of it needs to be understood.
fn public_key(key: &CertifiedKey) -> Result<Vec<u8>, Problem> {
    let unreadable = |source| Problem::Unreadable { what: "certificate", source };
    let first = key.end_entity_cert().map_err(unreadable)?;
    match ParsedCertificate::try_from(first) {
        Ok(parsed) => Ok(parsed.subject_public_key_info().to_vec()),
        Err(source) => match x509_parser::parse_x509_certificate(first) {
            Ok(([], parsed)) => Ok(parsed.public_key().raw.to_vec()),
            _ => Err(unreadable(source)),
        },
    }
}

/// The certificates in `bundle`, PEM or base64 of PEM, as PEM without anything else.
///
/// # Errors
/// What is not certificates that can be read.
pub fn authorities(bundle: &str) -> Result<String, Problem> {
    if bundle.trim().is_empty() {
        return Err(Problem::Empty);
    }
    Ok(certificates(bundle)?.iter().map(|der| text_of(der)).collect())
}

/// The DER of every certificate in `bundle`.
pub(super) fn certificates(bundle: &str) -> Result<Vec<Vec<u8>>, Problem> {
    let certificates = sections(&text(bundle)?)?;
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots
            .add(certificate.clone())
            .map_err(|source| Problem::Unreadable { what: "certificate", source })?;
    }
    Ok(certificates.into_iter().map(|certificate| certificate.to_vec()).collect())
}

/// The certificates in `bundle` as Go's `x509.CertPool` takes them: PEM, and of its certificates those that can be used.
pub(super) fn pool(bundle: &str) -> Result<Vec<Vec<u8>>, Problem> {
    let found = CertificateDer::pem_slice_iter(bundle.as_bytes()).filter_map(Result::ok);
    let mut refusal = Problem::Lacks { wanted: "certificate" };
    let mut roots = RootCertStore::empty();
    let mut usable = Vec::new();
    for certificate in found {
        match roots.add(certificate.clone()) {
            Ok(()) => usable.push(certificate.to_vec()),
            Err(source) => refusal = Problem::Unreadable { what: "certificate", source },
        }
    }
    if usable.is_empty() { Err(refusal) } else { Ok(usable) }
}

fn sections(pem: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap_or_default();
    if certificates.is_empty() {
        return Err(Problem::Lacks { wanted: "certificate" });
    }
    Ok(certificates)
}

/// The PEM text, decoded from base64 if need be.
fn text(given: &str) -> Result<String, Problem> {
    if is_pem(given) {
        return Ok(given.to_owned());
    }
    let compact: String = given.split_ascii_whitespace().collect();
    STANDARD
        .decode(compact)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|decoded| is_pem(decoded))
        .ok_or(Problem::NotPem)
}

fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN ")
}

/// A certificate as PEM (RFC 7468: 64 letters a line).
pub(super) fn text_of(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let body: Vec<_> = lines.collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", body.join("\n"))
}
