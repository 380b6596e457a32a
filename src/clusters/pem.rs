//! Certificates and keys as users have them: PEM, or base64 of PEM as the clouds' modules put it out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use secrecy::{ExposeSecret, SecretString};

use super::invalid::{Invalid, Problem};

/// A client certificate and its key, both PEM.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub certificate: String,
    pub key: SecretString,
}

impl Identity {
    /// Checks that both can be read and belong together.
    pub fn new(certificate: &str, key: &SecretString) -> Result<Self, Invalid> {
        let certificate_is = |problem| Invalid::new("client_certificate", problem);
        let key_is = |problem| Invalid::new("client_key", problem);
        let certificate = text(certificate).map_err(certificate_is)?;
        let key = text(key.expose_secret()).map_err(key_is)?;
        let chain = sections(&certificate).map_err(certificate_is)?;
        let private_key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| key_is(Problem::Lacks { wanted: "private key" }))?;
        CertifiedKey::from_der(chain, private_key, &rustls::crypto::ring::default_provider()).map_err(
            |source| match source {
                rustls::Error::InconsistentKeys(_) => key_is(Problem::OtherKey),
                rustls::Error::InvalidCertificate(_) => {
                    certificate_is(Problem::Unreadable { what: "certificate", source })
                }
                source => key_is(Problem::Unreadable { what: "private key", source }),
            },
        )?;
        Ok(Self { certificate, key: format!("{}\n", key.trim_end()).into() })
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
