//! What a cluster without a control plane says of itself to istiod of others, and whether that may do what it has to.

use futures::future::{try_join, try_join3};
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;

use super::reader::{Forbidden, forbidden};
use super::snapshot::Snapshot;
use crate::clusters::Error;
use crate::mesh::injection_webhook;
use crate::mesh::well_known::{CONTROL_PLANE_CLUSTERS, MESH_CONFIG_MAP};

/// What a cluster without a control plane says of whom it is served by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// By what the API server knows istiod, for each webhook that injects proxies, as PEM; empty where nobody has said it yet. `None`
    /// if there is no such webhook.
    pub ca_bundles: Option<Vec<Vec<u8>>>,
    /// Whose istiod leads it, as the mesh's namespace says.
    pub control_plane_clusters: Option<String>,
    /// Its mesh configuration, as YAML.
    pub mesh_config: Option<String>,
    /// What istiod may not do there.
    pub forbidden: Forbidden,
}

/// What the cluster says in the mesh's `namespace`. Needs to get the namespace, the `ConfigMap` and `MutatingWebhookConfiguration`s; who
/// may not create `SubjectAccessReview`s does not see what istiod may not do.
pub async fn served(snapshot: &Snapshot, namespace: &str) -> Result<Served, Error> {
    let cluster = snapshot.cluster();
    let webhook = async { Api::all(cluster.client()).get_opt(&injection_webhook(namespace)).await };
    let of_mesh = async {
        let namespaces = Api::<Namespace>::all(cluster.client());
        let config_maps = Api::<ConfigMap>::namespaced(cluster.client(), namespace);
        try_join(namespaces.get_opt(namespace), config_maps.get_opt(MESH_CONFIG_MAP)).await
    };
    let (webhook, (namespace, mesh_config), forbidden) =
        try_join3(webhook, of_mesh, forbidden(snapshot, namespace))
            .await
            .map_err(|error| cluster.error(error))?;
    let annotations = namespace.and_then(|namespace| namespace.metadata.annotations);
    Ok(Served {
        ca_bundles: webhook.map(ca_bundles),
        control_plane_clusters: annotations.and_then(|mut it| it.remove(CONTROL_PLANE_CLUSTERS)),
        mesh_config: mesh_config.and_then(|it| it.data?.remove("mesh")),
        forbidden,
    })
}

fn ca_bundles(configuration: MutatingWebhookConfiguration) -> Vec<Vec<u8>> {
    let webhooks = configuration.webhooks.into_iter().flatten();
    webhooks.map(|it| it.client_config.ca_bundle.map(|bundle| bundle.0).unwrap_or_default()).collect()
}
