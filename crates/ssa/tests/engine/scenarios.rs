//! The scenarios of cli-utils' end-to-end suite, each by the name that it has there.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::json;
use ssa::{
    Action, Adoption, Annotation, ApplyError, DeleteError, DeleteOptions, Engine, Manifest, ObjectId, Policy,
    Stage, StageReady, WaitError,
};

use crate::cluster::{Cluster, adopt, delete_options, options, server};

fn bad_service(cluster: &Cluster) -> Manifest {
    cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": [{"port": 99_999}]},
    }))
}

#[tokio::test]
async fn continue_on_error_applies_the_rest_and_the_next_run_only_what_failed() {
    let cluster = Cluster::new("scenario-continue").await;
    let good = cluster.config_map("good", &json!({"a": "1"}));
    let set = [bad_service(&cluster), good.clone()];
    let mut inventory = cluster.claim(&set).await;
    let applied = cluster
        .engine
        .apply(&Stage::defaults(set.to_vec()), &mut inventory, &Policy::default(), &cluster.cancel)
        .await;
    let Some(ApplyError::Write { failed, .. }) = &applied.error else { panic!("{:?}", applied.error) };
    assert_eq!(failed.len(), 1);
    assert_eq!(applied.changes.get(good.id()).unwrap().action, Action::Created);
    cluster.engine.release(&mut inventory, &cluster.cancel).await.unwrap();

    let mended = cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": [{"port": 80}]},
    }));
    let changes = cluster.converge(&[mended, good]).await;
    let actions: Vec<&Action> = changes.iter().map(|change| &change.action).collect();
    assert_eq!(actions, [&Action::Unchanged, &Action::Created]);
}

#[tokio::test]
async fn deletion_prevention_keeps_objects_with_the_annotation_and_forgets_them() {
    let keep = |key: &str, value: &str| Annotation { key: key.to_owned(), value: value.to_owned() };
    let cluster = Cluster::with("scenario-prevention", |options| {
        options.rules.keep = vec![
            keep("client.lifecycle.config.k8s.io/deletion", "detach"),
            keep("helm.sh/resource-policy", "keep"),
        ];
    })
    .await;
    let with = |name: &str, key: &str, value: &str| {
        cluster.manifest(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "annotations": {key: value}},
        }))
    };
    let set = [
        with("detached", "client.lifecycle.config.k8s.io/deletion", "detach"),
        with("kept", "helm.sh/resource-policy", "keep"),
        with("gone", "helm.sh/resource-policy", "delete"),
    ];
    cluster.converge(&set).await;
    let inventory = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    let planned =
        cluster.engine.diff(&[], Some(&inventory), &Policy::default(), &cluster.cancel).await.unwrap();
    let action = |number: usize| &planned.get(set[number].id()).unwrap().action;
    assert_eq!([action(0), action(1), action(2)], [&Action::Left, &Action::Left, &Action::Deleted]);

    cluster.converge(&[]).await;
    assert!(cluster.live(set[0].id()).await.is_some());
    assert!(cluster.live(set[1].id()).await.is_some());
    assert!(cluster.live(set[2].id()).await.is_none());
    let inventory = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert!(inventory.entries().is_empty());
}

#[tokio::test]
async fn destroy_reconciliation_failure_names_the_namespace_and_what_holds_it() {
    let cluster = Cluster::new("scenario-destroy").await;
    let home = "scenario-stuck";
    let set = Manifest::parse_all(
        vec![
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ours", "namespace": home}}),
        ],
        &cluster.namespace,
    )
    .unwrap();
    cluster.converge(&set).await;
    let foreign = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "foreign", "namespace": home, "finalizers": ["example.com/hold"]},
    });
    let path = format!("/api/v1/namespaces/{home}/configmaps/foreign");
    cluster.apply_as(&path, "their-tool", &foreign).await;

    let mut inventory = cluster.claim(&[]).await;
    let options = DeleteOptions { timeout: Duration::from_secs(1), ..delete_options() };
    let first = cluster.engine.delete(&mut inventory, &options, &cluster.cancel).await;
    assert_eq!(first.changes.get(set[1].id()).unwrap().action, Action::Deleted);
    // The namespace's controller takes a moment to say what it waits for.
    let text = loop {
        let deleted = cluster.engine.delete(&mut inventory, &options, &cluster.cancel).await;
        let Some(error @ DeleteError::Stuck { .. }) = &deleted.error else { panic!("{:?}", deleted.error) };
        if error.to_string().contains("NamespaceFinalizersRemaining") {
            break error.to_string();
        }
    };
    assert!(text.contains("/Namespace//scenario-stuck"), "{text}");
    assert!(text.contains("example.com/hold in 1 resource instances"), "{text}");
    assert_eq!(inventory.entries().keys().collect::<Vec<_>>(), [set[0].id()]);

    cluster.merge_patch(&path, "hand", &json!({"metadata": {"finalizers": null}})).await;
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
}

#[tokio::test]
async fn exit_early_writes_nothing_when_the_set_names_a_kind_that_nobody_defines() {
    let cluster = Cluster::new("scenario-early").await;
    let good = cluster.config_map("good", &json!({}));
    let unknown = cluster
        .manifest(json!({"apiVersion": "no.example/v1", "kind": "Nothing", "metadata": {"name": "a"}}));
    let set = [good.clone(), unknown];
    let mut inventory = cluster.claim(&set).await;
    let applied = cluster
        .engine
        .apply(&Stage::defaults(set.to_vec()), &mut inventory, &Policy::default(), &cluster.cancel)
        .await;
    assert!(matches!(applied.error, Some(ApplyError::Compare { .. })), "{:?}", applied.error);
    assert!(cluster.live(good.id()).await.is_none());
}

#[tokio::test]
async fn inventory_policy_decides_over_objects_of_nobody_and_of_another_inventory() {
    let cluster = Cluster::new("scenario-policy").await;
    let set = [cluster.config_map("settings", &json!({"a": "1"}))];
    cluster.converge(&set).await;
    let other = Engine::new(cluster.client.clone(), options("scenario-other"));
    let plan = |adoption: Adoption| {
        let (other, set, cancel) = (other.clone(), set.clone(), cluster.cancel.clone());
        async move { other.diff(&set, None, &adopt(adoption), &cancel).await.unwrap().changes.remove(0).action }
    };
    assert!(matches!(plan(Adoption::Never).await, Action::Foreign { .. }));
    assert!(matches!(plan(Adoption::Unowned).await, Action::Foreign { .. }));
    assert!(matches!(plan(Adoption::Any).await, Action::Changed { .. }));
}

#[tokio::test]
async fn prune_retrieve_error_deletes_the_others_and_keeps_what_could_not_be_read() {
    let cluster = Cluster::new("scenario-unreadable").await;
    let role = cluster.manifest(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "web"}, "rules": [],
    }));
    let set = [cluster.config_map("settings", &json!({})), role.clone()];
    cluster.converge(&set).await;
    let rights = PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(vec!["configmaps".to_owned()]),
        verbs: ["get", "list", "create", "update", "patch", "delete"].map(str::to_owned).into(),
        ..PolicyRule::default()
    };
    server().add_identity("half-blind", &[rights]).unwrap();
    let half_blind = Engine::new(server().client_as("half-blind").unwrap(), options("scenario-unreadable"));

    let mut inventory = cluster.claim(&[]).await;
    let pruned = half_blind.prune(&mut inventory, &BTreeSet::new(), &delete_options(), &cluster.cancel).await;
    let Some(error @ DeleteError::Observe { .. }) = &pruned.error else { panic!("{:?}", pruned.error) };
    assert!(error.to_string().contains("Role/scenario-unreadable/web (not permitted to get"), "{error}");
    assert!(cluster.live(set[0].id()).await.is_none());
    assert_eq!(inventory.entries().keys().collect::<Vec<_>>(), [role.id()]);
    let found = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert_eq!(found.entries(), inventory.entries());
}

#[tokio::test]
async fn reconcile_failed_timeout_stops_before_the_stage_that_needs_it() {
    let cluster = Cluster::new("scenario-timeout").await;
    let pod = cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "never"}, "spec": {"containers": [{"name": "main", "image": "web:1"}]},
    }));
    let later = cluster.config_map("later", &json!({}));
    let stage = |name: &str, manifest: &Manifest, ready| Stage {
        order: 0,
        name: name.to_owned(),
        manifests: vec![manifest.clone()],
        ready,
    };
    let stages = [
        stage("first", &pod, StageReady::Within(Duration::from_millis(400))),
        stage("second", &later, StageReady::Written),
    ];
    let mut inventory = cluster.claim(&[pod.clone(), later.clone()]).await;
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    let Some(ApplyError::NotReady { stage, source: WaitError::NotReady { objects, .. } }) = &applied.error
    else {
        panic!("{:?}", applied.error)
    };
    assert_eq!((stage.as_str(), &objects[0].id), ("first", pod.id()));
    assert!(cluster.live(later.id()).await.is_none());
}

#[tokio::test]
async fn skip_invalid_applies_what_may_be_written_and_reports_the_rest() {
    let cluster = Cluster::new("scenario-skip").await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}});
    cluster.apply_as(&cluster.path("configmaps/theirs"), "their-tool", &theirs).await;
    let set = [cluster.config_map("theirs", &json!({"a": "ours"})), cluster.config_map("good", &json!({}))];
    let mut inventory = cluster.claim(&set).await;
    let policy = Policy { skip_refused: true, ..Policy::default() };
    let applied =
        cluster.engine.apply(&Stage::defaults(set.to_vec()), &mut inventory, &policy, &cluster.cancel).await;
    let Some(ApplyError::Refused { objects }) = &applied.error else { panic!("{:?}", applied.error) };
    assert_eq!(objects.iter().map(|change| &change.id).collect::<Vec<_>>(), [set[0].id()]);
    assert!(cluster.live(set[1].id()).await.is_some());
    assert!(cluster.live(set[0].id()).await.unwrap()["data"].is_null());
}

#[tokio::test]
async fn server_side_apply_keeps_fields_of_others_and_prunes_the_object_all_the_same() {
    let cluster = Cluster::new("scenario-apply").await;
    let set = [cluster.config_map("settings", &json!({"ours": "1"}))];
    cluster.converge(&set).await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"theirs": "1"}});
    cluster.apply_as(&cluster.path("configmaps/settings"), "their-tool", &theirs).await;
    cluster.converge(&[cluster.config_map("settings", &json!({"ours": "2"}))]).await;
    assert_eq!(cluster.live(set[0].id()).await.unwrap()["data"], json!({"ours": "2", "theirs": "1"}));
    cluster.converge(&[]).await;
    assert!(cluster.live(set[0].id()).await.is_none());
}

#[tokio::test]
async fn definition_and_resource_come_and_go_in_one_set() {
    let cluster = Cluster::new("scenario-crd").await;
    let set = Manifest::parse_all(
        vec![
            json!({"apiVersion": "scenario.example/v1", "kind": "Square", "metadata": {"name": "small"}, "spec": {"side": 1}}),
            json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": "squares.scenario.example"},
                "spec": {
                    "group": "scenario.example", "scope": "Cluster", "names": {"kind": "Square", "plural": "squares"},
                    "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                        "type": "object", "properties": {"spec": {"type": "object", "properties": {"side": {"type": "integer"}}}},
                    }}}],
                },
            }),
        ],
        &cluster.namespace,
    )
    .unwrap();
    assert_eq!(cluster.diff(&set).await, [Action::Created, Action::Created]);
    cluster.converge(&set).await;
    assert_eq!(*set[0].id(), ObjectId::new("scenario.example", "Square", "", "small"));
    let mut inventory = cluster.claim(&[]).await;
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    let ids: Vec<&ObjectId> = deleted.changes.changes.iter().map(|change| &change.id).collect();
    assert_eq!(ids, [set[0].id(), set[1].id()], "the resource goes before its definition");
}
