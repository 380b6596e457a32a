//! `status`: what the federation was last seen to be, in the words of [`health`](crate::health).

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all, try_join3};
use serde_json::Value;
use tfplugin::{Diagnostic, Diagnostics, Field};

use super::bound_roots::bound_roots;
use super::declare::declare;
use super::model::{FederationModel, StatusModel};
use super::place::cluster as place;
use crate::blocks::{good, word};
use crate::clusters::Error;
use crate::diagnostics;
use crate::health::{ExportState, ImportState, LastApplyState, PeerState, State};
use crate::lifecycle::Texts;
use crate::mesh::{Federation, GatewayRole, TrustBinding, ValidatedFederation};
use crate::observe::{self, Gateway, GatewayPods, Scope, Snapshot};
use crate::render::BoundRoots;

/// What was observed of a federation.
pub struct Observed {
    /// In words.
    pub status: StatusModel,
    /// What could not be observed.
    pub warnings: Diagnostics,
}

impl StatusModel {
    /// The same with how the last apply ended in all clusters together.
    #[must_use]
    pub fn with_last_apply(self, is_finished: Option<bool>) -> Self {
        let state =
            is_finished.map(
                |is_finished| {
                    if is_finished { LastApplyState::Complete } else { LastApplyState::Unfinished }
                },
            );
        Self { last_apply: state.map_or(self.last_apply, word), ..self }
    }
}

/// What of a cluster the status is judged by.
pub fn scope(state: &FederationModel, label: &str) -> Scope {
    let join = state.join().unwrap_or_default();
    let clusters = join.as_known().and_then(|join| join.clusters.as_known());
    let gateway = clusters.and_then(|clusters| clusters.get(label)?.federation_gateway_namespace.as_str());
    let namespace = state.namespace().into_known();
    match namespace.zip(gateway) {
        Some((namespace, gateway)) => {
            observe::gateway_scope(Scope::default(), GatewayRole::Federation, &namespace, gateway)
        }
        None => Scope::default(),
    }
}

/// The federation that state declares.
fn federation(state: &FederationModel) -> Option<Federation> {
    declare(state, None).ok().and_then(Field::into_known)
}

/// What was seen in a primary.
struct Primary {
    /// The mesh configuration of each istiod; `None` if they cannot be asked.
    running: Option<Vec<Value>>,
    /// The federation gateway.
    gateway: Option<Gateway>,
    /// What the exported Services select, by the names of the exports; `None` for one that does not exist.
    selectors: BTreeMap<String, Option<BTreeMap<String, String>>>,
}

/// Observes `clusters`, those of the resource of this state. Of what cannot be observed, the word of `before` stays, with a warning.
pub async fn observe(
    state: &FederationModel,
    before: &Field<StatusModel>,
    clusters: &[Snapshot],
) -> Observed {
    let before = before.as_known().cloned().unwrap_or_default();
    let valid = federation(state).and_then(|federation| Some((federation.validate().ok()?, federation)));
    let Some((valid, federation)) = valid else {
        return Observed { status: before, warnings: Diagnostics::new() };
    };
    let looks = clusters.iter().map(|cluster| primary(&federation, cluster));
    let (mut primaries, mut warnings) = (Vec::new(), Diagnostics::new());
    for (cluster, seen) in clusters.iter().zip(join_all(looks).await) {
        match seen {
            Ok((primary, refused)) => {
                warnings.extend(refused.map(|reason| cannot_ask(cluster.name(), &reason)));
                primaries.push(primary);
            }
            Err(error) => {
                let consequence = "status keeps what was last observed of this cluster.";
                warnings.push(diagnostics::cluster_skipped(&error, Some(place(cluster.name())), consequence));
            }
        }
    }
    let bound = bound_roots(&valid).unwrap_or_default();
    let is_whole = !primaries.is_empty() && primaries.len() == clusters.len();
    let observation = Observation { federation: &federation, valid: &valid, bound, primaries, is_whole };
    Observed { status: observation.status(&before), warnings }
}

async fn primary(federation: &Federation, cluster: &Snapshot) -> Result<(Primary, Option<String>), Error> {
    let namespace = &federation.mesh.namespace;
    let own = federation.mesh.primaries.get(cluster.name()).and_then(|primary| primary.gateway.as_ref());
    let gateway = async {
        match own {
            Some(own) => observe::gateway(cluster, GatewayRole::Federation, namespace, &own.namespace).await,
            None => Ok(None),
        }
    };
    // Only what has a gateway of the federation exports.
    let exports = federation.exports.iter().filter(|_| own.is_some());
    let selectors = try_join_all(exports.map(async |(name, export)| {
        Ok((name.clone(), observe::selector(cluster, &export.namespace, &export.service).await?))
    }));
    let running = observe::mesh_configs(cluster.cluster(), namespace);
    let (running, gateway, selectors) = Box::pin(try_join3(running, gateway, selectors)).await?;
    let (running, refused) = match running {
        Ok(running) => (Some(running), None),
        Err(reason) => (None, Some(reason)),
    };
    Ok((Primary { running, gateway, selectors: selectors.into_iter().collect() }, refused))
}

/// What the status is made from.
struct Observation<'a> {
    federation: &'a Federation,
    valid: &'a ValidatedFederation,
    bound: BoundRoots,
    primaries: Vec<Primary>,
    /// Whether every primary was seen.
    is_whole: bool,
}

impl Observation<'_> {
    fn status(&self, before: &StatusModel) -> StatusModel {
        let peers: BTreeMap<&String, Option<PeerState>> =
            self.federation.peers.keys().map(|name| (name, self.peer(name))).collect();
        let exports = self.federation.exports.keys().map(|name| (name, self.export(name)));
        let imports = self.federation.imports.iter().map(|(name, import)| {
            let state = peers.get(&import.from).copied().flatten().map(|peer| match peer {
                PeerState::Ready => ImportState::Ready,
                PeerState::Awaited => ImportState::Awaited,
                PeerState::NotTrusted => ImportState::NotTrusted,
                PeerState::Unknown => ImportState::Unknown,
            });
            (name, state)
        });
        StatusModel {
            exports: words(exports, &before.exports),
            imports: words(imports, &before.imports),
            peers: words(peers.iter().map(|(name, state)| (*name, *state)), &before.peers),
            last_apply: before.last_apply.clone(),
        }
    }

    /// `None` if it cannot be seen.
    fn peer(&self, name: &str) -> Option<PeerState> {
        let known = self.valid.known_peers().find(|(peer, _)| peer.name.as_str() == name);
        let Some((peer, facts)) = known else { return Some(PeerState::Awaited) };
        let wanted: BTreeSet<&str> = facts
            .roots
            .iter()
            .filter_map(|(fingerprint, root)| match peer.trust_binding {
                TrustBinding::NameConstraints => self.bound.get(fingerprint).map(|pem| pem.trim()),
                TrustBinding::None => Some(root.pem.trim()),
            })
            .collect();
        let running: Option<Vec<&Vec<Value>>> =
            self.primaries.iter().map(|primary| primary.running.as_ref()).collect();
        let running = running.filter(|_| self.is_whole)?;
        let mut istiods = running.into_iter().flatten();
        let is_trusted = istiods.all(|running| wanted.is_subset(&observe::trusted_certificates(running)));
        Some(if is_trusted { PeerState::Ready } else { PeerState::NotTrusted })
    }

    fn export(&self, name: &str) -> Option<ExportState> {
        let export = self.federation.exports.get(name)?;
        if !self.valid.open_exports().any(|open| open.name.as_str() == name) {
            return Some(ExportState::Awaited);
        }
        let selectors: Vec<_> =
            self.primaries.iter().filter_map(|it| it.selectors.get(name)?.as_ref()).collect();
        if selectors.iter().any(|selector| **selector != export.selector) {
            return Some(ExportState::OtherSelector);
        }
        if !self.is_whole {
            return None;
        }
        let is_open = |gateway: &Gateway| gateway.pods == GatewayPods::Ready && !gateway.addresses.is_empty();
        let gateways = self.primaries.iter().filter_map(|primary| primary.gateway.as_ref());
        Some(match (gateways.filter(|gateway| is_open(gateway)).count(), selectors.is_empty()) {
            (0, _) => ExportState::NoGateway,
            (_, true) => ExportState::NoService,
            (_, false) => ExportState::Ready,
        })
    }
}

/// The words for what was seen; for what was not, the words of before.
fn words<'a, S: State>(seen: impl Iterator<Item = (&'a String, Option<S>)>, before: &Texts) -> Texts {
    let words = seen.map(|(name, state)| {
        let before = || before.as_known().and_then(|before| before.get(name)).cloned();
        (name.clone(), state.map_or_else(|| before().unwrap_or_else(|| word(S::UNKNOWN)), word))
    });
    Field::Known(words.collect())
}

/// What `status` is planned as: what is good stays so, as long as no object changes.
pub fn planned(planned: &FederationModel, prior: Option<&FederationModel>) -> Field<StatusModel> {
    let Some(prior) = prior else { return Field::Unknown };
    let Some(before) = prior.status.as_known() else { return Field::Unknown };
    let is_same = prior.manifests == planned.manifests && prior.cluster_uids == planned.cluster_uids;
    if !is_same {
        return Field::Unknown;
    }
    Field::Known(StatusModel {
        peers: still_good::<PeerState>(&before.peers),
        exports: still_good::<ExportState>(&before.exports),
        imports: still_good::<ImportState>(&before.imports),
        last_apply: good::<LastApplyState>(&before.last_apply),
    })
}

fn still_good<S: State>(words: &Texts) -> Texts {
    words.as_ref().map(|words| words.iter().map(|(name, word)| (name.clone(), good::<S>(word))).collect())
}

fn cannot_ask(label: &str, reason: &str) -> Diagnostic {
    let detail = format!(
        "Could not verify whether it trusts the peers; status keeps what was last observed. Querying istiod requires permission to create \
         pods/portforward in the mesh's namespace. The cause: {reason}"
    );
    Diagnostic::warning(format!("Cluster {label:?}: could not query istiod"), detail).at(place(label))
}
