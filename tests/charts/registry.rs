use std::path::{Path, PathBuf};
use std::sync::Arc;

use istio_provider::charts::{Charts, Error, Fetched, Registry};
use lab::certificates::Authority;
use lab::parts;
use lab::registry::{self, Access};

use crate::made::{archive, digest, release};

const USER: &str = "user";
const PASSWORD: &str = "s3ntinel";

/// A registry, the authority that signed its certificate, and a folder for charts and cache.
struct Fixture {
    registry: registry::Registry,
    authority: Authority,
    directory: tempfile::TempDir,
}

impl Fixture {
    fn start(access: Access<'_>) -> Self {
        let authority = Authority::generate("private").unwrap();
        let registry = registry::Registry::start(&authority, access)
            .unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        Self { registry, authority, directory: tempfile::tempdir().unwrap() }
    }

    fn source(&self) -> String {
        format!("oci://{}/team/charts", self.registry.host())
    }

    fn push(&self, archive: &Path) {
        let pushed = self.registry.push(archive, "team/charts");
        pushed.unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    }

    /// Pushes a small chart; its bytes.
    fn push_made(&self, name: &str, version: &str) -> Vec<u8> {
        let bytes = archive(name, version);
        let path: PathBuf = self.directory.path().join(format!("{name}-{version}.tgz"));
        std::fs::write(&path, &bytes).unwrap();
        self.push(&path);
        bytes
    }

    /// What a provider knows that has the authority and these credentials.
    fn charts(&self, credentials: Option<(&str, &str)>) -> Charts {
        let described = Registry {
            username: credentials.map(|(username, _)| username.to_owned()),
            password: credentials.map(|(_, password)| password.into()),
            ca_certificate: Some(self.authority.pem().to_owned()),
            plain_http: false,
            not_yet_known: None,
        };
        let cache = self.directory.path().join("cache");
        Charts::new([cache], [(self.registry.host().to_owned(), described)].into()).unwrap()
    }

    async fn fetch(&self, chart: &str, version: &str) -> Result<Arc<Fetched>, Error> {
        self.charts(None).fetch(&self.source(), chart, &version.parse().unwrap(), None).await
    }
}

/// The error with all its causes, after a look for the password.
fn shown(error: &Error) -> String {
    let text = lab::chain(error);
    let everything = format!("{text} {error:?} {}", error.way_out());
    assert!(!everything.contains(PASSWORD), "{everything}");
    text
}

#[tokio::test]
async fn istios_charts_come_from_a_protected_registry_as_they_were_pushed() {
    let istio = parts::charts().unwrap();
    for access in [Access::Open, Access::Basic(USER, PASSWORD), Access::Tokens(USER, PASSWORD)] {
        let fixture = Fixture::start(access);
        let credentials = (!matches!(access, Access::Open)).then_some((USER, PASSWORD));
        let charts = fixture.charts(credentials);
        for name in ["base", "istiod"] {
            fixture.push(&istio.archive(name));
            let fetched =
                charts.fetch(&fixture.source(), name, &release(istio.version()), None).await.unwrap();
            assert_eq!(fetched.chart.metadata().name, name);
            assert_eq!(fetched.version, istio.version());
            assert_eq!(fetched.digest, digest(&std::fs::read(istio.archive(name)).unwrap()));
        }
        assert_eq!(fixture.registry.tokens() > 0, matches!(access, Access::Tokens(..)));
    }
}

#[tokio::test]
async fn wrong_or_missing_credentials_are_named_with_the_block_and_not_shown() {
    for access in [Access::Basic(USER, PASSWORD), Access::Tokens(USER, PASSWORD)] {
        let fixture = Fixture::start(access);
        let host = fixture.registry.host();
        let fetch = async |credentials| {
            let charts = fixture.charts(credentials);
            charts.fetch(&fixture.source(), "base", &release("1.31.0"), None).await.unwrap_err()
        };
        let wrong = fetch(Some((USER, "s3ntinel too"))).await;
        let expected = format!(" rejected the user name and password of chart_registry {host:?} (HTTP 401)");
        assert!(shown(&wrong).ends_with(&expected), "{}", shown(&wrong));
        let missing = fetch(None).await;
        let expected =
            format!(" requires authentication (HTTP 401), and there are no credentials for {host}");
        assert!(shown(&missing).ends_with(&expected), "{}", shown(&missing));
        assert!(missing.way_out().contains(&format!("chart_registry {host:?}")), "{}", missing.way_out());
    }
}

#[tokio::test]
async fn an_authority_that_is_not_given_is_named_with_the_block() {
    let fixture = Fixture::start(Access::Open);
    let charts = Charts::new([], std::collections::BTreeMap::new()).unwrap();
    let error = charts.fetch(&fixture.source(), "base", &release("1.31.0"), None).await.unwrap_err();
    let host = fixture.registry.host();
    let expected = format!(
        "the certificate of https://{host}/v2/team/charts/base/manifests/1.31.0 is not signed by a trusted certificate authority"
    );
    assert!(shown(&error).starts_with(&expected), "{}", shown(&error));
    let block = format!("ca_certificate in a chart_registry {host:?} block");
    assert!(error.way_out().contains(&block), "{}", error.way_out());
}

#[tokio::test]
async fn a_version_is_looked_for_among_all_pages_of_tags() {
    let fixture = Fixture::start(Access::Open);
    for version in ["1.9.0", "1.10.0", "1.10.1+build.2", "1.11.0-rc.1", "2.0.0"] {
        fixture.push_made("istiod", version);
    }
    for (version, expected) in [
        ("1.9.0", "1.9.0"),
        ("1.11.0-rc.1", "1.11.0-rc.1"),
        ("1.10.1+build.2", "1.10.1+build.2"),
        ("1.10.1", "1.10.1+build.2"),
    ] {
        assert_eq!(fixture.fetch("istiod", version).await.unwrap().version, expected, "{version}");
    }
    let error = fixture.fetch("istiod", "1.12.0").await.unwrap_err();
    assert_eq!(shown(&error), format!("{} has no version 1.12.0 of chart istiod", fixture.source()));
    assert_eq!(error.way_out(), "It has 2.0.0, 1.11.0-rc.1, 1.10.1+build.2, 1.10.0, 1.9.0.");
}

#[tokio::test]
async fn a_chart_that_the_registry_does_not_have_is_named() {
    let fixture = Fixture::start(Access::Open);
    fixture.push_made("istiod", "1.0.0");
    let error = fixture.fetch("gateway", "1.0.0").await.unwrap_err();
    assert_eq!(shown(&error), format!("{} has no chart gateway", fixture.source()));
    assert!(error.way_out().contains("helm push"), "{}", error.way_out());
}

#[tokio::test]
async fn a_pinned_chart_needs_no_registry_once_it_is_cached_and_no_other_passes_for_it() {
    let fixture = Fixture::start(Access::Open);
    let bytes = fixture.push_made("istiod", "1.0.0");
    let pin = digest(&bytes);
    let (charts, source) = (fixture.charts(None), fixture.source());
    let other = digest(b"other");
    let error = charts.fetch(&source, "istiod", &release("1.0.0"), Some(&other)).await.unwrap_err();
    assert_eq!(
        shown(&error),
        format!("chart istiod of {source} has the digest {pin}, but it is pinned to {other}")
    );
    charts.fetch(&source, "istiod", &release("1.0.0"), Some(&pin)).await.unwrap();
    fixture.registry.stop();
    let pinned = charts.fetch(&source, "istiod", &release("1.0.0"), Some(&pin)).await.unwrap();
    assert_eq!(pinned.digest, pin);
    let error = charts.fetch(&source, "istiod", &release("1.0.0"), None).await.unwrap_err();
    let expected = format!("cannot download https://{}/v2/", fixture.registry.host());
    assert!(shown(&error).starts_with(&expected), "{}", shown(&error));
}

#[tokio::test]
async fn a_value_that_is_not_known_yet_is_asked_for_only_when_it_is_needed() {
    let described = Registry { not_yet_known: Some("password"), ..Registry::default() };
    let charts = Charts::new([], [("registry.example".to_owned(), described)].into()).unwrap();
    let error =
        charts.fetch("oci://registry.example/istio", "base", &release("1.31.0"), None).await.unwrap_err();
    assert_eq!(
        shown(&error),
        "the password of chart_registry \"registry.example\" is not known yet, so its charts cannot be fetched"
    );
}
