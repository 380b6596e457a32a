//! What is not ours stays as it is.

use serde_json::json;
use ssa::{Action, Adoption, ApplyError, ObjectPattern, Policy, Stage};

use crate::cluster::{Cluster, adopt, delete_options, options, post};

#[tokio::test]
async fn an_object_that_others_made_is_not_taken_over() {
    let cluster = Cluster::new("not-taken-over").await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "theirs"}});
    cluster.apply_as(&cluster.path("configmaps/settings"), "their-tool", &theirs).await;
    let set =
        [cluster.config_map("settings", &json!({"a": "ours"})), cluster.config_map("other", &json!({}))];

    let actions = cluster.diff(&set).await;
    assert_eq!(actions[0], Action::Foreign { managers: vec!["their-tool".to_owned()], owner: None });
    let mut inventory = cluster.claim(&set).await;
    let stages = Stage::defaults(set.to_vec());
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    let error = applied.error.unwrap();
    assert!(matches!(error, ApplyError::Refused { .. }));
    assert!(
        error.to_string().contains(
            "/ConfigMap/not-taken-over/settings exists and was created by something else (field managers: their-tool)"
        ),
        "{error}"
    );
    assert_eq!(cluster.live(set[0].id()).await.unwrap()["data"]["a"], "theirs");
    assert!(cluster.live(set[1].id()).await.is_none(), "nothing was written");
}

#[tokio::test]
async fn an_import_adopts_what_nobody_owns_but_not_what_another_set_does() {
    let cluster = Cluster::new("import-adopts").await;
    let path = cluster.path("configmaps");
    let plain = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "plain"}, "data": {"a": "same"}});
    post(&cluster.client, &path, &plain).await;
    let set = [cluster.config_map("plain", &json!({"a": "same"}))];
    cluster.converge_with(&set, &adopt(Adoption::Unowned)).await;
    assert_eq!(cluster.diff(&set).await, [Action::Unchanged]);

    let rival = ssa::Engine::new(cluster.client.clone(), options("rival"));
    let rival_plans = |adoption| {
        let (rival, set, cancel) = (rival.clone(), set.clone(), cluster.cancel.clone());
        async move { rival.diff(&set, None, &adopt(adoption), &cancel).await.unwrap().changes.remove(0).action }
    };
    let foreign = rival_plans(Adoption::Unowned).await;
    assert!(matches!(foreign, Action::Foreign { owner: Some(owner), .. } if owner == "import-adopts"));
    assert!(matches!(rival_plans(Adoption::Any).await, Action::Changed { .. }));
}

#[tokio::test]
async fn an_object_that_is_only_made_when_absent_is_left_and_never_deleted() {
    let cluster = Cluster::with("only-when-absent", |options| {
        options.rules.create_if_absent.push(ObjectPattern::kind("", "ConfigMap"));
    })
    .await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}});
    post(&cluster.client, &cluster.path("configmaps"), &theirs).await;
    let set = [cluster.config_map("theirs", &json!({"a": "ours"})), cluster.config_map("ours", &json!({}))];
    let changes = cluster.converge(&set).await;
    assert_eq!(
        changes.iter().map(|change| change.action.clone()).collect::<Vec<_>>(),
        [Action::Left, Action::Created]
    );

    let mut inventory = cluster.claim(&[]).await;
    assert!(!inventory.entries().contains_key(set[0].id()));
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert!(cluster.live(set[0].id()).await.is_some());
    assert!(cluster.live(set[1].id()).await.is_none());
}

#[tokio::test]
async fn an_object_of_the_inventory_that_another_set_took_over_is_left_and_forgotten() {
    let cluster = Cluster::new("taken-by-another").await;
    let set = [cluster.config_map("settings", &json!({}))];
    cluster.converge(&set).await;
    let patch = json!({"metadata": {"labels": {crate::cluster::OWNER_LABEL: "another"}}});
    cluster.merge_patch(&cluster.path("configmaps/settings"), "another", &patch).await;

    let mut inventory = cluster.claim(&[]).await;
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert_eq!(deleted.changes.get(set[0].id()).unwrap().action, Action::Left);
    assert!(cluster.live(set[0].id()).await.is_some());
}

#[tokio::test]
async fn an_object_remade_by_others_under_a_recorded_name_is_not_deleted() {
    let cluster = Cluster::new("remade-by-others").await;
    let set = [cluster.config_map("settings", &json!({}))];
    cluster.converge(&set).await;
    let request = http::Request::delete(cluster.path("configmaps/settings")).body(Vec::new()).unwrap();
    cluster.client.request::<serde_json::Value>(request).await.unwrap();
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}});
    post(&cluster.client, &cluster.path("configmaps"), &theirs).await;

    let mut inventory = cluster.claim(&[]).await;
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert!(cluster.live(set[0].id()).await.is_some());
}

#[tokio::test]
async fn a_shared_object_gets_our_fields_and_loses_them_at_deletion() {
    let cluster = Cluster::with("shared", |options| {
        options.rules.shared.push(ObjectPattern::kind("", "ConfigMap"));
    })
    .await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}, "data": {"b": "theirs"}});
    post(&cluster.client, &cluster.path("configmaps"), &theirs).await;
    let set = [cluster.config_map("theirs", &json!({"a": "ours"})), cluster.config_map("ours", &json!({}))];
    cluster.converge(&set).await;
    assert_eq!(cluster.diff(&set).await, [Action::Unchanged, Action::Unchanged]);
    let live = cluster.live(set[0].id()).await.unwrap();
    assert_eq!(live["data"], json!({"a": "ours", "b": "theirs"}));
    assert!(live["metadata"]["labels"].is_null(), "no owner label: {live}");

    let mut inventory = cluster.claim(&[]).await;
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert_eq!(cluster.live(set[0].id()).await.unwrap()["data"], json!({"b": "theirs"}));
    assert!(cluster.live(set[1].id()).await.is_none());
}
