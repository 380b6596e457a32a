//! A process that is killed at a random moment leaves nothing that the next run cannot put right.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::cluster::{Cluster, server};

/// How often a run is killed; `KILLS` asks for another number.
const KILLS: u32 = 15;
const OWNED: &str = "ssa.example%2Finventory%3Dkilled.killed";

/// The example, which `cargo test` builds beside the tests.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join("examples").join("apply");
    assert!(program.is_file(), "{} is missing: cargo build -p ssa --examples", program.display());
    program
}

fn folder(value: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config_map = |number: u32| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("part-{number}")}, "data": {"value": value.to_string()}});
    let first = value % 4;
    let set: Vec<Value> = (first..first + 8).map(config_map).collect();
    std::fs::write(folder.path().join("set.json"), Value::Array(set).to_string()).unwrap();
    folder
}

#[tokio::test]
async fn a_run_after_kills_at_random_moments_leaves_exactly_the_last_set() {
    let cluster = Cluster::new("killed").await;
    let command = |folder: &TempDir| {
        let mut command = Command::new(program());
        command.arg("--kubeconfig").arg(server().kubeconfig());
        command.args(["--inventory", "killed", "--namespace", "killed"]).arg(folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let mut killed = 0;
    let kills = std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    for value in 0..kills {
        let folder = folder(value);
        let mut run = command(&folder).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 400) + 20)).await;
        if run.try_wait().unwrap().is_none() {
            killed += 1;
        }
        run.kill().await.unwrap();
    }
    assert!(killed > kills / 4, "only {killed} runs were still going");

    let last = folder(kills);
    let run = command(&last).output().await.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let first = kills % 4;
    let mut expected: Vec<String> =
        (first..first + 8).map(|number| format!("part-{number}={kills}")).collect();
    expected.insert(0, "killed=".to_owned());
    expected.sort();
    assert_eq!(owned(&cluster).await, expected);
    let again = command(&last).arg("--dry-run").stdout(Stdio::piped()).output().await.unwrap();
    let text = String::from_utf8(again.stdout).unwrap();
    assert!(text.lines().all(|line| line.starts_with("  /ConfigMap/killed/part-")), "{text}");
}

async fn owned(cluster: &Cluster) -> Vec<String> {
    let path = cluster.path(&format!("configmaps?labelSelector={OWNED}"));
    let list: Value =
        cluster.client.request(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
    let text = |item: &Value| {
        let value = item["data"]["value"].as_str().unwrap_or_default();
        format!("{}={value}", item["metadata"]["name"].as_str().unwrap())
    };
    let mut owned: Vec<String> = list["items"].as_array().unwrap().iter().map(text).collect();
    owned.sort();
    owned
}
