//! How istiod of one cluster reads another: what its remote secret says, and whether that lets it in.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::ListParams;
use kube::config::Kubeconfig;
use kube::{Api, ResourceExt as _};
use secrecy::{ExposeSecret as _, SecretString};

use super::reader::not_permitted;
use super::snapshot::{Scope, Snapshot};
use crate::clusters::{Cluster, ConnectionConfig, Error, Reason};
use crate::mesh::Permission;
use crate::mesh::well_known::REMOTE_SECRET_LABEL;

/// What a remote secret is found to be.
#[derive(Debug)]
pub enum RemoteSecret {
    /// It is not there, or without the label by which istiod finds it.
    Absent,
    /// It does not have exactly one kubeconfig with an address and a token, under the name of the cluster: istiod would read every
    /// other entry as a cluster of that name.
    Unusable,
    /// It has one.
    Usable(Box<RemoteAccess>),
}

/// An address and a token.
#[derive(Debug)]
pub struct RemoteAccess(ConnectionConfig);

/// Why a remote secret does not let istiod in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The API server does not know the token.
    Token,
    /// The token is good, and its owner may not read.
    Rights,
    /// The API server's certificate is not the one that the kubeconfig asks for.
    Certificate,
    /// Nothing answers at the address.
    Unreachable,
    /// The kubeconfig cannot be used at all.
    Kubeconfig,
}

/// The Secrets by which istiod of one cluster reads others: name → data.
#[derive(Debug)]
pub struct RemoteSecrets(BTreeMap<String, BTreeMap<String, ByteString>>);

impl RemoteSecrets {
    /// The one with this name, by which the cluster `read` is read.
    pub fn get(&self, name: &str, read: &str) -> RemoteSecret {
        let Some(data) = self.0.get(name) else { return RemoteSecret::Absent };
        let access = data.get(read).filter(|_| data.len() == 1).and_then(RemoteAccess::parse);
        access.map_or(RemoteSecret::Unusable, |access| RemoteSecret::Usable(Box::new(access)))
    }
}

/// All that istiod of `reader` in `namespace` finds by their label. Needs to list Secrets there.
pub async fn remote_secrets(reader: &Snapshot, namespace: &str) -> Result<RemoteSecrets, Error> {
    let found = reader.labelled::<Secret>(namespace, REMOTE_SECRET_LABEL).await?;
    let of = |secret: Secret| (secret.name_any(), secret.data.unwrap_or_default());
    Ok(RemoteSecrets(found.into_iter().map(of).collect()))
}

/// Where the remote secrets are, and the token in Secret `token`.
pub fn remote_access_scope(scope: Scope, namespace: &str, token: &str) -> Scope {
    scope.and::<Secret>(namespace, token).and_labelled::<Secret>(namespace, REMOTE_SECRET_LABEL)
}

/// The token in this Secret of `cluster`; `None` if there is none.
pub async fn token(cluster: &Snapshot, namespace: &str, name: &str) -> Result<Option<SecretString>, Error> {
    let secret = cluster.get::<Secret>(namespace, name).await?;
    let token = secret.and_then(|secret| secret.data?.remove("token"));
    Ok(token.and_then(|token| String::from_utf8(token.0).ok()).map(SecretString::from))
}

impl RemoteAccess {
    /// Takes what istiod takes of a kubeconfig: an address and how to check it, and a token.
    fn parse(text: &ByteString) -> Option<Self> {
        let config = Kubeconfig::from_yaml(std::str::from_utf8(&text.0).ok()?).ok()?;
        let context =
            config.contexts.into_iter().find(|it| Some(&it.name) == config.current_context.as_ref())?;
        let context = context.context?;
        let cluster = config.clusters.into_iter().find(|it| it.name == context.cluster)?.cluster?;
        let user = config.auth_infos.into_iter().find(|it| Some(&it.name) == context.user.as_ref())?;
        Some(Self(ConnectionConfig {
            host: Some(cluster.server?),
            cluster_ca_certificate: cluster.certificate_authority_data,
            tls_server_name: cluster.tls_server_name,
            token: Some(user.auth_info?.token?.expose_secret().to_owned().into()),
            ..ConnectionConfig::default()
        }))
    }

    /// Whether it has this token.
    pub fn has_token(&self, token: Option<&SecretString>) -> bool {
        let own = self.0.token.as_ref().map(SecretString::expose_secret);
        token.is_some_and(|token| own == Some(token.expose_secret()))
    }

    /// Which of these istiod may not do in the cluster `read`, asked from here with its own token.
    ///
    /// # Errors
    /// The cluster could not be asked.
    pub async fn not_permitted(&self, read: &str, needed: Vec<Permission>) -> Result<Vec<Permission>, Error> {
        let cluster = Cluster::of_kubeconfig(read, &self.0)?;
        not_permitted(&cluster, needed).await.map_err(|error| cluster.error(error))
    }

    /// Does from here what istiod does first, which is to list namespaces. `None`: this is let in.
    pub async fn refusal(&self, read: &str) -> Option<Refusal> {
        let Ok(cluster) = Cluster::of_kubeconfig(read, &self.0) else { return Some(Refusal::Kubeconfig) };
        let namespaces = Api::<Namespace>::all(cluster.client());
        let one = ListParams::default().limit(1);
        match namespaces.list_metadata(&one).await.map_err(|error| cluster.error(error)) {
            Err(Error::Unauthorized { .. }) => Some(Refusal::Token),
            Err(Error::Forbidden { .. }) => Some(Refusal::Rights),
            Err(Error::Unreachable { reason, .. }) if reason.is_of_certificate() => {
                Some(Refusal::Certificate)
            }
            Err(Error::Unreachable { reason, .. }) if reason != Reason::ConnectionLost => {
                Some(Refusal::Unreachable)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kubeconfig() -> serde_json::Value {
        json!({
            "current-context": "west",
            "contexts": [{"name": "west", "context": {"cluster": "west", "user": "west"}}],
            "clusters": [{"name": "west", "cluster": {"server": "https://api.west.example"}}],
            "users": [{"name": "west", "user": {"token": "one"}}],
        })
    }

    fn parse(kubeconfig: &serde_json::Value) -> Option<RemoteAccess> {
        RemoteAccess::parse(&ByteString(kubeconfig.to_string().into_bytes()))
    }

    #[test]
    fn a_kubeconfig_gives_an_address_and_a_token() {
        let access = parse(&kubeconfig()).unwrap();
        assert!(access.has_token(Some(&"one".to_owned().into())));
        assert!(!access.has_token(Some(&"two".to_owned().into())));
        assert!(!access.has_token(None));
    }

    #[test]
    fn a_kubeconfig_that_runs_a_command_is_not_tried_out() {
        let mut other = kubeconfig();
        other["users"][0]["user"] =
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "id"}});
        assert!(parse(&other).is_none());
        other["users"][0]["user"] = json!({"tokenFile": "/etc/passwd"});
        assert!(parse(&other).is_none());
        other["current-context"] = json!("none");
        assert!(parse(&other).is_none());
    }
}
