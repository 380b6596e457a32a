use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use istio_provider::clusters::{ConnectionConfig, Error, ExecConfig};
use lab::api_server::ApiServer;
use serde_json::json;

use crate::support::{ADMIN, READER, connection, east, shown, token, who, write};

/// A plugin that prints the file `answer` of `directory` and counts its runs in the file `runs`.
fn plugin(directory: &Path) -> ConnectionConfig {
    let text = "#!/bin/sh\necho run >> \"$DIRECTORY/runs\"\ncat \"$DIRECTORY/answer\"\n";
    let command = write(directory, "plugin", text);
    std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755)).unwrap();
    let exec = ExecConfig {
        api_version: "client.authentication.k8s.io/v1".to_owned(),
        command,
        args: Vec::new(),
        env: BTreeMap::from([("DIRECTORY".to_owned(), directory.to_string_lossy().into_owned().into())]),
    };
    ConnectionConfig { exec: Some(exec), ..connection() }
}

fn answer(directory: &Path, status: &serde_json::Value) {
    write(directory, "answer", &json!({"kind": "ExecCredential", "status": status}).to_string());
}

fn runs(directory: &Path) -> usize {
    std::fs::read_to_string(directory.join("runs")).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn many_requests_at_once_run_the_plugin_once() {
    let directory = tempfile::tempdir().unwrap();
    answer(directory.path(), &json!({"token": token(READER)}));
    let cluster = east(plugin(directory.path())).await;
    assert_eq!(runs(directory.path()), 0, "nothing runs before the first request");
    let everyone = futures::future::join_all((0..12).map(|_| who(&cluster))).await;
    assert!(everyone.into_iter().all(|who| who.unwrap() == READER));
    assert_eq!(runs(directory.path()), 1);
}

#[tokio::test]
async fn credentials_that_expire_are_renewed_before_they_do() {
    let directory = tempfile::tempdir().unwrap();
    let soon = k8s_openapi::jiff::Timestamp::now() + k8s_openapi::jiff::SignedDuration::from_secs(30);
    answer(directory.path(), &json!({"token": token(READER), "expirationTimestamp": soon.to_string()}));
    let cluster = east(plugin(directory.path())).await;
    assert_eq!(who(&cluster).await.unwrap(), READER);
    answer(directory.path(), &json!({"token": token(ADMIN), "expirationTimestamp": "2049-01-01T00:00:00Z"}));
    assert_eq!(who(&cluster).await.unwrap(), ADMIN);
    assert_eq!(who(&cluster).await.unwrap(), ADMIN);
    assert_eq!(runs(directory.path()), 2);
}

#[tokio::test]
async fn refused_credentials_are_renewed_once() {
    let directory = tempfile::tempdir().unwrap();
    let server = ApiServer::shared();
    answer(directory.path(), &json!({"token": "s3ntinel-stale"}));
    let cluster = east(plugin(directory.path())).await;
    let error = who(&cluster).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    assert_eq!(runs(directory.path()), 2, "once for the request, once after the refusal");
    assert_eq!(
        shown(&error, &["s3ntinel"]),
        format!(
            "cluster \"east\": {} does not accept the credentials from the plugin {:?}",
            server.host(),
            directory.path().join("plugin")
        )
    );
    answer(directory.path(), &json!({"token": token(READER)}));
    assert_eq!(who(&cluster).await.unwrap(), READER);
}

#[tokio::test]
async fn a_client_certificate_from_the_plugin_is_presented_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let server = ApiServer::shared();
    let issue = |user: &str, expires: &str| {
        let issued = server.client_certificate(user, None).unwrap();
        let status = json!({
            "clientCertificateData": issued.certificate, "clientKeyData": issued.key, "expirationTimestamp": expires,
        });
        answer(directory.path(), &status);
    };
    let cluster = east(plugin(directory.path())).await;
    issue("carol", "2020-01-01T00:00:00Z");
    assert_eq!(who(&cluster).await.unwrap(), "carol");
    issue("dave", "2049-01-01T00:00:00Z");
    assert_eq!(who(&cluster).await.unwrap(), "dave");
}

#[tokio::test]
async fn a_failing_plugin_is_named_with_its_last_words() {
    let directory = tempfile::tempdir().unwrap();
    let config = plugin(directory.path());
    write(directory.path(), "plugin", "#!/bin/sh\necho s3ntinel\necho 'session has expired' >&2\nexit 2\n");
    let error = who(&east(config).await).await.unwrap_err();
    assert!(matches!(error, Error::Credentials { .. }), "{error:?}");
    assert_eq!(
        shown(&error, &["s3ntinel"]),
        format!(
            "cluster \"east\": no credentials for {}: the credential plugin {:?} returned no credentials: it failed with exit \
             status: 2 and printed:\nsession has expired",
            ApiServer::shared().host(),
            directory.path().join("plugin")
        )
    );
}
