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

#[tokio::test]
async fn an_approved_field_is_taken_from_whoever_has_changed_it_and_no_other() {
    let cluster = Cluster::new("approved").await;
    let set = [cluster.config_map("settings", &json!({"a": "ours", "b": "ours"}))];
    cluster.converge(&set).await;
    let path = cluster.path("configmaps/settings");
    cluster.merge_patch(&path, "k9s", &json!({"data": {"a": "theirs"}})).await;
    cluster.merge_patch(&path, "lens", &json!({"data": {"b": "theirs"}})).await;
    let approving = |fields: &[&str]| Policy {
        approved: [(set[0].id().clone(), fields.iter().map(|field| field.parse().unwrap()).collect())].into(),
        ..Policy::default()
    };
    let diff = async |policy: Policy| {
        let planned = cluster.engine.diff(&set, None, &policy, &cluster.cancel).await.unwrap();
        planned.changes[0].action.clone()
    };
    let Action::Conflict { conflicts, .. } = diff(approving(&["data.a"])).await else { panic!() };
    assert_eq!(conflicts[0].to_string(), "\"lens\" owns data.b");
    assert!(!conflicts[0].applies);

    cluster.converge_with(&set, &approving(&["data.a", "data.b"])).await;
    assert_eq!(cluster.live(set[0].id()).await.unwrap()["data"], json!({"a": "ours", "b": "ours"}));
    assert_eq!(cluster.diff(&set).await, [Action::Unchanged]);
}

#[tokio::test]
async fn what_another_applier_owns_is_taken_only_if_it_was_approved() {
    let cluster = Cluster::new("appliers").await;
    let set = [cluster.config_map("settings", &json!({"a": "ours"}))];
    cluster.converge(&set).await;
    let theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "theirs"},
    });
    cluster.apply_as(&cluster.path("configmaps/settings"), "another", &theirs).await;
    let actions = cluster.diff(&set).await;
    let Action::Conflict { conflicts, .. } = &actions[0] else { panic!("{actions:?}") };
    assert!(conflicts[0].applies, "{conflicts:?}");
    let approved = [(set[0].id().clone(), vec![ssa::FieldPath::root()])].into();
    cluster.converge_with(&set, &Policy { approved, ..Policy::default() }).await;
    assert_eq!(cluster.live(set[0].id()).await.unwrap()["data"]["a"], "ours");
}

#[tokio::test]
async fn approval_takes_nothing_of_an_object_that_is_not_ours() {
    let cluster = Cluster::new("approved-foreign").await;
    let theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "theirs"},
    });
    cluster.apply_as(&cluster.path("configmaps/settings"), "another", &theirs).await;
    let set = [cluster.config_map("settings", &json!({"a": "ours"}))];
    let approved = [(set[0].id().clone(), vec![ssa::FieldPath::root()])].into();
    let policy = Policy { approved, ..Policy::default() };
    let planned = cluster.engine.diff(&set, None, &policy, &cluster.cancel).await.unwrap();
    assert!(matches!(planned.changes[0].action, Action::Foreign { .. }), "{planned:?}");
}

#[tokio::test]
async fn a_field_that_another_manager_words_in_another_way_stays_as_it_is() {
    let cluster = Cluster::new("reworded").await;
    let quota = |cpu: &str| {
        cluster.manifest(json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "limits"}, "spec": {"hard": {"cpu": cpu}},
    }))
    };
    cluster.converge(&[quota("500m")]).await;
    let path = cluster.path("resourcequotas/limits");
    cluster.merge_patch(&path, "k9s", &json!({"spec": {"hard": {"cpu": "600m"}}})).await;
    cluster.merge_patch(&path, "k9s", &json!({"spec": {"hard": {"cpu": "500m"}}})).await;
    assert_eq!(cluster.diff(&[quota("0.5")]).await, [Action::Unchanged]);
    cluster.converge(&[quota("0.5")]).await;
}

#[tokio::test]
async fn fields_that_one_call_yields_keep_what_others_wrote_and_are_given_at_creation() {
    let cluster = Cluster::new("yielded-by-policy").await;
    let yields = |kind: &str, fields: &str| Policy {
        fields: vec![FieldRule {
            objects: ObjectPattern::kind(if kind == "Deployment" { "apps" } else { "" }, kind),
            fields: fields.parse().unwrap(),
            ownership: Ownership::Yield,
        }],
        ..Policy::default()
    };
    let web = |image: &str| {
        [cluster.manifest(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"team": image}},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": image}]},
        }},
    }))]
    };
    let image = yields("Deployment", "spec.template.spec.containers[*].image");
    cluster.converge_with(&web("a"), &image).await;
    let id = web("a")[0].id().clone();
    let path = cluster.apps_path("deployments/web");
    let theirs =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "theirs"}]}}}});
    cluster.strategic_patch(&path, "platform", &theirs).await;
    cluster.converge_with(&web("b"), &image).await;
    let live = cluster.live(&id).await.unwrap();
    assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["image"], "theirs");
    assert_eq!(live["metadata"]["labels"]["team"], "b");

    // Whole subtrees, among which is what the object and its items are known by.
    for fields in ["metadata", "metadata.labels", "spec.template.spec.containers[*]", "*"] {
        let mut policy = yields("Deployment", fields);
        policy.fields.extend(image.fields.clone());
        cluster.converge_with(&web("b"), &policy).await;
        let live = cluster.live(&id).await.unwrap();
        assert_eq!(live["metadata"]["labels"][crate::cluster::OWNER_LABEL], "yielded-by-policy", "{fields}");
    }
    // Given up, the field is ours again, but only with the permission to take it.
    let actions = cluster.diff(&web("b")).await;
    assert!(matches!(&actions[0], Action::Conflict { .. }), "{actions:?}");
}
