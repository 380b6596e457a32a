//! `status.links`: whether calls from one cluster reach another, for every ordered pair of clusters.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all};
use tfplugin::Field;

use super::model::{ClusterStatusModel, MeshModel, StatusModel};
use super::status::READY;
use crate::clusters::SecretString;
use crate::health::{Heard, Held, LinkState, Verdict, judged};
use crate::mesh::well_known::{READER_TOKEN_SECRET, remote_secret_name};
use crate::observe::{self, ControlPlane, RemoteAccess, RemoteSecret, RemoteSecrets, Replica, Snapshot};

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
    pub async fn read(clusters: &[Snapshot], namespace: &str) -> Self {
        let reads = clusters.iter().map(|cluster| {
            join(
                observe::token(cluster, namespace, READER_TOKEN_SECRET),
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
                let obstacle = if known == LinkState::Ready {
                    status.obstacle(self.mesh, self.networks, reader, read)
                } else {
                    None
                };
                (format!("{reader}->{read}"), Field::from(obstacle.unwrap_or(known).name()))
            }
        });
        join_all(links).await.into_iter().collect()
    }

    /// How far istiod of `reader` is with cluster `read`. What the Secrets say counts also where istiod cannot be asked.
    async fn known(
        &self,
        reader: &str,
        read: &str,
        secrets: Option<&RemoteSecrets>,
        token: Option<&Token>,
    ) -> LinkState {
        let last =
            self.prior.link(&format!("{reader}->{read}")).map_or(LinkState::Unknown, LinkState::of_name);
        let secret = secrets.map(|secrets| secrets.get(&secret_name(read), read));
        let held = secret.as_ref().map_or(Held::Unseen, |secret| held(secret, token));
        let heard = match self.seen.get(reader).map(|control_plane| &control_plane.replicas) {
            None => return last,
            Some(Ok(replicas)) if self.mesh.is_drained(read) => return drained(replicas, read),
            Some(Err(_)) if self.mesh.is_drained(read) => {
                let is_gone = matches!(held, Held::Unseen | Held::Absent);
                return if is_gone { last } else { LinkState::Draining };
            }
            Some(Ok(replicas)) => Heard::Now(worst(replicas, read)),
            Some(Err(_)) => Heard::Before(last),
        };
        match (judged(heard, held), secret) {
            (Verdict::Unless(state), Some(RemoteSecret::Usable(access))) => {
                access.refusal(read).await.map_or(state, LinkState::from)
            }
            (Verdict::Is(state) | Verdict::Unless(state), _) => state,
        }
    }
}

/// What the remote secret is found to be; `token` is the one by which the cluster is read now.
fn held(secret: &RemoteSecret, token: Option<&Token>) -> Held {
    let is_old = |access: &RemoteAccess| token.is_some_and(|token| !access.has_token(token.as_ref()));
    match secret {
        RemoteSecret::Absent => Held::Absent,
        RemoteSecret::Unusable => Held::Unusable,
        RemoteSecret::Usable(access) if is_old(access) => Held::Old,
        RemoteSecret::Usable(_) => Held::Current,
    }
}

/// The Secret by which istiod knows cluster `read`.
pub fn secret_name(read: &str) -> String {
    read.parse().map(|read| remote_secret_name(&read)).unwrap_or_default()
}

/// Whether every replica has let go of a cluster that is on its way out.
fn drained(replicas: &[Replica], read: &str) -> LinkState {
    let reads = replicas.iter().any(|replica| replica.contains_key(read));
    if reads { LinkState::Draining } else { LinkState::Drained }
}

/// What the replica that is least far says.
fn worst(replicas: &[Replica], read: &str) -> LinkState {
    let states = replicas.iter().map(|replica| LinkState::of_istiod(replica.get(read).map(String::as_str)));
    states.min().unwrap_or(LinkState::NoControlPlane)
}

/// The links (reader, read) whose token state says to be refused.
pub fn with_refused_token(prior: Option<&MeshModel>) -> BTreeSet<(String, String)> {
    let links = prior.and_then(|prior| prior.status.as_known()?.links.as_known());
    let refused = links
        .into_iter()
        .flatten()
        .filter(|(_, state)| state.as_str() == Some(LinkState::TokenRefused.name()));
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
    ) -> Option<LinkState> {
        let roots =
            |label: &str| self.cluster(label).and_then(|cluster| known_texts(&cluster.root_fingerprints));
        if let (Some(own), Some(other)) = (roots(reader), roots(read))
            && own.is_disjoint(&other)
        {
            return Some(LinkState::RootsDiffer);
        }
        let network = networks.get(read)?;
        if networks.get(reader) == Some(network) {
            return None;
        }
        let mut on_network =
            networks.iter().filter(|(label, other)| *other == network && !mesh.is_drained(label));
        // Of a cluster that was never seen, nothing can be said.
        let is_open = on_network.any(|(label, _)| self.cluster(label).is_none_or(has_open_gateway));
        (!is_open).then_some(LinkState::NoGateway)
    }
}

fn has_open_gateway(cluster: &ClusterStatusModel) -> bool {
    cluster.gateway.as_str() == Some(READY)
}

fn known_texts(list: &Field<Vec<Field<String>>>) -> Option<BTreeSet<&str>> {
    Some(list.as_known()?.iter().filter_map(Field::as_str).collect())
}
