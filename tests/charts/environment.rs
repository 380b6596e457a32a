//! What comes from the environment, tried in a child process: a process's own environment is not to be changed.

use std::collections::BTreeMap;
use std::process::Output;
use std::sync::Arc;

use istio_provider::charts::Charts;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use crate::made::{archive, digest, index};
use crate::web::{Web, ok};

/// The repository that the child is to use.
const REPOSITORY: &str = "TEST_CHART_REPOSITORY";

/// Runs `test` of this program again, with `variables`.
async fn again(test: &str, repository: &str, variables: &[(&str, &str)]) -> Output {
    tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([&format!("environment::{test}"), "--exact", "--nocapture"])
        .env(REPOSITORY, repository)
        .envs(variables.iter().copied())
        .output()
        .await
        .unwrap()
}

/// What the child does: prints the digest of the chart, or why it could not be had.
#[allow(clippy::print_stdout, reason = "the parent reads it")]
async fn child(repository: String) {
    match Charts::new([], BTreeMap::new()).unwrap().fetch(&repository, "istiod", "1.0.0", None).await {
        Ok(fetched) => println!("digest {}", fetched.digest),
        Err(error) => println!("failed {error:?}"),
    }
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const AUTHORITY_TEST: &str = "a_private_authority_is_trusted_and_encryption_is_not_given_up";

#[tokio::test]
async fn a_private_authority_is_trusted_and_encryption_is_not_given_up() {
    if let Ok(repository) = std::env::var(REPOSITORY) {
        return child(repository).await;
    }
    let chart = archive("istiod", "1.0.0");
    let plain = Web::serve({
        let chart = chart.clone();
        move |_| ok(chart.clone())
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let authority = lab::certificates::Authority::generate("private").unwrap();
    let file = directory.path().join("ca.crt");
    std::fs::write(&file, authority.pem()).unwrap();
    let trusting = [("SSL_CERT_FILE", file.to_str().unwrap())];
    let location = format!("location: {}\r\n", plain.url);

    let honest =
        https(&authority, index("1.0.0", "istiod.tgz", &digest(&chart)), chart.clone(), String::new()).await;
    assert!(said(&again(AUTHORITY_TEST, &honest, &trusting).await).contains(&digest(&chart)));
    let distrusting = [("SSL_CERT_FILE", "")];
    assert!(said(&again(AUTHORITY_TEST, &honest, &distrusting).await).contains("failed"));

    let downgrading = https(&authority, index("1.0.0", "istiod.tgz", ""), Vec::new(), location).await;
    let refused = said(&again(AUTHORITY_TEST, &downgrading, &trusting).await);
    assert!(refused.contains("it redirects from https to http"), "{refused}");
    assert_eq!(plain.paths(), [""; 0]);
}

#[tokio::test]
async fn a_proxy_is_used() {
    if let Ok(repository) = std::env::var(REPOSITORY) {
        return child(repository).await;
    }
    let chart = archive("istiod", "1.0.0");
    let index = index("1.0.0", "istiod.tgz", &digest(&chart));
    let expected = digest(&chart);
    let proxy =
        Web::serve(
            move |request| {
                if request.path.ends_with("index.yaml") { ok(index.clone()) } else { ok(chart.clone()) }
            },
        )
        .await;
    let output = again("a_proxy_is_used", "http://charts.example", &[("HTTP_PROXY", &proxy.url)]).await;
    assert!(said(&output).contains(&expected), "{output:?}");
    assert_eq!(proxy.paths(), ["http://charts.example/index.yaml", "http://charts.example/istiod.tgz"]);
}

/// A repository over TLS with `index.yaml` and, for every other path, `archive` or a redirect by `header`.
async fn https(
    authority: &lab::certificates::Authority,
    index: String,
    archive: Vec<u8>,
    header: String,
) -> String {
    let issued = authority.server("repository", &["localhost"], &[]).unwrap();
    let chain =
        CertificateDer::pem_slice_iter(issued.certificate.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = vec![0; 4096];
            let Ok(length) = stream.read(&mut request).await else { continue };
            let is_index = String::from_utf8_lossy(&request[..length]).starts_with("GET /index.yaml ");
            let (status, header, body) = match (is_index, header.is_empty()) {
                (true, _) => ("200 OK", "", index.as_bytes()),
                (false, true) => ("200 OK", "", archive.as_slice()),
                (false, false) => ("302 Found", header.as_str(), archive.as_slice()),
            };
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{header}\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(body).await;
            let _ = stream.shutdown().await;
        }
    });
    format!("https://localhost:{port}")
}
