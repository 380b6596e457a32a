//! Where others come into a cluster besides its east-west gateway: other meshes through the federation gateway, clusters without a
//! control plane to istiod; and whom it trusts.

use std::collections::BTreeSet;

use futures::future::{join, try_join};
use tfplugin::{Diagnostic, Field};

use super::model::{ClusterStatusModel, MeshModel, PrimaryModel};
use super::trust_list;
use crate::blocks::{GatewayModel, state_of, word};
use crate::clusters::Error;
use crate::documents::{JoinClusterModel, Texts, texts};
use crate::health::{GatewayState, RemoteControlPlaneState, SharedMeshConfigState, State as _};
use crate::mesh::{GatewayRole, RemoteControlPlane};
use crate::observe::{self, Gateway, Scope, Snapshot};

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

    /// The port that `join` has of it.
    pub fn joined_port(self, cluster: &JoinClusterModel) -> Field<i64> {
        match self {
            Self::Gateway(GatewayRole::EastWest) => cluster.gateway_port,
            Self::Gateway(GatewayRole::Federation) => cluster.federation_gateway_port,
            Self::Istiod => cluster.istiod_port,
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
    trust_list: Option<SharedMeshConfigState>,
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
        let federation = declared.gateway(GatewayRole::Federation).into_known();
        let gateway = seen.federation_gateway.as_ref();
        let federation_addresses = federation.map(|declared| {
            let observed = gateway.into_iter().flat_map(|gateway| gateway.addresses.iter().cloned());
            typed(declared).unwrap_or_else(|| observed.collect())
        });
        let federation_state =
            federation.map(|declared| word(GatewayState::of_federation(gateway, typed(declared).is_some())));
        let istiod = declared.remote_control_plane.as_known().map(|remote| {
            let behind_gateway = known_texts(&self.gateway_addresses);
            let own = has_load_balancer(declared).then_some(seen.load_balancer.as_deref());
            let addresses = match (&remote.hostname, own) {
                (Field::Known(hostname), _) => vec![hostname.clone()],
                (_, Some(own)) => own.unwrap_or_default().to_vec(),
                (_, None) => behind_gateway,
            };
            let state = match own {
                Some(own) => RemoteControlPlaneState::of_load_balancer(own),
                None => RemoteControlPlaneState::of_gateway(&addresses),
            };
            (word(state), addresses)
        });
        let (istiod_state, istiod_addresses) = istiod.unwrap_or_default();
        let trusted = before.and_then(|before| state_of(&before.shared_mesh_config));
        let trusted = seen.trust_list.or(trusted).unwrap_or(SharedMeshConfigState::UNKNOWN);
        Self {
            shared_mesh_config: word(trusted),
            federation_gateway: federation_state.unwrap_or_default(),
            federation_gateway_addresses: texts(federation_addresses.into_iter().flatten()),
            remote_control_plane: istiod_state,
            remote_control_plane_addresses: texts(istiod_addresses),
            ..self
        }
    }
}

/// Where a gateway lives: in its own namespace, else where the rules of the mesh put it.
fn gateway_namespace(mesh: &MeshModel, label: &str, role: GatewayRole) -> String {
    let gateway = mesh.primary(label).and_then(|primary| primary.gateway(role).into_known());
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

fn known_texts(list: &Texts) -> Vec<String> {
    list.as_known().into_iter().flatten().filter_map(|text| text.as_known().cloned()).collect()
}

#[cfg(test)]
mod tests;
