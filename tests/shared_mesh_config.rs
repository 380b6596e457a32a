//! What istiod is told of all records together, on a real API server.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use istio_provider::clusters::{
    Cluster, ClusterBlock, Clusters, ConnectionConfig, ConnectionSettings, Environment, Limits,
};
use istio_provider::mesh::{KeyType, SharedMeshConfig};
use istio_provider::observe::{self, Snapshot};
use istio_provider::rollout::SharedMeshConfigError;
use istio_provider::rollout::shared_mesh_config::{is_composed, write};
use istio_provider::trust::{Root, RootRequest};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use lab::api_server::{ApiServer, identity};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// The provider's own field manager.
const OURS: &str = "terraform-provider-istio";

struct Mesh {
    cluster: Cluster,
    namespace: String,
}

impl Mesh {
    /// A namespace with what a mesh makes in it, as the mesh applies it.
    async fn new(namespace: &str) -> Self {
        let server = ApiServer::shared();
        let config = ConnectionConfig {
            host: Some(server.host().to_owned()),
            cluster_ca_certificate: Some(server.ca_pem().to_owned()),
            token: Some(server.token(identity::ADMIN).unwrap().into()),
            ..ConnectionConfig::default()
        };
        let connection = ConnectionSettings::Known(Box::new(config));
        let block = ClusterBlock { connection, ..ClusterBlock::default() };
        let limits = Limits { response: Duration::from_secs(30), ..Limits::default() };
        let clusters = Clusters::new([("east".to_owned(), block)].into(), Environment::default(), limits);
        let mesh = Self { cluster: clusters.get("east").await.unwrap(), namespace: namespace.to_owned() };
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let namespaces = Api::<Namespace>::all(mesh.cluster.client());
        namespaces.patch(namespace, &PatchParams::apply(OURS), &Patch::Apply(object)).await.unwrap();
        mesh.apply(SharedMeshConfig::CONFIG_MAP, &json!({})).await;
        let record = json!({"trustDomain": "shop.example", "rootNamespace": namespace});
        mesh.record(SharedMeshConfig::RECORD_OF_MESH, &record.to_string()).await;
        mesh
    }

    fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.cluster.client(), &self.namespace)
    }

    async fn apply(&self, name: &str, more: &Value) {
        let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        for (member, value) in more.as_object().unwrap() {
            object[member] = value.clone();
        }
        object["metadata"]["name"] = json!(name);
        let parameters = PatchParams::apply(OURS).force();
        self.config_maps().patch(name, &parameters, &Patch::Apply(object)).await.unwrap();
    }

    async fn record(&self, name: &str, text: &str) {
        let labels = json!({SharedMeshConfig::RECORD_LABEL: SharedMeshConfig::CONFIG_MAP});
        let more = json!({"metadata": {"labels": labels}, "data": {SharedMeshConfig::KEY: text}});
        self.apply(name, &more).await;
    }

    /// The record of a federation with the mesh `name`.
    async fn federation(&self, name: &str) -> String {
        let pem = root(name);
        let entry = json!({"pem": pem, "trustDomains": [format!("{name}.example")]});
        self.record(&format!("federation-{name}"), &json!({"caCertificates": [entry]}).to_string()).await;
        pem
    }

    async fn compose(&self) -> Result<(), SharedMeshConfigError> {
        write(&self.cluster, &self.namespace, &CancellationToken::new()).await
    }

    async fn live(&self) -> ConfigMap {
        self.config_maps().get(SharedMeshConfig::CONFIG_MAP).await.unwrap()
    }

    async fn data(&self) -> BTreeMap<String, String> {
        self.live().await.data.unwrap_or_default()
    }

    async fn document(&self) -> SharedMeshConfig {
        let data = self.data().await;
        assert_eq!(data.keys().collect::<Vec<_>>(), [SharedMeshConfig::KEY]);
        SharedMeshConfig::parse(&data[SharedMeshConfig::KEY]).unwrap()
    }

    async fn is_composed(&self) -> Option<bool> {
        let found = observe::shared_mesh_config(&Snapshot::of(&self.cluster), &self.namespace).await.unwrap();
        is_composed(found.data.as_ref(), &found.records).unwrap()
    }

    /// The trust domains of the list.
    async fn trusted(&self) -> BTreeSet<String> {
        let list = self.document().await.ca_certificates;
        list.into_iter().flat_map(|entry| entry.trust_domains).collect()
    }
}

fn root(name: &str) -> String {
    let request = RootRequest {
        organization: name,
        common_name: "Root CA",
        key_type: KeyType::EcdsaP256,
        now: OffsetDateTime::now_utc(),
        lifetime: time::Duration::days(100),
    };
    Root::generate(&request).unwrap().certificate().pem()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("{name}.example")).collect()
}

#[tokio::test]
async fn records_come_and_go_and_the_mesh_that_owns_the_config_map_takes_nothing_of_it_back() {
    let mesh = Mesh::new("come-and-go").await;
    assert_eq!(mesh.is_composed().await, Some(false));
    mesh.compose().await.unwrap();
    assert_eq!(mesh.is_composed().await, Some(true));
    let document = mesh.document().await;
    assert_eq!(document.trust_domain.as_deref(), Some("shop.example"));
    assert_eq!(document.ca_certificates, []);

    let pem = mesh.federation("bank").await;
    assert_eq!(mesh.is_composed().await, Some(false));
    mesh.compose().await.unwrap();
    assert_eq!(mesh.document().await.ca_certificates[0].pem, Some(pem));

    let before = mesh.live().await;
    mesh.apply(SharedMeshConfig::CONFIG_MAP, &json!({"metadata": {"labels": {"release": "next"}}})).await;
    assert_eq!(mesh.data().await, before.data.unwrap());

    let version = mesh.live().await.metadata.resource_version;
    mesh.compose().await.unwrap();
    assert_eq!(mesh.live().await.metadata.resource_version, version, "unchanged bytes are not written");

    mesh.config_maps().delete("federation-bank", &DeleteParams::default()).await.unwrap();
    mesh.compose().await.unwrap();
    assert_eq!(mesh.document().await.ca_certificates, []);
}

#[tokio::test]
async fn of_many_that_compose_at_once_nobody_is_lost() {
    let mesh = Mesh::new("at-once").await;
    let federations = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let runs = federations.map(|name| {
        let mesh = &mesh;
        async move {
            mesh.federation(name).await;
            mesh.compose().await.unwrap();
        }
    });
    join_all(runs).await;
    assert_eq!(mesh.trusted().await, names(&federations));
    assert_eq!(mesh.is_composed().await, Some(true));
}

#[tokio::test]
async fn what_somebody_wrote_by_hand_is_replaced_whole() {
    let mesh = Mesh::new("by-hand").await;
    mesh.compose().await.unwrap();
    let edit = json!({"data": {"mesh": "trustDomain: other.example\n", "meshNetworks": "networks: {}\n"}});
    let parameters = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };
    let config_maps = mesh.config_maps();
    config_maps.patch(SharedMeshConfig::CONFIG_MAP, &parameters, &Patch::Merge(edit)).await.unwrap();
    assert_eq!(mesh.is_composed().await, Some(false));
    mesh.compose().await.unwrap();
    assert_eq!(mesh.document().await.trust_domain.as_deref(), Some("shop.example"));

    config_maps.delete(SharedMeshConfig::CONFIG_MAP, &DeleteParams::default()).await.unwrap();
    assert_eq!(mesh.is_composed().await, None);
    assert!(matches!(mesh.compose().await, Err(SharedMeshConfigError::Absent)));
}

#[tokio::test]
async fn a_record_that_istiod_would_choke_on_changes_nothing() {
    let mesh = Mesh::new("bad-record").await;
    mesh.federation("bank").await;
    mesh.compose().await.unwrap();
    let before = mesh.data().await;
    let cut = root("post").replace("-----END CERTIFICATE-----", "");
    let entry = json!({"caCertificates": [{"pem": cut, "trustDomains": ["post.example"]}]});
    mesh.record("federation-post", &entry.to_string()).await;
    let error = mesh.compose().await.unwrap_err();
    assert!(lab::chain(&error).contains("federation-post"), "{}", lab::chain(&error));
    assert_eq!(mesh.data().await, before);
}
