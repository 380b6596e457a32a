//! `status.links`: whether calls from one cluster reach another, for every ordered pair of clusters.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all};
use tfplugin::Field;

use super::model::{ClusterStatusModel, MeshModel, StatusModel};
use super::status::{READY, UNKNOWN};
use crate::clusters::{Cluster, SecretString};
use crate::mesh::well_known::{READER_TOKEN_SECRET, remote_secret_name};
use crate::observe::{self, ControlPlane, Refusal, RemoteAccess, RemoteSecret, RemoteSecrets, Replica};

/// The API server does not know the token that istiod has. The next apply hands out the present one.
const TOKEN_REFUSED: &str = "token_refused";

/// No istiod is ready that could read the other cluster.
const NO_CONTROL_PLANE: &str = "no_control_plane";
/// istiod does not know the other cluster, and nothing tells it of that.
const MISSING: &str = "missing";
/// The remote secret does not say how to read the other cluster.
const INVALID_SECRET: &str = "invalid_secret";
/// The proxies of the two clusters trust different roots.
pub const ROOTS_DIFFER: &str = "roots_differ";
/// No gateway of the other network is open.
pub const NO_GATEWAY: &str = "no_gateway";
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

    /// How far istiod of `reader` is with cluster `read`. What the Secrets say counts also where istiod cannot be asked.
    async fn known(
        &self,
        reader: &str,
        read: &str,
        secrets: Option<&RemoteSecrets>,
        token: Option<&Token>,
    ) -> String {
        let last = self.prior.link(&format!("{reader}->{read}")).unwrap_or(UNKNOWN);
        let secret = secrets.map(|secrets| secrets.get(&secret_name(read), read));
        let held = secret.as_ref().map_or(Held::Unseen, |secret| Held::of(secret, token));
        let heard = match self.seen.get(reader).map(|control_plane| &control_plane.replicas) {
            None => return last.to_owned(),
            Some(Ok(replicas)) if self.mesh.is_drained(read) => return drained(replicas, read).to_owned(),
            Some(Err(_)) if self.mesh.is_drained(read) => {
                return if matches!(held, Held::Unseen | Held::Absent) { last } else { DRAINING }.to_owned();
            }
            Some(Ok(replicas)) => Heard::Now(worst(replicas, read)),
            Some(Err(_)) => Heard::Before(last.to_owned()),
        };
        match judged(&heard, held) {
            Verdict::Is(state) => state,
            Verdict::Unless(state) => match secret {
                Some(RemoteSecret::Usable(access)) => {
                    access.refusal(read).await.map_or(state, |refusal| name(refusal).to_owned())
                }
                _ => state,
            },
        }
    }
}

/// What the remote secret of a link is found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// It could not be looked at.
    Unseen,
    Absent,
    Unusable,
    /// It has another token than the one by which the cluster is read now.
    Old,
    Current,
}

impl Held {
    fn of(secret: &RemoteSecret, token: Option<&Token>) -> Self {
        match secret {
            RemoteSecret::Absent => Self::Absent,
            RemoteSecret::Unusable => Self::Unusable,
            RemoteSecret::Usable(access) if is_old(access, token) => Self::Old,
            RemoteSecret::Usable(_) => Self::Current,
        }
    }
}

/// What is known of istiod's own view of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    /// Its answer.
    Now(String),
    /// It cannot be asked; this is what `status` said before.
    Before(String),
}

/// What a link is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Is(String),
    /// This, unless the API server itself refuses what the remote secret says.
    Unless(String),
}

/// What a link is by what is known of it. What cannot be seen is no cause; istiod's word stands.
fn judged(heard: &Heard, held: Held) -> Verdict {
    let is = |state: &str| Verdict::Is(state.to_owned());
    let last = match heard {
        Heard::Now(said) if said == NO_CONTROL_PLANE => return is(said),
        Heard::Now(said) => said.as_str(),
        Heard::Before(last) => last_heard(last),
    };
    match (held, heard) {
        (Held::Unusable, _) => is(INVALID_SECRET),
        // istiod goes on as it is until it starts anew, or the connection breaks.
        (Held::Old, _) => is(TOKEN_REFUSED),
        (Held::Absent, Heard::Before(_)) => is(MISSING),
        (Held::Absent, Heard::Now(_)) if last != READY => is(MISSING),
        (Held::Current, Heard::Now(_)) if last == MISSING => Verdict::Unless("syncing".to_owned()),
        (Held::Current, Heard::Now(_)) if last != READY => Verdict::Unless(last.to_owned()),
        (Held::Current, Heard::Before(_)) if is_fault_of_access(last) => Verdict::Unless(UNKNOWN.to_owned()),
        _ => is(last),
    }
}

/// What istiod was last heard to say when `status` came to be `state`: whatever else keeps calls out is only looked for where it
/// has accepted the other cluster.
fn last_heard(state: &str) -> &str {
    if matches!(state, ROOTS_DIFFER | NO_GATEWAY) { READY } else { state }
}

/// Whether it was said without istiod: by the Secrets, or by the API server to whom they lead.
fn is_fault_of_access(state: &str) -> bool {
    let refusals =
        [Refusal::Token, Refusal::Rights, Refusal::Certificate, Refusal::Unreachable, Refusal::Kubeconfig];
    state == MISSING || refusals.into_iter().any(|refusal| name(refusal) == state)
}

fn is_old(access: &RemoteAccess, token: Option<&Token>) -> bool {
    token.is_some_and(|token| !access.has_token(token.as_ref()))
}

/// The Secret by which istiod knows cluster `read`.
pub fn secret_name(read: &str) -> String {
    read.parse().map(|read| remote_secret_name(&read)).unwrap_or_default()
}

fn name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Token => TOKEN_REFUSED,
        Refusal::Rights => "reader_forbidden",
        Refusal::Certificate => "untrusted_certificate",
        Refusal::Unreachable => "unreachable",
        Refusal::Kubeconfig => INVALID_SECRET,
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
            return Some(ROOTS_DIFFER);
        }
        let network = networks.get(read)?;
        if networks.get(reader) == Some(network) {
            return None;
        }
        let mut on_network =
            networks.iter().filter(|(label, other)| *other == network && !mesh.is_drained(label));
        // Of a cluster that was never seen, nothing can be said.
        let is_open = on_network.any(|(label, _)| self.cluster(label).is_none_or(has_open_gateway));
        (!is_open).then_some(NO_GATEWAY)
    }
}

fn has_open_gateway(cluster: &ClusterStatusModel) -> bool {
    cluster.gateway.as_str() == Some(READY)
}

fn known_texts(list: &Field<Vec<Field<String>>>) -> Option<BTreeSet<&str>> {
    Some(list.as_known()?.iter().filter_map(Field::as_str).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(said: &str) -> Heard {
        Heard::Now(said.to_owned())
    }

    fn before(last: &str) -> Heard {
        Heard::Before(last.to_owned())
    }

    fn is(state: &str) -> Verdict {
        Verdict::Is(state.to_owned())
    }

    fn unless(state: &str) -> Verdict {
        Verdict::Unless(state.to_owned())
    }

    #[test]
    fn an_old_token_is_seen_though_istiod_cannot_be_asked() {
        for last in [READY, UNKNOWN, "syncing", TOKEN_REFUSED] {
            assert_eq!(judged(&before(last), Held::Old), is(TOKEN_REFUSED), "{last}");
        }
        assert_eq!(judged(&now(READY), Held::Old), is(TOKEN_REFUSED));
    }

    #[test]
    fn what_the_secrets_say_counts_without_istiod() {
        assert_eq!(judged(&before(READY), Held::Absent), is(MISSING));
        assert_eq!(judged(&before(READY), Held::Unusable), is(INVALID_SECRET));
        assert_eq!(judged(&before(READY), Held::Unseen), is(READY));
    }

    #[test]
    fn what_was_last_seen_stays_where_nothing_speaks_against_it() {
        for last in [READY, UNKNOWN, "syncing", "timeout"] {
            assert_eq!(judged(&before(last), Held::Current), is(last));
        }
    }

    #[test]
    fn a_fault_that_istiod_did_not_tell_is_looked_for_again() {
        let of_secrets = [MISSING, INVALID_SECRET, TOKEN_REFUSED];
        let of_api_server = ["reader_forbidden", "untrusted_certificate", "unreachable"];
        for last in of_secrets.into_iter().chain(of_api_server) {
            assert_eq!(judged(&before(last), Held::Current), unless(UNKNOWN), "{last}");
        }
    }

    #[test]
    fn what_else_kept_calls_out_is_looked_for_again() {
        for last in [ROOTS_DIFFER, NO_GATEWAY] {
            assert_eq!(judged(&before(last), Held::Current), is(READY), "{last}");
        }
    }

    #[test]
    fn istiods_word_is_tried_out_where_it_is_not_good() {
        assert_eq!(judged(&now(READY), Held::Current), is(READY));
        assert_eq!(judged(&now(READY), Held::Absent), is(READY));
        assert_eq!(judged(&now("timeout"), Held::Current), unless("timeout"));
        assert_eq!(judged(&now(MISSING), Held::Current), unless("syncing"));
        assert_eq!(judged(&now(MISSING), Held::Absent), is(MISSING));
        assert_eq!(judged(&now("syncing"), Held::Unseen), is("syncing"));
        assert_eq!(judged(&now(NO_CONTROL_PLANE), Held::Old), is(NO_CONTROL_PLANE));
    }
}
