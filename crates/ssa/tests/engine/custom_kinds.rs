//! Custom kinds with every way in which a schema may say how values merge.

use serde_json::{Value, json};
use ssa::{Action, Manifest};

use crate::cluster::Cluster;

fn definition(group: &str) -> Value {
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    let text = json!({"type": "string"});
    let spec = object(json!({
        "ports": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": {
                "type": "object", "required": ["port"],
                "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "note": text},
            },
        },
        "names": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
        "order": {"type": "array", "items": text},
        "whole": {
            "type": "object", "x-kubernetes-map-type": "atomic",
            "properties": {"a": text, "b": {"type": "string", "default": "B"}},
        },
        "target": {"x-kubernetes-int-or-string": true},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "embedded": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
        "maybe": {"type": "string", "nullable": true},
        "never": text,
        "mode": {"type": "string", "default": "auto"},
        "nested": {"type": "object", "default": {}, "properties": {"depth": {"type": "integer", "default": 3}}},
        "ratio": {"type": "number"},
    }));
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("gadgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"kind": "Gadget", "plural": "gadgets"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": object(json!({"spec": spec, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}))},
            }],
        },
    })
}

fn gadget(group: &str) -> Value {
    json!({
        "apiVersion": format!("{group}/v1"), "kind": "Gadget", "metadata": {"name": "one"},
        "spec": {
            "ports": [{"port": 80}, {"port": 80, "protocol": "UDP", "note": "dns"}],
            "names": ["a", "b"],
            "order": ["x", "y"],
            "whole": {"a": "1"},
            "target": "80",
            "free": {"deep": {"list": [{"k": 1}, null], "null": null, "empty": {}}},
            "embedded": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inner"}, "data": {"k": "v"}},
            "maybe": null,
            "ratio": 1.0,
        },
        "status": {"ignored": true},
    })
}

struct Shop {
    cluster: Cluster,
    group: String,
    definition: Manifest,
}

impl Shop {
    async fn new(name: &str) -> Self {
        let cluster = Cluster::new(name).await;
        let group = format!("{name}.example");
        let definition = cluster.manifest(definition(&group));
        Self { cluster, group, definition }
    }

    fn set(&self, gadget: Value) -> [Manifest; 2] {
        [self.definition.clone(), self.cluster.manifest(gadget)]
    }

    fn gadget(&self) -> Value {
        gadget(&self.group)
    }

    /// Which fields a change of the applied gadget touches, and that applying it leaves nothing more to do.
    async fn changed(&self, change: impl FnOnce(&mut Value)) -> Vec<String> {
        self.cluster.converge(&self.set(self.gadget())).await;
        let mut value = self.gadget();
        change(&mut value["spec"]);
        let set = self.set(value);
        // Without the definition in the set the schema is the one that the server publishes.
        let published = self.cluster.diff(&set[1..]).await.remove(0);
        let own = self.cluster.diff(&set).await.remove(1);
        assert_eq!(published, own, "both schemas say the same");
        self.cluster.converge(&set).await;
        assert_eq!(self.cluster.diff(&set).await, [Action::Unchanged, Action::Unchanged]);
        assert_eq!(self.cluster.diff(&set[1..]).await, [Action::Unchanged]);
        match own {
            Action::Unchanged => Vec::new(),
            Action::Changed { fields, acquired } => {
                let changed = fields.iter().map(|field| field.path.to_string());
                changed.chain(acquired.iter().map(|path| format!("acquired {path}"))).collect()
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_custom_resource_with_every_kind_of_field_is_unchanged_after_it_was_applied() {
    let shop = Shop::new("custom-unchanged").await;
    assert_eq!(shop.changed(|_| {}).await, Vec::<String>::new());
    let live = shop.cluster.live(shop.set(shop.gadget())[1].id()).await.unwrap();
    assert_eq!(live["spec"]["maybe"], Value::Null);
    assert!(live["spec"].as_object().unwrap().contains_key("maybe"), "a nullable null is kept: {live}");
    assert_eq!(live["spec"]["free"]["deep"]["null"], Value::Null);
    assert_eq!(live["spec"]["ports"][0]["protocol"], "TCP");
}

#[tokio::test]
async fn a_default_written_out_only_becomes_ours_and_a_number_in_another_form_is_no_change() {
    let shop = Shop::new("custom-defaults").await;
    let changed = shop
        .changed(|spec| {
            spec["ports"][0]["protocol"] = json!("TCP");
            spec["ratio"] = json!(1);
        })
        .await;
    assert_eq!(changed, ["acquired spec.ports[port=80,protocol=TCP].protocol"]);
}

#[tokio::test]
async fn an_item_is_found_by_all_its_keys_with_their_defaults() {
    let shop = Shop::new("custom-keys").await;
    let changed = shop
        .changed(|spec| {
            spec["ports"] =
                json!([{"port": 80, "protocol": "UDP", "note": "dns"}, {"port": 80, "note": "web"}]);
        })
        .await;
    assert_eq!(changed, ["spec.ports[port=80,protocol=TCP].note"]);
}

#[tokio::test]
async fn an_item_without_its_defaulted_key_can_leave() {
    let shop = Shop::new("custom-leaves").await;
    let changed =
        shop.changed(|spec| spec["ports"] = json!([{"port": 80, "protocol": "UDP", "note": "dns"}])).await;
    assert_eq!(
        changed,
        ["spec.ports[port=80,protocol=TCP].port", "spec.ports[port=80,protocol=TCP].protocol"]
    );
}

#[tokio::test]
async fn sets_change_by_item_and_lists_without_a_type_as_a_whole() {
    let shop = Shop::new("custom-lists").await;
    let changed = shop
        .changed(|spec| {
            spec["names"] = json!(["b", "c"]);
            spec["order"] = json!(["y", "x"]);
        })
        .await;
    assert_eq!(changed, ["spec.names[=a]", "spec.names[=c]", "spec.order"]);
}

#[tokio::test]
async fn an_atomic_object_and_an_int_or_string_are_compared_as_one_value() {
    let shop = Shop::new("custom-atomic").await;
    let changed = shop
        .changed(|spec| {
            spec["whole"] = json!({"a": "2"});
            spec["target"] = json!(80);
        })
        .await;
    assert_eq!(changed, ["spec.target", "spec.whole"]);
}

#[tokio::test]
async fn free_and_embedded_objects_merge_member_by_member() {
    let shop = Shop::new("custom-free").await;
    let changed = shop
        .changed(|spec| {
            spec["free"]["deep"]["more"] = json!({"a": 1});
            spec["free"]["deep"].as_object_mut().unwrap().remove("empty");
            spec["embedded"]["data"] = json!({"k": "w"});
        })
        .await;
    assert_eq!(changed, ["spec.embedded.data.k", "spec.free.deep.empty", "spec.free.deep.more.a"]);
}

#[tokio::test]
async fn null_becomes_a_value_where_it_may_and_absence_elsewhere() {
    let shop = Shop::new("custom-null").await;
    let changed = shop
        .changed(|spec| {
            spec["maybe"] = json!("text");
            spec["never"] = Value::Null;
            spec["mode"] = Value::Null;
        })
        .await;
    assert_eq!(changed, ["spec.maybe"]);
}

#[tokio::test]
async fn a_field_leaves_for_its_default_and_an_emptied_object_stays_empty() {
    let shop = Shop::new("custom-removed").await;
    let mut first = shop.gadget();
    first["spec"]["mode"] = json!("manual");
    first["spec"]["nested"] = json!({"depth": 5});
    shop.cluster.converge(&shop.set(first)).await;
    let second = shop.set(shop.gadget());
    let actions = shop.cluster.diff(&second).await;
    let Action::Changed { fields, .. } = &actions[1] else { panic!("{actions:?}") };
    let paths: Vec<String> = fields.iter().map(|field| field.path.to_string()).collect();
    assert_eq!(paths, ["spec.mode", "spec.nested.depth"]);
    shop.cluster.converge(&second).await;
    assert_eq!(shop.cluster.diff(&second).await, [Action::Unchanged, Action::Unchanged]);
    let live = shop.cluster.live(second[1].id()).await.unwrap();
    assert_eq!((&live["spec"]["mode"], &live["spec"]["nested"]["depth"]), (&json!("auto"), &json!(3)));
}

#[tokio::test]
async fn a_definition_that_came_after_the_engine_looked_is_found() {
    let shop = Shop::new("custom-later").await;
    let other = ssa::Engine::new(shop.cluster.client.clone(), crate::cluster::options("custom-later"));
    let ids = [shop.set(shop.gadget())[1].id().clone()].into();
    assert!(matches!(
        other.observe(&ids, &shop.cluster.cancel).await[shop.set(shop.gadget())[1].id()],
        ssa::Observation::Absent
    ));
    shop.cluster.converge(&shop.set(shop.gadget())).await;
    let observed = other.observe(&ids, &shop.cluster.cancel).await;
    assert!(observed.values().all(|observation| observation.live().is_some()), "{observed:?}");
    let third = ssa::Engine::new(shop.cluster.client.clone(), crate::cluster::options("custom-later"));
    let planned =
        third.diff(&shop.set(shop.gadget())[1..], None, &ssa::Policy::default(), &shop.cluster.cancel).await;
    assert_eq!(planned.unwrap().changes[0].action, Action::Unchanged);
}
