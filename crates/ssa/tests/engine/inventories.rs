//! The record of what was made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use ssa::{Claim, DeleteOptions, Expect, Inventory, InventoryError, InventoryRef, Phase, Policy, Stage};

use crate::cluster::{Cluster, IDENTITY, claim_as, delete, delete_options, post, stages};

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
    let mut lost = cluster.engine.claim(&cluster.at(), &short, &stages(&set), &cluster.cancel).await.unwrap();
    let second = Claim { expect: Expect::Absent, ..claim_as("second", &set) };
    let refused = cluster.engine.claim(&cluster.at(), &second, &stages(&set), &cluster.cancel).await;
    assert!(matches!(refused, Err(InventoryError::Held { holder, .. }) if holder == "first"));

    tokio::time::sleep(Duration::from_millis(1600)).await;
    cluster.engine.claim(&cluster.at(), &second, &stages(&set), &cluster.cancel).await.unwrap();
    let written = cluster.engine.complete(&mut lost, &BTreeMap::new(), &cluster.cancel).await;
    assert!(matches!(written, Err(InventoryError::Lost { holder: Some(holder), .. }) if holder == "second"));
}

#[tokio::test]
async fn a_complete_set_is_not_seized_by_a_first_installation() {
    let cluster = Cluster::new("not-seized").await;
    let set = [cluster.config_map("settings", &json!({}))];
    cluster.converge(&set).await;
    let first = Claim { expect: Expect::Absent, ..claim_as("newcomer", &set) };
    let refused = cluster.engine.claim(&cluster.at(), &first, &stages(&set), &cluster.cancel).await;
    assert!(matches!(refused, Err(InventoryError::AlreadyInstalled { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_inventory_of_another_set_is_read_and_never_taken_over() {
    let cluster = Cluster::new("other-identity").await;
    let set = [cluster.config_map("settings", &json!({}))];
    let short = Claim { expiry: Duration::from_millis(1), ..claim_as("first", &set) };
    cluster.engine.claim(&cluster.at(), &short, &stages(&set), &cluster.cancel).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    for expect in [Expect::Any, Expect::Absent] {
        let rival = Claim { identity: "rival".to_owned(), expect, ..claim_as("rival", &set) };
        let refused = cluster.engine.claim(&cluster.at(), &rival, &stages(&set), &cluster.cancel).await;
        let is_refused =
            matches!(&refused, Err(InventoryError::OtherIdentity { identity, .. }) if identity == IDENTITY);
        assert!(is_refused, "{refused:?}");
    }
    let found = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert_eq!(found.identity(), IDENTITY);
}

#[tokio::test]
async fn what_a_run_has_given_back_is_no_first_installation() {
    let cluster = Cluster::new("given-back").await;
    let set = [cluster.config_map("settings", &json!({}))];
    let mut inventory = cluster.claim(&set).await;
    cluster.engine.release(&mut inventory, &cluster.cancel).await.unwrap();
    let first = Claim { expect: Expect::Absent, ..claim_as("second", &set) };
    let refused = cluster.engine.claim(&cluster.at(), &first, &stages(&set), &cluster.cancel).await;
    assert!(matches!(refused, Err(InventoryError::AlreadyInstalled { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_deletion_of_what_was_complete_is_no_first_installation() {
    let cluster = Cluster::new("was-complete").await;
    let held = cluster.manifest(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "finalizers": ["example.com/hold"]},
    }));
    cluster.converge(std::slice::from_ref(&held)).await;
    let short = Claim { expiry: Duration::from_millis(100), ..claim_as("first", &[]) };
    let mut inventory = cluster.engine.claim(&cluster.at(), &short, &[], &cluster.cancel).await.unwrap();
    let options = DeleteOptions { timeout: Duration::from_millis(100), ..delete_options() };
    assert!(cluster.engine.delete(&mut inventory, &options, &cluster.cancel).await.error.is_some());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let first = Claim { expect: Expect::Absent, ..claim_as("second", &[]) };
    let refused = cluster.engine.claim(&cluster.at(), &first, &[], &cluster.cancel).await;
    assert!(matches!(refused, Err(InventoryError::AlreadyInstalled { .. })), "{refused:?}");
    let free = json!({"metadata": {"finalizers": null}});
    cluster.merge_patch(&cluster.path("configmaps/held"), "hand", &free).await;
}

#[tokio::test]
async fn a_run_that_knows_the_holder_to_be_gone_need_not_wait_for_it() {
    let cluster = Cluster::new("after").await;
    cluster.claim(&[]).await;
    let next = Claim { after: Some("test".to_owned()), ..claim_as("next", &[]) };
    cluster.engine.claim(&cluster.at(), &next, &[], &cluster.cancel).await.unwrap();
}

#[tokio::test]
async fn settings_are_remembered_until_the_next_claim_brings_others() {
    let cluster = Cluster::new("settings").await;
    let settings = |value: &str| BTreeMap::from([("colour".to_owned(), value.to_owned())]);
    let claim = Claim { settings: settings("blue\ngreen"), ..claim_as("test", &[]) };
    let mut inventory = cluster.engine.claim(&cluster.at(), &claim, &[], &cluster.cancel).await.unwrap();
    let further = BTreeMap::from([("shape".to_owned(), "round".to_owned())]);
    cluster.engine.complete(&mut inventory, &further, &cluster.cancel).await.unwrap();
    let read = async || cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert_eq!(read().await.settings()["colour"], "blue\ngreen");
    assert_eq!(read().await.settings()["shape"], "round");
    let claim = Claim { settings: settings("red"), ..claim_as("test", &[]) };
    cluster.engine.claim(&cluster.at(), &claim, &[], &cluster.cancel).await.unwrap();
    assert_eq!(*read().await.settings(), settings("red"));
}

#[tokio::test]
async fn a_lost_inventory_is_made_again_from_what_is_known_and_from_the_owner_label() {
    let cluster = Cluster::new("lost").await;
    let (keep, drop) = (cluster.config_map("keep", &json!({})), cluster.config_map("drop", &json!({})));
    cluster.converge(&[keep.clone(), drop.clone()]).await;
    let request = http::Request::delete(cluster.path("configmaps/inventory")).body(Vec::new()).unwrap();
    cluster.client.request::<serde_json::Value>(request).await.unwrap();
    let kinds = BTreeSet::from([keep.id().group_kind()]);
    let owned = cluster.engine.owned(&kinds, &cluster.cancel).await.unwrap();
    assert_eq!(owned, BTreeSet::from([keep.id().clone(), drop.id().clone()]));
    let known = owned.into_iter().map(|id| (id, 2)).collect();
    let claim = Claim { known, ..claim_as("test", std::slice::from_ref(&keep)) };
    let set = stages(std::slice::from_ref(&keep));
    let mut inventory = cluster.engine.claim(&cluster.at(), &claim, &set, &cluster.cancel).await.unwrap();
    let kept = BTreeSet::from([keep.id().clone()]);
    cluster.engine.prune(&mut inventory, &kept, &delete_options(), &cluster.cancel).await;
    assert!(cluster.live(drop.id()).await.is_none());
    assert!(cluster.live(keep.id()).await.is_some());
}

#[tokio::test]
async fn without_any_inventory_what_is_known_is_deleted() {
    let cluster = Cluster::new("detached").await;
    let (ours, foreign) = (cluster.config_map("ours", &json!({})), cluster.id("ConfigMap", "foreign"));
    cluster.converge(std::slice::from_ref(&ours)).await;
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign"}});
    crate::cluster::post(&cluster.client, &cluster.path("configmaps"), &body).await;
    let known = BTreeMap::from([(ours.id().clone(), 2), (foreign.clone(), 2)]);
    let mut inventory = Inventory::detached(&cluster.at(), IDENTITY, &known);
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert!(cluster.live(ours.id()).await.is_none());
    assert!(cluster.live(&foreign).await.is_some(), "what does not bear our label is not ours");
}

#[tokio::test]
async fn a_page_is_written_once_and_goes_with_its_inventory() {
    let cluster = Cluster::new("page").await;
    let mut inventory = cluster.claim(&[]).await;
    let data = BTreeMap::from([("join".to_owned(), "{}".to_owned())]);
    let version = async || {
        cluster.live(&cluster.id("ConfigMap", "inventory.join")).await.unwrap()["metadata"]["resourceVersion"]
            .clone()
    };
    cluster.engine.write_page(&inventory, "join", &data, &cluster.cancel).await.unwrap();
    let before = version().await;
    cluster.engine.write_page(&inventory, "join", &data, &cluster.cancel).await.unwrap();
    assert_eq!(version().await, before);
    let other = BTreeMap::from([("join".to_owned(), "[]".to_owned())]);
    cluster.engine.write_page(&inventory, "join", &other, &cluster.cancel).await.unwrap();
    assert_ne!(version().await, before);
    cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert_eq!(config_maps(&cluster).await, Vec::<String>::new());
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
async fn a_namespace_is_ours_that_a_run_made_and_was_killed_before_there_was_an_inventory() {
    let cluster = Cluster::new("killed-early").await;
    let claim = async |name: &str, holder: &str| {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let at = InventoryRef { namespace: name.to_owned(), name: "inventory".to_owned() };
        let set = [cluster.manifest(object)];
        let claimed =
            cluster.engine.claim(&at, &claim_as(holder, &set), &stages(&set), &cluster.cancel).await;
        claimed.unwrap().entries()[set[0].id()].uid.clone()
    };
    let made = claim("killed-ours", "first").await;
    // As if the first run had not come as far as the inventory.
    delete(&cluster.client, "/api/v1/namespaces/killed-ours/configmaps/inventory").await;
    assert_eq!(claim("killed-ours", "next").await, made);
    assert!(made.is_some());

    let theirs = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "killed-theirs"}});
    post(&cluster.client, "/api/v1/namespaces?fieldManager=kubectl-create", &theirs).await;
    assert_eq!(claim("killed-theirs", "next").await, None);
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
