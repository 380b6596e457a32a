//! `status`: what the mesh was last seen to be, in the words of [`health`](crate::health).

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all, try_join};
use tfplugin::{Diagnostic, Diagnostics, Field};
use time::OffsetDateTime;

use super::entrances;
use super::expiry;
use super::links::{self, Access};
use super::model::{ClusterStatusModel, MeshModel, PrimaryModel, StatusModel};
use super::place::primary;
use super::running_config;
use crate::blocks::{state_of, word};
use crate::diagnostics;
use crate::documents::texts;
use crate::health::{
    self, AuthorityState, ControlPlaneState, EastWest, GatewayState, LastApplyState, RunningConfiguration,
};
use crate::mesh::ClusterName;
use crate::observe::{self, ControlPlane, Snapshot};
use crate::trust::Certificate;

/// What was observed of a mesh.
pub struct Observed {
    /// In words.
    pub status: StatusModel,
    /// What `join` has beside what status has.
    pub beside: Beside,
    /// Whether a control plane runs that has yet to say what its proxies trust: istiod does so after it is ready.
    pub awaits_roots: bool,
    /// The clusters whose istiod could not be asked.
    pub unasked: BTreeSet<String>,
    /// What could not be observed.
    pub warnings: Diagnostics,
}

/// What was observed for `join` alone.
#[derive(Debug, Default)]
pub struct Beside {
    /// The roots that each cluster's proxies trust, as PEM.
    pub roots: BTreeMap<String, String>,
    /// The port at which each cluster's east-west gateway is found at addresses that its Service has.
    pub gateway_ports: BTreeMap<String, i64>,
}

impl StatusModel {
    /// The same with how the last apply ended in each cluster, where that is known.
    #[must_use]
    pub fn with_last_apply(mut self, is_finished: impl Fn(&str) -> Option<bool>) -> Self {
        let Field::Known(clusters) = &mut self.clusters else { return self };
        for (label, cluster) in clusters {
            if let Some(is_finished) = is_finished(label) {
                let state = if is_finished { LastApplyState::Complete } else { LastApplyState::Unfinished };
                cluster.last_apply = word(state);
            }
        }
        self
    }
}

/// Observes `clusters`, which belong to the mesh of this state. Of what cannot be observed, the word of `before` stays, with a
/// warning: what was last seen, which the state of an apply does not say.
///
/// With a single cluster there is nothing to ask istiod of in a refresh, which then keeps what an apply has heard: `is_applied`.
pub async fn observe(
    state: &MeshModel,
    before: &Field<StatusModel>,
    clusters: &[Snapshot],
    is_applied: bool,
) -> Observed {
    let mut warnings = Diagnostics::new();
    let namespace = state.namespace.as_known().cloned().unwrap_or_default();
    let networks = networks(state);
    let prior = before.as_known().cloned().unwrap_or_default();
    let has_links = networks.len() > 1;
    let observed = clusters.iter().map(|cluster| {
        let gateway_namespace = state.gateway_namespace(cluster.name());
        let control_plane =
            observe::control_plane(cluster, &namespace, gateway_namespace, has_links || is_applied);
        try_join(control_plane, entrances::observe(state, cluster))
    });
    let mut seen = BTreeMap::new();
    let mut unasked = BTreeSet::new();
    let mut entrances = BTreeMap::new();
    let access =
        async { if has_links { Access::read(clusters, state, &namespace).await } else { Access::default() } };
    let (observed, access) = join(join_all(observed), access).await;
    for (cluster, control_plane) in clusters.iter().zip(observed) {
        match control_plane {
            Ok((control_plane, seen_entrances)) => {
                let Ok(name) = cluster.name().parse::<ClusterName>() else { continue };
                warnings.extend(seen_entrances.warning.clone());
                entrances.insert(name.clone(), seen_entrances);
                if let Err(reason) = &control_plane.replicas {
                    warnings.push(cannot_ask(cluster.name(), reason, has_links));
                    unasked.insert(cluster.name().to_owned());
                }
                seen.insert(name, control_plane);
            }
            Err(error) => {
                let consequence = "status keeps what was last observed of this cluster.";
                let place = Some(primary(cluster.name()));
                warnings.push(diagnostics::cluster_skipped(&error, place, consequence));
            }
        }
    }
    let (mode, now) = (state.authority_mode(), OffsetDateTime::now_utc());
    warnings.extend(expiry::warnings(&seen, mode, now));
    let has_several_networks = networks.values().collect::<BTreeSet<_>>().len() > 1;
    let configurations = running(state, &seen, &mut warnings);
    // What was not seen now is what it was before.
    let configuration = |label: &str| {
        let before = || state_of::<ControlPlaneState>(&prior.cluster(label)?.control_plane);
        let before = || before().map_or(RunningConfiguration::AsGiven, ControlPlaneState::configuration);
        configurations.get(label).copied().unwrap_or_else(before)
    };
    let entry = |name: &ClusterName| {
        let (label, declared) = (name.as_str(), state.primary(name.as_str()));
        let entry = match seen.get(name) {
            Some(control_plane) => ClusterStatusModel {
                authority: word(AuthorityState::of(control_plane, mode, now)),
                ..cluster_status(control_plane, declared, has_several_networks, configuration(label))
            },
            None => prior.cluster(label).cloned()?,
        };
        Some(match (declared, entrances.get(name)) {
            (Some(declared), Some(seen)) => entry.with_entrances(declared, seen, prior.cluster(label)),
            _ => entry,
        })
    };
    let entries = networks.keys().filter_map(|name| Some((name.to_string(), entry(name)?)));
    let status = StatusModel { clusters: Field::Known(entries.collect()), links: Field::Null };
    let observation = links::Observation {
        mesh: state,
        networks: &networks,
        seen: &seen,
        prior: &prior,
        access: &access,
        clusters,
    };
    let links = observation.links(&status).await;
    let status = StatusModel { links: Field::Known(links), ..status };
    let awaits_roots = seen.values().any(|seen| seen.is_running() && seen.roots.is_none());
    let port =
        |(name, seen): (&ClusterName, &ControlPlane)| Some((name.to_string(), seen.gateway.as_ref()?.port?));
    let gateway_ports = seen.iter().filter_map(port).collect();
    let roots = seen.into_iter().filter_map(|(name, seen)| Some((name.to_string(), seen.roots?))).collect();
    Observed { status, beside: Beside { roots, gateway_ports }, awaits_roots, unasked, warnings }
}

/// What the istiods that were asked run with.
fn running<'a>(
    state: &MeshModel,
    seen: &'a BTreeMap<ClusterName, ControlPlane>,
    warnings: &mut Diagnostics,
) -> BTreeMap<&'a str, RunningConfiguration> {
    let mut configurations = BTreeMap::new();
    for (name, control_plane) in seen {
        let running = running_config::judged(state, name.as_str(), &control_plane.mesh_config);
        warnings.extend(running.warning);
        configurations.extend(running.configuration.map(|configuration| (name.as_str(), configuration)));
    }
    configurations
}

/// Cluster → network.
fn networks(state: &MeshModel) -> BTreeMap<ClusterName, String> {
    let primaries = state.primary.as_known().into_iter().flatten();
    // What is in state has been checked.
    let networks = primaries.filter_map(|(label, primary)| {
        Some((label.parse().ok()?, primary.network.as_known().cloned().unwrap_or_default()))
    });
    networks.collect()
}

fn cluster_status(
    seen: &ControlPlane,
    declared: Option<&PrimaryModel>,
    has_several_networks: bool,
    configuration: RunningConfiguration,
) -> ClusterStatusModel {
    let roots = health::roots(seen);
    let fingerprints: BTreeSet<String> = roots.iter().map(Certificate::fingerprint).collect();
    let expires = roots.iter().map(Certificate::not_after_text).min();
    let typed = declared.map(typed_addresses).unwrap_or_default();
    let is_typed = !typed.is_empty();
    let gateway = seen.gateway.as_ref();
    // istiod takes no address of a Service without the port that it calls.
    let found = gateway.filter(|gateway| !is_typed && gateway.port.is_some());
    let found = found.into_iter().flat_map(|gateway| gateway.addresses.iter().cloned());
    let addresses: BTreeSet<String> = found.chain(typed).collect();
    let expected = declared.filter(|declared| declared.east_west_gateway.as_known().is_some());
    let network = expected.map(|declared| declared.network.as_str().unwrap_or_default());
    ClusterStatusModel {
        control_plane: word(ControlPlaneState::of(seen).running(configuration)),
        root_fingerprints: texts(fingerprints),
        root_expires: expires.into(),
        authority_expires: health::signer(seen).map(|signer| signer.certificate().not_after_text()).into(),
        gateway: network.map_or(Field::Null, |network| {
            let is_called = declared.is_none_or(|declared| declared.drain != Field::Known(true));
            let wanted = EastWest { network, has_several_networks, is_called, is_typed };
            word(GatewayState::of_east_west(gateway, &wanted))
        }),
        gateway_addresses: texts(addresses),
        ..ClusterStatusModel::default()
    }
}

/// The gateway's addresses that the user has typed, for whomever: they replace those of its Service.
fn typed_addresses(primary: &PrimaryModel) -> BTreeSet<String> {
    let gateway = primary.east_west_gateway.as_known();
    let from = gateway.and_then(|gateway| gateway.from.as_known()).into_iter().flat_map(BTreeMap::values);
    let sets = gateway.map(|gateway| &gateway.addresses).into_iter().chain(from.map(|from| &from.addresses));
    let addresses = sets.filter_map(Field::as_known).flatten();
    addresses.filter_map(|address| address.as_known().cloned()).collect()
}

fn cannot_ask(label: &str, reason: &str, has_links: bool) -> Diagnostic {
    let what = if has_links {
        "whether it has accepted the other clusters"
    } else {
        "which mesh configuration it runs"
    };
    let detail = format!(
        "Could not verify {what}; status keeps what was last observed. Querying istiod requires permission to create \
         pods/portforward in the mesh's namespace. The cause: {reason}"
    );
    Diagnostic::warning(format!("Cluster {label:?}: could not query istiod"), detail).at(primary(label))
}
