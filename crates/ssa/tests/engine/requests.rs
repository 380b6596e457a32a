//! How many requests are sent, and what a server's refusals do to them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ssa::{Action, Engine, Manifest, Policy};

use crate::cluster::{Cluster, options, server};
use crate::http_proxy::HttpProxy;

async fn counted(owner: &str) -> (HttpProxy, Engine) {
    let proxy = HttpProxy::start(server().client().unwrap(), None).await;
    let mut config = kube::Config::new(format!("http://{}", proxy.address()).parse().unwrap());
    config.default_retry = false;
    (proxy, Engine::new(kube::Client::try_from(config).unwrap(), options(owner)))
}

#[tokio::test]
async fn a_kind_is_read_with_one_list_over_all_namespaces_and_a_single_object_with_a_get() {
    let cluster = Cluster::new("one-list").await;
    let _other = Cluster::new("one-list-other").await;
    let in_namespace = |namespace: &str, name: &str| {
        json!({
            "apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": name, "namespace": namespace},
            "template": {"spec": {"containers": [{"name": "app", "image": "app"}]}},
        })
    };
    let mut values: Vec<Value> = Vec::new();
    for namespace in ["one-list", "one-list-other"] {
        values.extend(["a", "b", "c"].map(|name| in_namespace(namespace, name)));
    }
    values.push(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}}));
    let set = Manifest::parse_all(values, &cluster.namespace).unwrap();
    cluster.converge(&set).await;

    let (proxy, engine) = counted("one-list").await;
    let planned = engine.diff(&set, None, &Policy::default(), &cluster.cancel).await.unwrap();
    assert!(planned.is_unchanged(), "{planned:?}");
    let counts = proxy.take_counts();
    // Discovery of the core and of the other groups, the index of schemas, one schema.
    assert_eq!(counts, [("discovery", 4), ("get", 1), ("list", 1)].into());
    engine.diff(&set, None, &Policy::default(), &cluster.cancel).await.unwrap();
    assert_eq!(proxy.take_counts(), [("get", 1), ("list", 1)].into(), "what was read once is kept");
}

#[tokio::test]
async fn a_few_objects_among_very_many_are_read_one_by_one() {
    let cluster = Cluster::new("among-many").await;
    let many: Vec<Manifest> =
        (0..1100).map(|number| cluster.config_map(&format!("part-{number}"), &json!({}))).collect();
    cluster.converge(&many).await;
    let (proxy, engine) = counted("among-many").await;
    let few: BTreeSet<_> = many[..2].iter().map(|manifest| manifest.id().clone()).collect();
    let observed = engine.observe(&few, &cluster.cancel).await;
    assert!(observed.values().all(|observation| observation.live().is_some()));
    assert_eq!(proxy.take_counts(), [("discovery", 2), ("get", 2), ("list", 1)].into());
    let all: BTreeSet<_> = many.iter().map(|manifest| manifest.id().clone()).collect();
    let observed = engine.observe(&all, &cluster.cancel).await;
    assert!(observed.values().all(|observation| observation.live().is_some()));
    assert_eq!(proxy.take_counts(), [("list", 3)].into());
}

#[tokio::test]
async fn an_unchanged_set_is_applied_without_a_write() {
    let cluster = Cluster::new("no-write").await;
    let set = [cluster.config_map("a", &json!({"a": "1"})), cluster.config_map("b", &json!({"a": "1"}))];
    cluster.converge(&set).await;
    let (proxy, engine) = counted("no-write").await;
    let mut inventory = cluster.claim(&set).await;
    let stages = ssa::Stage::defaults(set.to_vec());
    let applied = engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    assert!(applied.error.is_none(), "{:?}", applied.error);
    assert!(applied.changes.changes.iter().all(|change| change.action == Action::Unchanged));
    let counts = proxy.take_counts();
    assert!(
        ["apply", "patch", "create", "update", "delete"].iter().all(|verb| !counts.contains_key(verb)),
        "{counts:?}"
    );
}

/// A server that answers a first request with 429 and then, to all, with 403.
async fn scripted() -> (std::net::SocketAddr, std::sync::Arc<std::sync::Mutex<Vec<Instant>>>) {
    use axum::http::StatusCode;
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let times = seen.clone();
    let service = axum::Router::new().fallback(move || {
        let times = times.clone();
        async move {
            let mut times = times.lock().unwrap();
            times.push(Instant::now());
            match times.len() {
                1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]),
                _ => (StatusCode::FORBIDDEN, [("retry-after", "1")]),
            }
        }
    });
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    (address, seen)
}

#[tokio::test]
async fn retry_after_is_kept_and_a_403_is_not_repeated() {
    let (address, seen) = scripted().await;
    let mut config = kube::Config::new(format!("http://{address}").parse().unwrap());
    config.default_retry = false;
    let engine = Engine::new(kube::Client::try_from(config).unwrap(), options("retry-after"));
    let at = ssa::InventoryRef { namespace: "default".to_owned(), name: "inventory".to_owned() };
    let cancel = tokio_util::sync::CancellationToken::new();
    let error = engine.inventory(&at, &cancel).await.unwrap_err();
    assert!(
        lab::chain(&error).contains("not permitted to get /ConfigMap/default/inventory"),
        "{}",
        lab::chain(&error)
    );
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen[1] - seen[0] >= Duration::from_secs(1), "{:?}", seen[1] - seen[0]);
}
