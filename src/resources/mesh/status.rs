//! `status`: what the mesh was last seen to be.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all, try_join};
use tfplugin::{Diagnostic, Diagnostics, Field};
use time::OffsetDateTime;

use super::entrances;
use super::links::{self, Access};
use super::model::{ClusterStatusModel, MeshModel, PrimaryModel, StatusModel};
use super::place::primary;
use super::{authority_state, expiry};
use crate::diagnostics;
use crate::observe::{self, ControlPlane, Gateway, GatewayPods, Snapshot};
use crate::trust::Certificate;

/// All is well.
pub const READY: &str = "ready";
/// It is installed, and does not work.
pub const NOT_READY: &str = "not_ready";
/// It is not there at all.
pub const ABSENT: &str = "absent";
/// It could not be observed, and nothing is known from before.
pub const UNKNOWN: &str = "unknown";

/// What was observed of a mesh.
pub struct Observed {
    /// In words.
    pub status: StatusModel,
    /// The roots that each cluster's proxies trust, as PEM.
    pub roots: BTreeMap<String, String>,
    /// Whether a control plane runs that has yet to say what its proxies trust: istiod does so after it is ready.
    pub awaits_roots: bool,
    /// What could not be observed.
    pub warnings: Diagnostics,
}

/// Observes `clusters`, which belong to the mesh of this state. Of what cannot be observed, the word of `before` stays, with a
/// warning: what was last seen, which the state of an apply does not say.
pub async fn observe(state: &MeshModel, before: &Field<StatusModel>, clusters: &[Snapshot]) -> Observed {
    let mut warnings = Diagnostics::new();
    let namespace = state.namespace.as_known().cloned().unwrap_or_default();
    let networks = networks(state);
    let prior = before.as_known().cloned().unwrap_or_default();
    let has_links = networks.len() > 1;
    let observed = clusters.iter().map(|cluster| {
        let gateway_namespace = state.gateway_namespace(cluster.name());
        let control_plane = observe::control_plane(cluster, &namespace, gateway_namespace, has_links);
        try_join(control_plane, entrances::observe(state, cluster))
    });
    let mut seen = BTreeMap::new();
    let mut entrances = BTreeMap::new();
    let access =
        async { if has_links { Access::read(clusters, &namespace).await } else { Access::default() } };
    let (observed, access) = join(join_all(observed), access).await;
    for (cluster, control_plane) in clusters.iter().zip(observed) {
        match control_plane {
            Ok((control_plane, seen_entrances)) => {
                warnings.extend(seen_entrances.warning.clone());
                entrances.insert(cluster.name().to_owned(), seen_entrances);
                if let Err(reason) = &control_plane.replicas {
                    warnings.push(cannot_ask(cluster.name(), reason));
                }
                seen.insert(cluster.name().to_owned(), control_plane);
            }
            Err(error) => {
                let consequence = "status keeps what was last observed of this cluster.";
                warnings.push(diagnostics::cluster_skipped(
                    &error,
                    Some(primary(cluster.name())),
                    consequence,
                ));
            }
        }
    }
    let (mode, now) = (authority_state::mode(state), OffsetDateTime::now_utc());
    warnings.extend(expiry::warnings(&seen, mode, now));
    let mut status = StatusModel { clusters: Field::Known(BTreeMap::new()), links: Field::Null };
    let mut entries = BTreeMap::new();
    let has_several_networks = networks.values().collect::<BTreeSet<_>>().len() > 1;
    for label in networks.keys() {
        let entry = match seen.get(label) {
            Some(control_plane) => {
                let authority = authority_state::state(control_plane, mode, now).to_owned();
                let status = cluster_status(control_plane, declared(state, label), has_several_networks);
                Some(ClusterStatusModel { authority: Field::Known(authority), ..status })
            }
            None => prior.cluster(label).cloned(),
        };
        if let Some(entry) = entry {
            let entry = match (declared(state, label), entrances.get(label)) {
                (Some(declared), Some(seen)) => entry.with_entrances(declared, seen, prior.cluster(label)),
                _ => entry,
            };
            entries.insert(label.clone(), entry);
        }
    }
    status.clusters = Field::Known(entries);
    let observation =
        links::Observation { mesh: state, networks: &networks, seen: &seen, prior: &prior, access: &access };
    status.links = Field::Known(observation.links(&status).await);
    let awaits_roots = seen.values().any(|seen| seen.is_running() && seen.roots.is_none());
    let roots =
        seen.into_iter().filter_map(|(label, control_plane)| Some((label, control_plane.roots?))).collect();
    Observed { status, roots, awaits_roots, warnings }
}

/// Cluster → network.
fn networks(state: &MeshModel) -> BTreeMap<String, String> {
    let primaries = state.primary.as_known().into_iter().flatten();
    let networks = primaries
        .map(|(label, primary)| (label.clone(), primary.network.as_known().cloned().unwrap_or_default()));
    networks.collect()
}

/// What the user has declared for a cluster.
fn declared<'a>(state: &'a MeshModel, label: &str) -> Option<&'a PrimaryModel> {
    state.primary.as_known().and_then(|primaries| primaries.get(label))
}

fn cluster_status(
    control_plane: &ControlPlane,
    declared: Option<&PrimaryModel>,
    has_several_networks: bool,
) -> ClusterStatusModel {
    let state = match control_plane {
        _ if control_plane.is_running() => READY,
        ControlPlane { is_installed: false, .. } => ABSENT,
        _ => NOT_READY,
    };
    let roots = expiry::roots(control_plane);
    let fingerprints: BTreeSet<String> = roots.iter().map(Certificate::fingerprint).collect();
    let expires = roots.iter().map(Certificate::not_after_text).min();
    let typed = declared.map(typed_addresses).unwrap_or_default();
    let gateway = control_plane.gateway.as_ref();
    let given = gateway.into_iter().flat_map(|gateway| gateway.addresses.iter().cloned());
    let addresses: BTreeSet<String> = given.chain(typed.iter().cloned()).collect();
    let expected = declared.filter(|declared| declared.east_west_gateway.as_known().is_some());
    let network = expected.map(|declared| declared.network.as_str().unwrap_or_default());
    ClusterStatusModel {
        control_plane: state.into(),
        root_fingerprints: texts(fingerprints),
        root_expires: expires.map_or(Field::Null, Field::Known),
        authority: Field::Null,
        authority_expires: expiry::signer(control_plane)
            .map_or(Field::Null, |signer| Field::Known(signer.certificate().not_after_text())),
        gateway: network.map_or(Field::Null, |network| {
            Field::Known(gateway_state(gateway, network, has_several_networks, !typed.is_empty()).to_owned())
        }),
        gateway_addresses: texts(addresses),
        ..ClusterStatusModel::default()
    }
}

/// What keeps calls from other networks out, or `ready`. Typed addresses stand in for those of a load balancer, and istiod knows
/// them without a label. Only where there are several networks does a namespace bear one, and anybody need an address.
fn gateway_state(
    gateway: Option<&Gateway>,
    network: &str,
    has_several_networks: bool,
    is_typed: bool,
) -> &'static str {
    let is_labelled = |label: &Option<String>| label.as_deref() == Some(network);
    match gateway {
        None => ABSENT,
        Some(gateway) if gateway.pods == GatewayPods::NotInjected => "not_injected",
        Some(gateway) if has_several_networks && !is_labelled(&gateway.namespace_network) => "not_labelled",
        Some(gateway) if !is_typed && !is_labelled(&gateway.network) => "not_labelled",
        Some(gateway) if has_several_networks && !is_typed && gateway.addresses.is_empty() => "no_address",
        Some(gateway) if gateway.pods == GatewayPods::NotReady => NOT_READY,
        Some(_) => READY,
    }
}

/// The gateway's addresses that the user has typed, which no Service tells.
fn typed_addresses(primary: &PrimaryModel) -> Vec<String> {
    let addresses = primary.east_west_gateway.as_known().and_then(|gateway| gateway.addresses.as_known());
    addresses.into_iter().flatten().filter_map(|address| address.as_known().cloned()).collect()
}

fn texts(items: impl IntoIterator<Item = String>) -> Field<Vec<Field<String>>> {
    Field::Known(items.into_iter().map(Field::Known).collect())
}

fn cannot_ask(label: &str, reason: &str) -> Diagnostic {
    let detail = format!(
        "Could not verify whether it has accepted the other clusters; status keeps what was last observed. Querying istiod \
         requires permission to create pods/portforward in the mesh's namespace. The cause: {reason}"
    );
    Diagnostic::warning(format!("Cluster {label:?}: could not query istiod"), detail).at(primary(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway() -> Gateway {
        Gateway {
            addresses: Vec::new(),
            network: Some("net".to_owned()),
            namespace_network: Some("net".to_owned()),
            pods: GatewayPods::Ready,
        }
    }

    #[test]
    fn nobody_needs_the_address_of_a_gateway_in_a_mesh_of_one_network() {
        assert_eq!(gateway_state(Some(&gateway()), "net", false, false), READY);
        assert_eq!(gateway_state(Some(&gateway()), "net", true, false), "no_address");
        assert_eq!(gateway_state(Some(&gateway()), "net", true, true), READY);
    }
}
