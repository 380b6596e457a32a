//! The record of what was made.

use std::time::Duration;

use serde_json::json;
use ssa::{Claim, Expect, InventoryError, InventoryRef, Phase, Policy, Stage};

use crate::cluster::{Cluster, claim_as, delete_options, options};

#[tokio::test]
async fn the_inventory_is_written_before_the_first_object() {
    let cluster = Cluster::new("written-before").await;
    let set = [cluster.config_map("settings", &json!({}))];
    cluster.claim(&set).await;
    let found = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert_eq!(found.phase(), Phase::Creating);
    assert_eq!(found.digest(), ssa::digest(&set));
    assert_eq!(found.holder().unwrap().name, "test");
    assert!(found.entries()[set[0].id()].uid.is_none());
    assert!(cluster.live(set[0].id()).await.is_none());
}

#[tokio::test]
async fn another_run_waits_for_a_claim_and_resumes_it_when_it_has_expired() {
    let cluster = Cluster::new("claim-expires").await;
    let set = [cluster.config_map("settings", &json!({}))];
    let short = Claim { expiry: Duration::from_millis(1500), ..claim_as("first", &set) };
    let mut lost = cluster.engine.claim(&cluster.at(), &short, &set, &cluster.cancel).await.unwrap();
    let second = Claim { expect: Expect::Absent, ..claim_as("second", &set) };
    let refused = cluster.engine.claim(&cluster.at(), &second, &set, &cluster.cancel).await;
    assert!(matches!(refused, Err(InventoryError::Held { holder, .. }) if holder == "first"));

    tokio::time::sleep(Duration::from_millis(1600)).await;
    cluster.engine.claim(&cluster.at(), &second, &set, &cluster.cancel).await.unwrap();
    let written = cluster.engine.complete(&mut lost, &cluster.cancel).await;
    assert!(matches!(written, Err(InventoryError::Lost { holder: Some(holder), .. }) if holder == "second"));
}

#[tokio::test]
async fn a_complete_set_is_not_seized_by_a_first_installation() {
    let cluster = Cluster::new("not-seized").await;
    let set = [cluster.config_map("settings", &json!({}))];
    cluster.converge(&set).await;
    let first = Claim { expect: Expect::Absent, ..claim_as("newcomer", &set) };
    let refused = cluster.engine.claim(&cluster.at(), &first, &set, &cluster.cancel).await;
    assert!(matches!(refused, Err(InventoryError::AlreadyComplete { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_config_map_of_another_owner_is_no_inventory_of_ours() {
    let cluster = Cluster::new("foreign-inventory").await;
    cluster.claim(&[]).await;
    let rival = ssa::Engine::new(cluster.client.clone(), options("rival"));
    let read = rival.inventory(&cluster.at(), &cluster.cancel).await;
    assert!(matches!(read, Err(InventoryError::Foreign { owner, .. }) if owner == "foreign-inventory"));
}

#[tokio::test]
async fn an_inventory_without_its_namespace_says_so() {
    let cluster = Cluster::new("no-namespace").await;
    let at = InventoryRef { namespace: "nowhere".to_owned(), name: "inventory".to_owned() };
    assert!(cluster.engine.inventory(&at, &cluster.cancel).await.unwrap().is_none());
    let claimed = cluster.engine.claim(&at, &claim_as("test", &[]), &[], &cluster.cancel).await;
    assert!(matches!(claimed, Err(InventoryError::NoNamespace { namespace }) if namespace == "nowhere"));
}

#[tokio::test]
async fn an_interrupted_run_is_resumed_without_orphans() {
    let cluster = Cluster::new("resumed").await;
    let set: Vec<_> =
        (0..6).map(|number| cluster.config_map(&format!("part-{number}"), &json!({}))).collect();
    let mut inventory = cluster.claim(&set).await;
    let half = Stage::defaults(set[..3].to_vec());
    let applied = cluster.engine.apply(&half, &mut inventory, &Policy::default(), &cluster.cancel).await;
    assert!(applied.error.is_none());
    drop(inventory);

    // The next run wants another set; what the first made of the old one must still go.
    let smaller = &set[2..4];
    cluster.converge(smaller).await;
    for (number, manifest) in set.iter().enumerate() {
        assert_eq!(
            cluster.live(manifest.id()).await.is_some(),
            (2..4).contains(&number),
            "{}",
            manifest.id()
        );
    }
}

#[tokio::test]
async fn a_long_inventory_is_spread_over_several_config_maps_and_leaves_none_behind() {
    let cluster = Cluster::new("sharded").await;
    let name = "x".repeat(200);
    let many: Vec<_> =
        (0..6000).map(|number| cluster.config_map(&format!("{name}-{number}"), &json!({}))).collect();
    let mut inventory = cluster.claim(&many).await;
    let shards = config_maps(&cluster).await;
    assert!(shards.len() > 2, "{shards:?}");
    let found = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert_eq!(found.entries(), inventory.entries());

    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert_eq!(config_maps(&cluster).await, Vec::<String>::new());
}

async fn config_maps(cluster: &Cluster) -> Vec<String> {
    let request = http::Request::get(cluster.path("configmaps")).body(Vec::new()).unwrap();
    let list: serde_json::Value = cluster.client.request(request).await.unwrap();
    let names = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned());
    names.filter(|name| name != "kube-root-ca.crt").collect()
}
