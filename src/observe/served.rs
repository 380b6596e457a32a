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

use super::control_plane::leader;
use super::snapshot::{Scope, Snapshot};
use crate::clusters::{Cluster, Error};
use crate::mesh::well_known::{CONTROL_PLANE_CLUSTERS, ISTIOD_SERVICE, MESH_CONFIG_MAP, READER_ACCOUNT};
use crate::mesh::{DEFAULT_NAMESPACE, Injector};

/// The webhook's configuration, as the chart names it in Istio's own namespace.
const NAME: &str = "istio-sidecar-injector";
/// The `ConfigMap` in which istiods elect the one that gives every namespace of the cluster a copy of the mesh's root
/// (`pilot/pkg/leaderelection`).
const ELECTION: &str = "istio-namespace-controller-election";

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
    /// Whether istiod may not ask it whose tokens it is shown.
    pub is_review_forbidden: bool,
    /// Whether a pod of the istiod in the cluster is ready, if that injects its proxies.
    pub has_injector: bool,
}

/// What the cluster says in the mesh's `namespace`. Needs to get the namespace, `ConfigMap`s and `MutatingWebhookConfiguration`s, and
/// istiod's Deployment if that injects; who may not create `SubjectAccessReview`s does not see what istiod may not do.
pub async fn served(seen: &Snapshot, namespace: &str, injector: Injector) -> Result<Served, Error> {
    let cluster = seen.cluster();
    let by_request = async {
        let webhooks = Api::all(cluster.client());
        let webhook = webhook_name(namespace);
        let asked = try_join(webhooks.get_opt(&webhook), is_review_forbidden(cluster, namespace));
        asked.await.map_err(|error| cluster.error(error))
    };
    let config_maps = try_join(
        seen.get::<ConfigMap>(namespace, MESH_CONFIG_MAP),
        seen.get::<ConfigMap>(namespace, ELECTION),
    );
    let deployment = async {
        match injector {
            Injector::Primary => Ok(None),
            Injector::Local => seen.get::<Deployment>(namespace, ISTIOD_SERVICE).await,
        }
    };
    let ((webhook, is_review_forbidden), namespace, (mesh_config, election), deployment) =
        try_join4(by_request, seen.namespace(namespace), config_maps, deployment).await?;
    let annotations = namespace.and_then(|namespace| namespace.metadata.annotations);
    Ok(Served {
        ca_bundles: webhook.map(ca_bundles),
        control_plane_clusters: annotations.and_then(|mut it| it.remove(CONTROL_PLANE_CLUSTERS)),
        mesh_config: mesh_config.and_then(|it| it.data?.remove("mesh")),
        leader: election.as_ref().and_then(leader),
        is_review_forbidden,
        has_injector: deployment.and_then(|it| it.status?.ready_replicas).is_some_and(|ready| ready > 0),
    })
}

/// What [`served`] looks at that one LIST a kind has.
pub fn served_scope(scope: Scope, namespace: &str, injector: Injector) -> Scope {
    let scope = scope.and::<Namespace>("", namespace);
    let scope = scope.and::<ConfigMap>(namespace, MESH_CONFIG_MAP).and::<ConfigMap>(namespace, ELECTION);
    match injector {
        Injector::Primary => scope,
        Injector::Local => scope.and::<Deployment>(namespace, ISTIOD_SERVICE),
    }
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
