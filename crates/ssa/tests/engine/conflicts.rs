//! Fields of others.

use serde_json::json;
use ssa::{Action, ApplyError, FieldRule, ObjectPattern, Ownership, Policy, Stage, TakeOver};

use crate::cluster::Cluster;

#[tokio::test]
async fn a_field_that_another_manager_set_is_a_conflict_that_names_manager_and_field() {
    let cluster = Cluster::new("conflict-named").await;
    let set = [cluster.config_map("settings", &json!({"a": "ours", "b": "ours"}))];
    cluster.converge(&set).await;
    cluster
        .merge_patch(&cluster.path("configmaps/settings"), "kubectl-edit", &json!({"data": {"a": "theirs"}}))
        .await;

    let actions = cluster.diff(&set).await;
    let Action::Conflict { conflicts, fields } = &actions[0] else { panic!("{actions:?}") };
    assert_eq!(conflicts[0].to_string(), "\"kubectl-edit\" owns data.a");
    assert_eq!(fields.len(), 1);

    let mut inventory = cluster.claim(&set).await;
    let stages = Stage::defaults(set.to_vec());
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    assert!(matches!(applied.error, Some(ApplyError::Refused { .. })), "{:?}", applied.error);
    assert_eq!(cluster.live(set[0].id()).await.unwrap()["data"]["a"], "theirs");
}

#[tokio::test]
async fn only_the_fields_asked_for_are_taken_over() {
    let cluster = Cluster::new("taken-on-request").await;
    let set = [cluster.config_map("settings", &json!({"a": "ours", "b": "ours"}))];
    cluster.converge(&set).await;
    let theirs = json!({"data": {"a": "theirs", "b": "theirs"}});
    cluster.merge_patch(&cluster.path("configmaps/settings"), "kubectl-edit", &theirs).await;
    let take = |fields: Option<&str>| Policy {
        take_over: vec![TakeOver {
            manager: "kubectl-*".into(),
            objects: ObjectPattern::kind("", "ConfigMap"),
            fields: fields.map(|fields| fields.parse().unwrap()),
        }],
        ..Policy::default()
    };
    let planned = cluster.engine.diff(&set, None, &take(Some("data.a")), &cluster.cancel).await.unwrap();
    let Action::Conflict { conflicts, .. } = &planned.changes[0].action else { panic!("{planned:?}") };
    assert_eq!(conflicts[0].to_string(), "\"kubectl-edit\" owns data.b");

    cluster.converge_with(&set, &take(None)).await;
    let live = cluster.live(set[0].id()).await.unwrap();
    assert_eq!(live["data"], json!({"a": "ours", "b": "ours"}));
    assert_eq!(cluster.diff(&set).await, [Action::Unchanged]);
}

#[tokio::test]
async fn a_yielded_field_is_ours_until_another_manager_sets_it() {
    let cluster = Cluster::with("yielded-field", |options| {
        options.rules.fields.push(FieldRule {
            objects: ObjectPattern::kind("", "ConfigMap"),
            fields: "data.shared".parse().unwrap(),
            ownership: Ownership::Yield,
        });
    })
    .await;
    let with = |value: &str| [cluster.config_map("settings", &json!({"shared": value, "own": value}))];
    cluster.converge(&with("1")).await;
    cluster.converge(&with("2")).await;
    let id = cluster.id("ConfigMap", "settings");
    assert_eq!(
        cluster.live(&id).await.unwrap()["data"]["shared"],
        "2",
        "ours as long as nobody else sets it"
    );

    let theirs = json!({"data": {"shared": "theirs"}});
    cluster.merge_patch(&cluster.path("configmaps/settings"), "controller", &theirs).await;
    assert_eq!(cluster.diff(&with("2")).await, [Action::Unchanged]);
    cluster.converge(&with("3")).await;
    assert_eq!(cluster.live(&id).await.unwrap()["data"], json!({"shared": "theirs", "own": "3"}));
}

#[tokio::test]
async fn an_ignored_field_of_a_list_item_is_not_even_set_at_creation() {
    let cluster = Cluster::with("ignored-field", |options| {
        options.rules.fields.push(FieldRule {
            objects: ObjectPattern::kind("", "Service"),
            fields: "spec.ports[*].nodePort".parse().unwrap(),
            ownership: Ownership::Ignore,
        });
    })
    .await;
    let set = [cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "ClusterIP", "ports": [{"name": "http", "port": 80, "nodePort": 30_080}]},
    }))];
    cluster.converge(&set).await;
    let live = cluster.live(set[0].id()).await.unwrap();
    assert!(live["spec"]["ports"][0].get("nodePort").is_none(), "{live}");
    assert_eq!(cluster.diff(&set).await, [Action::Unchanged]);
}
