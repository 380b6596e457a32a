use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use istio_provider::clusters::{ConnectionConfig, Error, Limits, Reason};
use lab::api_server::ApiServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{
    ADMIN, LIMITS, READER, clusters, connection, east, shown, tls_acceptor, to, token, who,
};

fn reader() -> ConnectionConfig {
    ConnectionConfig { token: Some(token(READER).into()), ..connection() }
}

/// Why the cluster cannot be reached, and the error's own text.
async fn unreachable(config: ConnectionConfig) -> (Reason, String) {
    match east(config).await.uid().await.unwrap_err() {
        Error::Unreachable { cluster, host, reason, source } => {
            let error = Error::Unreachable { cluster, host, reason: reason.clone(), source };
            shown(&error, &[&token(READER)]);
            (reason, error.to_string())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_without_being_shown() {
    let config = ConnectionConfig { token: Some("s3ntinel".into()), ..connection() };
    let error = east(config).await.uid().await.unwrap_err();
    let host = ApiServer::shared().host();
    assert_eq!(shown(&error, &["s3ntinel"]), format!("cluster \"east\": {host} does not accept the token"));
}

#[tokio::test]
async fn requests_without_credentials_are_anonymous_ones() {
    let error = east(connection()).await.uid().await.unwrap_err();
    assert!(shown(&error, &[]).contains("\"system:anonymous\" cannot get resource"), "{error}");
}

#[tokio::test]
async fn a_missing_right_is_told_with_identity_verb_and_resource() {
    let nobody = ApiServer::shared().add_identity("nobody", &[]).unwrap();
    let config = ConnectionConfig { token: Some(nobody.clone().into()), ..connection() };
    let error = east(config).await.uid().await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error:?}");
    assert_eq!(
        shown(&error, &[&nobody]),
        format!(
            "cluster \"east\": {} denied the request: namespaces \"kube-system\" is forbidden: User \
             \"system:serviceaccount:default:nobody\" cannot get resource \"namespaces\" in API group \"\" in the \
             namespace \"kube-system\"",
            ApiServer::shared().host()
        )
    );
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted() {
    // The same name with another key, which is what a cluster made anew has.
    let stranger = lab::certificates::Authority::generate("loopback").unwrap().pem().to_owned();
    for authority in [stranger, lab::certificates::Authority::generate("other").unwrap().pem().to_owned()] {
        let config = ConnectionConfig { cluster_ca_certificate: Some(authority), ..reader() };
        assert_eq!(unreachable(config).await.0, Reason::UntrustedCertificate);
    }
    let system = ConnectionConfig { cluster_ca_certificate: None, ..reader() };
    assert_eq!(unreachable(system).await.0, Reason::UnknownAuthority);
}

#[tokio::test]
async fn a_certificate_for_other_names_lists_them() {
    let config = ConnectionConfig { tls_server_name: Some("elsewhere.example".to_owned()), ..reader() };
    let (reason, text) = unreachable(config).await;
    assert!(matches!(reason, Reason::CertificateName { .. }), "{reason:?}");
    assert!(text.contains("kubernetes.default.svc") && text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn a_refused_connection_names_cluster_and_host() {
    let config = ConnectionConfig { host: Some("https://127.0.0.1:1".to_owned()), ..reader() };
    assert_eq!(
        unreachable(config).await,
        (
            Reason::Refused,
            "cluster \"east\": https://127.0.0.1:1 cannot be reached: the connection was refused".to_owned()
        )
    );
}

#[tokio::test]
async fn a_name_without_address_is_told_apart() {
    let config = ConnectionConfig { host: Some("https://cluster.invalid".to_owned()), ..reader() };
    assert_eq!(unreachable(config).await.0, Reason::Dns);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    assert_eq!(unreachable(ConnectionConfig { host: Some(host), ..reader() }).await.0, Reason::PlainHttp);
}

#[tokio::test]
async fn a_page_instead_of_kubernetes_is_an_error_of_the_server() {
    let error = east(front("200 OK", "<html>\nwelcome</html>").await).await.uid().await.unwrap_err();
    assert!(matches!(error, Error::Server { code: 0, .. }), "{error:?}");
}

/// A front that gives every request this answer.
async fn front(status: &'static str, body: &'static str) -> ConnectionConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, status, body, Duration::ZERO));
        }
    });
    ConnectionConfig { host: Some(host), ..Default::default() }
}

#[tokio::test]
async fn an_error_has_the_status_of_http_whatever_its_body() {
    let bodies = [
        "",
        "no",
        "<html>\n<body>no</body></html>",
        "{}",
        "[]",
        r#"{"error":"invalid_token"}"#,
        r#"{"type":"error","status":"401","message":"must authenticate"}"#,
        r#"{"kind":"Status","status":"Failure","message":"no"}"#,
    ];
    for body in bodies {
        let error = east(front("401 Unauthorized", body).await).await.uid().await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized { .. }), "{body:?}: {error:?}");
        let error = east(front("403 Forbidden", body).await).await.uid().await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }), "{body:?}: {error:?}");
        for (status, wanted) in
            [("302 Found", 302), ("404 Not Found", 404), ("418 Teapot", 418), ("502 Bad Gateway", 502)]
        {
            let error = east(front(status, body).await).await.uid().await.unwrap_err();
            assert!(
                matches!(error, Error::Server { code, .. } if code == wanted),
                "{status} {body:?}: {error:?}"
            );
            assert!(error.to_string().contains(&format!("(HTTP {wanted}): ")), "{error}");
        }
    }
}

#[tokio::test]
async fn a_page_of_a_front_is_not_quoted() {
    let error =
        east(front("502 Bad Gateway", "<html>\n<body>no</body></html>").await).await.uid().await.unwrap_err();
    assert!(error.to_string().ends_with("responded with an error (HTTP 502): an HTML page"), "{error}");
}

#[tokio::test]
async fn a_server_that_stops_answering_runs_into_the_time_limits() {
    let server = ApiServer::start().unwrap();
    let config = ConnectionConfig { token: Some(server.token(ADMIN).unwrap().into()), ..to(&server) };
    let limits = Limits { connect: Duration::from_secs(1), response: Duration::from_secs(2), ..LIMITS };
    let connected = clusters(config.clone(), limits).get("east").await.unwrap();
    connected.uid().await.unwrap();
    server.freeze().unwrap();
    for cluster in [connected.clone(), clusters(config, limits).get("east").await.unwrap()] {
        let error = cluster.uid().await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { reason: Reason::TimedOut, .. }), "{error:?}");
    }
    server.thaw().unwrap();
    connected.uid().await.unwrap();

    server.kill();
    assert!(connected.uid().await.unwrap_err().is_no_answer());
    server.start_again().unwrap();
    connected.uid().await.unwrap();
}

#[tokio::test]
async fn requests_at_once_are_bounded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, peak) = (Arc::clone(&now), Arc::clone(&most));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (count, peak) = (Arc::clone(&count), Arc::clone(&peak));
            tokio::spawn(async move {
                peak.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                answer(stream, "404 Not Found", "{}", Duration::from_millis(100)).await;
                count.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    let config = ConnectionConfig { host: Some(host), ..Default::default() };
    let cluster = clusters(config, Limits { concurrency: 3, ..LIMITS }).get("east").await.unwrap();
    futures::future::join_all((0..12).map(|_| who(&cluster))).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

/// Answers one request and ends the connection.
async fn answer(mut stream: TcpStream, status: &str, body: &str, after: Duration) {
    let mut request = [0; 4096];
    if stream.read(&mut request).await.is_ok() {
        tokio::time::sleep(after).await;
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    }
}

/// A server with this certificate that answers every request with 401 and keeps what it was sent.
async fn stub(certificate: &lab::certificates::Certificate) -> (String, Arc<Mutex<Vec<String>>>) {
    let acceptor = tls_acceptor(certificate);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("https://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, kept) = (acceptor.clone(), Arc::clone(&kept));
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or_default();
                kept.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
                let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
                let _ = stream.write_all(answer).await;
            });
        }
    });
    (host, requests)
}

/// The certificate of an authority that is valid for these names, and so can be a server's.
fn self_signed(names: &[&str]) -> lab::certificates::Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    lab::certificates::Certificate { certificate: certificate.pem(), key: key.serialize_pem() }
}

#[tokio::test]
async fn a_ca_certificate_that_the_server_presents_as_its_own_is_taken_if_it_is_the_one_that_was_given() {
    let own = self_signed(&["127.0.0.1"]);
    let (host, requests) = stub(&own).await;
    let config = |authority: &str| ConnectionConfig {
        host: Some(host.clone()),
        cluster_ca_certificate: Some(authority.to_owned()),
        ..Default::default()
    };
    let error = east(config(&own.certificate)).await.uid().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    let sent = requests.lock().unwrap().first().cloned().unwrap().to_lowercase();
    assert!(
        sent.contains(concat!("user-agent: terraform-provider-istio/", env!("CARGO_PKG_VERSION"))),
        "{sent}"
    );

    let renamed =
        ConnectionConfig { tls_server_name: Some("elsewhere".to_owned()), ..config(&own.certificate) };
    assert!(matches!(unreachable(renamed).await.0, Reason::CertificateName { .. }));
    for other in [self_signed(&["127.0.0.1"]).certificate, ApiServer::shared().ca_pem().to_owned()] {
        let (reason, text) = unreachable(config(&other)).await;
        assert_eq!(reason, Reason::CaCertificate, "{text}");
        assert!(text.ends_with("it presents a CA certificate as its own"), "{text}");
    }
}
