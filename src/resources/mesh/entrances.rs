//! Where others come into a cluster besides its east-west gateway: other meshes through the federation gateway, clusters without a
//! control plane to istiod; and whom it trusts.

use std::collections::BTreeSet;

use futures::future::{join, try_join};
use tfplugin::{Diagnostic, Field};

use super::gateway_block::GatewayModel;
use super::model::{ClusterStatusModel, MeshModel, PrimaryModel};
use super::place::primary;
use super::problems::{Class, Problem};
use super::status::{ABSENT, NOT_READY, READY, UNKNOWN};
use super::trust_list;
use crate::clusters::Error;
use crate::documents::{JoinClusterModel, Texts, texts};
use crate::mesh::{GatewayRole, RemoteControlPlane};
use crate::observe::{self, Gateway, GatewayPods, Scope, Snapshot};

/// What is reached at a Service whose addresses only the cluster tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// A gateway.
    Gateway(GatewayRole),
    /// The load balancer of istiod's own.
    Istiod,
}

impl Entrance {
    /// The Service of a cluster as the field `manifests` names it.
    pub fn service(self, mesh: &MeshModel, label: &str) -> String {
        let of_mesh = mesh.namespace.as_str().unwrap_or_default();
        let (namespace, name) = match self {
            Self::Gateway(role) => (gateway_namespace(mesh, label, role), role.name()),
            Self::Istiod => (of_mesh.to_owned(), RemoteControlPlane::SERVICE),
        };
        format!("{label}//Service/{namespace}/{name}")
    }

    /// What status says of it.
    pub fn state(self, status: &ClusterStatusModel) -> &Field<String> {
        match self {
            Self::Gateway(GatewayRole::EastWest) => &status.gateway,
            Self::Gateway(GatewayRole::Federation) => &status.federation_gateway,
            Self::Istiod => &status.remote_control_plane,
        }
    }

    /// The addresses that status has of it.
    pub fn addresses(self, status: &ClusterStatusModel) -> &Texts {
        match self {
            Self::Gateway(GatewayRole::EastWest) => &status.gateway_addresses,
            Self::Gateway(GatewayRole::Federation) => &status.federation_gateway_addresses,
            Self::Istiod => &status.remote_control_plane_addresses,
        }
    }

    /// The addresses that `join` has of it.
    pub fn joined(self, cluster: &JoinClusterModel) -> &Texts {
        match self {
            Self::Gateway(GatewayRole::EastWest) => &cluster.gateway_addresses,
            Self::Gateway(GatewayRole::Federation) => &cluster.federation_gateway_addresses,
            Self::Istiod => &cluster.istiod_addresses,
        }
    }
}

/// What was seen of one cluster's.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    federation_gateway: Option<Gateway>,
    /// The addresses of istiod's own load balancer.
    load_balancer: Option<Vec<String>>,
    /// Whether istiod knows whom the mesh trusts, see [`trust_list::observe`].
    trust_list: Option<&'static str>,
    /// Why that could not be seen.
    pub warning: Option<Diagnostic>,
}

/// Looks at what the cluster's block declares.
pub async fn observe(state: &MeshModel, cluster: &Snapshot) -> Result<Seen, Error> {
    let Some(declared) = state.primary(cluster.name()) else { return Ok(Seen::default()) };
    let namespace = state.namespace.as_str().unwrap_or_default();
    let federation_gateway = async {
        if declared.federation_gateway.as_known().is_none() {
            return Ok(None);
        }
        let at = gateway_namespace(state, cluster.name(), GatewayRole::Federation);
        observe::gateway(cluster, GatewayRole::Federation, namespace, &at).await
    };
    let load_balancer = async {
        if !has_load_balancer(declared) {
            return Ok(None);
        }
        observe::load_balancer(cluster, namespace, RemoteControlPlane::SERVICE).await
    };
    let entrances = try_join(federation_gateway, load_balancer);
    let (entrances, trust_list) = join(entrances, trust_list::observe(cluster, namespace)).await;
    let (federation_gateway, load_balancer) = entrances?;
    let (trust_list, warning) = match trust_list {
        Ok(state) => (Some(state), None),
        Err(warning) => (None, Some(warning)),
    };
    Ok(Seen { federation_gateway, load_balancer, trust_list, warning })
}

/// What [`observe`] looks at that one LIST a kind has.
pub fn scope(scope: Scope, state: &MeshModel, label: &str) -> Scope {
    let Some(declared) = state.primary(label) else { return scope };
    let namespace = state.namespace.as_str().unwrap_or_default();
    let mut scope = observe::shared_mesh_config_scope(scope, namespace);
    if declared.federation_gateway.as_known().is_some() {
        let at = gateway_namespace(state, label, GatewayRole::Federation);
        scope = observe::gateway_scope(scope, GatewayRole::Federation, namespace, &at);
    }
    if has_load_balancer(declared) {
        scope = observe::load_balancer_scope(scope, namespace, RemoteControlPlane::SERVICE);
    }
    scope
}

impl ClusterStatusModel {
    /// The status with what was seen of the entrances that the cluster's block declares. That of the east-west gateway is known.
    /// `before` is what was last seen.
    pub fn with_entrances(self, declared: &PrimaryModel, seen: &Seen, before: Option<&Self>) -> Self {
        let federation = declared.federation_gateway.as_known();
        let gateway = seen.federation_gateway.as_ref();
        let federation_addresses = federation.map(|declared| {
            let observed = gateway.into_iter().flat_map(|gateway| gateway.addresses.iter().cloned());
            typed(declared).unwrap_or_else(|| observed.collect())
        });
        let federation_state =
            federation.map(|declared| state(gateway, typed(declared).is_some()).to_owned());
        let istiod = declared.remote_control_plane.as_known().map(|remote| match &remote.hostname {
            Field::Known(hostname) => texts([hostname.clone()]),
            _ if has_load_balancer(declared) => texts(seen.load_balancer.iter().flatten().cloned()),
            _ => self.gateway_addresses.clone(),
        });
        let istiod_state =
            istiod.as_ref().map(|addresses| match (&seen.load_balancer, addresses.as_known()) {
                (None, _) if has_load_balancer(declared) => ABSENT,
                // A host name leads nowhere then either.
                (Some(addresses), _) if addresses.is_empty() => "no_address",
                (_, Some(addresses)) if addresses.is_empty() => "no_address",
                _ => READY,
            });
        let trusted = before.and_then(|before| before.shared_mesh_config.as_str());
        let trusted = seen.trust_list.or(trusted).unwrap_or(UNKNOWN);
        Self {
            shared_mesh_config: Field::Known(trusted.to_owned()),
            federation_gateway: federation_state.map_or(Field::Null, Field::Known),
            federation_gateway_addresses: texts(federation_addresses.into_iter().flatten()),
            remote_control_plane: istiod_state.map_or(Field::Null, |state| Field::Known(state.to_owned())),
            remote_control_plane_addresses: istiod.unwrap_or_else(|| texts([])),
            ..self
        }
    }

    /// What is wrong with each entrance that lets nobody in, or more than it should.
    pub fn entrance_problems(&self, label: &str) -> Vec<Problem> {
        let federation = self.federation_gateway.as_str().and_then(federation_problem);
        let federation = federation.map(|(class, cause, help)| {
            let summary = format!("Cluster {label:?}: its federation gateway {cause}");
            let path = primary(label).attribute(GatewayRole::Federation.block());
            Problem { class, message: Diagnostic::error(summary, help).at(path) }
        });
        let istiod = self.remote_control_plane.as_str().and_then(istiod_problem);
        let istiod = istiod.map(|(class, cause, help)| {
            let summary = format!("Cluster {label:?}: remote clusters cannot reach istiod: {cause}");
            let path = primary(label).attribute("remote_control_plane");
            Problem { class, message: Diagnostic::error(summary, help).at(path) }
        });
        let trust_list = self.shared_mesh_config.as_str().and_then(|state| trust_list::problem(label, state));
        federation.into_iter().chain(istiod).chain(trust_list).collect()
    }
}

/// Where a gateway lives: in its own namespace, else where the rules of the mesh put it.
fn gateway_namespace(mesh: &MeshModel, label: &str, role: GatewayRole) -> String {
    let gateway = mesh.primary(label).and_then(|primary| primary.gateway(role).as_known());
    let own = gateway.and_then(|gateway| gateway.namespace.as_str());
    let of_mesh = mesh.namespace.as_str().unwrap_or_default();
    own.map_or_else(|| role.default_namespace(of_mesh), str::to_owned)
}

/// Whether istiod has a load balancer of its own.
fn has_load_balancer(declared: &PrimaryModel) -> bool {
    declared.remote_control_plane.is_known() && !declared.east_west_gateway.is_known()
}

/// The addresses that the user has typed, which hold rather than those of the Service.
fn typed(gateway: &GatewayModel) -> Option<BTreeSet<String>> {
    let typed = gateway.addresses.as_known()?.iter().filter_map(|address| address.as_known().cloned());
    let typed: BTreeSet<String> = typed.collect();
    (!typed.is_empty()).then_some(typed)
}

/// What keeps other meshes out, or `ready`.
fn state(gateway: Option<&Gateway>, is_typed: bool) -> &'static str {
    match gateway {
        None => ABSENT,
        Some(gateway) if gateway.network.is_some() => "labelled",
        Some(gateway) if gateway.pods == GatewayPods::NotInjected => "not_injected",
        Some(gateway) if !is_typed && gateway.addresses.is_empty() => "no_address",
        Some(gateway) if gateway.pods == GatewayPods::NotReady => NOT_READY,
        Some(_) => READY,
    }
}

fn federation_problem(state: &str) -> Option<(Class, &'static str, &'static str)> {
    Some(match state {
        "no_address" => (
            Class::Open,
            "has no address",
            "The load balancer of the Service istio-federationgateway is pending: the events of the Service show why. Until it \
             has an address, no other mesh can import services of this one. If no controller creates load balancers here, set \
             service_type and addresses in the federation_gateway block.",
        ),
        "labelled" => (
            Class::Broken,
            "is treated as a gateway of the mesh's own network",
            "The Service istio-federationgateway has the label topology.istio.io/network, so istiod sends calls from the mesh's \
             own other networks to it, which it rejects. Remove the label.",
        ),
        "not_injected" => (
            Class::Unready,
            "has pods without an image",
            "They were created while istiod's webhook did not work, and still have the placeholder image auto. Apply again; that \
             restores the webhook and recreates the pods.",
        ),
        ABSENT => (
            Class::Broken,
            "does not exist",
            "Its Service istio-federationgateway was deleted. Apply again; that restores it.",
        ),
        NOT_READY => (
            Class::Unready,
            "has no ready pod",
            "Calls from other meshes fail there. Check the events and the log of the pods of the Deployment \
             istio-federationgateway, fix the cause, and apply again.",
        ),
        _ => return None,
    })
}

fn istiod_problem(state: &str) -> Option<(Class, &'static str, &'static str)> {
    Some(match state {
        "no_address" => (
            Class::Open,
            "its load balancer has no address",
            "The load balancer is pending: the events of the Service istiod-load-balancer (with an east-west gateway, of the \
             Service istio-eastwestgateway) show why. If no controller creates load balancers here, add an east_west_gateway \
             block with another service_type, and set hostname in the remote_control_plane block to the address at which that \
             gateway is reached.",
        ),
        ABSENT => (
            Class::Broken,
            "its load balancer does not exist",
            "The Service istiod-load-balancer was deleted. Apply again; that restores it.",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
