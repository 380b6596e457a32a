use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::target::Target;
use crate::mesh::{ApiServerAddresses, ClusterName};
use crate::render::link;
use crate::render::reader::TOKEN_SECRET;

/// How long Kubernetes' token controller may take for a new Secret.
const TOKEN_TIME: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(250);

/// How istiod of another cluster reads this one.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where.
    pub api_server: ApiServerAddresses,
    /// As whom.
    pub token: SecretString,
}

impl Access {
    /// What istiod of `reader` gets to read `cluster`.
    pub(super) fn kubeconfig(&self, cluster: &ClusterName, reader: &ClusterName) -> SecretString {
        link::kubeconfig(cluster, self.api_server.seen_from(reader), self.token.expose_secret()).into()
    }
}

/// The token of the reader, once Kubernetes has written it.
pub(super) async fn token(target: &Target, cancel: &CancellationToken) -> Result<SecretString, RolloutError> {
    let cluster = &target.cluster;
    let secrets = Api::<Secret>::namespaced(cluster.client(), &target.inventory.namespace);
    let began = Instant::now();
    loop {
        let secret = secrets.get_opt(TOKEN_SECRET).await;
        let secret = secret.map_err(|error| RolloutError::ReadToken(cluster.error(error)))?;
        let token = secret.and_then(|secret| secret.data?.remove("token"));
        if let Some(token) = token.and_then(|token| String::from_utf8(token.0).ok()) {
            return Ok(token.into());
        }
        if began.elapsed() >= TOKEN_TIME || cancel.is_cancelled() {
            return Err(RolloutError::NoToken { secret: TOKEN_SECRET, waited: began.elapsed() });
        }
        tokio::time::sleep(PAUSE).await;
    }
}
