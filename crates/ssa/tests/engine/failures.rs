//! Requests that fail: refused, unauthorised, too early, unanswered.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use k8s_openapi::api::rbac::v1::PolicyRule;
use lab::api_server::ApiServer;
use serde_json::json;
use ssa::{
    Action, Budgets, DiffError, Engine, ObjectId, Observation, Options, Policy, Reauthenticate, RequestError,
};
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, options, server};

fn rule(verbs: &[&str], resources: &[&str]) -> PolicyRule {
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(own(resources)),
        verbs: own(verbs),
        ..PolicyRule::default()
    }
}

fn engine_as(identity: &str, rules: &[PolicyRule], owner: &str) -> Engine {
    server().add_identity(identity, rules).unwrap();
    Engine::new(server().client_as(identity).unwrap(), options(owner))
}

#[tokio::test]
async fn a_diff_needs_no_more_than_get_and_list() {
    let cluster = Cluster::new("read-only-diff").await;
    let set = [cluster.config_map("a", &json!({"x": "1"})), cluster.config_map("b", &json!({}))];
    cluster.converge(&set).await;
    let reader = engine_as("diff-reader", &[rule(&["get", "list"], &["configmaps"])], "read-only-diff");
    let changed = [cluster.config_map("a", &json!({"x": "2"})), cluster.config_map("b", &json!({}))];
    let planned = reader.diff(&changed, None, &Policy::default(), &cluster.cancel).await.unwrap();
    assert!(matches!(planned.changes[0].action, Action::Changed { .. }));
    assert_eq!(planned.changes[1].action, Action::Unchanged);
}

#[tokio::test]
async fn where_list_is_not_permitted_objects_are_read_one_by_one() {
    let cluster = Cluster::new("no-list").await;
    cluster.converge(&[cluster.config_map("a", &json!({})), cluster.config_map("b", &json!({}))]).await;
    let engine = engine_as("getter", &[rule(&["get"], &["configmaps"])], "no-list");
    let ids = ["a", "b", "missing"].map(|name| cluster.id("ConfigMap", name));
    let observed = engine.observe(&ids.clone().into(), &cluster.cancel).await;
    assert!(matches!(observed[&ids[0]], Observation::Found(_)));
    assert!(matches!(observed[&ids[1]], Observation::Found(_)));
    assert!(matches!(observed[&ids[2]], Observation::Absent));
}

#[tokio::test]
async fn an_object_that_must_not_be_read_is_unknown_and_not_absent() {
    let cluster = Cluster::new("must-not-be-read").await;
    let engine = engine_as("nobody", &[], "must-not-be-read");
    let id = cluster.id("ConfigMap", "missing");
    let observed = engine.observe(&BTreeSet::from([id.clone()]), &cluster.cancel).await;
    let Observation::Unknown(error) = &observed[&id] else { panic!("{observed:?}") };
    assert!(error.is_forbidden());
    assert_eq!(error.to_string(), "not permitted to get /ConfigMap/must-not-be-read/missing");
    let planned = engine
        .diff(&[cluster.config_map("missing", &json!({}))], None, &Policy::default(), &cluster.cancel)
        .await;
    assert!(matches!(planned, Err(DiffError::Observe { id: found, .. }) if found == id));
}

#[tokio::test]
async fn a_kind_that_the_cluster_does_not_serve_is_named() {
    let cluster = Cluster::new("unknown-kind").await;
    let unknown = cluster
        .manifest(json!({"apiVersion": "no.example/v1", "kind": "Nothing", "metadata": {"name": "a"}}));
    let planned =
        cluster.engine.diff(std::slice::from_ref(&unknown), None, &Policy::default(), &cluster.cancel).await;
    let error = planned.unwrap_err();
    assert!(matches!(&error, DiffError::UnknownKind { id, .. } if id == unknown.id()));
    assert_eq!(
        error.to_string(),
        "the cluster does not serve no.example/v1 Nothing and the manifests do not define it"
    );
    let observed = cluster.engine.observe(&BTreeSet::from([unknown.id().clone()]), &cluster.cancel).await;
    assert!(matches!(observed[unknown.id()], Observation::Absent));
}

#[tokio::test]
async fn the_servers_words_about_a_secret_are_not_repeated() {
    let cluster = Cluster::new("secret-words").await;
    let secret = cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"k": "planted-not-base64!"},
    }));
    let mut inventory = cluster.claim(std::slice::from_ref(&secret)).await;
    let stages = ssa::Stage::defaults(vec![secret]);
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    let error = applied.error.unwrap();
    let ssa::ApplyError::Write { failed, .. } = &error else { panic!("{error:?}") };
    let text = format!("{} {error:?}", lab::chain(&failed[0].1));
    assert!(text.contains("/Secret/secret-words/keys"), "{text}");
    assert!(!text.contains("planted"), "{text}");
}

#[tokio::test]
async fn one_rejected_credential_is_replaced_once() {
    let cluster = Cluster::new("fresh-credentials").await;
    let asked = Arc::new(AtomicU32::new(0));
    let engine = |fresh_token: String| {
        let mut stale = server().connection("admin").unwrap();
        "stale".clone_into(&mut stale.token);
        let fresh = lab::connection::Connection { token: fresh_token, ..stale.clone() };
        let asked = asked.clone();
        let reauthenticate = Reauthenticate::new(move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let client = fresh.client().unwrap();
            Box::pin(async move { Ok(client) })
        });
        let options = Options { reauthenticate: Some(reauthenticate), ..options("fresh-credentials") };
        Engine::new(stale.client().unwrap(), options)
    };
    let id = cluster.id("ConfigMap", "kube-root-ca.crt");
    let look = BTreeSet::from([id.clone()]);

    let observed = engine(server().token("admin").unwrap()).observe(&look, &cluster.cancel).await;
    assert!(!matches!(observed[&id], Observation::Unknown(_)), "{observed:?}");
    asked.store(0, Ordering::SeqCst);
    let observed = engine("stale too".to_owned()).observe(&look, &cluster.cancel).await;
    let Observation::Unknown(error) = &observed[&id] else { panic!("{observed:?}") };
    assert!(matches!(**error, RequestError::Unauthorized { .. }), "{error:?}");
    assert!(asked.load(Ordering::SeqCst) <= 2, "once for each of the two documents of discovery");
}

fn quick(server: &ApiServer, retry_time: Duration) -> Engine {
    let budgets = Budgets {
        request_timeout: Duration::from_millis(500),
        retry_time,
        first_pause: Duration::from_millis(50),
        poll_interval: Duration::from_millis(50),
    };
    Engine::new(server.client().unwrap(), Options { budgets, ..options("quick") })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_waited_for_as_long_as_the_budget_says() {
    let server = ApiServer::start().unwrap();
    let id = ObjectId::of_namespace("default");
    let (look, cancel) = (BTreeSet::from([id.clone()]), CancellationToken::new());

    server.stop();
    let began = Instant::now();
    let observed = quick(&server, Duration::from_secs(1)).observe(&look, &cancel).await;
    let Observation::Unknown(error) = &observed[&id] else { panic!("{observed:?}") };
    assert!(matches!(**error, RequestError::Unreachable { attempts: 2.., .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(3));

    let patient = quick(&server, Duration::from_mins(1));
    let (observed, started) = tokio::join!(patient.observe(&look, &cancel), async {
        tokio::task::block_in_place(|| server.start_again())
    });
    started.unwrap();
    assert!(matches!(observed[&id], Observation::Found(_)), "{observed:?}");

    server.freeze().unwrap();
    let (observed, ended) = tokio::join!(patient.observe(&look, &cancel), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
        Instant::now()
    });
    assert!(matches!(&observed[&id], Observation::Unknown(error) if error.is_cancelled()), "{observed:?}");
    assert!(ended.elapsed() < Duration::from_secs(1));
    server.thaw().unwrap();
}
