use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use istio_provider::clusters::{
    ClusterBlock, Clusters, ConnectionConfig, ConnectionSettings, Environment, Error, Reason,
};
use lab::api_server::ApiServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{LIMITS, READER, connection, east, shown, tls_acceptor, token, who};

/// Where every proxy here leads, whatever it is asked for.
fn api_server() -> &'static str {
    ApiServer::shared().host().trim_start_matches("https://")
}

/// A proxy on loopback.
struct Proxy {
    address: String,
    tunnels: Arc<AtomicUsize>,
}

impl Proxy {
    /// An HTTP proxy that wants this `Proxy-Authorization`.
    async fn http(authorization: &'static str) -> Self {
        Self::start(move |mut client: TcpStream, tunnels: Arc<AtomicUsize>| async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await?);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            if !head.starts_with("CONNECT ") || !head.to_lowercase().contains(authorization) {
                return client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
            }
            let mut server = TcpStream::connect(api_server()).await?;
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            tunnels.fetch_add(1, Ordering::SeqCst);
            copy_bidirectional(&mut client, &mut server).await.map(|_| ())
        })
        .await
    }

    /// A SOCKS5 proxy (RFC 1928), without authentication or with this user name and password (RFC 1929).
    async fn socks5(login: Option<&'static [u8]>) -> Self {
        Self::start(move |mut client: TcpStream, tunnels: Arc<AtomicUsize>| async move {
            let _version = client.read_u8().await?;
            let mut methods = vec![0; client.read_u8().await?.into()];
            client.read_exact(&mut methods).await?;
            client.write_all(&[5, if login.is_some() { 2 } else { 0 }]).await?;
            if let Some(login) = login {
                let mut given = vec![0; login.len()];
                client.read_exact(&mut given).await?;
                client.write_all(&[1, u8::from(given != login)]).await?;
            }
            let mut request = [0; 4];
            client.read_exact(&mut request).await?;
            let address_length = match request[3] {
                1 => 4,
                3 => client.read_u8().await?.into(),
                other => panic!("address type {other}"),
            };
            client.read_exact(&mut vec![0; address_length + 2]).await?;
            let mut server = TcpStream::connect(api_server()).await?;
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
            tunnels.fetch_add(1, Ordering::SeqCst);
            copy_bidirectional(&mut client, &mut server).await.map(|_| ())
        })
        .await
    }

    async fn start<F>(serve: impl Fn(TcpStream, Arc<AtomicUsize>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let tunnels = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&tunnels);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&counter)));
            }
        });
        Self { address, tunnels }
    }

    fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::SeqCst)
    }
}

fn reader() -> ConnectionConfig {
    ConnectionConfig { token: Some(token(READER).into()), ..connection() }
}

fn through(url: String) -> ConnectionConfig {
    ConnectionConfig { proxy_url: Some(url.into()), ..reader() }
}

#[tokio::test]
async fn an_http_proxy_is_used_with_its_user_name_and_password() {
    let proxy = Proxy::http("basic dxnlcjpwyxnz").await; // user:pass, in lower case
    let cluster = east(through(format!("http://user:pass@{}", proxy.address))).await;
    assert_eq!(who(&cluster).await.unwrap(), READER);
    assert_eq!(proxy.tunnels(), 1);
}

/// As with client-go: the API server speaks HTTP/2.
#[tokio::test]
async fn requests_at_the_same_time_share_a_connection() {
    let proxy = Proxy::http("").await;
    let cluster = east(through(format!("http://{}", proxy.address))).await;
    who(&cluster).await.unwrap();
    let all = futures::future::join_all((0..16).map(|_| who(&cluster))).await;
    assert!(all.into_iter().all(|who| who.unwrap() == READER));
    assert_eq!(proxy.tunnels(), 1);
}

#[tokio::test]
async fn a_socks5_proxy_is_used_with_its_user_name_and_password() {
    let open = Proxy::socks5(None).await;
    let closed = Proxy::socks5(Some(b"\x01\x04us@r\x04pass")).await;
    for (url, proxy) in [
        (format!("socks5://{}", open.address), &open),
        (format!("socks5h://{}", open.address), &open),
        (format!("socks5://us%40r:pass@{}", closed.address), &closed),
    ] {
        let before = proxy.tunnels();
        let cluster = east(through(url)).await;
        assert_eq!(who(&cluster).await.unwrap(), READER);
        assert_eq!(proxy.tunnels(), before + 1);
    }
}

#[tokio::test]
async fn a_proxy_with_tls_is_used_if_its_certificate_is_trusted() {
    let proxy = Proxy::http("basic dxnlcjpwyxnz").await;
    let secured = |authority: lab::certificates::Authority| {
        let certificate = authority.server("proxy", &[], &["127.0.0.1".parse().unwrap()]).unwrap();
        with_tls(certificate, proxy.address.clone())
    };
    let known = lab::certificates::Authority::load("loopback lab authority", ApiServer::shared().authority())
        .unwrap();
    let address = secured(known).await;
    let cluster = east(through(format!("https://user:pass@{address}"))).await;
    assert_eq!(who(&cluster).await.unwrap(), READER);
    assert_eq!(proxy.tunnels(), 1);

    let address = secured(lab::certificates::Authority::generate("stranger").unwrap()).await;
    let error = who(&east(through(format!("https://user:pass@{address}"))).await).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { reason: Reason::Proxy, .. }), "{error:?}");
}

/// The address of what adds TLS to the server at `behind`.
async fn with_tls(certificate: lab::certificates::Certificate, behind: String) -> String {
    let acceptor = tls_acceptor(&certificate);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut server = TcpStream::connect(behind).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_proxy_that_refuses_is_blamed_without_showing_its_password() {
    let proxy = Proxy::http("basic something else").await;
    let cluster = east(through(format!("http://user:s3ntinel@{}", proxy.address))).await;
    let error = who(&cluster).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { reason: Reason::Proxy, .. }), "{error:?}");
    shown(&error, &["s3ntinel", &token(READER)]);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_blamed() {
    for url in ["http://127.0.0.1:1", "socks5://127.0.0.1:1"] {
        let error = who(&east(through(url.to_owned())).await).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { reason: Reason::Proxy, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_wrong_certificate_behind_a_proxy_is_not_blamed_on_the_proxy() {
    let proxy = Proxy::http("").await;
    let config = ConnectionConfig {
        tls_server_name: Some("elsewhere.example".to_owned()),
        ..through(format!("http://{}", proxy.address))
    };
    let error = who(&east(config).await).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { reason: Reason::CertificateName { .. }, .. }), "{error:?}");
}

#[tokio::test]
async fn the_environments_proxy_is_used_unless_the_server_is_exempt() {
    let proxy = Proxy::http("").await;
    // A name of the API server's certificate that only the proxy can resolve.
    let config = ConnectionConfig { host: Some("https://kubernetes.default.svc".to_owned()), ..reader() };
    let ask = async |no_proxy: &'static str| {
        let environment = Environment::from_variables(None, |name| match name {
            "HTTPS_PROXY" => Some(proxy.address.clone()),
            "NO_PROXY" => Some(no_proxy.to_owned()),
            _ => None,
        });
        let connection = ConnectionSettings::Known(Box::new(config.clone()));
        let blocks = BTreeMap::from([("east".to_owned(), ClusterBlock { connection, ..Default::default() })]);
        let clusters = Clusters::new(blocks, environment, LIMITS);
        who(&clusters.get("east").await.unwrap()).await
    };
    assert_eq!(ask("other.example").await.unwrap(), READER);
    let direct = ask("default.svc").await.unwrap_err();
    assert!(matches!(direct, Error::Unreachable { reason: Reason::Dns, .. }), "{direct:?}");
    assert_eq!(proxy.tunnels(), 1);
}
