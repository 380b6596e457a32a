//! What a cluster without a control plane says of itself to istiod of others, and whether that may do what it has to.

use futures::future::{try_join, try_join4};
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;
use kube::api::PostParams;

use crate::clusters::{Cluster, Error};
use crate::mesh::well_known::{CONTROL_PLANE_CLUSTERS, ISTIOD_SERVICE, MESH_CONFIG_MAP, READER_ACCOUNT};
use crate::mesh::{DEFAULT_NAMESPACE, Injector};

/// The webhook's configuration, as the chart names it in Istio's own namespace.
const NAME: &str = "istio-sidecar-injector";

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
    /// Whether istiod may not ask it whose tokens it is shown.
    pub is_review_forbidden: bool,
    /// Whether a pod of the istiod in the cluster is ready, if that injects its proxies.
    pub has_injector: bool,
}

/// What the cluster says in the mesh's `namespace`. Needs to get the namespace, the `ConfigMap` and `MutatingWebhookConfiguration`s, and
/// istiod's Deployment if that injects; who may not create `SubjectAccessReview`s does not see what istiod may not do.
pub async fn served(cluster: &Cluster, namespace: &str, injector: Injector) -> Result<Served, Error> {
    let webhook = async { Api::all(cluster.client()).get_opt(&webhook_name(namespace)).await };
    let of_mesh = async {
        let namespaces = Api::<Namespace>::all(cluster.client());
        let config_maps = Api::<ConfigMap>::namespaced(cluster.client(), namespace);
        try_join(namespaces.get_opt(namespace), config_maps.get_opt(MESH_CONFIG_MAP)).await
    };
    let review = is_review_forbidden(cluster, namespace);
    let deployment = async {
        let deployments = Api::<Deployment>::namespaced(cluster.client(), namespace);
        match injector {
            Injector::Primary => Ok(None),
            Injector::Local => deployments.get_opt(ISTIOD_SERVICE).await,
        }
    };
    let (webhook, (namespace, mesh_config), is_review_forbidden, deployment) =
        try_join4(webhook, of_mesh, review, deployment).await.map_err(|error| cluster.error(error))?;
    let annotations = namespace.and_then(|namespace| namespace.metadata.annotations);
    Ok(Served {
        ca_bundles: webhook.map(ca_bundles),
        control_plane_clusters: annotations.and_then(|mut it| it.remove(CONTROL_PLANE_CLUSTERS)),
        mesh_config: mesh_config.and_then(|it| it.data?.remove("mesh")),
        is_review_forbidden,
        has_injector: deployment.and_then(|it| it.status?.ready_replicas).is_some_and(|ready| ready > 0),
    })
}

fn webhook_name(namespace: &str) -> String {
    if namespace == DEFAULT_NAMESPACE { NAME.to_owned() } else { format!("{NAME}-{namespace}") }
}

fn ca_bundles(configuration: MutatingWebhookConfiguration) -> Vec<Vec<u8>> {
    let webhooks = configuration.webhooks.into_iter().flatten();
    webhooks.map(|it| it.client_config.ca_bundle.map(|bundle| bundle.0).unwrap_or_default()).collect()
}

/// Whether the account by which istiod reads the cluster may not have tokens reviewed.
async fn is_review_forbidden(cluster: &Cluster, namespace: &str) -> Result<bool, kube::Error> {
    let account = format!("system:serviceaccount:{namespace}:{READER_ACCOUNT}");
    let groups = [
        "system:serviceaccounts".to_owned(),
        format!("system:serviceaccounts:{namespace}"),
        "system:authenticated".to_owned(),
    ];
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(account),
            groups: Some(groups.into()),
            resource_attributes: Some(ResourceAttributes {
                group: Some("authentication.k8s.io".to_owned()),
                resource: Some("tokenreviews".to_owned()),
                verb: Some("create".to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let reviews = Api::<SubjectAccessReview>::all(cluster.client());
    match reviews.create(&PostParams::default(), &review).await {
        Ok(reviewed) => Ok(reviewed.status.is_some_and(|SubjectAccessReviewStatus { allowed, .. }| !allowed)),
        Err(kube::Error::Api(status)) if status.is_forbidden() => Ok(false),
        Err(error) => Err(error),
    }
}
