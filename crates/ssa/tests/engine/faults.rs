//! Whatever breaks on the way: one clean run afterwards gives exactly the undisturbed result.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::Rng;
use serde_json::{Value, json};
use ssa::{Budgets, Engine, Manifest, ObjectId, Options, Policy, Stage};

use crate::cluster::{Cluster, MANAGER, OWNER_LABEL, claim_as, delete_options, server};
use crate::http_proxy::{HttpProxy, random};
use crate::proxy::Proxy;

/// Seeded runs of a set that is made, changed and pruned through proxies that break things; `FAULT_RUNS=300` is the full sweep.
const RUNS: u64 = 40;
/// Runs at a time.
const AT_A_TIME: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_run_after_any_faults_gives_the_undisturbed_result() {
    use futures::StreamExt;
    let count = std::env::var("FAULT_RUNS").map_or(RUNS, |count| count.parse().unwrap());
    let expected = Arc::new(undisturbed().await);
    let runs = futures::stream::iter(0..count).map(|seed| {
        let expected = Arc::clone(&expected);
        tokio::spawn(async move { disturbed(seed, &expected).await })
    });
    let runs: Vec<_> = runs.buffer_unordered(AT_A_TIME).collect().await;
    let runs = runs.into_iter().map(|run| run.unwrap());
    let sum = runs.fold(Broken::default(), |sum, run| Broken {
        connections: sum.connections + run.connections,
        requests: sum.requests + run.requests,
        stopped: sum.stopped + run.stopped,
    });
    eprintln!("{count} runs: {sum:?}");
    assert!(sum.connections as u64 > count, "too few connections break: {sum:?}");
    assert!(sum.requests as u64 > count, "too few requests go wrong: {sum:?}");
    assert!(sum.stopped as u64 > count / 4, "too few parts of runs were stopped: {sum:?}");
}

/// What went wrong in one run.
#[derive(Clone, Copy, Debug, Default)]
struct Broken {
    connections: usize,
    requests: usize,
    /// Parts of the run that did not come to their end.
    stopped: usize,
}

/// A run that nothing disturbs.
struct Undisturbed {
    /// What one set after the other leaves.
    outcome: Vec<Value>,
    /// How many requests the first one takes.
    requests: usize,
}

async fn undisturbed() -> Undisturbed {
    let cluster = Cluster::new("faults-none").await;
    let http = HttpProxy::start(server().client().unwrap(), None).await;
    let engine = through(&http.host(), &cluster.namespace);
    assert!(run(&engine, &cluster, &set(&cluster, "1", 0..5)).await);
    let requests = http.seen().requests;
    let second = set(&cluster, "2", 2..7);
    cluster.converge(&second).await;
    Undisturbed { outcome: outcome(&cluster, &second).await, requests }
}

async fn disturbed(seed: u64, expected: &Undisturbed) -> Broken {
    let cluster = Cluster::new(&format!("faults-{seed}")).await;
    let http = HttpProxy::start(server().client().unwrap(), Some(seed)).await;
    let tcp = Proxy::start(http.address(), seed).await;
    let engine = through(&tcp.host(), &cluster.namespace);
    let mut random = random(seed + 1000);
    let first = set(&cluster, "1", 0..5);
    let second = set(&cluster, "2", 2..7);

    // Each part may be dropped in its midst, as a killed process would leave it: at one of the requests that it takes, or of those
    // after them that it takes when some go wrong.
    let mut stopped = 0;
    for manifests in [&first, &second] {
        let last = http.seen().requests + 1 + random.next_u32() as usize % (2 * expected.requests);
        tokio::select! {
            () = http.until(|seen| seen.requests >= last) => stopped += 1,
            is_done = run(&engine, &cluster, manifests) => stopped += usize::from(!is_done),
        }
    }
    http.calm_down();
    tcp.calm_down();
    cluster.converge(&second).await;
    let found = outcome(&cluster, &second).await;
    for (found, expected) in found.iter().zip(&expected.outcome) {
        assert_eq!(found, expected, "seed {seed}");
    }
    assert_nothing_more(&cluster, &second).await;
    Broken { connections: tcp.broken(), requests: http.broken(), stopped }
}

/// Claims, applies, prunes and completes, as far as it gets; says whether that was to the end.
async fn run(engine: &Engine, cluster: &Cluster, manifests: &[Manifest]) -> bool {
    let at = cluster.at();
    let claim = claim_as("test", manifests);
    let stages = Stage::defaults(manifests.to_vec());
    let Ok(mut inventory) = engine.claim(&at, &claim, &stages, &cluster.cancel).await else { return false };
    let applied = engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    if applied.error.is_some() {
        return false;
    }
    let keep: BTreeSet<ObjectId> = manifests.iter().map(|manifest| manifest.id().clone()).collect();
    let pruned = engine.prune(&mut inventory, &keep, &delete_options(), &cluster.cancel).await;
    pruned.error.is_none() && engine.complete(&mut inventory, &BTreeMap::new(), &cluster.cancel).await.is_ok()
}

fn set(cluster: &Cluster, value: &str, numbers: std::ops::Range<u32>) -> Vec<Manifest> {
    let mut set: Vec<Manifest> = numbers
        .map(|number| {
            cluster.config_map(&format!("part-{number}"), &json!({"value": value, "long": "x".repeat(900)}))
        })
        .collect();
    set.push(cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"clusterIP": "None", "ports": [{"port": 80, "name": format!("port-{value}")}]},
    })));
    set.push(cluster.manifest(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "web"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [format!("part-{value}")], "verbs": ["get"]}],
    })));
    set.push(cluster.manifest(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "annotations": {format!("only-in/{value}"): "yes"}},
                "spec": {"containers": [{"name": "main", "image": format!("web:{value}"), "ports": [{"containerPort": 80}]}]},
            },
        },
    })));
    set
}

/// The live objects without what differs from run to run, and what we own of them.
async fn outcome(cluster: &Cluster, set: &[Manifest]) -> Vec<Value> {
    let ids: BTreeSet<ObjectId> = set.iter().map(|manifest| manifest.id().clone()).collect();
    let observed = cluster.engine.observe(&ids, &cluster.cancel).await;
    let outcome = observed.into_iter().map(|(id, observation)| {
        let live = observation.live().unwrap_or_else(|| panic!("{id} is missing")).value().clone();
        stable(live, &cluster.namespace)
    });
    outcome.collect()
}

fn stable(mut live: Value, namespace: &str) -> Value {
    let entries = live["metadata"]["managedFields"].take();
    let ours = entries.as_array().unwrap().iter().filter(|entry| entry["manager"] == MANAGER);
    let ours: Vec<&Value> = ours.map(|entry| &entry["fieldsV1"]).collect();
    let object = live.as_object_mut().unwrap();
    object.remove("status");
    object.insert("ours".to_owned(), json!(ours));
    let metadata = object["metadata"].as_object_mut().unwrap();
    for name in ["uid", "resourceVersion", "creationTimestamp", "generation", "annotations", "managedFields"]
    {
        metadata.remove(name);
    }
    let text = live.to_string().replace(namespace, "here");
    serde_json::from_str(&text).unwrap()
}

/// Every object of ours is in the set and in the inventory.
async fn assert_nothing_more(cluster: &Cluster, set: &[Manifest]) {
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

fn through(host: &str, owner: &str) -> Engine {
    let mut config = kube::Config::new(host.parse().unwrap());
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
