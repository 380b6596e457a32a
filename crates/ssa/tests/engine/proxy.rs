//! A TCP proxy before the API server that breaks connections by a seeded plan: plain HTTP towards the client, TLS towards the server.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

/// What happens to one connection.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// Broken after so many bytes from the client.
    CutRequest(usize),
    /// Broken after so many bytes from the server.
    CutAnswer(usize),
    /// The first request is answered with this code and goes no further.
    Refuse(u16),
    /// Everything comes later.
    Delay(Duration),
}

impl Fault {
    fn breaks(self) -> bool {
        matches!(self, Self::CutRequest(_) | Self::CutAnswer(_) | Self::Refuse(_))
    }
}

/// The proxy; it ends with the runtime that it was started in.
pub struct Proxy {
    address: SocketAddr,
    calm: Arc<AtomicBool>,
    broken: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts before the API server `host` (`https://address:port`), whose authority is `ca_pem`.
    pub async fn start(host: &str, ca_pem: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server: SocketAddr = host.strip_prefix("https://").unwrap().parse().unwrap();
        let connector = connector(ca_pem);
        let calm = Arc::new(AtomicBool::new(false));
        let broken = Arc::new(AtomicUsize::new(0));
        let (is_calm, count) = (calm.clone(), broken.clone());
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let random = Mutex::new(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let fault = if is_calm.load(Ordering::SeqCst) {
                    Fault::None
                } else {
                    draw(&mut random.lock().unwrap())
                };
                let connector = connector.clone();
                if fault.breaks() {
                    count.fetch_add(1, Ordering::SeqCst);
                }
                // A connection that breaks is what this is for.
                tokio::spawn(Box::pin(serve(client, server, connector, fault)));
            }
        });
        Self { address, calm, broken }
    }

    /// `http://address:port`.
    pub fn host(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were made to break.
    pub fn broken(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }

    /// From now on new connections work.
    pub fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }
}

fn draw(random: &mut TestRng) -> Fault {
    let mut below = |limit: u32| random.next_u32() % limit;
    match below(10) {
        0 | 1 => Fault::CutRequest(below(3000) as usize),
        2..=4 => Fault::CutAnswer(below(12_000) as usize),
        5 => Fault::Refuse([429, 500, 503][below(3) as usize]),
        6 => Fault::Delay(Duration::from_millis(u64::from(below(60)))),
        _ => Fault::None,
    }
}

fn connector(ca_pem: &str) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    TlsConnector::from(Arc::new(
        rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth(),
    ))
}

async fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    connector: TlsConnector,
    fault: Fault,
) -> io::Result<()> {
    if let Fault::Refuse(code) = fault {
        let mut request = [0; 16 * 1024];
        let _ = client.read(&mut request).await?;
        let answer = format!(
            "HTTP/1.1 {code} Refused\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        return client.write_all(answer.as_bytes()).await;
    }
    if let Fault::Delay(delay) = fault {
        tokio::time::sleep(delay).await;
    }
    let server_name = ServerName::IpAddress(server.ip().into());
    let server = connector.connect(server_name, TcpStream::connect(server).await?).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    let (request_limit, answer_limit) = match fault {
        Fault::CutRequest(bytes) => (bytes, usize::MAX),
        Fault::CutAnswer(bytes) => (usize::MAX, bytes),
        _ => (usize::MAX, usize::MAX),
    };
    tokio::select! {
        ended = copy(from_client, to_server, request_limit) => ended,
        ended = copy(from_server, to_client, answer_limit) => ended,
    }
}

/// Copies until one side ends or `limit` bytes have passed.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    limit: usize,
) -> io::Result<()> {
    let mut left = limit;
    let mut buffer = [0; 16 * 1024];
    while left > 0 {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        let passed = read.min(left);
        to.write_all(&buffer[..passed]).await?;
        to.flush().await?;
        left -= passed;
    }
    Ok(())
}
