use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use istio_provider::charts::{Charts, Error, Registry};
use lab::certificates::Authority;
use lab::chart_repository::ChartRepository;
use lab::parts;

use crate::made::{archive, digest, index, release};
use crate::web::{Web, ok};

fn charts(cache: &Path) -> Charts {
    Charts::new([cache.to_owned()], BTreeMap::new()).unwrap()
}

/// With a user's password for the host of `url`.
fn charts_with(cache: &Path, url: &str, password: &str) -> Charts {
    let registry = Registry {
        username: Some("user".to_owned()),
        password: Some(password.into()),
        ..Registry::default()
    };
    let host = url.split('/').nth(2).unwrap().to_owned();
    Charts::new([cache.to_owned()], [(host, registry)].into()).unwrap()
}

fn istio() -> parts::Charts {
    parts::charts().unwrap()
}

/// The error with all its causes, after a look for `s3ntinel`.
fn shown(error: &Error) -> String {
    let text = lab::chain(error);
    let everything = format!("{text} {error:?} {}", error.way_out());
    assert!(!everything.contains("s3ntinel"), "{everything}");
    text
}

#[tokio::test]
async fn istios_charts_come_from_a_repository_with_their_digests() {
    let istio = istio();
    let repository = ChartRepository::serve(&istio.repository()).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let charts = charts(cache.path());
    for name in ["base", "istiod", "gateway", "cni", "ztunnel"] {
        let fetched = charts.fetch(&repository.url(), name, &release(istio.version()), None).await.unwrap();
        assert_eq!(fetched.chart.metadata().name, name);
        assert_eq!(fetched.version, istio.version());
        assert_eq!(fetched.digest, digest(&std::fs::read(istio.archive(name)).unwrap()));
    }
    let indexes = repository.requests().into_iter().filter(|path| path == "/index.yaml").count();
    assert_eq!(indexes, 1, "one run asks a repository for its index once");
}

#[tokio::test]
async fn charts_asked_for_at_the_same_time_share_one_index() {
    let istio = istio();
    let repository = ChartRepository::serve(&istio.repository()).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let charts = charts(cache.path());
    let source = repository.url();
    let wanted = release(istio.version());
    let all = ["base", "istiod", "gateway", "istiod"].map(|name| charts.fetch(&source, name, &wanted, None));
    for fetched in futures::future::join_all(all).await {
        fetched.unwrap();
    }
    assert_eq!(repository.requests().iter().filter(|path| *path == "/index.yaml").count(), 1);
}

#[tokio::test]
async fn a_cached_archive_is_not_downloaded_again_and_a_pinned_one_needs_no_repository() {
    let istio = istio();
    let cache = tempfile::tempdir().unwrap();
    let repository = ChartRepository::serve(&istio.repository()).unwrap();
    let source = repository.url();
    let first = charts(cache.path()).fetch(&source, "istiod", &release(istio.version()), None).await.unwrap();
    let again = charts(cache.path()).fetch(&source, "istiod", &release(istio.version()), None).await.unwrap();
    assert_eq!(first.digest, again.digest);
    assert_eq!(repository.requests().iter().filter(|path| path.starts_with("/istiod-")).count(), 1);

    drop(repository);
    let pinned = charts(cache.path())
        .fetch(&source, "istiod", &release(istio.version()), Some(&first.digest))
        .await
        .unwrap();
    assert_eq!(pinned.digest, first.digest);
    let error =
        charts(cache.path()).fetch(&source, "istiod", &release(istio.version()), None).await.unwrap_err();
    assert!(matches!(error, Error::Download { .. }), "{error:?}");
}

#[tokio::test]
async fn a_pinned_archive_of_another_version_does_not_pass_for_the_one_that_is_asked_for() {
    let istio = istio();
    let cache = tempfile::tempdir().unwrap();
    let repository = ChartRepository::serve(&istio.repository()).unwrap();
    let (charts, source) = (charts(cache.path()), repository.url());
    let pin = charts.fetch(&source, "istiod", &release(istio.version()), None).await.unwrap().digest.clone();
    let version = charts.fetch(&source, "istiod", &release("1.0.0"), Some(&pin)).await.unwrap_err();
    assert!(matches!(version, Error::NoVersion { .. }), "{version:?}");
    let chart = charts.fetch(&source, "base", &release(istio.version()), Some(&pin)).await.unwrap_err();
    assert!(matches!(chart, Error::OtherChart { .. }), "{chart:?}");
}

#[tokio::test]
async fn a_chart_that_is_not_the_pinned_one_is_refused_before_it_is_downloaded() {
    let istio = istio();
    let cache = tempfile::tempdir().unwrap();
    let repository = ChartRepository::serve(&istio.repository()).unwrap();
    let pin = format!("sha256:{}", "0".repeat(64));
    let charts = charts(cache.path());
    let error =
        charts.fetch(&repository.url(), "istiod", &release(istio.version()), Some(&pin)).await.unwrap_err();
    let found = digest(&std::fs::read(istio.archive("istiod")).unwrap());
    assert_eq!(
        shown(&error),
        format!("chart istiod of {}/ has the digest {found}, but it is pinned to {pin}", repository.url())
    );
    assert_eq!(repository.requests(), ["/index.yaml"]);
}

#[tokio::test]
async fn a_protected_repository_wants_user_name_and_password() {
    let istio = istio();
    let cache = tempfile::tempdir().unwrap();
    let repository = ChartRepository::serve_protected(&istio.repository(), "user", "s3ntinel").unwrap();
    let url = repository.url();
    charts_with(cache.path(), &url, "s3ntinel")
        .fetch(&url, "base", &release(istio.version()), None)
        .await
        .unwrap();

    let cache = tempfile::tempdir().unwrap();
    let host = repository.host();
    let error = charts(cache.path()).fetch(&url, "base", &release(istio.version()), None).await.unwrap_err();
    assert_eq!(
        shown(&error),
        format!(
            "{url}/index.yaml requires authentication (HTTP 401), and there are no credentials for {host}"
        )
    );
    assert!(error.way_out().contains(&format!("chart_registry {host:?}")), "{}", error.way_out());

    let wrong = charts_with(cache.path(), &url, "s3ntinel too");
    let error = wrong.fetch(&url, "base", &release(istio.version()), None).await.unwrap_err();
    assert_eq!(
        shown(&error),
        format!("{url}/index.yaml rejected the user name and password of chart_registry {host:?} (HTTP 401)")
    );
}

#[tokio::test]
async fn a_private_authority_is_trusted_for_the_host_that_it_is_given_for() {
    let istio = istio();
    let authority = Authority::generate("private").unwrap();
    let repository =
        ChartRepository::serve_encrypted(&istio.repository(), "user", "s3ntinel", &authority).unwrap();
    let (url, host) = (repository.url(), repository.host());
    let fetch = async |host: &str, ca_certificate: Option<&str>| {
        let registry = Registry {
            username: Some("user".to_owned()),
            password: Some("s3ntinel".into()),
            ca_certificate: ca_certificate.map(str::to_owned),
            ..Registry::default()
        };
        let charts = Charts::new([], [(host.to_owned(), registry)].into()).unwrap();
        charts.fetch(&url, "base", &release(istio.version()), None).await
    };
    fetch(&host, Some(authority.pem())).await.unwrap();
    let another = Authority::generate("another").unwrap();
    let both = format!("{}{}", another.pem(), authority.pem());
    fetch(&host, Some(&both)).await.unwrap();

    for error in [
        fetch(&host, None).await.unwrap_err(),
        fetch(&host, Some(another.pem())).await.unwrap_err(),
        fetch("other.example", Some(authority.pem())).await.unwrap_err(),
    ] {
        let text = shown(&error);
        let expected =
            format!("the certificate of {url}/index.yaml is not signed by a trusted certificate authority");
        assert!(text.starts_with(&expected), "{text}");
        let block = format!("ca_certificate in a chart_registry {host:?} block");
        assert!(error.way_out().contains(&block), "{}", error.way_out());
    }
}

#[tokio::test]
async fn an_unknown_chart_or_version_lists_what_there_is() {
    let istio = istio();
    let cache = tempfile::tempdir().unwrap();
    let repository = ChartRepository::serve(&istio.repository()).unwrap();
    let (charts, source) = (charts(cache.path()), repository.url());
    let chart = charts.fetch(&source, "istio", &release(istio.version()), None).await.unwrap_err();
    assert!(matches!(chart, Error::NoChart { .. }) && chart.way_out().contains("istiod"), "{chart:?}");
    let version = charts.fetch(&source, "istiod", &release("99.0.0"), None).await.unwrap_err();
    assert!(
        matches!(version, Error::NoVersion { .. }) && version.way_out().contains(istio.version()),
        "{version:?}"
    );
}

#[tokio::test]
async fn credentials_stay_with_the_repository_when_archive_or_redirect_are_elsewhere() {
    let chart = archive("istiod", "1.0.0");
    let elsewhere = Web::serve({
        let chart = chart.clone();
        move |_| ok(chart.clone())
    })
    .await;
    for redirected in [false, true] {
        let target = format!("{}/istiod.tgz", elsewhere.url);
        let url = if redirected { "moved.tgz".to_owned() } else { target.clone() };
        let index = index("1.0.0", &url, &digest(&chart));
        let repository = Web::serve(move |request| match request.path.as_str() {
            "/index.yaml" => ok(index.clone()),
            _ => (302, vec![("location", target.clone())], Vec::new()),
        })
        .await;
        let cache = tempfile::tempdir().unwrap();
        let charts = charts_with(cache.path(), &repository.url, "s3ntinel");
        charts.fetch(&repository.url, "istiod", &release("1.0.0"), None).await.unwrap();
        let own = repository.requests();
        assert!(own.iter().all(|request| request.authorization.is_some()), "{own:?}");
    }
    let others = elsewhere.requests();
    assert_eq!(others.len(), 2);
    assert!(others.iter().all(|request| request.authorization.is_none()), "{others:?}");
}

#[tokio::test]
async fn an_archive_that_its_index_does_not_vouch_for_is_refused() {
    let (good, bad) = (archive("istiod", "1.0.0"), archive("istiod", "1.0.0-evil"));
    let index = index("1.0.0", "istiod.tgz", &digest(&good));
    let repository = Web::serve(move |request| match request.path.as_str() {
        "/index.yaml" => ok(index.clone()),
        _ => ok(bad.clone()),
    })
    .await;
    let cache = tempfile::tempdir().unwrap();
    let error =
        charts(cache.path()).fetch(&repository.url, "istiod", &release("1.0.0"), None).await.unwrap_err();
    assert!(matches!(error, Error::OtherBytes { .. }), "{error:?}");
    assert_eq!(repository.paths(), ["/index.yaml", "/istiod.tgz"]);
}

#[tokio::test]
async fn an_archive_with_another_chart_is_refused() {
    let index = index("1.0.0", "istiod.tgz", "");
    let repository = Web::serve(move |request| match request.path.as_str() {
        "/index.yaml" => ok(index.clone()),
        _ => ok(archive("base", "2.0.0")),
    })
    .await;
    let cache = tempfile::tempdir().unwrap();
    let error =
        charts(cache.path()).fetch(&repository.url, "istiod", &release("1.0.0"), None).await.unwrap_err();
    assert_eq!(
        shown(&error),
        format!("{}/istiod.tgz contains chart base 2.0.0, not istiod 1.0.0", repository.url)
    );
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again() {
    let chart = archive("istiod", "1.0.0");
    let index = index("1.0.0", "istiod.tgz", &digest(&chart));
    let asked = AtomicUsize::new(0);
    let repository = Web::serve(move |request| match request.path.as_str() {
        "/index.yaml" if asked.fetch_add(1, Ordering::SeqCst) == 0 => (503, Vec::new(), Vec::new()),
        "/index.yaml" => ok(index.clone()),
        _ => ok(chart.clone()),
    })
    .await;
    let cache = tempfile::tempdir().unwrap();
    charts(cache.path()).fetch(&repository.url, "istiod", &release("1.0.0"), None).await.unwrap();
    assert_eq!(repository.paths(), ["/index.yaml", "/index.yaml", "/istiod.tgz"]);
}

#[tokio::test]
async fn a_url_is_shown_without_its_query() {
    let index = index("1.0.0", "istiod.tgz?signature=s3ntinel", "");
    let repository = Web::serve(move |request| match request.path.as_str() {
        "/index.yaml" => ok(index.clone()),
        _ => (404, Vec::new(), Vec::new()),
    })
    .await;
    let cache = tempfile::tempdir().unwrap();
    let error =
        charts(cache.path()).fetch(&repository.url, "istiod", &release("1.0.0"), None).await.unwrap_err();
    assert_eq!(shown(&error), format!("{}/istiod.tgz responded with HTTP 404", repository.url));
    assert_eq!(repository.paths()[1], "/istiod.tgz?signature=s3ntinel");
}

#[tokio::test]
async fn a_redirect_without_end_is_refused() {
    let repository =
        Web::serve(|_| (302, vec![("location", "/index.yaml?again".to_owned())], Vec::new())).await;
    let cache = tempfile::tempdir().unwrap();
    let error =
        charts(cache.path()).fetch(&repository.url, "istiod", &release("1.0.0"), None).await.unwrap_err();
    assert!(shown(&error).contains("it redirects too many times"), "{}", shown(&error));
}

#[tokio::test]
async fn a_page_that_is_no_index_is_said_to_be_none() {
    let repository = Web::serve(|_| ok("<!doctype html>\n<html><body>Welcome</body></html>")).await;
    let cache = tempfile::tempdir().unwrap();
    let error =
        charts(cache.path()).fetch(&repository.url, "istiod", &release("1.0.0"), None).await.unwrap_err();
    assert!(matches!(error, Error::Index { .. }), "{error:?}");
}

#[tokio::test]
async fn a_repository_that_is_not_there_names_the_url() {
    let cache = tempfile::tempdir().unwrap();
    let source = "http://127.0.0.1:1/charts";
    let charts = charts_with(cache.path(), source, "s3ntinel");
    let error = charts.fetch(source, "istiod", &release("1.0.0"), None).await.unwrap_err();
    assert!(
        shown(&error).starts_with("cannot download http://127.0.0.1:1/charts/index.yaml: "),
        "{}",
        shown(&error)
    );
}
