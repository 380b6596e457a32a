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
    for (text, expected) in [
        ("clusters: s3ntinel", "the text is not a valid kubeconfig: clusters is text and must be a list"),
        ("s3ntinel", "the text is not a valid kubeconfig: the document is text and must be a mapping"),
        (
            "users:\n- name: a\n  user: {token: [s3ntinel]}",
            "the text is not a valid kubeconfig: users[0].user.token is a list and must be text",
        ),
        (
            "users:\n- name: a\n  user: {client-key-data: s3ntinel-}",
            "the text is not a valid kubeconfig: users[0].user.client-key-data is not base64",
        ),
    ] {
        let config = ConnectionConfig { config_raw: Some(text.into()), ..Default::default() };
        assert_eq!(shown(&resolve(&config).unwrap_err()), format!("config_raw: {expected}"));
    }
    let config = ConnectionConfig { config_raw: Some("a: b\ns3ntinel: [".into()), ..Default::default() };
    let error = shown(&resolve(&config).unwrap_err());
    assert!(error.starts_with("config_raw: the text is not a kubeconfig (line "), "{error}");
}

#[test]
fn unquoted_numbers_and_bools_are_refused_where_text_belongs() {
    for (path, value, expected) in [
        ("/contexts/0/name", json!(4711), "contexts[0].name is a number and must be text"),
        ("/users/0/user/token", json!(4711), "users[0].user.token is a number and must be text"),
        ("/users/0/user/token", json!(true), "users[0].user.token is a bool and must be text"),
        ("/clusters/0/cluster/server", json!(1), "clusters[0].cluster.server is a number and must be text"),
    ] {
        let mut kubeconfig = kubeconfig();
        *kubeconfig.pointer_mut(path).unwrap() = value;
        let invalid = resolve(&raw(&kubeconfig)).unwrap_err();
        assert_eq!(shown(&invalid), format!("config_raw: the text is not a valid kubeconfig: {expected}"));
        assert_eq!(invalid.in_cluster("edge").way_out(), "Write the value in quotes.");
    }
    let mut kubeconfig = kubeconfig();
    kubeconfig["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = json!("true");
    assert_eq!(
        shown(&resolve(&raw(&kubeconfig)).unwrap_err()),
        "config_raw: the text is not a valid kubeconfig: clusters[0].cluster.insecure-skip-tls-verify is text and must be true or false"
    );
}

#[test]
fn an_empty_text_is_absent() {
    let authority = lab::certificates::Authority::generate("test").unwrap();
    let client = authority.client("someone", None).unwrap();
    let mut kubeconfig = kubeconfig();
    let cluster = kubeconfig["clusters"][0]["cluster"].as_object_mut().unwrap();
    for field in ["tls-server-name", "proxy-url", "certificate-authority"] {
        cluster.insert(field.to_owned(), json!(""));
    }
    kubeconfig["users"][0]["user"] = json!({
        "client-certificate-data": base64(&client.certificate), "client-key-data": base64(&client.key),
        "token": "", "tokenFile": "", "username": "", "password": "", "client-certificate": "", "client-key": "",
        "as": "", "as-uid": "", "as-groups": null, "exec": null, "auth-provider": null,
    });
    let connection = resolve(&raw(&kubeconfig)).unwrap();
    assert!(matches!(connection.credentials, Credentials::None), "{:?}", connection.credentials);
    assert!(connection.identity.is_some() && connection.proxy.is_none());
    assert!(connection.impersonation.impersonate.is_none() && connection.tls_server_name.is_none());
    assert_eq!(connection.roots.unwrap().len(), 1);
}

#[test]
fn only_the_first_document_counts_and_base64_may_have_several_lines() {
    let mut kubeconfig = kubeconfig();
    let data = base64(&certificate_authority());
    let lines: Vec<_> = data.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
    kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"] = json!(lines.join("\n") + "\n");
    let text = format!("{kubeconfig}\n---\nclusters: s3ntinel\n");
    let config = ConnectionConfig { config_raw: Some(text.into()), ..Default::default() };
    assert_eq!(resolve(&config).unwrap().roots.unwrap().len(), 1);
    kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"] = json!(lines.join(" "));
    assert_eq!(
        shown(&resolve(&raw(&kubeconfig)).unwrap_err()),
        "config_raw: the text is not a valid kubeconfig: clusters[0].cluster.certificate-authority-data is not base64"
    );
}

#[test]
fn what_is_another_kind_of_document_is_refused() {
    for (field, value) in [("kind", "List"), ("apiVersion", "v2")] {
        let mut kubeconfig = kubeconfig();
        kubeconfig[field] = json!(value);
        let error = shown(&resolve(&raw(&kubeconfig)).unwrap_err());
        assert!(
            error.starts_with(&format!("config_raw: the text is not a valid kubeconfig: its {field} is not"))
        );
    }
    let mut kubeconfig = kubeconfig();
    kubeconfig["users"][1]["name"] = json!("east");
    assert_eq!(
        shown(&resolve(&raw(&kubeconfig)).unwrap_err()),
        "config_raw: the text is not a valid kubeconfig: it has the user \"east\" twice"
    );
}

#[test]
fn pairs_that_kubectl_refuses_are_refused() {
    let data = base64(&certificate_authority());
    for (path, value, expected) in [
        (
            "/clusters/0/cluster",
            json!({"server": "https://api", "insecure-skip-tls-verify": true, "certificate-authority-data": data}),
            "insecure-skip-tls-verify of cluster \"east\" cannot be used: it conflicts with certificate-authority",
        ),
        (
            "/clusters/0/cluster",
            json!({"server": "https://api", "certificate-authority": "/ca.crt", "certificate-authority-data": data}),
            "certificate-authority of cluster \"east\" cannot be used: it conflicts with certificate-authority-data",
        ),
        (
            "/users/0/user",
            json!({"username": "u", "password": "p", "token": "s3ntinel"}),
            "username of user \"east\" cannot be used: it conflicts with token",
        ),
        (
            "/users/0/user",
            json!({"password": "p", "tokenFile": "/token"}),
            "username of user \"east\" cannot be used: it conflicts with tokenFile",
        ),
        (
            "/users/0/user",
            json!({"as-groups": ["admins"]}),
            "as-groups of user \"east\" cannot be used: it requires as",
        ),
        ("/users/0/user", json!({"as-uid": "1"}), "as-uid of user \"east\" cannot be used: it requires as"),
        (
            "/users/0/user",
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws"}}),
            "exec of user \"east\" cannot be used: it has no interactiveMode",
        ),
        (
            "/users/0/user",
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws", "interactiveMode": "Always"}}),
            "exec of user \"east\" cannot be used: its interactiveMode is Always, and the provider has no terminal",
        ),
        (
            "/users/0/user",
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1"}}),
            "exec of user \"east\" cannot be used: it has no command",
        ),
    ] {
        let mut kubeconfig = kubeconfig();
        *kubeconfig.pointer_mut(path).unwrap() = value;
        assert_eq!(shown(&resolve(&raw(&kubeconfig)).unwrap_err()), format!("config_raw: {expected}"));
    }
}

#[test]
fn the_insecure_setting_takes_the_place_of_the_kubeconfigs_authority() {
    let config = ConnectionConfig { insecure: Some(true), ..raw(&kubeconfig()) };
    let connection = resolve(&config).unwrap();
    assert!(connection.insecure && connection.roots.is_none());
}

#[test]
fn credentials_are_not_sent_without_tls() {
    let with = |server: &str, user: Value| {
        let mut kubeconfig = kubeconfig();
        kubeconfig["clusters"][0]["cluster"]["server"] = json!(server);
        kubeconfig["users"][0]["user"] = user;
        resolve(&raw(&kubeconfig))
    };
    let token = || json!({"token": "s3ntinel"});
    let refusal = with("http://10.0.0.1:8080", token()).unwrap_err();
    assert_eq!(
        shown(&refusal),
        "config_raw: server of cluster \"east\" cannot be used: its scheme is http, and credentials must not be sent in clear text"
    );
    let refusal = with("10.0.0.1:6443", json!({"username": "u", "password": "s3ntinel"})).unwrap_err();
    assert_eq!(
        shown(&refusal),
        "config_raw: server of cluster \"east\" cannot be used: it has no scheme, which kubectl takes for http, and credentials \
         must not be sent in clear text"
    );
    assert_eq!(refusal.in_cluster("edge").way_out(), "Write https:// in front of it.");
    for local in ["http://localhost:8001", "http://127.0.0.1:8001", "http://[::1]:8001", "localhost:8001"] {
        let connection = with(local, token()).unwrap();
        assert!(connection.is_plain_http() && matches!(connection.credentials, Credentials::None), "{local}");
    }
    assert_eq!(with("10.0.0.1:8080", json!({})).unwrap().host(), "http://10.0.0.1:8080");
}

#[tokio::test]
async fn a_token_stands_in_for_a_token_file_that_is_missing() {
    let mut kubeconfig = kubeconfig();
    kubeconfig["users"][0]["user"] = json!({"token": "written", "tokenFile": "/does/not/exist"});
    let connection = resolve(&raw(&kubeconfig)).unwrap();
    let issued = connection.credentials.issue(std::time::Duration::from_secs(1)).await.unwrap();
    assert_eq!(issued.authorization.unwrap().to_str().unwrap(), "Bearer written");
}

#[test]
fn a_missing_file_is_named() {
    let config = ConnectionConfig { config_path: Some("/does/not/exist".to_owned()), ..Default::default() };
    assert_eq!(shown(&resolve(&config).unwrap_err()), "config_path: cannot find /does/not/exist");
    let config_paths = vec!["/does/not/exist".to_owned(), "/nor/this".to_owned()];
    let config = ConnectionConfig { config_paths, ..Default::default() };
    assert_eq!(shown(&resolve(&config).unwrap_err()), "config_paths: cannot find /does/not/exist, /nor/this");
}

#[test]
fn missing_files_of_a_list_and_an_empty_current_context_hide_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
    let first = json!({"current-context": "", "clusters": [{"name": "south", "cluster": {"server": "https://south"}}]});
    std::fs::write(path("first"), first.to_string()).unwrap();
    std::fs::write(path("empty"), "").unwrap();
    std::fs::write(path("second"), kubeconfig().to_string()).unwrap();
    let config_paths = ["gone", "first", "empty", "second"].map(path).to_vec();
    let config = ConnectionConfig { config_paths, ..Default::default() };
    assert_eq!(resolve(&config).unwrap().host(), "https://east.example:6443");
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
        Credentials::TokenFile { path, .. } => assert_eq!(path, Path::new(&home.path().join("token"))),
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
    assert_eq!(connection.proxy.as_ref().unwrap().address, "http://proxy:1080/");
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
            "certificate-authority of cluster \"east\" cannot be used: it contains no certificate",
        ),
        (
            "/users/0/user",
            json!({"auth-provider": {"name": "gcp", "config": {"token": "s3ntinel"}}}),
            "auth-provider of user \"east\" cannot be used: auth-provider is not supported; Kubernetes 1.26 removed those of the clouds",
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
        "env": [{"name": "AWS_PROFILE", "value": "prod"}], "provideClusterInfo": true, "interactiveMode": "Never",
    }});
    match resolve(&raw(&kubeconfig)).unwrap().credentials {
        Credentials::Exec(plugin) => assert_eq!(plugin.command, "aws"),
        other => panic!("{other:?}"),
    }
}
