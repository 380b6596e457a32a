use std::collections::BTreeMap;

use istio_provider::clusters::{
    ClusterBlock, Clusters, ConnectionConfig, ConnectionSettings, Environment, Error,
};
use istio_provider::observe;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use lab::api_server::ApiServer;
use serde_json::json;

use crate::support::{ADMIN, LIMITS, READER, connection, east, token};

#[tokio::test]
async fn facts_of_several_clusters_are_read_whatever_one_of_them_does() {
    let reader = ConnectionConfig { token: Some(token(READER).into()), ..connection() };
    let nowhere = ConnectionConfig { host: Some("https://127.0.0.1:1".to_owned()), ..Default::default() };
    let known = |config: ConnectionConfig| ConnectionSettings::Known(Box::new(config));
    let unknown = ConnectionSettings::NotYetKnown { attribute: "token".to_owned() };
    let blocks: BTreeMap<_, _> = [("east", known(reader)), ("gone", known(nowhere)), ("later", unknown)]
        .into_iter()
        .map(|(name, connection)| (name.to_owned(), ClusterBlock { connection, ..Default::default() }))
        .collect();
    let clusters = Clusters::new(blocks, Environment::default(), LIMITS);

    let facts = observe::facts_of(&clusters, ["east", "gone", "later", "other"]).await;

    let east = facts["east"].as_ref().unwrap();
    let kube_system =
        Api::<k8s_openapi::api::core::v1::Namespace>::all(ApiServer::shared().client().unwrap());
    assert_eq!(Some(&east.uid), kube_system.get("kube-system").await.unwrap().metadata.uid.as_ref());
    assert!(east.kubernetes_version.starts_with("v1."), "{}", east.kubernetes_version);
    assert!(matches!(facts["gone"], Err(Error::Unreachable { .. })), "{:?}", facts["gone"]);
    assert!(matches!(facts["later"], Err(Error::NotYetKnown { .. })), "{:?}", facts["later"]);
    assert!(matches!(facts["other"], Err(Error::NoBlock { .. })), "{:?}", facts["other"]);
}

#[tokio::test]
async fn definitions_with_resources_are_in_use_and_others_are_not() {
    let admin = ConnectionConfig { token: Some(token(ADMIN).into()), ..connection() };
    let cluster = east(admin).await;
    for (plural, kind) in [("widgets", "Widget"), ("gadgets", "Gadget")] {
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.facts.example")},
            "spec": {
                "group": "facts.example", "scope": "Namespaced",
                "names": {"plural": plural, "kind": kind, "singular": kind.to_lowercase()},
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }],
            },
        });
        let definitions = Api::<CustomResourceDefinition>::all(cluster.client());
        let name = format!("{plural}.facts.example");
        definitions.patch(&name, &PatchParams::apply("test"), &Patch::Apply(definition)).await.unwrap();
        let established = kube::runtime::conditions::is_crd_established();
        kube::runtime::wait::await_condition(definitions, &name, established).await.unwrap();
    }
    let widget = json!({"apiVersion": "facts.example/v1", "kind": "Widget", "metadata": {"name": "one"}});
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("facts.example", "v1", "Widget"));
    let widgets = Api::<DynamicObject>::namespaced_with(cluster.client(), "default", &resource);
    widgets.patch("one", &PatchParams::apply("test"), &Patch::Apply(widget)).await.unwrap();

    let names = ["widgets.facts.example", "gadgets.facts.example", "missing.facts.example"];
    assert_eq!(observe::definitions_in_use(&cluster, names).await.unwrap(), ["widgets.facts.example"]);
}
