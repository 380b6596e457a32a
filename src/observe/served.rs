//! What a cluster without a control plane says of itself to istiod of others, and whether that may do what it has to.

use futures::future::{try_join, try_join4};
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;

use super::control_plane::leader;
use super::reader::{Forbidden, forbidden, reader_scope};
use super::snapshot::{Scope, Snapshot};
use crate::clusters::Error;
use crate::mesh::well_known::{CONTROL_PLANE_CLUSTERS, ISTIOD_SERVICE, MESH_CONFIG_MAP, NAMESPACE_ELECTION};
use crate::mesh::{Injector, injection_webhook};

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
    /// The pod of istiod that leads it.
    pub leader: Option<String>,
    /// What istiod may not do there.
    pub forbidden: Forbidden,
    /// Whether a pod of the istiod in the cluster is ready, if that injects its proxies.
    pub has_injector: bool,
}

/// What the cluster says in the mesh's `namespace`. Needs to get the namespace, `ConfigMap`s and `MutatingWebhookConfiguration`s, and
/// istiod's Deployment if that injects; who may not create `SubjectAccessReview`s does not see what istiod may not do.
pub async fn served(seen: &Snapshot, namespace: &str, injector: Injector) -> Result<Served, Error> {
    let cluster = seen.cluster();
    let by_request = async {
        let webhooks = Api::all(cluster.client());
        let webhook = injection_webhook(namespace);
        let asked = try_join(webhooks.get_opt(&webhook), forbidden(seen, namespace, injector));
        asked.await.map_err(|error| cluster.error(error))
    };
    let config_maps = try_join(
        seen.get::<ConfigMap>(namespace, MESH_CONFIG_MAP),
        seen.get::<ConfigMap>(namespace, NAMESPACE_ELECTION),
    );
    let deployment = async {
        match injector {
            Injector::Primary => Ok(None),
            Injector::Local => seen.get::<Deployment>(namespace, ISTIOD_SERVICE).await,
        }
    };
    let ((webhook, forbidden), namespace, (mesh_config, election), deployment) =
        try_join4(by_request, seen.namespace(namespace), config_maps, deployment).await?;
    let annotations = namespace.and_then(|namespace| namespace.metadata.annotations);
    Ok(Served {
        ca_bundles: webhook.map(ca_bundles),
        control_plane_clusters: annotations.and_then(|mut it| it.remove(CONTROL_PLANE_CLUSTERS)),
        mesh_config: mesh_config.and_then(|it| it.data?.remove("mesh")),
        leader: election.as_ref().and_then(leader),
        forbidden,
        has_injector: deployment.and_then(|it| it.status?.ready_replicas).is_some_and(|ready| ready > 0),
    })
}

/// What [`served`] looks at that one LIST a kind has.
pub fn served_scope(scope: Scope, namespace: &str, injector: Injector) -> Scope {
    let scope = reader_scope(scope.and::<Namespace>("", namespace), namespace);
    let scope =
        scope.and::<ConfigMap>(namespace, MESH_CONFIG_MAP).and::<ConfigMap>(namespace, NAMESPACE_ELECTION);
    match injector {
        Injector::Primary => scope,
        Injector::Local => scope.and::<Deployment>(namespace, ISTIOD_SERVICE),
    }
}

fn ca_bundles(configuration: MutatingWebhookConfiguration) -> Vec<Vec<u8>> {
    let webhooks = configuration.webhooks.into_iter().flatten();
    webhooks.map(|it| it.client_config.ca_bundle.map(|bundle| bundle.0).unwrap_or_default()).collect()
}
