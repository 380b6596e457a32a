//! `status`: what the mesh was last seen to be.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tfplugin::{Diagnostic, Diagnostics, Field};

use super::model::{ClusterStatusModel, MeshModel, StatusModel};
use super::plan::primary;
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::mesh::EAST_WEST_GATEWAY;
use crate::observe::{self, ControlPlane};
use crate::trust::Certificate;

/// All is well.
const READY: &str = "ready";
/// No control plane reads the cluster any more, as the user wants it.
const DRAINED: &str = "drained";
/// Some pod of istiod still reads it.
const DRAINING: &str = "draining";
/// It could not be observed, and nothing is known from before.
const UNKNOWN: &str = "unknown";

/// What `status` is planned as: as it was, if the plan changes nothing and nothing is wrong.
pub fn planned(unchanged: Option<&MeshModel>) -> Field<StatusModel> {
    let is_well = |prior: &&MeshModel| {
        let status = prior.status.as_known();
        status.is_some_and(|status| status.problems(prior).is_empty())
    };
    unchanged.filter(is_well).map_or(Field::Unknown, |prior| prior.status.clone())
}

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

/// Observes `clusters`, which belong to the mesh of this state. Of what cannot be observed, the state's word stays, with a
/// warning.
pub async fn observe(state: &MeshModel, clusters: &[Cluster]) -> Observed {
    let mut warnings = Diagnostics::new();
    let namespace = state.namespace.as_known().cloned().unwrap_or_default();
    let networks = networks(state);
    let prior = state.status.as_known().cloned().unwrap_or_default();
    let asks_istiod = networks.len() > 1;
    let observed = clusters.iter().map(|cluster| {
        let gateway_namespace = state.gateway_namespace(cluster.name());
        observe::control_plane(cluster, &namespace, gateway_namespace, asks_istiod)
    });
    let mut seen = BTreeMap::new();
    for (cluster, control_plane) in clusters.iter().zip(join_all(observed).await) {
        match control_plane {
            Ok(control_plane) => {
                if let Err(reason) = &control_plane.replicas {
                    warnings.push(cannot_ask(cluster.name(), reason));
                }
                seen.insert(cluster.name().to_owned(), control_plane);
            }
            Err(error) => {
                let consequence = "What status says of this cluster is what was last seen.";
                warnings.push(diagnostics::cluster_skipped(
                    &error,
                    Some(primary(cluster.name())),
                    consequence,
                ));
            }
        }
    }
    let mut status = StatusModel { clusters: Field::Known(BTreeMap::new()), links: Field::Null };
    let mut entries = BTreeMap::new();
    for label in networks.keys() {
        let before = prior.cluster(label).cloned();
        let entry = match seen.get(label) {
            Some(control_plane) => {
                Some(cluster_status(control_plane, typed_addresses(state, label), before.as_ref()))
            }
            None => before,
        };
        if let Some(entry) = entry {
            entries.insert(label.clone(), entry);
        }
    }
    status.clusters = Field::Known(entries);
    status.links = Field::Known(links(state, &networks, &seen, &status, &prior));
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

/// The gateway's addresses that the user has typed, which no Service tells.
fn typed_addresses<'a>(state: &'a MeshModel, label: &str) -> impl Iterator<Item = String> + use<'a> {
    let primary = state.primary.as_known().and_then(|primaries| primaries.get(label));
    let gateway = primary.and_then(|primary| primary.east_west_gateway.as_known());
    let addresses = gateway.and_then(|gateway| gateway.addresses.as_known()).into_iter().flatten();
    addresses.filter_map(|address| address.as_known().cloned())
}

fn cluster_status(
    control_plane: &ControlPlane,
    typed_addresses: impl Iterator<Item = String>,
    before: Option<&ClusterStatusModel>,
) -> ClusterStatusModel {
    let before = before.and_then(|before| before.control_plane.as_known().cloned());
    let state = match &control_plane.replicas {
        Ok(replicas) if replicas.is_empty() => "not_ready".to_owned(),
        Ok(_) => READY.to_owned(),
        Err(_) => before.unwrap_or_else(|| UNKNOWN.to_owned()),
    };
    let roots = control_plane.roots.as_deref().unwrap_or_default();
    let roots = Certificate::parse_all("root-cert.pem", roots.as_bytes()).unwrap_or_default();
    let fingerprints: BTreeSet<String> = roots.iter().map(Certificate::fingerprint).collect();
    let expires = roots.iter().map(Certificate::not_after_text).min();
    let addresses: BTreeSet<String> =
        control_plane.gateway_addresses.iter().cloned().chain(typed_addresses).collect();
    ClusterStatusModel {
        control_plane: Field::Known(state),
        root_fingerprints: texts(fingerprints),
        root_expires: expires.map_or(Field::Null, Field::Known),
        gateway_addresses: texts(addresses),
    }
}

fn texts(items: impl IntoIterator<Item = String>) -> Field<Vec<Field<String>>> {
    Field::Known(items.into_iter().map(Field::Known).collect())
}

/// Every ordered pair of clusters.
fn links(
    mesh: &MeshModel,
    networks: &BTreeMap<String, String>,
    seen: &BTreeMap<String, ControlPlane>,
    status: &StatusModel,
    prior: &StatusModel,
) -> BTreeMap<String, Field<String>> {
    let pairs = networks.keys().flat_map(|reader| networks.keys().map(move |read| (reader, read)));
    let links = pairs.filter(|(reader, read)| reader != read).map(|(reader, read)| {
        let key = format!("{reader}->{read}");
        let before = || prior.link(&key).unwrap_or(UNKNOWN).to_owned();
        let known = seen.get(reader).map_or_else(before, |control_plane| match &control_plane.replicas {
            Ok(replicas) if mesh.is_drained(read) => drained(replicas, read),
            Ok(replicas) => worst(replicas, read),
            Err(_) => before(),
        });
        let state = if known == READY {
            status.obstacle(mesh, networks, reader, read).unwrap_or(known)
        } else {
            known
        };
        (key, Field::Known(state))
    });
    links.collect()
}

/// What the replica that is least far says.
fn worst(replicas: &[observe::Replica], read: &str) -> String {
    let states = replicas.iter().map(|replica| replica.get(read).map_or("missing", String::as_str));
    let worst = states.filter(|state| *state != "synced").min();
    match worst {
        Some(state) => state.to_owned(),
        None if replicas.is_empty() => "missing".to_owned(),
        None => READY.to_owned(),
    }
}

/// Whether every replica has let go of a cluster that is drained.
fn drained(replicas: &[observe::Replica], read: &str) -> String {
    let is_read = replicas.iter().any(|replica| replica.contains_key(read));
    if is_read { DRAINING.to_owned() } else { DRAINED.to_owned() }
}

impl StatusModel {
    fn cluster(&self, label: &str) -> Option<&ClusterStatusModel> {
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
    ) -> Option<String> {
        let roots =
            |label: &str| self.cluster(label).and_then(|cluster| known_texts(&cluster.root_fingerprints));
        if let (Some(own), Some(other)) = (roots(reader), roots(read))
            && own.is_disjoint(&other)
        {
            return Some("roots_differ".to_owned());
        }
        let network = networks.get(read)?;
        if networks.get(reader) == Some(network) {
            return None;
        }
        let on_network =
            networks.iter().filter(|(label, other)| *other == network && !mesh.is_drained(label));
        let mut gateways =
            on_network.filter_map(|(label, _)| known_texts(&self.cluster(label)?.gateway_addresses));
        let has_address = gateways.any(|addresses| !addresses.is_empty());
        (!has_address).then(|| "no_gateway_address".to_owned())
    }

    /// An error for everything in this mesh that is not as it should be.
    pub fn problems(&self, mesh: &MeshModel) -> Vec<Diagnostic> {
        let clusters = self.clusters.as_known().into_iter().flatten().filter_map(|(label, cluster)| {
            let is_down = cluster.control_plane.as_str() == Some("not_ready");
            is_down.then(|| no_control_plane(label))
        });
        let links = self.links.as_known().into_iter().flatten().filter_map(|(key, state)| {
            let (reader, read) = key.split_once("->")?;
            broken_link(mesh, reader, read, state.as_str().unwrap_or(UNKNOWN))
        });
        clusters.chain(links).collect()
    }
}

fn known_texts(list: &Field<Vec<Field<String>>>) -> Option<BTreeSet<&str>> {
    Some(list.as_known()?.iter().filter_map(Field::as_str).collect())
}

fn no_control_plane(label: &str) -> Diagnostic {
    let detail = "No pod of Deployment istiod is ready, so proxies of this cluster get no configuration and no certificates. Look \
                  at the events of its pods, mend the cause, and apply again.";
    Diagnostic::error(format!("Cluster {label:?}: the control plane is not ready"), detail).at(primary(label))
}

/// Why calls from one cluster do not reach another, and what to do; `None` if they do, or nobody can tell.
fn broken_link(mesh: &MeshModel, reader: &str, read: &str, state: &str) -> Option<Diagnostic> {
    let (cause, way_out) = match state {
        READY | DRAINED | UNKNOWN => return None,
        DRAINING => (
            format!("istiod of {reader:?} still reads {read:?}, which is being drained"),
            format!(
                "The Secret istio-remote-secret-{read} is still in {reader:?}, or istiod there has yet to let go of it. Apply again, \
                 and do not remove the cluster before: calls would still be sent to it."
            ),
        ),
        "missing" => (
            format!("istiod of {reader:?} does not know cluster {read:?}"),
            format!(
                "The Secret istio-remote-secret-{read} in {reader:?} is missing, or istiod refused it: its log says \"Failed to \
                 add remote cluster\" with the reason. Apply again; that writes the Secret anew."
            ),
        ),
        "timeout" | "syncing" | "closed" => (
            format!("istiod of {reader:?} cannot read the API server of {read:?} ({state})"),
            format!(
                "Its pods must reach the address in Secret istio-remote-secret-{read}: check the firewall between them, url and \
                 cluster_ca_certificate in the api_server block of {read:?} (a wrong CA or a refused token stands in istiod's \
                 log), and that the API server is up. Until then calls stay inside {reader:?}."
            ),
        ),
        "no_gateway_address" => (
            format!("the network of {read:?} has no east-west gateway with an address"),
            format!(
                "Service {EAST_WEST_GATEWAY} in namespace {} of {read:?} has no load balancer address: its events say why. \
                 Without one, calls from other networks are sent to pod addresses that they cannot reach.",
                mesh.gateway_namespace(read)
            ),
        ),
        "roots_differ" => (
            format!("proxies of {reader:?} and {read:?} trust different roots"),
            "Every call between them fails its TLS handshake. Someone replaced Secret cacerts in one of them: apply again to \
             restore it, then restart the workloads that still have certificates of the other root."
                .to_owned(),
        ),
        other => (format!("istiod of {reader:?} says {other:?} of {read:?}"), "Look into istiod's log.".to_owned()),
    };
    let summary = format!("Link {reader:?} -> {read:?}: {cause}");
    Some(Diagnostic::error(summary, way_out).at(primary(read)))
}

fn cannot_ask(label: &str, reason: &str) -> Diagnostic {
    let detail = format!(
        "Whether it has accepted the other clusters could not be proved; status keeps what was last seen. Asking takes the right \
         to create pods/portforward in the mesh's namespace. The answer was: {reason}"
    );
    Diagnostic::warning(format!("Cluster {label:?}: istiod could not be asked"), detail).at(primary(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(clusters: &[&str]) -> observe::Replica {
        clusters.iter().map(|cluster| ((*cluster).to_owned(), "synced".to_owned())).collect()
    }

    #[test]
    fn a_cluster_is_drained_when_no_replica_reads_it_any_more() {
        let replicas = [replica(&["east"]), replica(&["east", "west"])];
        assert_eq!(drained(&replicas, "west"), DRAINING);
        assert_eq!(drained(&replicas[..1], "west"), DRAINED);
    }
}
