//! What a registry may answer that a well-behaved one on loopback does not: redirects, tokens from elsewhere, faults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use istio_provider::charts::{Charts, Error, Fetched, Registry};
use lab::certificates::Authority;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::made::{archive, digest};
use crate::web::{Answer, Request, Web, ok};

const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const MANIFEST: &str = "/v2/charts/istiod/manifests/1.0.0";
const TAGS: &str = "/v2/charts/istiod/tags/list?n=1000";

fn authority() -> Authority {
    Authority::generate("private").unwrap()
}

fn chart() -> Vec<u8> {
    archive("istiod", "1.0.0")
}

fn manifest(config: &str) -> Vec<u8> {
    let layer = json!({"mediaType": LAYER, "digest": digest(&chart()), "size": chart().len()});
    json!({"schemaVersion": 2, "config": {"mediaType": config, "digest": digest(b"{}"), "size": 2}, "layers": [layer]})
        .to_string()
        .into_bytes()
}

/// A registry with one chart that answers some requests in its own way.
async fn registry(
    authority: &Authority,
    own: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> Web {
    let blob = format!("/v2/charts/istiod/blobs/{}", digest(&chart()));
    Web::serve_encrypted(authority, move |request| match (own(request), request.path.as_str()) {
        (Some(answer), _) => answer,
        (None, MANIFEST) => ok(manifest(CONFIG)),
        (None, path) if path == blob => ok(chart()),
        _ => (404, Vec::new(), Vec::new()),
    })
    .await
}

async fn fetch(authority: &Authority, registry: &Web, version: &str) -> Result<Arc<Fetched>, Error> {
    let host = registry.url.strip_prefix("https://").unwrap();
    let described = Registry {
        username: Some("user".to_owned()),
        password: Some("s3ntinel".into()),
        ca_certificate: Some(authority.pem().to_owned()),
        ..Registry::default()
    };
    let charts = Charts::new([], [(host.to_owned(), described)].into()).unwrap();
    charts.fetch(&format!("oci://{host}/charts"), "istiod", &version.parse().unwrap(), None).await
}

fn challenge(text: &str) -> Answer {
    (401, vec![("www-authenticate", text.to_owned())], Vec::new())
}

#[tokio::test]
async fn an_archive_that_is_kept_elsewhere_is_fetched_without_credentials() {
    let authority = authority();
    let elsewhere = Web::serve_encrypted(&authority, |_| ok(chart())).await;
    let target = format!("{}/signed?key=s3ntinel", elsewhere.url);
    let registry = registry(&authority, move |request| match request.authorization {
        None => Some(challenge("Basic realm=charts")),
        Some(_) if request.path.contains("/blobs/") => {
            Some((307, vec![("location", target.clone())], Vec::new()))
        }
        Some(_) => None,
    })
    .await;
    assert_eq!(fetch(&authority, &registry, "1.0.0").await.unwrap().digest, digest(&chart()));
    let authorizations: Vec<_> =
        registry.requests().into_iter().map(|it| it.authorization.is_some()).collect();
    assert_eq!(
        authorizations,
        [false, true, true],
        "nothing is shown before it is asked for, and then every time"
    );
    assert_eq!(elsewhere.requests().len(), 1);
    assert_eq!(elsewhere.requests()[0].authorization, None);
}

#[tokio::test]
async fn whoever_keeps_the_archive_cannot_ask_for_the_password() {
    let authority = authority();
    let thief = Web::serve_encrypted(&authority, |_| ok("{\"token\": \"t\"}")).await;
    let realm = format!("Bearer realm=\"{}/token\"", thief.url);
    let elsewhere = Web::serve_encrypted(&authority, move |_| challenge(&realm)).await;
    let target = elsewhere.url.clone();
    let registry = registry(&authority, move |request| {
        request.path.contains("/blobs/").then(|| (307, vec![("location", target.clone())], Vec::new()))
    })
    .await;
    let error = fetch(&authority, &registry, "1.0.0").await.unwrap_err();
    assert!(matches!(error, Error::Protected { .. }), "{error:?}");
    assert!(thief.requests().is_empty(), "{:?}", thief.requests());
}

#[tokio::test]
async fn a_token_comes_with_the_password_from_elsewhere_and_goes_to_the_registry_alone() {
    let authority = authority();
    let tokens = Web::serve_encrypted(&authority, |_| ok("{\"access_token\": \"t0ken\"}")).await;
    let realm = format!("Bearer realm=\"{}/token?x=y\",service=\"the registry\"", tokens.url);
    let registry = registry(&authority, move |request| match request.authorization.as_deref() {
        Some("Bearer t0ken") => None,
        _ => Some(challenge(&realm)),
    })
    .await;
    fetch(&authority, &registry, "1.0.0").await.unwrap();
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1, "one token for all requests: {asked:?}");
    assert_eq!(asked[0].path, "/token?x=y&service=the+registry&scope=repository%3Acharts%2Fistiod%3Apull");
    assert!(asked[0].authorization.as_deref().is_some_and(|it| it.starts_with("Basic ")), "{asked:?}");
}

#[tokio::test]
async fn a_password_is_not_sent_without_encryption_for_a_token() {
    let authority = authority();
    let plain = Web::serve(|_| ok("{\"token\": \"t\"}")).await;
    let realm = format!("Bearer realm=\"{}/token\"", plain.url);
    let registry = registry(&authority, move |_| Some(challenge(&realm))).await;
    let error = fetch(&authority, &registry, "1.0.0").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}{MANIFEST} requires a token from {}/token, which is not an https URL",
            registry.url, plain.url
        )
    );
    assert!(error.way_out().contains("external URL"), "{}", error.way_out());
    assert!(plain.requests().is_empty());
}

/// A registry without TLS that answers `own`, else as one that has the chart.
async fn plain_registry(own: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Web {
    let blob = format!("/v2/charts/istiod/blobs/{}", digest(&chart()));
    Web::serve(move |request| match (own(request), request.path.as_str()) {
        (Some(answer), _) => answer,
        (None, MANIFEST) => ok(manifest(CONFIG)),
        (None, path) if path == blob => ok(chart()),
        _ => (404, Vec::new(), Vec::new()),
    })
    .await
}

async fn fetch_plain(registry: &Web, described: Option<Registry>) -> Result<Arc<Fetched>, Error> {
    let host = registry.url.strip_prefix("http://").unwrap();
    let described = described.map(|described| (host.to_owned(), described));
    let charts = Charts::new([], described.into_iter().collect()).unwrap();
    charts.fetch(&format!("oci://{host}/charts"), "istiod", &"1.0.0".parse().unwrap(), None).await
}

/// What an HTTP server without TLS answers to whoever begins with TLS; its `host:port`.
async fn puzzled_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    host
}

#[tokio::test]
async fn a_server_without_tls_is_named_with_the_switch_for_it() {
    let host = puzzled_server().await;
    let charts = Charts::new([], BTreeMap::new()).unwrap();
    let fetch = async |source: String| {
        charts.fetch(&source, "istiod", &"1.0.0".parse().unwrap(), None).await.unwrap_err()
    };
    let error = fetch(format!("oci://{host}/charts")).await;
    let expected =
        format!("the server of https://{host}{MANIFEST} does not use TLS; it probably serves plain HTTP");
    assert_eq!(error.to_string(), expected);
    let block = format!("plain_http = true in a chart_registry {host:?} block");
    assert!(error.way_out().contains(&block), "{}", error.way_out());
    let error = fetch(format!("https://{host}/charts")).await;
    assert!(error.way_out().contains("use http:// in the URL of the chart source"), "{}", error.way_out());
}

#[tokio::test]
async fn a_registry_on_plain_http_is_used_where_that_is_wanted() {
    let registry = plain_registry(|_| None).await;
    let plain = Registry { plain_http: true, ..Registry::default() };
    assert_eq!(fetch_plain(&registry, Some(plain.clone())).await.unwrap().digest, digest(&chart()));
    assert!(registry.requests().iter().all(|request| request.authorization.is_none()));
    let tokens = Web::serve(|_| ok("{\"token\": \"t0ken\"}")).await;
    let realm = format!("Bearer realm=\"{}/token\"", tokens.url);
    let registry = plain_registry(move |request| {
        (request.authorization.as_deref() != Some("Bearer t0ken")).then(|| challenge(&realm))
    })
    .await;
    for credentials in [None, Some("s3ntinel")] {
        let described = Registry {
            username: credentials.map(|_| "user".to_owned()),
            password: credentials.map(Into::into),
            ..plain.clone()
        };
        fetch_plain(&registry, Some(described)).await.unwrap();
    }
    let sent: Vec<_> = tokens.requests().into_iter().map(|request| request.authorization.is_some()).collect();
    assert_eq!(sent, [false, true], "credentials are sent on this machine");
}

#[tokio::test]
async fn an_image_is_said_to_be_no_chart() {
    let authority = authority();
    let image = "application/vnd.oci.image.config.v1+json";
    let registry =
        registry(&authority, move |request| (request.path == MANIFEST).then(|| ok(manifest(image)))).await;
    let error = fetch(&authority, &registry, "1.0.0").await.unwrap_err();
    let host = registry.url.strip_prefix("https://").unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "oci://{host}/charts/istiod:1.0.0 is not a Helm chart: its config has the media type {image:?}, not {CONFIG}"
        )
    );
}

#[tokio::test]
async fn an_archive_that_its_manifest_does_not_vouch_for_is_refused() {
    let authority = authority();
    let registry = registry(&authority, |request| {
        request.path.contains("/blobs/").then(|| ok(archive("istiod", "1.0.0-evil")))
    })
    .await;
    let error = fetch(&authority, &registry, "1.0.0").await.unwrap_err();
    assert!(matches!(error, Error::OtherBytes { .. }), "{error:?}");
}

#[tokio::test]
async fn a_registry_that_fails_for_a_moment_is_asked_again() {
    let authority = authority();
    let asked = AtomicUsize::new(0);
    let registry = registry(&authority, move |_| {
        (asked.fetch_add(1, Ordering::SeqCst) == 0).then(|| (503, Vec::new(), Vec::new()))
    })
    .await;
    fetch(&authority, &registry, "1.0.0").await.unwrap();
    assert_eq!(registry.paths()[..2], [MANIFEST, MANIFEST]);
    assert_eq!(registry.paths().len(), 3);
}

#[tokio::test]
async fn answers_that_are_not_a_registrys_are_refused() {
    let authority = authority();
    let not_a_registrys = "it is not a valid registry response";
    let link = ("link", "<https://other.example/>; rel=\"next\"".to_owned());
    let answers = [
        (MANIFEST, ok("<!doctype html>"), not_a_registrys),
        (MANIFEST, ok(vec![b' '; 5 << 20]), "is larger than 4194304 bytes"),
        (TAGS, ok("{\"tags\": 3}"), not_a_registrys),
        (
            TAGS,
            (200, vec![link], b"{\"tags\": []}".to_vec()),
            "its link to the next page is not a URL of the same registry",
        ),
    ];
    for (path, answer, problem) in answers {
        // Tags are listed where there is none of this name.
        let own = move |request: &Request| {
            Some(if request.path == path { answer.clone() } else { (404, Vec::new(), Vec::new()) })
        };
        let registry = registry(&authority, own).await;
        let error = fetch(&authority, &registry, "1.0.0").await.unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
        assert_eq!(registry.paths().last().map(String::as_str), Some(path));
    }
}
