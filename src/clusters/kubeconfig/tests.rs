use std::path::Path;

use serde_json::{Value, json};

use super::*;

fn certificate_authority() -> String {
    lab::certificates::Authority::generate("test").unwrap().pem().to_owned()
}

/// A kubeconfig with the clusters and users `east` and `west` and their contexts; `east` is the current one.
fn kubeconfig() -> Value {
    let cluster = |name: &str| {
        json!({"name": name, "cluster": {
            "server": format!("https://{name}.example:6443"),
            "certificate-authority-data": base64(&certificate_authority()),
        }})
    };
    let user = |name: &str| json!({"name": name, "user": {"token": format!("{name}-s3ntinel")}});
    let context = |name: &str| json!({"name": name, "context": {"cluster": name, "user": name}});
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "east",
        "clusters": [cluster("east"), cluster("west")],
        "users": [user("east"), user("west")],
        "contexts": [context("east"), context("west")],
    })
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn raw(kubeconfig: &Value) -> ConnectionConfig {
    ConnectionConfig { config_raw: Some(kubeconfig.to_string().into()), ..Default::default() }
}

fn resolve(config: &ConnectionConfig) -> Result<Connection, Invalid> {
    connection(config, &Environment::default())
}

fn authorization(connection: &Connection) -> &str {
    match &connection.credentials {
        Credentials::Fixed { authorization, .. } => authorization.to_str().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// An error with its causes, and proof that neither words nor debug output hold a secret.
fn shown(invalid: &Invalid) -> String {
    let text = format!("{}: {}", invalid.setting, lab::chain(&invalid.problem));
    assert!(!format!("{text} {invalid:?}").contains("s3ntinel"), "{invalid:?}");
    text
}

#[test]
fn the_current_context_is_the_default() {
    let connection = resolve(&raw(&kubeconfig())).unwrap();
    assert_eq!(connection.host(), "https://east.example:6443");
    assert_eq!(authorization(&connection), "Bearer east-s3ntinel");
    assert_eq!(connection.roots.unwrap().len(), 1);
}

#[test]
fn a_context_cluster_and_user_can_be_chosen_one_by_one() {
    let west = ConnectionConfig { config_context: Some("west".to_owned()), ..raw(&kubeconfig()) };
    assert_eq!(resolve(&west).unwrap().host(), "https://west.example:6443");
    let mixed = ConnectionConfig {
        config_context_cluster: Some("west".to_owned()),
        config_context_auth_info: Some("east".to_owned()),
        ..raw(&kubeconfig())
    };
    let connection = resolve(&mixed).unwrap();
    assert_eq!(connection.host(), "https://west.example:6443");
    assert_eq!(authorization(&connection), "Bearer east-s3ntinel");
}

#[test]
fn an_entry_that_does_not_exist_is_named_with_those_that_do() {
    let config = ConnectionConfig { config_context: Some("north".to_owned()), ..raw(&kubeconfig()) };
    let invalid = resolve(&config).unwrap_err();
    assert_eq!(shown(&invalid), "config_context: the kubeconfig has no context \"north\"");
    let error = invalid.in_cluster("edge");
    assert_eq!(error.way_out(), "Use an entry that it has: east, west.");
}

#[test]
fn a_kubeconfig_without_current_context_asks_for_one() {
    let mut kubeconfig = kubeconfig();
    kubeconfig.as_object_mut().unwrap().remove("current-context");
    let invalid = resolve(&raw(&kubeconfig)).unwrap_err();
    assert_eq!(shown(&invalid), "config_context: the kubeconfig has no current-context");
    assert_eq!(invalid.in_cluster("edge").way_out(), "Set config_context: east, west.");
}

#[test]
fn text_that_is_no_kubeconfig_is_not_quoted() {
    for text in
        ["s3ntinel: [", "clusters: s3ntinel", "\"s3ntinel", "users:\n- name: a\n  user: {token: [s3ntinel]}"]
    {
        let config = ConnectionConfig { config_raw: Some(text.into()), ..Default::default() };
        let invalid = resolve(&config).unwrap_err();
        assert!(
            shown(&invalid).starts_with("config_raw: the text is not a kubeconfig (line "),
            "{}",
            shown(&invalid)
        );
    }
}

#[test]
fn a_missing_file_is_named_with_the_systems_words() {
    let config = ConnectionConfig { config_path: Some("/does/not/exist".to_owned()), ..Default::default() };
    assert_eq!(
        shown(&resolve(&config).unwrap_err()),
        "config_path: cannot read /does/not/exist: No such file or directory (os error 2)"
    );
}

#[test]
fn files_are_merged_and_the_first_one_wins() {
    let directory = tempfile::tempdir().unwrap();
    let mut second = kubeconfig();
    second["clusters"][0]["cluster"]["server"] = json!("https://never.example");
    second["current-context"] = json!("west");
    let mut first = kubeconfig();
    for kind in ["clusters", "users", "contexts"] {
        first[kind].as_array_mut().unwrap().truncate(1);
    }
    let write = |name: &str, kubeconfig: &Value| {
        let path = directory.path().join(name);
        std::fs::write(&path, kubeconfig.to_string()).unwrap();
        path.to_string_lossy().into_owned()
    };
    let config_paths = vec![write("first", &first), write("second", &second)];
    let config = ConnectionConfig { config_paths, ..Default::default() };
    assert_eq!(resolve(&config).unwrap().host(), "https://east.example:6443");
    let west = ConnectionConfig { config_context: Some("west".to_owned()), ..config };
    assert_eq!(resolve(&west).unwrap().host(), "https://west.example:6443");
}

#[test]
fn the_home_directory_and_files_next_to_the_kubeconfig_are_found() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    let mut kubeconfig = kubeconfig();
    kubeconfig["clusters"][0]["cluster"] =
        json!({"server": "https://api", "certificate-authority": "ca.crt"});
    kubeconfig["users"][0]["user"] = json!({"tokenFile": "token"});
    write("config", &kubeconfig.to_string());
    write("ca.crt", &certificate_authority());
    let environment = Environment::from_variables(Some(home.path().to_owned()), |_| None);
    let config = ConnectionConfig { config_path: Some("~/config".to_owned()), ..Default::default() };
    let connection = connection(&config, &environment).unwrap();
    assert!(connection.roots.is_some());
    match connection.credentials {
        Credentials::TokenFile(path) => assert_eq!(path, Path::new(&home.path().join("token"))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_certificate_is_taken_as_data_and_refused_without_its_key() {
    let authority = lab::certificates::Authority::generate("test").unwrap();
    let client = authority.client("someone", None).unwrap();
    let mut kubeconfig = kubeconfig();
    kubeconfig["users"][0]["user"] = json!({
        "client-certificate-data": base64(&client.certificate), "client-key-data": base64(&client.key),
    });
    assert!(resolve(&raw(&kubeconfig)).unwrap().identity.is_some());

    kubeconfig["users"][0]["user"].as_object_mut().unwrap().remove("client-key-data");
    assert_eq!(
        shown(&resolve(&raw(&kubeconfig)).unwrap_err()),
        "config_raw: client-certificate of user \"east\" cannot be used: it requires client-key"
    );
}

#[test]
fn cluster_settings_of_the_kubeconfig_are_kept() {
    let mut kubeconfig = kubeconfig();
    kubeconfig["clusters"][0]["cluster"] = json!({
        "server": "https://10.0.0.1", "insecure-skip-tls-verify": true,
        "tls-server-name": "kubernetes", "proxy-url": "socks5://proxy:1080",
    });
    kubeconfig["users"][0]["user"] = json!({"username": "u", "password": "p", "as": "other"});
    let connection = resolve(&raw(&kubeconfig)).unwrap();
    assert!(connection.insecure && connection.roots.is_none());
    assert_eq!(connection.tls_server_name.as_deref(), Some("kubernetes"));
    assert_eq!(connection.proxy.as_ref().unwrap().0, "socks5://proxy:1080");
    assert_eq!(connection.impersonation.impersonate.as_deref(), Some("other"));
    assert_eq!(authorization(&connection), "Basic dTpw");
}

#[test]
fn a_bad_field_is_named_with_its_entry() {
    for (path, value, expected) in [
        (
            "/clusters/0/cluster/server",
            json!("ftp://u:s3ntinel@api"),
            "server of cluster \"east\" cannot be used: it is not the URL of an API server: its scheme is neither https nor http",
        ),
        (
            "/clusters/0/cluster/certificate-authority-data",
            json!(base64("s3ntinel")),
            "certificate-authority of cluster \"east\" cannot be used: it is neither PEM nor base64 of PEM",
        ),
        (
            "/users/0/user",
            json!({"auth-provider": {"name": "gcp", "config": {"token": "s3ntinel"}}}),
            "auth-provider of user \"east\" cannot be used: Kubernetes 1.26 removed auth-provider",
        ),
        (
            "/users/0/user",
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "aws", "env": [{"name": "A", "value": "s3ntinel"}]}}),
            "exec of user \"east\" cannot be used: it is not an API version of credential plugins",
        ),
    ] {
        let mut kubeconfig = kubeconfig();
        *kubeconfig.pointer_mut(path).unwrap() = value;
        assert_eq!(shown(&resolve(&raw(&kubeconfig)).unwrap_err()), format!("config_raw: {expected}"));
    }
}

#[test]
fn an_exec_plugin_gets_its_environment() {
    let mut kubeconfig = kubeconfig();
    kubeconfig["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "aws", "args": ["eks", "get-token"],
        "env": [{"name": "AWS_PROFILE", "value": "prod"}], "provideClusterInfo": true,
    }});
    match resolve(&raw(&kubeconfig)).unwrap().credentials {
        Credentials::Exec(plugin) => assert_eq!(plugin.command, "aws"),
        other => panic!("{other:?}"),
    }
}
