use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use ssa::Progress;
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::target::Target;
use crate::mesh::{ApiServer, ApiServerAddresses, ClusterName};
use crate::observe::{self, Snapshot};

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
    /// Whether there is a former token, which is deleted once istiods use this one.
    pub is_rotated: bool,
}

impl Access {
    /// What istiod of `reader` gets to read `cluster`, with a comment if there is one.
    pub(super) fn kubeconfig(
        &self,
        cluster: &ClusterName,
        reader: &ClusterName,
        comment: &str,
    ) -> SecretString {
        let text = kubeconfig(cluster, self.api_server.seen_from(reader), self.token.expose_secret());
        if comment.is_empty() { text.into() } else { format!("# {comment}\n{text}\n").into() }
    }
}

/// The token in this Secret of the reader, once Kubernetes has written it. No more than `left` is waited for it.
pub(super) async fn token(
    target: &Target,
    secret: &str,
    left: Duration,
    cancel: &CancellationToken,
) -> Result<SecretString, RolloutError> {
    let cluster = &target.cluster;
    let namespace = &target.inventory.namespace;
    let (began, time) = (Instant::now(), left.min(TOKEN_TIME));
    let mut progress = Progress::begin(cluster.name());
    loop {
        let snapshot = Snapshot::of(cluster);
        let token = tokio::select! {
            () = cancel.cancelled() => return Err(RolloutError::Cancelled),
            token = observe::token(&snapshot, namespace, secret) => token,
        };
        if let Some(token) = token.map_err(RolloutError::ReadToken)? {
            return Ok(token);
        }
        if began.elapsed() >= time {
            return Err(RolloutError::NoToken { secret: secret.to_owned(), waited: began.elapsed() });
        }
        progress.waits_for(&format!("Kubernetes has not written a token into the Secret {secret} yet"));
        tokio::time::sleep(PAUSE).await;
    }
}

/// The kubeconfig in a remote secret: one cluster, read by a bearer token. istiod takes nothing else.
fn kubeconfig(cluster: &ClusterName, api_server: &ApiServer, token: &str) -> String {
    let mut server = json!({"server": api_server.url});
    if let Some(ca) = &api_server.cluster_ca_certificate {
        let ca = STANDARD.encode(ca);
        server["certificate-authority-data"] = Value::from(ca);
    }
    if let Some(name) = &api_server.tls_server_name {
        server["tls-server-name"] = Value::from(name.as_str());
    }
    // JSON is YAML, and Kubernetes' own libraries read both.
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": server}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        "current-context": cluster,
        "users": [{"name": cluster, "user": {"token": token}}],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_has_what_istiod_takes() {
        let api_server = ApiServer {
            url: "https://api.example:6443".to_owned(),
            cluster_ca_certificate: Some("PEM".to_owned()),
            tls_server_name: Some("kubernetes".to_owned()),
        };
        let text = kubeconfig(&"east".parse().unwrap(), &api_server, "token");
        let kubeconfig: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(kubeconfig["current-context"], "east");
        let cluster = &kubeconfig["clusters"][0]["cluster"];
        assert_eq!(cluster["server"], "https://api.example:6443");
        assert_eq!(cluster["certificate-authority-data"], "UEVN");
        assert_eq!(cluster["tls-server-name"], "kubernetes");
        assert_eq!(kubeconfig["users"][0]["user"], json!({"token": "token"}));
    }
}
