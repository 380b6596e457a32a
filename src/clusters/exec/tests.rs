use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn script(directory: &Path, text: &str) -> ExecPlugin {
    let path = directory.join("plugin");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    ExecPlugin::from_settings(&ExecConfig {
        api_version: API_VERSIONS[0].to_owned(),
        command: path.to_string_lossy().into_owned(),
        args: vec!["get-token".to_owned()],
        env: BTreeMap::from([("PLUGIN_SECRET".to_owned(), "s3ntinel in the environment".into())]),
    })
    .unwrap()
}

async fn run(text: &str) -> Result<Issued, ExecError> {
    let directory = tempfile::tempdir().unwrap();
    script(directory.path(), text).run(SECOND * 20).await
}

#[tokio::test]
async fn a_printed_token_becomes_the_authorization_header() {
    let issued = run(
        r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t0ken","expirationTimestamp":"2040-01-01T00:00:00Z"}}'"#,
    )
    .await
    .unwrap();
    assert_eq!(issued.authorization.unwrap(), "Bearer t0ken");
    assert_eq!(issued.expires.unwrap().to_string(), "2040-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_printed_certificate_becomes_the_identity() {
    let certified = rcgen_pair();
    let status = json!({"clientCertificateData": certified.0, "clientKeyData": certified.1});
    let issued = run(&format!("cat <<'END'\n{}\nEND", json!({"kind": "ExecCredential", "status": status})))
        .await
        .unwrap();
    assert!(issued.identity.is_some());
    assert!(issued.authorization.is_none());
}

fn rcgen_pair() -> (String, String) {
    let authority = lab::certificates::Authority::generate("test").unwrap();
    let client = authority.client("someone", None).unwrap();
    (client.certificate, client.key)
}

#[tokio::test]
async fn the_command_sees_its_arguments_environment_and_request_but_no_input() {
    let issued = run(r#"[ "$1" = get-token ] || exit 3
        [ "$PLUGIN_SECRET" = "s3ntinel in the environment" ] || exit 4
        read -r line && exit 5
        case "$KUBERNETES_EXEC_INFO" in *'"kind":"ExecCredential"'*) ;; *) exit 6 ;; esac
        case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 7 ;; esac
        case "$KUBERNETES_EXEC_INFO" in *client.authentication.k8s.io/v1*) ;; *) exit 8 ;; esac
        echo '{"status":{"token":"ok"}}'"#)
    .await;
    assert_eq!(issued.unwrap().authorization.unwrap(), "Bearer ok");
}

#[tokio::test]
async fn the_cluster_is_passed_on_when_a_kubeconfig_asks_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut plugin = script(
        directory.path(),
        r#"case "$KUBERNETES_EXEC_INFO" in *'"server":"https://api.example"'*) ;; *) exit 3 ;; esac
        echo '{"status":{"token":"ok"}}'"#,
    );
    plugin.cluster =
        Some(ExecAuthCluster { server: Some("https://api.example".to_owned()), ..Default::default() });
    plugin.run(SECOND * 20).await.unwrap();
}

#[tokio::test]
async fn a_failing_command_is_quoted_without_secrets() {
    let error = run(r#"echo "not logged in, had $PLUGIN_SECRET" >&2
        echo "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln" >&2
        echo "s3ntinel on standard output"
        exit 7"#)
    .await
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "it failed with exit status: 7 and printed:\nnot logged in, had (redacted)\ntoken (redacted)"
    );
    assert!(!format!("{error:?}").contains("s3ntinel"));
}

#[tokio::test]
async fn output_that_is_no_credential_is_not_quoted() {
    let error = run("echo '{\"status\": \"s3ntinel\"}'").await.unwrap_err();
    assert!(matches!(error, ExecError::NotExecCredential { line: 1, .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("s3ntinel"));
}

#[tokio::test]
async fn an_empty_credential_is_an_error() {
    for output in ["{}", r#"{"status":{}}"#, r#"{"status":{"clientCertificateData":"x"}}"#] {
        let error = run(&format!("echo '{output}'")).await.unwrap_err();
        assert!(matches!(error, ExecError::NoCredential), "{output}: {error:?}");
    }
}

#[tokio::test]
async fn a_field_that_cannot_be_used_is_named() {
    let error = run(r#"echo '{"status":{"token":"t","expirationTimestamp":"tomorrow"}}'"#).await.unwrap_err();
    assert_eq!(error.to_string(), "the expirationTimestamp of its ExecCredential cannot be used");
}

#[tokio::test]
async fn a_command_that_does_not_end_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let marker = directory.path().join("pid");
    let plugin = script(directory.path(), &format!("echo $$ > {}\nexec sleep 600", marker.display()));
    let error = plugin.run(SECOND).await.unwrap_err();
    assert!(matches!(error, ExecError::TimedOut(_)), "{error:?}");
    let pid = std::fs::read_to_string(marker).unwrap();
    let process = std::path::PathBuf::from("/proc").join(pid.trim()).join("stat");
    for _ in 0..50 {
        match std::fs::read_to_string(&process) {
            Ok(stat) if !stat.contains(") Z ") => tokio::time::sleep(SECOND / 10).await,
            _ => return,
        }
    }
    panic!("the command is still running");
}

#[tokio::test]
async fn a_missing_command_is_said_to_be_missing() {
    let plugin = ExecPlugin::from_settings(&ExecConfig {
        api_version: API_VERSIONS[1].to_owned(),
        command: "no-such-credential-plugin".to_owned(),
        ..Default::default()
    })
    .unwrap();
    assert!(matches!(plugin.run(SECOND).await.unwrap_err(), ExecError::NotFound));
}

#[test]
fn an_api_version_that_kubernetes_dropped_is_refused() {
    let config = ExecConfig {
        api_version: "client.authentication.k8s.io/v1alpha1".to_owned(),
        command: "aws".to_owned(),
        ..Default::default()
    };
    let invalid = ExecPlugin::from_settings(&config).unwrap_err();
    assert_eq!(invalid.setting.field, "exec.api_version");
}
