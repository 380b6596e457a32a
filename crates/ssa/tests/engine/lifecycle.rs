//! Creating, changing, pruning and deleting.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use ssa::{Action, ApplyError, DeleteError, DeleteOptions, ObjectPattern, Phase, Policy, Stage, StageReady};

use crate::cluster::{Cluster, claim_as, delete_options};

fn deployment(cluster: &Cluster, name: &str, image: &str) -> ssa::Manifest {
    cluster.manifest(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": image, "ports": [{"containerPort": 80}]}]},
            },
        },
    }))
}

#[tokio::test]
async fn a_set_is_made_and_then_unchanged() {
    let cluster = Cluster::new("made-then-unchanged").await;
    let set = [cluster.config_map("settings", &json!({"a": "1"})), deployment(&cluster, "web", "web:1")];

    let changes = cluster.converge(&set).await;
    assert!(changes.iter().all(|change| change.action == Action::Created), "{changes:?}");
    let version = cluster.live(set[1].id()).await.unwrap()["metadata"]["generation"].clone();

    let changes = cluster.converge(&set).await;
    assert!(changes.iter().all(|change| change.action == Action::Unchanged), "{changes:?}");
    assert_eq!(cluster.live(set[1].id()).await.unwrap()["metadata"]["generation"], version);
    assert_eq!(
        cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap().phase(),
        Phase::Complete
    );
}

#[tokio::test]
async fn only_the_changed_field_of_the_changed_object_is_written() {
    let cluster = Cluster::new("only-the-changed").await;
    let settings = cluster.config_map("settings", &json!({"a": "1"}));
    cluster.converge(&[settings.clone(), deployment(&cluster, "web", "web:1")]).await;
    let before = cluster.live(settings.id()).await.unwrap();

    let changes = cluster.converge(&[settings.clone(), deployment(&cluster, "web", "web:2")]).await;
    assert_eq!(changes[0].action, Action::Unchanged);
    let Action::Changed { fields, acquired } = &changes[1].action else { panic!("{changes:?}") };
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0].path.to_string(), "spec.template.spec.containers[name=main].image");
    assert!(acquired.is_empty());
    assert_eq!(cluster.live(settings.id()).await.unwrap(), before);
}

#[tokio::test]
async fn what_the_set_has_no_more_is_pruned_and_forgotten() {
    let cluster = Cluster::new("pruned-and-forgotten").await;
    let (keep, drop) =
        (cluster.config_map("keep", &json!({})), cluster.config_map("drop", &json!({"a": "1"})));
    cluster.converge(&[keep.clone(), drop.clone()]).await;

    let inventory = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    let planned = cluster
        .engine
        .diff(std::slice::from_ref(&keep), Some(&inventory), &Policy::default(), &cluster.cancel)
        .await
        .unwrap();
    assert_eq!(planned.get(drop.id()).unwrap().action, Action::Deleted);

    cluster.converge(std::slice::from_ref(&keep)).await;
    assert!(cluster.live(drop.id()).await.is_none());
    assert!(cluster.live(keep.id()).await.is_some());
    let inventory = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert_eq!(inventory.entries().keys().collect::<Vec<_>>(), [keep.id()]);
}

#[tokio::test]
async fn delete_removes_everything_and_the_inventory() {
    let cluster = Cluster::new("delete-everything").await;
    let set = [cluster.config_map("settings", &json!({"a": "1"})), deployment(&cluster, "web", "web:1")];
    cluster.converge(&set).await;

    let mut inventory = cluster.claim(&[]).await;
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert_eq!(deleted.changes.changes.len(), 2);
    for manifest in &set {
        assert!(cluster.live(manifest.id()).await.is_none());
    }
    assert!(cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().is_none());
}

#[tokio::test]
async fn an_object_that_a_finalizer_holds_is_named_with_it_and_stays_in_the_inventory() {
    let cluster = Cluster::new("held-by-finalizer").await;
    let held = cluster.manifest(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "finalizers": ["example.com/hold"]},
    }));
    cluster.converge(std::slice::from_ref(&held)).await;

    let mut inventory = cluster.claim(&[]).await;
    let options = DeleteOptions { timeout: Duration::from_millis(300), ..delete_options() };
    let deleted = cluster.engine.delete(&mut inventory, &options, &cluster.cancel).await;
    let Some(error @ DeleteError::Stuck { .. }) = deleted.error else { panic!("{:?}", deleted.error) };
    assert!(
        error.to_string().contains("/ConfigMap/held-by-finalizer/held (held by finalizers example.com/hold)"),
        "{error}"
    );
    let found = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert!(found.entries().contains_key(held.id()));
    assert_eq!(found.phase(), Phase::Deleting);

    cluster
        .merge_patch(&cluster.path("configmaps/held"), "hand", &json!({"metadata": {"finalizers": null}}))
        .await;
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
}

#[tokio::test]
async fn an_object_that_is_to_be_kept_survives_the_deletion_of_its_set() {
    let cluster = Cluster::new("kept-on-delete").await;
    let set = [cluster.config_map("keep", &json!({})), cluster.config_map("drop", &json!({}))];
    cluster.converge(&set).await;

    let mut inventory = cluster.claim(&[]).await;
    let options = DeleteOptions { keep: vec![ObjectPattern::object(set[0].id())], ..delete_options() };
    let deleted = cluster.engine.delete(&mut inventory, &options, &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert!(cluster.live(set[0].id()).await.is_some());
    assert!(cluster.live(set[1].id()).await.is_none());
}

#[tokio::test]
async fn a_namespace_of_the_set_is_made_first_and_goes_last_with_the_inventory_in_it() {
    let cluster = Cluster::new("outside-of-home").await;
    let home = "home-of-the-set";
    let set = ssa::Manifest::parse_all(
        vec![
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inside"}}),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}),
        ],
        home,
    )
    .unwrap();
    let at = ssa::InventoryRef { namespace: home.to_owned(), name: "inventory".to_owned() };
    let claim = claim_as("test", &set);
    let mut inventory =
        cluster.engine.claim(&at, &claim, &Stage::defaults(set.clone()), &cluster.cancel).await.unwrap();
    assert!(inventory.entries()[set[1].id()].uid.is_some(), "the namespace is recorded with its UID");

    let stages = Stage::defaults(set.clone());
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    assert!(applied.error.is_none(), "{:?}", applied.error);
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    assert_eq!(deleted.changes.changes.last().unwrap().id, *set[1].id());
    assert!(cluster.live(set[1].id()).await.is_none());
}

#[tokio::test]
async fn a_custom_resource_is_made_in_the_same_run_as_its_definition() {
    let cluster = Cluster::new("definition-and-resource").await;
    let set = ssa::Manifest::parse_all(
        vec![
            json!({"apiVersion": "shapes.example/v1", "kind": "Circle", "metadata": {"name": "small"}, "spec": {"radius": 1}}),
            json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": "circles.shapes.example"},
                "spec": {
                    "group": "shapes.example", "scope": "Namespaced",
                    "names": {"kind": "Circle", "plural": "circles"},
                    "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": {
                            "radius": {"type": "integer"}, "colour": {"type": "string", "default": "red"},
                        }}},
                    }}}],
                },
            }),
        ],
        &cluster.namespace,
    )
    .unwrap();
    assert_eq!(cluster.diff(&set).await, [Action::Created, Action::Created]);
    cluster.converge(&set).await;
    assert_eq!(cluster.live(set[0].id()).await.unwrap()["spec"]["colour"], "red");
    assert_eq!(cluster.diff(&set).await, [Action::Unchanged, Action::Unchanged]);
}

#[tokio::test]
async fn one_object_that_the_server_refuses_does_not_stop_the_others_of_its_stage() {
    let cluster = Cluster::new("continue-on-error").await;
    let bad = cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": [{"port": 99_999}]},
    }));
    let good = cluster.config_map("good", &json!({}));
    let later = cluster.config_map("later", &json!({}));
    let set = [bad.clone(), good.clone(), later.clone()];
    let stage = |name: &str, manifests: &[ssa::Manifest]| Stage {
        order: 0,
        name: name.to_owned(),
        manifests: manifests.to_vec(),
        ready: StageReady::Written,
    };
    let mut inventory = cluster.claim(&set).await;
    let stages = [stage("first", &set[..2]), stage("second", &set[2..])];
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;

    let Some(ApplyError::Write { stage, failed }) = &applied.error else { panic!("{:?}", applied.error) };
    assert_eq!((stage.as_str(), &failed[0].0), ("first", bad.id()));
    assert!(lab::chain(&failed[0].1).contains("spec.ports[0].port"), "{}", lab::chain(&failed[0].1));
    assert!(applied.changes.get(good.id()).is_some());
    assert!(cluster.live(good.id()).await.is_some());
    assert!(cluster.live(later.id()).await.is_none(), "no further stage begins");
    assert!(inventory.entries()[bad.id()].uid.is_none());
    assert!(inventory.entries()[good.id()].uid.is_some());
}

#[tokio::test]
async fn an_immutable_field_is_named_and_changed_only_by_recreation_on_request() {
    let cluster = Cluster::new("immutable-field").await;
    let first = deployment(&cluster, "web", "web:1");
    cluster.converge(std::slice::from_ref(&first)).await;
    let uid = cluster.live(first.id()).await.unwrap()["metadata"]["uid"].clone();
    let mut value = first.value().clone();
    value["spec"]["selector"]["matchLabels"] = json!({"app": "other"});
    value["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let second = cluster.manifest(value);

    let actions = cluster.diff(std::slice::from_ref(&second)).await;
    let Action::Recreated { immutable, .. } = &actions[0] else { panic!("{actions:?}") };
    assert_eq!(immutable[0].to_string(), "spec.selector");

    let mut inventory = cluster.claim(std::slice::from_ref(&second)).await;
    let stages = Stage::defaults(vec![second.clone()]);
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    assert!(matches!(applied.error, Some(ApplyError::Refused { .. })), "{:?}", applied.error);
    assert_eq!(cluster.live(first.id()).await.unwrap()["metadata"]["uid"], uid);

    cluster
        .converge_with(std::slice::from_ref(&second), &Policy { recreate: true, ..Policy::default() })
        .await;
    assert_ne!(cluster.live(first.id()).await.unwrap()["metadata"]["uid"], uid);
    assert_eq!(cluster.diff(&[second]).await, [Action::Unchanged]);
}

#[tokio::test]
async fn a_stage_that_does_not_become_ready_says_what_holds_it() {
    let cluster = Cluster::new("stage-not-ready").await;
    let web = deployment(&cluster, "web", "web:1");
    let mut inventory = cluster.claim(std::slice::from_ref(&web)).await;
    let stages = [Stage {
        order: 0,
        name: "workloads".to_owned(),
        manifests: vec![web.clone()],
        ready: StageReady::Within(Duration::from_secs(3)),
    }];
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    let text = lab::chain(&applied.error.unwrap());
    assert!(text.contains("apps/Deployment/stage-not-ready/web: 0 of 1 replicas are"), "{text}");
    assert!(text.contains("condition Available=False (MinimumReplicasUnavailable)"), "{text}");
    assert!(text.contains("pod web-"), "{text}");
    assert!(inventory.entries()[web.id()].uid.is_some(), "it is recorded although it is not ready");
}

#[tokio::test]
async fn cancelling_ends_a_wait_within_a_second() {
    let cluster = Cluster::new("cancelled-wait").await;
    let missing = BTreeSet::from([cluster.id("ConfigMap", "missing")]);
    let cancel = cluster.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    });
    let began = std::time::Instant::now();
    let waited = cluster.engine.wait(&missing, Duration::from_mins(1), &cluster.cancel).await;
    assert!(matches!(waited, Err(ssa::WaitError::Cancelled { .. })), "{waited:?}");
    assert!(began.elapsed() < Duration::from_millis(1300));
}
