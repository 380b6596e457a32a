//! The webhook that injects proxies.

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::Api;

use crate::clusters::{Cluster, Error};
use crate::mesh::DEFAULT_NAMESPACE;

/// Its configuration, as the chart names it in Istio's own namespace.
const NAME: &str = "istio-sidecar-injector";

/// What a cluster says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Webhook {
    /// By what the API server knows istiod, for each of its webhooks, as PEM; empty where nobody has said it yet.
    pub ca_bundles: Vec<Vec<u8>>,
}

/// The webhook of the mesh in `namespace`; `None` if there is none. Needs to get `MutatingWebhookConfiguration`s.
pub async fn webhook(cluster: &Cluster, namespace: &str) -> Result<Option<Webhook>, Error> {
    let name = if namespace == DEFAULT_NAMESPACE { NAME.to_owned() } else { format!("{NAME}-{namespace}") };
    let found = Api::<MutatingWebhookConfiguration>::all(cluster.client()).get_opt(&name).await;
    let found = found.map_err(|error| cluster.error(error))?;
    Ok(found.map(|configuration| {
        let webhooks = configuration.webhooks.into_iter().flatten();
        let bundle = |bundle: Option<k8s_openapi::ByteString>| bundle.map(|it| it.0).unwrap_or_default();
        Webhook { ca_bundles: webhooks.map(|webhook| bundle(webhook.client_config.ca_bundle)).collect() }
    }))
}
