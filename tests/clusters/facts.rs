use std::collections::BTreeMap;

use istio_provider::clusters::{
    ClusterBlock, Clusters, ConnectionConfig, ConnectionSettings, Environment, Error,
};
use istio_provider::observe;
use lab::api_server::ApiServer;

use crate::support::{LIMITS, READER, connection, token};

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
    let clusters = Clusters::new(blocks, Environment::default(), LIMITS).unwrap();

    let facts = observe::facts_of(&clusters, ["east", "gone", "later", "other"]).await;

    let east = facts["east"].as_ref().unwrap();
    let kube_system = kube::Api::<k8s_openapi::api::core::v1::Namespace>::all(ApiServer::shared().client().unwrap());
    assert_eq!(Some(&east.uid), kube_system.get("kube-system").await.unwrap().metadata.uid.as_ref());
    assert!(east.kubernetes_version.starts_with("v1."), "{}", east.kubernetes_version);
    assert!(matches!(facts["gone"], Err(Error::Unreachable { .. })), "{:?}", facts["gone"]);
    assert!(matches!(facts["later"], Err(Error::NotYetKnown { .. })), "{:?}", facts["later"]);
    assert!(matches!(facts["other"], Err(Error::NoBlock { .. })), "{:?}", facts["other"]);
}
