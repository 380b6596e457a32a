//! What outlives its owner belongs to nobody, and the next owner may take it.

use serde_json::json;
use ssa::{Action, Annotation, DeleteOptions, Engine, Inherit, ObjectPattern, Policy};

use crate::cluster::{Cluster, OWNER_LABEL, delete_options, options};

const VERSION: &str = "set.example/version";

fn version(value: &str) -> Annotation {
    Annotation { key: VERSION.to_owned(), value: value.to_owned() }
}

fn inherit(value: &str) -> Policy {
    Policy {
        inherit: vec![Inherit { objects: ObjectPattern::any(), version: version(value) }],
        ..Policy::default()
    }
}

/// A ConfigMap `kept` that a set of version 1.2.0 has left behind.
async fn left_behind(name: &str) -> (Cluster, ssa::Manifest) {
    let cluster = Cluster::new(name).await;
    let kept = cluster.config_map("kept", &json!({"a": "1"}));
    cluster.converge(std::slice::from_ref(&kept)).await;
    let mut inventory = cluster.claim(&[]).await;
    let keep = vec![ObjectPattern::object(kept.id())];
    let options = DeleteOptions { keep, version: Some(version("1.2.0")), ..delete_options() };
    let deleted = cluster.engine.delete(&mut inventory, &options, &cluster.cancel).await;
    assert!(deleted.error.is_none(), "{:?}", deleted.error);
    (cluster, kept)
}

#[tokio::test]
async fn what_outlives_its_owner_has_neither_owner_label_nor_manager() {
    let (cluster, kept) = left_behind("outlives").await;
    let live = cluster.live(kept.id()).await.unwrap();
    assert_eq!(live["data"], json!({"a": "1"}), "it stays as it was");
    assert!(live["metadata"]["labels"].get(OWNER_LABEL).is_none(), "{live}");
    assert_eq!(live["metadata"]["annotations"][VERSION], "1.2.0");
    let managers = live["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    assert!(managers.iter().all(|entry| entry["operation"] != "Apply"), "{managers:?}");
}

#[tokio::test]
async fn the_next_owner_takes_what_nobody_owns_if_it_is_not_newer() {
    let (cluster, kept) = left_behind("next-owner").await;
    let next = Engine::new(cluster.client.clone(), options("another-set"));
    let action = async |policy: &Policy| {
        let planned = next.diff(std::slice::from_ref(&kept), None, policy, &cluster.cancel).await.unwrap();
        planned.changes[0].action.clone()
    };
    assert!(matches!(action(&Policy::default()).await, Action::Foreign { owner: None, .. }));
    assert!(matches!(action(&inherit("1.1.9")).await, Action::Foreign { owner: None, .. }), "it is newer");
    assert!(matches!(action(&inherit("1.2.0")).await, Action::Changed { .. }));
    assert!(matches!(action(&inherit("1.3.0")).await, Action::Changed { .. }));
}

#[tokio::test]
async fn what_somebody_owns_is_not_inherited() {
    let (cluster, kept) = left_behind("somebody-owns").await;
    let patch = json!({"data": {"b": "2"}});
    cluster.merge_patch(&cluster.path("configmaps/kept"), "their-tool", &patch).await;
    let next = Engine::new(cluster.client.clone(), options("another-set"));
    let planned =
        next.diff(std::slice::from_ref(&kept), None, &inherit("9.0.0"), &cluster.cancel).await.unwrap();
    assert!(matches!(planned.changes[0].action, Action::Foreign { .. }), "{planned:?}");
}

#[tokio::test]
async fn deletion_goes_the_way_of_the_stages_back() {
    let cluster = Cluster::new("stages-back").await;
    // By its kind the ConfigMap would go last.
    let stages = [("first", 1, "Service"), ("second", 2, "ConfigMap")].map(|(name, order, kind)| {
        let object = match kind {
            "Service" => json!({
                "apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]},
            }),
            _ => json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "link"}}),
        };
        let manifests = vec![cluster.manifest(object)];
        ssa::Stage { name: name.to_owned(), order, manifests, ready: ssa::StageReady::Written }
    });
    let claim = crate::cluster::claim_as("test", &[]);
    let mut inventory = cluster.engine.claim(&cluster.at(), &claim, &stages, &cluster.cancel).await.unwrap();
    cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    let read = cluster.engine.inventory(&cluster.at(), &cluster.cancel).await.unwrap().unwrap();
    assert_eq!(read.entries().values().map(|entry| entry.order).collect::<Vec<_>>(), [2, 1]);
    let deleted = cluster.engine.delete(&mut inventory, &delete_options(), &cluster.cancel).await;
    let order: Vec<&str> = deleted.changes.changes.iter().map(|change| change.id.name.as_str()).collect();
    assert_eq!(order, ["link", "web"]);
}

#[tokio::test]
async fn of_a_live_object_our_own_fields_are_known_without_the_manifest() {
    let cluster = Cluster::new("own-fields").await;
    let ours = cluster.config_map("ours", &json!({"a": "1"}));
    cluster.converge(std::slice::from_ref(&ours)).await;
    let patch = json!({"data": {"b": "2"}, "metadata": {"labels": {"c": "3"}}});
    cluster.merge_patch(&cluster.path("configmaps/ours"), "their-tool", &patch).await;
    let asked = std::collections::BTreeSet::from([ours.id().clone()]);
    let observed = cluster.engine.observe(&asked, &cluster.cancel).await;
    let ssa::Observation::Found(live) = &observed[ours.id()] else { panic!("{observed:?}") };
    let own = cluster.engine.own_fields(live);
    assert_eq!(own["data"], json!({"a": "1"}));
    assert_eq!(own["metadata"], json!({"name": "ours", "namespace": "own-fields"}));
}
