//! Every verb ends within a second once it is cancelled, whatever it is doing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lab::api_server::ApiServer;
use serde_json::json;
use ssa::{Engine, InventoryRef, Manifest, Options, Owner, Policy, Stage};
use tokio_util::sync::CancellationToken;

use crate::cluster::{claim_as, delete_options};

/// Runs `verb` against a server that no longer answers, cancels it and says how long it then took to end.
async fn end<T>(server: &ApiServer, verb: impl AsyncFnOnce(CancellationToken) -> T) -> (T, Duration) {
    server.freeze().unwrap();
    let cancel = CancellationToken::new();
    let (ended, cancelled) = tokio::join!(
        async {
            let result = verb(cancel.clone()).await;
            (result, Instant::now())
        },
        async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            cancel.cancel();
            Instant::now()
        }
    );
    server.thaw().unwrap();
    assert!(ended.1 > cancelled, "it ended before it was cancelled");
    (ended.0, ended.1 - cancelled)
}

#[tokio::test]
async fn every_verb_ends_within_a_second_when_the_server_hangs() {
    let server = ApiServer::start().unwrap();
    let owner = Owner { label: "set.example/name".to_owned(), value: "cancels".to_owned() };
    let engine = || Engine::new(server.client().unwrap(), Options::new("cancels", owner.clone()));
    let at = InventoryRef { namespace: "default".to_owned(), name: "inventory".to_owned() };
    let value =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1"}});
    let set = Manifest::parse_all(vec![value], "default").unwrap();
    let (policy, options, none) = (Policy::default(), delete_options(), BTreeSet::new());
    let running = CancellationToken::new();
    let limit = Duration::from_secs(1);

    let (observed, took) =
        end(&server, async |cancel| engine().observe(&[set[0].id().clone()].into(), &cancel).await).await;
    assert!(matches!(&observed[set[0].id()], ssa::Observation::Unknown(error) if error.is_cancelled()));
    assert!(took < limit, "observe: {took:?}");
    let (planned, took) =
        end(&server, async |cancel| engine().diff(&set, None, &policy, &cancel).await).await;
    assert!(planned.is_err() && took < limit, "diff: {took:?}");
    let (found, took) = end(&server, async |cancel| engine().inventory(&at, &cancel).await).await;
    assert!(found.is_err() && took < limit, "inventory: {took:?}");
    let (claimed, took) = end(&server, async |cancel| {
        engine().claim(&at, &claim_as("test", &set), &Stage::defaults(set.clone()), &cancel).await
    })
    .await;
    assert!(claimed.is_err() && took < limit, "claim: {took:?}");

    let mut inventory =
        engine().claim(&at, &claim_as("test", &set), &Stage::defaults(set.clone()), &running).await.unwrap();
    let stages = Stage::defaults(set.clone());
    let (applied, took) =
        end(&server, async |cancel| engine().apply(&stages, &mut inventory, &policy, &cancel).await).await;
    assert!(applied.error.is_some() && took < limit, "apply: {took:?}");
    let applied = engine().apply(&stages, &mut inventory, &policy, &running).await;
    assert!(applied.error.is_none(), "a cancelled apply is resumed: {:?}", applied.error);
    let (pruned, took) =
        end(&server, async |cancel| engine().prune(&mut inventory, &none, &options, &cancel).await).await;
    assert!(pruned.error.is_some() && took < limit, "prune: {took:?}");
    let (waited, took) = end(&server, async |cancel| {
        engine().wait(&[set[0].id().clone()].into(), Duration::from_mins(1), &cancel).await
    })
    .await;
    assert!(waited.is_err() && took < limit, "wait: {took:?}");
    let (completed, took) =
        end(&server, async |cancel| engine().complete(&mut inventory, &BTreeMap::new(), &cancel).await).await;
    assert!(completed.is_err() && took < limit, "complete: {took:?}");
    // The server may have given the claim back all the same.
    let mut inventory =
        engine().claim(&at, &claim_as("test", &set), &Stage::defaults(set.clone()), &running).await.unwrap();
    let (deleted, took) =
        end(&server, async |cancel| engine().delete(&mut inventory, &options, &cancel).await).await;
    assert!(deleted.error.is_some() && took < limit, "delete: {took:?}");
    let deleted = engine().delete(&mut inventory, &options, &running).await;
    assert!(deleted.error.is_none(), "a cancelled delete is resumed: {:?}", deleted.error);
}
