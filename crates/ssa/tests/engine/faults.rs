//! Whatever breaks on the way: one clean run afterwards gives exactly the undisturbed result.

use std::collections::BTreeSet;
use std::time::Duration;

use lab::connection::Connection;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use ssa::{Budgets, Engine, Manifest, ObjectId, Options, Policy, Stage};

use crate::cluster::{Cluster, OWNER_LABEL, claim_as, delete_options, server};
use crate::proxy::Proxy;

/// Seeded runs of a set that is made, changed and pruned through a proxy that breaks things; `FAULT_RUNS` asks for another number.
const RUNS: u64 = 60;
/// Runs at a time.
const AT_A_TIME: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_run_after_any_faults_gives_the_undisturbed_result() {
    use futures::StreamExt;
    let count = std::env::var("FAULT_RUNS").map_or(RUNS, |count| count.parse().unwrap());
    let runs = futures::stream::iter(0..count).map(|seed| tokio::spawn(disturbed(seed)));
    let disturbed: Vec<_> = runs.buffer_unordered(AT_A_TIME).collect().await;
    let broken: usize = disturbed.into_iter().map(|run| run.unwrap()).sum();
    assert!(broken as u64 > count, "the proxy breaks too little: {broken} connections");
}

/// One run; says how many connections were broken.
async fn disturbed(seed: u64) -> usize {
    let cluster = Cluster::new(&format!("faults-{seed}")).await;
    let connection = server().connection("admin").unwrap();
    let proxy = Proxy::start(&connection.host, &connection.ca_pem, seed).await;
    let engine = through(&proxy, &connection, &cluster.namespace);
    let mut random = random(seed);
    let first = set(&cluster, "1", 0..5);
    let second = set(&cluster, "2", 2..7);

    // Each part may be dropped in its midst, as a killed process would leave it.
    for manifests in [&first, &second] {
        let limit = Duration::from_millis(u64::from(random.next_u32() % 1500) + 50);
        let _ = tokio::time::timeout(limit, run(&engine, &cluster, manifests)).await;
    }
    proxy.calm_down();
    cluster.converge(&second).await;
    assert_converged(&cluster, &second).await;
    proxy.broken()
}

/// Claims, applies, prunes and completes, as far as it gets.
async fn run(engine: &Engine, cluster: &Cluster, manifests: &[Manifest]) {
    let at = cluster.at();
    let Ok(mut inventory) = engine.claim(&at, &claim_as("test", manifests), manifests, &cluster.cancel).await
    else {
        return;
    };
    let stages = Stage::defaults(manifests.to_vec());
    let applied = engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    if applied.error.is_some() {
        return;
    }
    let keep: BTreeSet<ObjectId> = manifests.iter().map(|manifest| manifest.id().clone()).collect();
    let pruned = engine.prune(&mut inventory, &keep, &delete_options(), &cluster.cancel).await;
    if pruned.error.is_none() {
        let _ = engine.complete(&mut inventory, &cluster.cancel).await;
    }
}

fn set(cluster: &Cluster, value: &str, numbers: std::ops::Range<u32>) -> Vec<Manifest> {
    let mut set: Vec<Manifest> = numbers
        .map(|number| {
            cluster.config_map(&format!("part-{number}"), &json!({"value": value, "long": "x".repeat(900)}))
        })
        .collect();
    set.push(cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"clusterIP": "None", "ports": [{"port": 80, "name": format!("port-{value}")}]},
    })));
    set
}

/// Every object is as its manifest says and every object of ours is in the set and in the inventory.
async fn assert_converged(cluster: &Cluster, set: &[Manifest]) {
    let wanted: BTreeSet<&ObjectId> = set.iter().map(Manifest::id).collect();
    let inventory = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert_eq!(inventory.entries().keys().collect::<BTreeSet<_>>(), wanted);
    assert_eq!(inventory.phase(), ssa::Phase::Complete);
    let actions = cluster.diff(set).await;
    assert!(actions.iter().all(|action| *action == ssa::Action::Unchanged), "{actions:?}");
    let path = cluster.path(&format!("configmaps?labelSelector={OWNER_LABEL}%3D{}", cluster.namespace));
    let list: Value =
        cluster.client.request(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
    let names: BTreeSet<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect();
    let mut expected: BTreeSet<&str> =
        wanted.iter().filter(|id| id.kind == "ConfigMap").map(|id| id.name.as_str()).collect();
    expected.insert("inventory");
    assert_eq!(names, expected, "nothing is orphaned");
}

fn through(proxy: &Proxy, connection: &Connection, owner: &str) -> Engine {
    let mut config = kube::Config::new(proxy.host().parse().unwrap());
    config.auth_info = serde_json::from_value(json!({"token": connection.token})).unwrap();
    config.default_retry = false;
    let budgets = Budgets {
        request_timeout: Duration::from_secs(5),
        retry_time: Duration::from_secs(3),
        first_pause: Duration::from_millis(5),
        poll_interval: Duration::from_millis(20),
    };
    let options = Options { budgets, ..crate::cluster::options(owner) };
    Engine::new(kube::Client::try_from(config).unwrap(), options)
}

fn random(seed: u64) -> TestRng {
    let mut bytes = [1; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}
