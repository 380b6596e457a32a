use std::path::Path;
use std::process::Command;

use istio_provider::clusters::ConnectionConfig;
use lab::api_server::ApiServer;

use crate::support::{ADMIN, LIMITS, READER, clusters, connection, east, shown, token, who, write};

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn a_token_is_sent() {
    let cluster = east(ConnectionConfig { token: Some(token(READER).into()), ..connection() }).await;
    assert_eq!(who(&cluster).await.unwrap(), READER);
}

#[tokio::test]
async fn a_host_without_scheme_and_a_base64_authority_are_taken() {
    let server = ApiServer::shared();
    let config = ConnectionConfig {
        host: Some(server.host().trim_start_matches("https://").to_owned()),
        cluster_ca_certificate: Some(base64(server.ca_pem())),
        token: Some(token(READER).into()),
        ..Default::default()
    };
    assert_eq!(who(&east(config).await).await.unwrap(), READER);
}

#[tokio::test]
async fn a_token_file_may_rotate_and_even_go_away_while_the_client_runs() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), "token", &format!("{}\n", token(READER)));
    let cluster = east(ConnectionConfig { token_file: Some(path.clone()), ..connection() }).await;
    assert_eq!(who(&cluster).await.unwrap(), READER);
    write(directory.path(), "token", &token(ADMIN));
    assert_eq!(who(&cluster).await.unwrap(), ADMIN);
    std::fs::remove_file(path).unwrap();
    assert_eq!(who(&cluster).await.unwrap(), ADMIN);
}

#[tokio::test]
async fn a_client_certificate_and_key_are_taken_as_pem_and_as_base64() {
    let alice = ApiServer::shared().client_certificate("alice", None).unwrap();
    for encode in [str::to_owned as fn(&str) -> String, base64] {
        let config = ConnectionConfig {
            client_certificate: Some(encode(&alice.certificate)),
            client_key: Some(encode(&alice.key).into()),
            ..connection()
        };
        assert_eq!(who(&east(config).await).await.unwrap(), "alice");
    }
}

/// A client certificate of X.509 version 1, as microk8s makes them: without extensions.
fn version_1(directory: &Path) -> (String, String) {
    let authority = ApiServer::shared().authority();
    let path = |name: &str| directory.join(name);
    std::fs::write(path("ca.crt"), &authority.certificate).unwrap();
    std::fs::write(path("ca.key"), &authority.key).unwrap();
    let openssl = |arguments: &str| {
        let output =
            Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    openssl("req -new -newkey rsa:2048 -nodes -keyout alice.key -subj /CN=alice -out alice.csr");
    openssl("x509 -req -in alice.csr -CA ca.crt -CAkey ca.key -set_serial 7 -days 30 -out alice.crt");
    assert!(openssl("x509 -in alice.crt -noout -text").contains("Version: 1"));
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    (read("alice.crt"), read("alice.key"))
}

#[tokio::test]
async fn a_client_certificate_of_version_1_is_presented() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = version_1(directory.path());
    let config = ConnectionConfig {
        client_certificate: Some(certificate.clone()),
        client_key: Some(key.into()),
        ..connection()
    };
    assert_eq!(who(&east(config.clone()).await).await.unwrap(), "alice");
    let other = ApiServer::shared().client_certificate("bob", None).unwrap();
    let config = ConnectionConfig { client_key: Some(other.key.into()), ..config };
    let error = clusters(config, LIMITS).get("east").await.unwrap_err();
    assert!(shown(&error, &[]).ends_with("it is not the key of client_certificate"), "{error:?}");
}

#[tokio::test]
async fn a_kubeconfig_file_gives_its_current_or_the_chosen_context() {
    let path = ApiServer::shared().kubeconfig().to_string_lossy().into_owned();
    let file = || ConnectionConfig { config_path: Some(path.clone()), ..Default::default() };
    assert_eq!(who(&east(file()).await).await.unwrap(), ADMIN);
    let reader = ConnectionConfig { config_context: Some(READER.to_owned()), ..file() };
    assert_eq!(who(&east(reader).await).await.unwrap(), READER);
    let mixed = ConnectionConfig { config_context_auth_info: Some(READER.to_owned()), ..file() };
    assert_eq!(who(&east(mixed).await).await.unwrap(), READER);
}

#[tokio::test]
async fn a_kubeconfig_text_works_like_a_file() {
    let text = std::fs::read_to_string(ApiServer::shared().kubeconfig()).unwrap();
    let config = ConnectionConfig {
        config_raw: Some(text.into()),
        config_context: Some(READER.to_owned()),
        ..Default::default()
    };
    assert_eq!(who(&east(config).await).await.unwrap(), READER);
}

#[tokio::test]
async fn a_kubeconfig_user_can_act_as_another() {
    let text = std::fs::read_to_string(ApiServer::shared().kubeconfig()).unwrap();
    let mut kubeconfig: serde_json::Value = serde_json::from_str(&text).unwrap();
    kubeconfig["users"][0]["user"]["as"] = "someone-else".into();
    let config = ConnectionConfig { config_raw: Some(kubeconfig.to_string().into()), ..Default::default() };
    assert_eq!(who(&east(config).await).await.unwrap(), "someone-else");
}

#[tokio::test]
async fn an_unchecked_certificate_needs_no_authority() {
    let config = ConnectionConfig {
        cluster_ca_certificate: None,
        insecure: Some(true),
        token: Some(token(READER).into()),
        ..connection()
    };
    assert_eq!(who(&east(config).await).await.unwrap(), READER);
}

#[tokio::test]
async fn another_name_of_the_certificate_can_be_expected() {
    let config = ConnectionConfig {
        tls_server_name: Some("kubernetes.default.svc".to_owned()),
        token: Some(token(READER).into()),
        ..connection()
    };
    assert_eq!(who(&east(config).await).await.unwrap(), READER);
}
