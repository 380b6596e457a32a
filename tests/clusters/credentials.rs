use istio_provider::clusters::ConnectionConfig;
use lab::api_server::ApiServer;

use crate::support::{ADMIN, READER, connection, east, token, who, write};

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
