//! TLS to an API server: whom to trust, and what to present.

use std::sync::Arc;

use kube::client::ConfigExt as _;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::SingleCertAndKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use x509_parser::time::ASN1Time;

use super::connection::Connection;
use super::pem::Identity;

/// The configuration of connections that present `identity`, if there is one.
pub(super) fn configuration(
    connection: &Connection,
    identity: Option<&Identity>,
) -> Result<ClientConfig, kube::Error> {
    let mut configuration = connection.kube_config().rustls_client_config()?;
    if let Some(roots) = connection.roots.as_ref().filter(|_| !connection.insecure) {
        let verifier = Verifier::new(roots).map_err(|error| kube::Error::Service(Box::new(error)))?;
        configuration.dangerous().set_certificate_verifier(Arc::new(verifier));
    }
    if let Some(identity) = identity {
        // Not `with_client_auth_cert`, which parses what only the server has to understand.
        let presented = SingleCertAndKey::from(identity.certified_key());
        configuration.client_auth_cert_resolver = Arc::new(presented);
    }
    Ok(configuration)
}

/// webpki's rules and one exception: a CA certificate that the server presents as its own is taken if it is, byte for byte, one of
/// those that were given. Then it has been trusted by itself, and name, dates and purpose are checked as for any other. Go, and so
/// kubectl and istiod, do the same.
#[derive(Debug)]
struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(roots: &[Vec<u8>]) -> Result<Self, Error> {
        let given: Vec<_> = roots.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let mut store = RootCertStore::empty();
        for root in &given {
            store.add(root.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { webpki, given })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(error)
                if is_of_ca_certificate(&error) && self.given.iter().any(|given| given == end_entity) =>
            {
                check_by_itself(end_entity, server_name, now).map(|()| ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Whether webpki refused a server's certificate because it is one of a CA.
pub(super) fn is_of_ca_certificate(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    matches!(cause.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Checks everything but who signed the certificate.
fn check_by_itself(
    certificate: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|_| Error::from(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).map_err(|_| Error::FailedToGetCurrentTime)?;
    let now = ASN1Time::from_timestamp(now).map_err(|_| Error::FailedToGetCurrentTime)?;
    if now < parsed.validity().not_before {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > parsed.validity().not_after {
        return Err(CertificateError::Expired.into());
    }
    let usage = parsed.extended_key_usage().map_err(|_| Error::from(CertificateError::BadEncoding))?;
    if usage.is_some_and(|usage| !usage.value.any && !usage.value.server_auth) {
        return Err(CertificateError::InvalidPurpose.into());
    }
    verify_server_name(&ParsedCertificate::try_from(certificate)?, server_name)
}
