//! A client of the protocol without Terraform: starts the example provider, shakes hands, and speaks gRPC over mTLS.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

pub mod calls;
pub mod identities;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hyper_util::rt::TokioIo;
use identities::Identity;
use p521::ecdsa::signature::Signer as _;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{DigitallySignedStruct, SignatureAlgorithm, SignatureScheme};
use tfplugin::generated::plugin::grpc_controller_client::GrpcControllerClient;
use tfplugin::generated::plugin::grpc_stdio_client::GrpcStdioClient;
use tfplugin::generated::tfplugin5::provider_client::ProviderClient;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Uri};

pub const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// A provider process that has shaken hands.
pub struct Plugin {
    pub process: Child,
    pub socket: PathBuf,
    /// The server's certificate; empty without TLS.
    pub certificate: Vec<u8>,
    pub fields: Vec<String>,
}

impl Plugin {
    /// Starts the provider as Terraform does; with a client certificate it will be TLS.
    pub fn start(identity: Option<&Identity>) -> Self {
        let mut command = Command::new(crate::support::keeper());
        command.env(COOKIE.0, COOKIE.1).env("PLUGIN_PROTOCOL_VERSIONS", "5,6");
        if let Some(identity) = identity {
            command.env("PLUGIN_CLIENT_CERT", identity.pem());
        }
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let fields: Vec<String> = line.trim_end_matches('\n').split('|').map(str::to_owned).collect();
        assert_eq!(fields.len(), 6, "{line:?}");
        let certificate = STANDARD_NO_PAD.decode(&fields[5]).unwrap();
        Self { process, socket: PathBuf::from(&fields[3]), certificate, fields }
    }

    /// Connects as the owner of `identity`, who presents its certificate; `None` presents none.
    pub async fn connect(&self, identity: Option<&Identity>) -> Result<Channel, tonic::transport::Error> {
        let credentials = identity.map(|identity| (certificate(identity), key(identity)));
        channel(&self.socket, tls_client(self.certificate.clone(), credentials)).await
    }

    /// Connects with a certificate and a key that need not belong together.
    pub async fn connect_with(
        &self,
        certificate_of: &Identity,
        key_of: &Identity,
    ) -> Result<Channel, tonic::transport::Error> {
        let credentials = Some((certificate(certificate_of), key(key_of)));
        channel(&self.socket, tls_client(self.certificate.clone(), credentials)).await
    }

    /// A client of the provider, as Terraform itself would have it.
    pub async fn provider(&self, identity: &Identity) -> ProviderClient<Channel> {
        let limit = 256 << 20;
        ProviderClient::new(self.connect(Some(identity)).await.unwrap())
            .max_decoding_message_size(limit)
            .max_encoding_message_size(limit)
    }

    /// Waits for the end of the process; fails after `limit`.
    pub fn wait(&mut self, limit: Duration) -> std::process::ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < limit, "the provider is still there after {limit:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // A test that is over needs no provider; most have ended theirs.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn controller(channel: Channel) -> GrpcControllerClient<Channel> {
    GrpcControllerClient::new(channel)
}

pub fn stdio(channel: Channel) -> GrpcStdioClient<Channel> {
    GrpcStdioClient::new(channel)
}

fn certificate(identity: &Identity) -> CertificateDer<'static> {
    STANDARD.decode(identity.certificate).unwrap().into()
}

fn key(identity: &Identity) -> p521::ecdsa::SigningKey {
    let scalar: Vec<u8> = (0..identity.scalar.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&identity.scalar[at..at + 2], 16).unwrap())
        .collect();
    p521::ecdsa::SigningKey::from_slice(&scalar).unwrap()
}

/// Connects to the socket and makes one request, since a server refuses a certificate after the client's handshake.
async fn channel(socket: &Path, tls: tokio_rustls::TlsConnector) -> Result<Channel, tonic::transport::Error> {
    let socket = socket.to_owned();
    let connector = tower::service_fn(move |_: Uri| {
        let (socket, tls) = (socket.clone(), tls.clone());
        async move {
            let stream = UnixStream::connect(socket).await?;
            let name = ServerName::try_from("localhost").unwrap();
            tls.connect(name, stream).await.map(TokioIo::new)
        }
    });
    Endpoint::from_static("http://localhost").connect_with_connector(connector).await
}

fn tls_client(
    server: Vec<u8>,
    credentials: Option<(CertificateDer<'static>, p521::ecdsa::SigningKey)>,
) -> tokio_rustls::TlsConnector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = credentials.map(|(certificate, key)| {
        Arc::new(CertifiedKey::new(vec![certificate], Arc::new(P521Key(Arc::new(key)))))
    });
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinnedServer { certificate: server.into(), provider }))
        .with_client_cert_resolver(Arc::new(Presents(client)));
    config.alpn_protocols = vec![b"h2".to_vec()];
    tokio_rustls::TlsConnector::from(Arc::new(config))
}

/// Presents one certificate whatever the server asks for.
#[derive(Debug)]
struct Presents(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// ring signs nothing with P-521.
#[derive(Clone)]
struct P521Key(Arc<p521::ecdsa::SigningKey>);

impl std::fmt::Debug for P521Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("P521Key")
    }
}

impl SigningKey for P521Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ECDSA_NISTP521_SHA512)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for P521Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature: p521::ecdsa::Signature = self.0.sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}

/// Accepts the certificate of the handshake line only, as Terraform does.
#[derive(Debug)]
struct PinnedServer {
    certificate: CertificateDer<'static>,
    provider: Arc<rustls::crypto::CryptoProvider>,
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("another server".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 is expected".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
