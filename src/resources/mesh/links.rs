//! `status.links`: whether calls from one cluster reach another, for every ordered pair of clusters.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all};
use tfplugin::Field;

use super::model::{ClusterStatusModel, MeshModel, StatusModel};
use super::status::{READY, UNKNOWN};
use crate::clusters::{Cluster, SecretString};
use crate::observe::{self, ControlPlane, Refusal, RemoteAccess, RemoteSecret, RemoteSecrets, Replica};
use crate::render::{link, reader};

/// The API server does not know the token that istiod has. The next apply hands out the present one.
const TOKEN_REFUSED: &str = "token_refused";

/// No istiod is ready that could read the other cluster.
const NO_CONTROL_PLANE: &str = "no_control_plane";
/// istiod does not know the other cluster, and nothing tells it of that.
const MISSING: &str = "missing";
/// No control plane reads the cluster any more, as the user wants it.
pub const DRAINED: &str = "drained";
/// Some pod of istiod still reads it.
pub const DRAINING: &str = "draining";

/// What links are judged by.
pub struct Observation<'a> {
    /// What the user has declared.
    pub mesh: &'a MeshModel,
    /// Cluster → network.
    pub networks: &'a BTreeMap<String, String>,
    /// The control planes that could be observed.
    pub seen: &'a BTreeMap<String, ControlPlane>,
    /// What status said before.
    pub prior: &'a StatusModel,
    /// What the clusters read each other with.
    pub access: &'a Access,
}

/// What the clusters that can be reached read each other with, as far as it can be seen.
#[derive(Default)]
pub struct Access {
    /// The token by which each cluster lets others read it now.
    tokens: BTreeMap<String, Token>,
    /// The Secrets by which each cluster reads others.
    secrets: BTreeMap<String, RemoteSecrets>,
}

/// `None` if the Secret has none.
type Token = Option<SecretString>;

impl Access {
    /// Reads it from the Secrets in the mesh's namespace.
    pub async fn read(clusters: &[Cluster], namespace: &str) -> Self {
        let reads = clusters.iter().map(|cluster| {
            join(
                observe::token(cluster, namespace, reader::TOKEN_SECRET),
                observe::remote_secrets(cluster, namespace),
            )
        });
        let mut access = Self::default();
        for (cluster, (token, secrets)) in clusters.iter().zip(join_all(reads).await) {
            access.tokens.extend(token.ok().map(|token| (cluster.name().to_owned(), token)));
            access.secrets.extend(secrets.ok().map(|secrets| (cluster.name().to_owned(), secrets)));
        }
        access
    }
}

impl Observation<'_> {
    /// Every ordered pair of clusters. `status` says what is known of each of them.
    pub async fn links(&self, status: &StatusModel) -> BTreeMap<String, Field<String>> {
        let labels: Vec<&String> = self.networks.keys().collect();
        let Access { tokens, secrets } = self.access;
        let pairs = labels.iter().flat_map(|reader| labels.iter().map(move |read| (*reader, *read)));
        let links = pairs.filter(|(reader, read)| reader != read).map(|(reader, read)| {
            let (token, secrets) = (tokens.get(read), secrets.get(reader));
            async move {
                let known = self.known(reader, read, secrets, token).await;
                let state = if known == READY {
                    status.obstacle(self.mesh, self.networks, reader, read)
                } else {
                    None
                };
                (format!("{reader}->{read}"), Field::Known(state.map_or(known, str::to_owned)))
            }
        });
        join_all(links).await.into_iter().collect()
    }

    /// How far istiod of `reader` is with cluster `read`; as before where it cannot be asked.
    async fn known(
        &self,
        reader: &str,
        read: &str,
        secrets: Option<&RemoteSecrets>,
        token: Option<&Token>,
    ) -> String {
        let said = match self.seen.get(reader).map(|control_plane| &control_plane.replicas) {
            Some(Ok(replicas)) if self.mesh.is_drained(read) => return drained(replicas, read).to_owned(),
            Some(Ok(replicas)) => worst(replicas, read),
            _ => return self.prior.link(&format!("{reader}->{read}")).unwrap_or(UNKNOWN).to_owned(),
        };
        // What cannot be seen is no cause; istiod's word stands.
        let Some(secrets) = secrets.filter(|_| said != NO_CONTROL_PLANE) else { return said };
        match secrets.get(&secret_name(read), read) {
            RemoteSecret::Absent if said != READY => MISSING.to_owned(),
            RemoteSecret::Unusable => "invalid_secret".to_owned(),
            // istiod goes on as it is until it starts anew, or the connection breaks.
            RemoteSecret::Usable(access) if is_old(&access, token) => TOKEN_REFUSED.to_owned(),
            RemoteSecret::Usable(access) if said != READY => {
                let said = if said == MISSING { "syncing".to_owned() } else { said };
                access.refusal(read).await.map_or(said, |refusal| name(refusal).to_owned())
            }
            _ => said,
        }
    }
}

fn is_old(access: &RemoteAccess, token: Option<&Token>) -> bool {
    token.is_some_and(|token| !access.has_token(token.as_ref()))
}

/// The Secret by which istiod knows cluster `read`.
pub fn secret_name(read: &str) -> String {
    read.parse().map(|read| link::secret_name(&read)).unwrap_or_default()
}

fn name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Token => TOKEN_REFUSED,
        Refusal::Rights => "reader_forbidden",
        Refusal::Certificate => "untrusted_certificate",
        Refusal::Unreachable => "unreachable",
        Refusal::Kubeconfig => "invalid_secret",
    }
}

/// Whether every replica has let go of a cluster that is on its way out.
fn drained(replicas: &[Replica], read: &str) -> &'static str {
    if replicas.iter().any(|replica| replica.contains_key(read)) { DRAINING } else { DRAINED }
}

/// What the replica that is least far says.
fn worst(replicas: &[Replica], read: &str) -> String {
    let states = replicas.iter().map(|replica| replica.get(read).map_or(MISSING, String::as_str));
    let worst = states.filter(|state| *state != "synced").min();
    match worst {
        Some(state) => state.to_owned(),
        None if replicas.is_empty() => NO_CONTROL_PLANE.to_owned(),
        None => READY.to_owned(),
    }
}

/// The links (reader, read) whose token state says to be refused.
pub fn with_refused_token(prior: Option<&MeshModel>) -> BTreeSet<(String, String)> {
    let links = prior.and_then(|prior| prior.status.as_known()?.links.as_known());
    let refused = links.into_iter().flatten().filter(|(_, state)| state.as_str() == Some(TOKEN_REFUSED));
    let pair = |key: &String| key.split_once("->").map(|(reader, read)| (reader.to_owned(), read.to_owned()));
    refused.filter_map(|(key, _)| pair(key)).collect()
}

impl StatusModel {
    /// What status says of a cluster.
    pub fn cluster(&self, label: &str) -> Option<&ClusterStatusModel> {
        self.clusters.as_known()?.get(label)
    }

    fn link(&self, key: &str) -> Option<&str> {
        self.links.as_known()?.get(key)?.as_known().map(String::as_str)
    }

    /// What calls would fail at though istiod knows the other cluster.
    fn obstacle(
        &self,
        mesh: &MeshModel,
        networks: &BTreeMap<String, String>,
        reader: &str,
        read: &str,
    ) -> Option<&'static str> {
        let roots =
            |label: &str| self.cluster(label).and_then(|cluster| known_texts(&cluster.root_fingerprints));
        if let (Some(own), Some(other)) = (roots(reader), roots(read))
            && own.is_disjoint(&other)
        {
            return Some("roots_differ");
        }
        let network = networks.get(read)?;
        if networks.get(reader) == Some(network) {
            return None;
        }
        let mut on_network =
            networks.iter().filter(|(label, other)| *other == network && !mesh.is_drained(label));
        // Of a cluster that was never seen, nothing can be said.
        let is_open = on_network.any(|(label, _)| self.cluster(label).is_none_or(has_open_gateway));
        (!is_open).then_some("no_gateway")
    }
}

fn has_open_gateway(cluster: &ClusterStatusModel) -> bool {
    cluster.gateway.as_str() == Some(READY)
}

fn known_texts(list: &Field<Vec<Field<String>>>) -> Option<BTreeSet<&str>> {
    Some(list.as_known()?.iter().filter_map(Field::as_str).collect())
}
