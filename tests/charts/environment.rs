//! What comes from the environment, tried in a child process: a process's own environment is not to be changed.

use std::collections::BTreeMap;
use std::process::Output;

use istio_provider::charts::Charts;
use lab::certificates::Authority;

use crate::made::{archive, digest, index, release};
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
    match Charts::new([], BTreeMap::new())
        .unwrap()
        .fetch(&repository, "istiod", &release("1.0.0"), None)
        .await
    {
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
    let authority = Authority::generate("private").unwrap();
    let file = directory.path().join("ca.crt");
    std::fs::write(&file, authority.pem()).unwrap();
    let trusting = [("SSL_CERT_FILE", file.to_str().unwrap())];

    let honest = https(&authority, index("1.0.0", "istiod.tgz", &digest(&chart)), chart.clone(), None).await;
    assert!(said(&again(AUTHORITY_TEST, &honest, &trusting).await).contains(&digest(&chart)));
    let distrusting = [("SSL_CERT_FILE", "")];
    assert!(said(&again(AUTHORITY_TEST, &honest, &distrusting).await).contains("failed Untrusted"));

    let downgrading =
        https(&authority, index("1.0.0", "istiod.tgz", ""), Vec::new(), Some(plain.url.clone())).await;
    let refused = said(&again(AUTHORITY_TEST, &downgrading, &trusting).await);
    assert!(refused.contains("it redirects from https to http"), "{refused}");
    assert_eq!(plain.paths(), [""; 0]);
}

#[tokio::test]
async fn charts_from_disk_need_no_authorities() {
    if let Ok(repository) = std::env::var(REPOSITORY) {
        return child(repository).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let chart = archive("istiod", "1.0.0");
    std::fs::write(directory.path().join("istiod-1.0.0.tgz"), &chart).unwrap();
    let test = "charts_from_disk_need_no_authorities";
    let none = [("SSL_CERT_FILE", "/does/not/exist"), ("SSL_CERT_DIR", "/does/not/exist")];
    let from_disk = again(test, directory.path().to_str().unwrap(), &none).await;
    assert!(said(&from_disk).contains(&digest(&chart)));
    let from_the_web = again(test, "https://charts.example", &none).await;
    assert!(said(&from_the_web).contains("failed BuildClient"));
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

/// A repository over TLS with `index.yaml` and, for every other path, `archive` or a redirect to `location`.
async fn https(authority: &Authority, index: String, archive: Vec<u8>, location: Option<String>) -> String {
    let served = Web::serve_encrypted(authority, move |request| match (&location, request.path.as_str()) {
        (_, "/index.yaml") => ok(index.clone()),
        (None, _) => ok(archive.clone()),
        (Some(location), _) => (302, vec![("location", location.clone())], Vec::new()),
    });
    served.await.url
}
