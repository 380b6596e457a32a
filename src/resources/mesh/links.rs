//! `status.links`: whether calls from one cluster reach another, for every ordered pair of clusters.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all};
use ssa::ObjectId;
use tfplugin::Field;

use super::doors;
use super::model::{ClusterStatusModel, MeshModel, StatusModel};
use crate::blocks::{state_of, word};
use crate::clusters::SecretString;
use crate::health::{self, GatewayState, Held, Link, LinkState, Misconception, Side, State as _, Verdict};
use crate::manifests;
use crate::mesh::ClusterName;
use crate::mesh::well_known::remote_secret_name;
use crate::observe::{self, ControlPlane, Refusal, RemoteSecret, RemoteSecrets, Snapshot};

/// What links are judged by.
pub struct Observation<'a> {
    /// What the user has declared.
    pub mesh: &'a MeshModel,
    /// Cluster → network.
    pub networks: &'a BTreeMap<ClusterName, String>,
    /// The control planes that could be observed.
    pub seen: &'a BTreeMap<ClusterName, ControlPlane>,
    /// What status said before.
    pub prior: &'a StatusModel,
    /// What the clusters read each other with.
    pub access: &'a Access,
    /// The clusters that can be reached.
    pub clusters: &'a [Snapshot],
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
    pub async fn read(clusters: &[Snapshot], mesh: &MeshModel, namespace: &str) -> Self {
        let reads = clusters.iter().map(async |cluster| {
            let secret = mesh.reader_token_secret(cluster.name());
            let token = observe::token(cluster, namespace, &secret);
            join(token, observe::remote_secrets(cluster, namespace)).await
        });
        let mut access = Self::default();
        for (cluster, (token, secrets)) in clusters.iter().zip(join_all(reads).await) {
            access.tokens.extend(token.ok().map(|token| (cluster.name().to_owned(), token)));
            access.secrets.extend(secrets.ok().map(|secrets| (cluster.name().to_owned(), secrets)));
        }
        access
    }

    /// What the remote secret of a link has, and what that is found to be.
    fn held(&self, link: &Link) -> (Option<RemoteSecret>, Held) {
        let secrets = self.secrets.get(link.reader.as_str());
        let secret = secrets.map(|secrets| secrets.get(&remote_secret_name(&link.read), link.read.as_str()));
        let token = self.tokens.get(link.read.as_str());
        let held =
            Held::of(secret.as_ref(), |access| token.is_none_or(|token| access.has_token(token.as_ref())));
        (secret, held)
    }
}

impl Observation<'_> {
    /// Every ordered pair of clusters. `status` says what is known of each of them.
    pub async fn links(&self, status: &StatusModel) -> BTreeMap<String, Field<String>> {
        let sides = self.sides(status);
        let names: Vec<ClusterName> = self.networks.keys().cloned().collect();
        let links = Link::between(&names).into_iter().map(async |link| {
            let known = self.known(&link).await;
            if known != LinkState::Ready {
                return (link.to_string(), word(known));
            }
            let obstacle = match health::obstacle(&link, &sides) {
                Some(obstacle) => Some(obstacle),
                None => self.misled(&link).await,
            };
            (link.to_string(), word(obstacle.unwrap_or(known)))
        });
        join_all(links).await.into_iter().collect()
    }

    fn sides<'s>(&'s self, status: &'s StatusModel) -> BTreeMap<ClusterName, Side<'s>> {
        let sides = self.networks.iter().map(|(name, network)| {
            let seen = status.cluster(name.as_str());
            let side = Side {
                network,
                is_drained: self.mesh.is_drained(name.as_str()),
                roots: seen.and_then(|seen| known_texts(&seen.root_fingerprints)),
                is_open: seen.is_none_or(|seen| state_of(&seen.gateway) == Some(GatewayState::Ready)),
            };
            (name.clone(), side)
        });
        sides.collect()
    }

    /// How far istiod of the reader is with the other cluster. What the Secrets say counts also where istiod cannot be asked.
    async fn known(&self, link: &Link) -> LinkState {
        let (secret, held) = self.access.held(link);
        let is_drained = self.mesh.is_drained(link.read.as_str());
        let seen = self.seen.get(&link.reader);
        match (health::judged(seen, &link.read, is_drained, held, self.prior.link(link)), secret) {
            (Verdict::Unless(state), Some(RemoteSecret::Usable(access))) => {
                match access.refusal(link.read.as_str()).await {
                    // That it is the present one has been seen.
                    Some(Refusal::Token) if self.access.tokens.contains_key(link.read.as_str()) => {
                        LinkState::TokenNotAccepted
                    }
                    refusal => refusal.map_or(state, LinkState::from),
                }
            }
            (Verdict::Is(state) | Verdict::Unless(state), _) => state,
        }
    }
}

impl Observation<'_> {
    /// Whether istiod of the reader knows the gateway of the other cluster as it is, if they are on different networks.
    async fn misled(&self, link: &Link) -> Option<LinkState> {
        let Link { reader, read } = link;
        if self.networks.get(reader) == self.networks.get(read) {
            return None;
        }
        let Ok(replicas) = &self.seen.get(reader)?.replicas else { return None };
        let gateway = self.seen.get(read)?.gateway.as_ref();
        let wanted = doors::wanted(self.mesh, self.networks, reader, read, gateway)?;
        let Misconception { lacks, mut others, has_former_networks } = wanted.compare(replicas);
        if !others.is_empty() {
            // The user may have further gateways there. What cannot be seen is not called wrong, nor what a host name leads to.
            let cluster = self.clusters.iter().find(|cluster| cluster.name() == read.as_str())?;
            let labelled = observe::labelled_gateways(cluster.cluster(), wanted.network).await.ok()?;
            let are_addresses = labelled.iter().all(|(address, _)| address.parse::<IpAddr>().is_ok());
            others.retain(|other| are_addresses && !labelled.contains(other));
        }
        if has_former_networks || !others.is_empty() {
            Some(LinkState::StaleGateway)
        } else {
            lacks.then_some(LinkState::GatewayNotFound)
        }
    }
}

/// What `status` said before an apply, without the links whose remote secret the apply has changed: nobody has heard yet what istiod makes
/// of what is in it now.
pub fn heard_before(prior: &MeshModel, state: &MeshModel) -> Field<StatusModel> {
    let Field::Known(status) = &prior.status else { return prior.status.clone() };
    let Field::Known(links) = &status.links else { return prior.status.clone() };
    let namespace = state.namespace.as_str().unwrap_or_default();
    let is_changed = |key: &String| {
        let Ok(Link { reader, read }) = key.parse() else { return false };
        let id = ObjectId::new("", "Secret", namespace, &remote_secret_name(&read));
        let id = manifests::ObjectId::in_cluster(reader.as_str(), &id).to_string();
        let secret =
            |mesh: &MeshModel| mesh.manifests.as_known().and_then(|objects| objects.get(&id)).cloned();
        secret(prior) != secret(state)
    };
    let heard = links.iter().filter(|(key, _)| !is_changed(key));
    let links = Field::Known(heard.map(|(key, state)| (key.clone(), state.clone())).collect());
    Field::Known(StatusModel { links, ..status.clone() })
}

/// The links whose token state says to be refused.
pub fn with_refused_token(prior: Option<&MeshModel>) -> BTreeSet<Link> {
    let links = prior.and_then(|prior| prior.status.as_known()).map(StatusModel::link_states);
    let refused = links.into_iter().flatten().filter(|(_, state)| *state == LinkState::TokenRefused);
    refused.map(|(link, _)| link).collect()
}

impl StatusModel {
    /// What status says of a cluster.
    pub fn cluster(&self, label: &str) -> Option<&ClusterStatusModel> {
        self.clusters.as_known()?.get(label)
    }

    /// What status says of every link.
    pub fn link_states(&self) -> BTreeMap<Link, LinkState> {
        let links = self.links.as_known().into_iter().flatten();
        let states = links.filter_map(|(key, state)| {
            Some((key.parse().ok()?, state_of(state).unwrap_or(LinkState::UNKNOWN)))
        });
        states.collect()
    }

    fn link(&self, link: &Link) -> LinkState {
        let state = self.links.as_known().and_then(|links| links.get(&link.to_string()));
        state.and_then(state_of).unwrap_or(LinkState::UNKNOWN)
    }
}

fn known_texts(list: &Field<Vec<Field<String>>>) -> Option<BTreeSet<&str>> {
    Some(list.as_known()?.iter().filter_map(Field::as_str).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_of_a_link_does_not_count_for_another_address() {
        let mesh = |west: &str| {
            let secret = |server: &str| Field::Known([("data.west".to_owned(), server.into())].into());
            let id = |reader: &str, read: &str| {
                format!("{reader}//Secret/istio-system/istio-remote-secret-{read}")
            };
            let manifests = [(id("east", "west"), secret(west)), (id("west", "east"), secret("same"))];
            let links = ["east->west", "west->east"].map(|link| (link.to_owned(), "ready".into()));
            MeshModel {
                namespace: "istio-system".into(),
                manifests: Field::Known(manifests.into()),
                status: Field::Known(StatusModel {
                    links: Field::Known(links.into()),
                    ..StatusModel::default()
                }),
                ..MeshModel::default()
            }
        };
        let heard = |state: &MeshModel| {
            let heard = heard_before(&mesh("before"), state).into_known().unwrap();
            heard.links.into_known().unwrap().into_keys().collect::<Vec<_>>()
        };
        assert_eq!(heard(&mesh("before")), ["east->west", "west->east"]);
        assert_eq!(heard(&mesh("after")), ["west->east"]);
    }
}
