use std::error::Error as _;

use super::*;
use crate::mesh::ClusterFacts;

fn known(config: ConnectionConfig) -> ClusterBlock {
    ClusterBlock { connection: ConnectionSettings::Known(Box::new(config)), ..Default::default() }
}

fn host(host: &str) -> ConnectionConfig {
    ConnectionConfig { host: Some(host.to_owned()), ..Default::default() }
}

fn environment(pairs: &'static [(&str, &str)]) -> Environment {
    Environment::from_variables(None, |name| {
        pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn build<const N: usize>(blocks: [(&str, ClusterBlock); N], environment: Environment) -> Clusters {
    let blocks = blocks.into_iter().map(|(name, block)| (name.to_owned(), block)).collect();
    Clusters::new(blocks, environment, Limits::default())
}

/// Every error with its cause.
fn refused<const N: usize>(blocks: [(&str, ClusterBlock); N], environment: Environment) -> Vec<String> {
    let errors = build(blocks, environment).violations();
    errors.iter().map(|error| format!("{error}: {}", error.source().unwrap())).collect()
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_cluster_and_setting() {
    let both =
        ConnectionConfig { token: Some("a".into()), token_file: Some("b".to_owned()), ..host("https://a") };
    assert_eq!(
        refused([("east", known(both)), ("west", known(host("ftp://a")))], Environment::default()),
        [
            "cluster \"east\": token_file cannot be used: it conflicts with token",
            "cluster \"west\": host cannot be used: it is not the URL of an API server: its scheme is neither https \
             nor http",
        ]
    );
}

#[test]
fn certificates_and_keys_are_checked_at_once() {
    let authority = lab::certificates::Authority::generate("test").unwrap();
    let (one, other) = (authority.client("a", None).unwrap(), authority.client("b", None).unwrap());
    let with = |certificate: &str, key: &str| ConnectionConfig {
        client_certificate: Some(certificate.to_owned()),
        client_key: Some(key.into()),
        ..host("https://a")
    };
    let authority_is =
        |pem: &str| ConnectionConfig { cluster_ca_certificate: Some(pem.to_owned()), ..host("https://a") };
    let garbage = "-----BEGIN CERTIFICATE-----\nczNudGluZWw=\n-----END CERTIFICATE-----\n";
    for (config, expected) in [
        (
            with(&one.certificate, &other.key),
            "client_key cannot be used: it is not the key of client_certificate",
        ),
        (
            with(&one.certificate, "s3ntinel"),
            "client_key cannot be used: it is neither PEM nor base64 of PEM",
        ),
        (with(&one.certificate, &one.certificate), "client_key cannot be used: it contains no private key"),
        (with(&one.key, &one.key), "client_certificate cannot be used: it contains no certificate"),
        (
            with(garbage, &one.key),
            "client_certificate cannot be used: it contains a certificate that cannot be parsed",
        ),
        (
            authority_is(garbage),
            "cluster_ca_certificate cannot be used: it contains a certificate that cannot be parsed",
        ),
        (
            authority_is("s3ntinel"),
            "cluster_ca_certificate cannot be used: it is neither PEM nor base64 of PEM",
        ),
    ] {
        let errors = build([("east", known(config))], Environment::default()).violations();
        assert_eq!(
            errors.iter().map(|error| format!("{error}: {}", error.source().unwrap())).collect::<Vec<_>>(),
            [format!("cluster \"east\": {expected}")]
        );
        assert!(!format!("{errors:?}").contains("s3ntinel"));
    }
    assert_eq!(refused([("east", known(with(&one.certificate, &one.key)))], Environment::default()), [""; 0]);
}

#[tokio::test]
async fn a_block_that_names_nothing_takes_the_environment() {
    let environment = environment(&[("KUBE_HOST", "https://env.example"), ("KUBE_TOKEN", "t0ken")]);
    let clusters = build([("east", ClusterBlock::default())], environment);
    assert_eq!(clusters.get("east").await.unwrap().host(), "https://env.example");
}

#[tokio::test]
async fn a_block_that_names_anything_takes_nothing_from_the_environment() {
    let environment = environment(&[("KUBE_HOST", "https://env.example"), ("KUBE_TOKEN", "t0ken")]);
    let clusters = build([("east", known(host("own.example")))], environment.clone());
    assert_eq!(clusters.get("east").await.unwrap().host(), "https://own.example");
    let only_token = ConnectionConfig { token: Some("own".into()), ..Default::default() };
    assert_eq!(
        refused([("east", known(only_token))], environment),
        ["cluster \"east\": host cannot be used: no API server is configured"]
    );
}

#[test]
fn errors_of_the_environment_name_the_variable() {
    let ftp = &[("KUBE_HOST", "ftp://a")];
    assert_eq!(
        refused([("east", ClusterBlock::default())], environment(ftp)),
        [
            "cluster \"east\": host (environment variable KUBE_HOST) cannot be used: it is not the URL of an API \
          server: its scheme is neither https nor http"
        ]
    );
    let proxy = &[("https_proxy", "ftp://u:s3ntinel@proxy")];
    assert_eq!(
        refused([("east", known(host("api.example")))], environment(proxy)),
        [
            "cluster \"east\": proxy_url (environment variable https_proxy) cannot be used: it is not the URL of a supported \
             proxy: its scheme is none of http, https, socks5 and socks5h"
        ]
    );
    assert_eq!(
        refused([("east", ClusterBlock::default())], Environment::default()),
        ["cluster \"east\": connection cannot be used: no API server is configured"]
    );
}

#[test]
fn two_blocks_cannot_both_leave_everything_to_the_environment() {
    let variables = &[("KUBE_HOST", "https://env.example")];
    assert_eq!(
        refused(
            [("east", ClusterBlock::default()), ("west", ClusterBlock::default())],
            environment(variables)
        ),
        [
            "cluster \"west\": connection cannot be used: cluster \"east\" takes its connection from the same environment \
          variables, so both would be the same cluster"
        ]
    );
}

#[tokio::test]
async fn a_block_that_names_nothing_beside_others_is_said_to_take_the_environment() {
    let variables = &[("KUBE_CONFIG_PATH", "/does/not/matter")];
    let blocks = [("east", known(host("east.example"))), ("west", ClusterBlock::default())];
    let clusters = build(blocks, environment(variables));
    assert_eq!(clusters.from_environment(), [("west", "KUBE_CONFIG_PATH")]);
    let alone = build([("west", ClusterBlock::default())], environment(variables));
    assert!(alone.from_environment().is_empty());

    let variables = &[("KUBE_HOST", "https://env.example")];
    let west = build([("west", ClusterBlock::default())], environment(variables)).get("west").await.unwrap();
    let way_out = west.check_uid("old", "new").unwrap_err().way_out();
    assert!(way_out.contains("taken from the environment variable KUBE_HOST"), "{way_out}");
}

#[test]
fn inline_credentials_are_not_sent_without_tls() {
    let with = |host_: &str| ConnectionConfig { token: Some("s3ntinel".into()), ..host(host_) };
    assert_eq!(
        refused([("east", known(with("http://10.0.0.1:8080")))], Environment::default()),
        [
            "cluster \"east\": host cannot be used: its scheme is http, and credentials must not be sent in clear text"
        ]
    );
    for allowed in [
        "http://127.0.0.1:8001",
        "http://localhost:8001",
        "http://[::1]:8001",
        "https://10.0.0.1",
        "10.0.0.1",
    ] {
        assert_eq!(refused([("east", known(with(allowed)))], Environment::default()), [""; 0], "{allowed}");
    }
    assert_eq!(refused([("east", known(host("http://10.0.0.1:8080")))], Environment::default()), [""; 0]);
}

#[tokio::test]
async fn a_connection_that_is_not_known_yet_is_an_error_only_when_used() {
    let attribute = "host".to_owned();
    let unknown =
        ClusterBlock { connection: ConnectionSettings::NotYetKnown { attribute }, ..Default::default() };
    let clusters = build([("east", unknown), ("west", known(host("west.example")))], Environment::default());
    let error = clusters.get("east").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cluster \"east\": its host is not known yet, so the cluster cannot be reached"
    );
    clusters.get("west").await.unwrap();
}

#[tokio::test]
async fn a_block_that_is_wrong_leaves_the_other_clusters_usable() {
    let contradictory =
        ConnectionConfig { token: Some("a".into()), token_file: Some("b".to_owned()), ..host("https://a") };
    let blocks = [
        ("east", known(host(""))),
        ("north", known(contradictory)),
        ("south", ClusterBlock::default()),
        ("west", known(host("west.example"))),
    ];
    let clusters = build(blocks, Environment::default());
    clusters.get("west").await.unwrap();
    for (label, cause) in
        [("east", "it is empty"), ("north", "conflicts"), ("south", "no API server is configured")]
    {
        let error = clusters.get(label).await.unwrap_err();
        assert!(
            matches!(&error, Error::Setting(error) if error.problem.to_string().contains(cause)),
            "{error}"
        );
        assert!(error.is_no_answer());
    }
    assert_eq!(clusters.violations().len(), 3);
}

#[tokio::test]
async fn labels_that_are_not_known_yet_are_no_missing_blocks() {
    let clusters = Clusters::not_yet_known();
    assert!(clusters.missing("east").is_none());
    let error = clusters.get("east").await.unwrap_err();
    assert!(matches!(error, Error::NotYetKnown { .. }), "{error}");
    assert!(!error.is_no_answer());
    let message =
        "cluster \"east\": its block in the provider is not known yet, so the cluster cannot be reached";
    assert_eq!(error.to_string(), message);
}

#[tokio::test]
async fn a_label_without_a_block_is_named_with_those_that_exist() {
    let clusters = build([("west", known(host("west.example")))], Environment::default());
    let error = clusters.get("east").await.unwrap_err();
    assert_eq!(error.to_string(), "cluster \"east\": the provider has no cluster block with this label");
    assert!(
        error.way_out().starts_with("Use one of west, or keep the cluster's block"),
        "{}",
        error.way_out()
    );
}

#[tokio::test]
async fn a_kubeconfig_is_read_only_when_the_cluster_is_used() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let config =
        ConnectionConfig { config_path: Some(path.to_string_lossy().into_owned()), ..Default::default() };
    let clusters = build([("east", known(config))], Environment::default());
    assert!(matches!(clusters.get("east").await.unwrap_err(), Error::Setting(_)));
    let kubeconfig = "{current-context: c, contexts: [{name: c, context: {cluster: c}}], \
                      clusters: [{name: c, cluster: {server: https://late.example}}]}";
    std::fs::write(&path, kubeconfig).unwrap();
    assert_eq!(clusters.get("east").await.unwrap().host(), "https://late.example");
}

#[tokio::test]
async fn another_clusters_uid_is_refused_unless_the_block_says_the_old_one_is_gone() {
    let clusters = build(
        [
            ("east", known(host("east.example"))),
            ("west", ClusterBlock { recreated_from: Some("old".to_owned()), ..known(host("west.example")) }),
        ],
        Environment::default(),
    );
    let east = clusters.get("east").await.unwrap();
    east.check_uid("same", "same").unwrap();
    let error = east.check_uid("old", "new").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cluster \"east\": https://east.example is the cluster with UID new, but state has the UID old"
    );
    assert!(error.way_out().contains("recreated_from = \"old\""), "{}", error.way_out());
    let west = clusters.get("west").await.unwrap();
    west.check_uid("old", "new").unwrap();
    west.check_uid("older", "new").unwrap_err();
}

#[test]
fn debug_output_of_every_setting_shows_no_secret() {
    let secret = || Some(SecretString::from("s3ntinel"));
    let config = ConnectionConfig {
        token: secret(),
        client_key: secret(),
        config_raw: secret(),
        proxy_url: secret(),
        exec: Some(ExecConfig {
            args: vec!["s3ntinel".to_owned()],
            env: BTreeMap::from([("A".to_owned(), "s3ntinel".into())]),
            ..Default::default()
        }),
        ..Default::default()
    };
    let shown = format!("{:?}", known(config));
    assert!(shown.contains("token") && !shown.contains("s3ntinel"), "{shown}");
}

#[tokio::test]
async fn facts_that_were_read_are_not_read_again() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let clusters = build([("east", known(host("https://127.0.0.1:1")))], Environment::default());
    let cluster = clusters.get("east").await.unwrap();
    let facts = ClusterFacts { uid: "uid-east".to_owned(), kubernetes_version: "v1.36.3".to_owned() };
    cluster.note_facts(&facts);
    let again =
        cluster.facts_once(|| std::future::ready(Ok(ClusterFacts { uid: String::new(), ..facts.clone() })));
    assert_eq!(again.await.unwrap(), facts);
}
