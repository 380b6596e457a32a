//! A process that is killed at a random moment leaves nothing that the next run cannot put right. The moment is one of its writes,
//! never a time, so that it is in the midst of its work on any machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::cluster::{Cluster, server};
use crate::http_proxy::HttpProxy;

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
    let place = folder.path().join("set");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("set.json"), Value::Array(set).to_string()).unwrap();
    folder
}

/// A kubeconfig that leads to the proxy, in the set's folder.
fn kubeconfig(folder: &TempDir, proxy: &HttpProxy) -> PathBuf {
    let path = folder.path().join("kubeconfig");
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
        "clusters": [{"name": "proxy", "cluster": {"server": proxy.host()}}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}],
    });
    std::fs::write(&path, kubeconfig.to_string()).unwrap();
    path
}

fn command(kubeconfig: &Path, set: &TempDir) -> Command {
    let mut command = Command::new(program());
    command.arg("--kubeconfig").arg(kubeconfig);
    command.args(["--inventory", "killed", "--namespace", "killed"]).arg(set.path().join("set"));
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// How many writes it takes to make a set from nothing, which is the least that a run takes.
async fn writes_of_a_create(set: &TempDir) -> usize {
    let proxy = HttpProxy::start(server().client().unwrap(), None).await;
    let run = command(&kubeconfig(set, &proxy), set).output().await.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    proxy.seen().writes
}

/// Kills a run that has done so many writes and goes on with the next.
async fn kill_after(writes: usize, set: &TempDir) {
    let proxy = HttpProxy::stopping_after(writes, server().client().unwrap()).await;
    let mut run = command(&kubeconfig(set, &proxy), set).spawn().unwrap();
    tokio::select! {
        () = proxy.until_it_stops() => run.kill().await.unwrap(),
        ended = run.wait() => panic!("the run was over after {:?}: {ended:?}", proxy.seen()),
    }
}

#[tokio::test]
async fn a_run_after_kills_at_random_moments_leaves_exactly_the_last_set() {
    let cluster = Cluster::new("killed").await;
    let writes = u32::try_from(writes_of_a_create(&folder(u32::MAX)).await).unwrap();
    assert!(writes > 8, "a set of 8 objects in {writes} writes");
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let kills = std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    for value in 0..kills {
        kill_after((random.next_u32() % writes) as usize, &folder(value)).await;
    }

    let last = folder(kills);
    let kubeconfig = server().kubeconfig();
    let run = command(&kubeconfig, &last).output().await.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let first = kills % 4;
    let mut expected: Vec<String> =
        (first..first + 8).map(|number| format!("part-{number}={kills}")).collect();
    expected.insert(0, "killed=".to_owned());
    expected.sort();
    assert_eq!(owned(&cluster).await, expected);
    let again = command(&kubeconfig, &last).arg("--dry-run").stdout(Stdio::piped()).output().await.unwrap();
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
