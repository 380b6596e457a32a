//! The API server on loopback serves, obeys and dies with its process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, PostParams};
use lab::api_server::{ApiServer, identity};

fn config_map(name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        ..ConfigMap::default()
    }
}

fn status_code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("no answer from the API: {other}"),
    }
}

#[tokio::test]
async fn the_reader_reads_and_changes_nothing() {
    let server = ApiServer::shared();
    let reader = Api::<ConfigMap>::namespaced(server.client_as(identity::READER).unwrap(), "default");
    reader.list(&ListParams::default()).await.unwrap();
    let refused = reader.create(&PostParams::default(), &config_map("refused")).await.unwrap_err();
    assert_eq!(status_code(&refused), 403);
}

#[tokio::test]
async fn an_identity_on_request_may_do_what_its_rules_say() {
    let server = ApiServer::shared();
    let rule = PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(vec!["configmaps".to_owned()]),
        verbs: vec!["create".to_owned()],
        ..PolicyRule::default()
    };
    server.add_identity("creator", &[rule]).unwrap();
    let before = server.requests_of_identities().unwrap();
    let creator = Api::<ConfigMap>::namespaced(server.client_as("creator").unwrap(), "default");
    creator.create(&PostParams::default(), &config_map("made-by-creator")).await.unwrap();
    assert_eq!(status_code(&creator.get("made-by-creator").await.unwrap_err()), 403);
    assert_eq!(server.requests_of_identities().unwrap() - before, 2);
}

#[test]
fn a_client_certificate_is_its_user_and_group() {
    let server = ApiServer::shared();
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = server
        .client_certificate("carol", Some("system:masters"))
        .and_then(|made| Ok(made.write(directory.path(), "carol")?))
        .unwrap();
    let authority = directory.path().join("ca.crt");
    std::fs::write(&authority, server.ca_pem()).unwrap();
    let output = Command::new(lab::parts::find(lab::parts::Part::Kubectl).unwrap())
        .args(["auth", "whoami", "--output=json", "--server", server.host()])
        .arg(format!("--certificate-authority={}", authority.display()))
        .arg(format!("--client-certificate={}", certificate.display()))
        .arg(format!("--client-key={}", key.display()))
        .env("KUBECONFIG", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["status"]["userInfo"]["username"], "carol");
    assert_eq!(answer["status"]["userInfo"]["groups"][0], "system:masters");
}

#[tokio::test]
async fn a_stopped_server_refuses_connections_and_keeps_what_it_stored() {
    let server = ApiServer::start().unwrap();
    let client = server.client().unwrap();
    let config_maps = Api::<ConfigMap>::namespaced(client, "default");
    config_maps.create(&PostParams::default(), &config_map("kept")).await.unwrap();
    server.stop();
    let refused = config_maps.get("kept").await.unwrap_err();
    assert!(!matches!(refused, kube::Error::Api(_)), "{refused}");
    server.start_again().unwrap();
    config_maps.get("kept").await.unwrap();
}

#[tokio::test]
async fn a_frozen_server_is_silent_until_it_is_thawed() {
    let server = ApiServer::start().unwrap();
    let client = server.client().unwrap();
    let namespaces = Api::<Namespace>::all(client);
    namespaces.get("default").await.unwrap();
    server.freeze().unwrap();
    let silent = tokio::time::timeout(Duration::from_secs(1), namespaces.get("default")).await;
    assert!(silent.is_err(), "a frozen server answered: {silent:?}");
    server.thaw().unwrap();
    namespaces.get("default").await.unwrap();
}

#[tokio::test]
async fn with_controllers_a_deleted_namespace_goes_away_with_what_is_in_it() {
    let server = ApiServer::with_controllers().unwrap();
    let namespaces = Api::<Namespace>::all(server.client().unwrap());
    let metadata = ObjectMeta { name: Some("short-lived".to_owned()), ..ObjectMeta::default() };
    namespaces.create(&PostParams::default(), &Namespace { metadata, ..Namespace::default() }).await.unwrap();
    let inside = Api::<ConfigMap>::namespaced(server.client().unwrap(), "short-lived");
    inside.create(&PostParams::default(), &config_map("inside")).await.unwrap();
    namespaces.delete("short-lived", &DeleteParams::default()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while namespaces.get_opt("short-lived").await.unwrap().is_some() {
        assert!(Instant::now() < deadline, "the namespace is still there after 30 s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn nothing_is_left_after_its_process_is_killed() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("api-server")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pids = Vec::new();
    let mut directory = None;
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(pid) = line.strip_prefix("pid ") {
            pids.push(pid.to_owned());
        }
        if let Some(path) = line.strip_prefix("kubeconfig ") {
            directory = std::path::Path::new(path).parent().map(|path| path.display().to_string());
            break;
        }
    }
    let directory = directory.expect("the process says where its directory is");
    assert_eq!(pids.len(), 2);
    process.kill().unwrap();
    process.wait().unwrap();
    let gone = |path: &str| !std::path::Path::new(path).exists();
    let deadline = Instant::now() + Duration::from_secs(5);
    while !(gone(&directory) && pids.iter().all(|pid| gone(&format!("/proc/{pid}")))) {
        assert!(Instant::now() < deadline, "5 s after the kill there is still one of {directory}, {pids:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
