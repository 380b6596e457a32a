//! Whether calls from outside get into a cluster through one of its gateways.

use super::finding::{Class, Fault, UNSEEN};
use super::state::states;
use crate::mesh::GatewayRole;
use crate::observe::{Gateway, GatewayPods};

states! {
    /// The state of one gateway.
    pub enum GatewayState {
        bad {
            /// It has no Service.
            Absent = "absent",
            /// A pod of it was created while istiod's webhook did not work, and never gets an image.
            NotInjected = "not_injected",
            /// An east-west gateway without the label of its network.
            NotLabelled = "not_labelled",
            /// A federation gateway with a label that makes it one of the mesh's own network.
            Labelled = "labelled",
            /// Nobody outside can find it.
            NoAddress = "no_address",
            /// No pod of it takes calls.
            NotReady = "not_ready",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// It takes calls.
            Ready = "ready",
        }
    }
}

impl GatewayState {
    /// What keeps calls from other networks out of a cluster on `network`. Typed addresses stand in for those of a load balancer, and
    /// istiod knows them without a label. Only where there are several networks does a namespace bear one, and anybody need an
    /// address.
    pub fn of_east_west(
        seen: Option<&Gateway>,
        network: &str,
        has_several_networks: bool,
        is_typed: bool,
    ) -> Self {
        let is_labelled = |label: &Option<String>| label.as_deref() == Some(network);
        match seen {
            None => Self::Absent,
            Some(gateway) if gateway.pods == GatewayPods::NotInjected => Self::NotInjected,
            Some(gateway) if has_several_networks && !is_labelled(&gateway.namespace_network) => {
                Self::NotLabelled
            }
            Some(gateway) if !is_typed && !is_labelled(&gateway.network) => Self::NotLabelled,
            Some(gateway) if has_several_networks && !is_typed && gateway.addresses.is_empty() => {
                Self::NoAddress
            }
            Some(gateway) if gateway.pods == GatewayPods::NotReady => Self::NotReady,
            Some(_) => Self::Ready,
        }
    }

    /// What keeps other meshes out. Typed addresses stand in for those of a load balancer.
    pub fn of_federation(seen: Option<&Gateway>, is_typed: bool) -> Self {
        match seen {
            None => Self::Absent,
            Some(gateway) if gateway.network.is_some() => Self::Labelled,
            Some(gateway) if gateway.pods == GatewayPods::NotInjected => Self::NotInjected,
            Some(gateway) if !is_typed && gateway.addresses.is_empty() => Self::NoAddress,
            Some(gateway) if gateway.pods == GatewayPods::NotReady => Self::NotReady,
            Some(_) => Self::Ready,
        }
    }

    pub(super) fn fault(self, role: GatewayRole) -> Option<Fault> {
        match role {
            GatewayRole::EastWest => self.fault_of_east_west(),
            GatewayRole::Federation => self.fault_of_federation(),
        }
    }

    fn fault_of_east_west(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready => return None,
            Self::Unknown => (Class::Implied, "its east-west gateway could not be observed", UNSEEN),
            Self::Absent => (
                Class::Broken,
                "its east-west gateway does not exist",
                "The Service istio-eastwestgateway is missing, so no traffic from another network can enter. Apply again; that \
                 creates it.",
            ),
            Self::NoAddress => (
                Class::Open,
                "its east-west gateway has no address",
                "The load balancer of the Service istio-eastwestgateway is pending: the events of the Service show why. Until it has \
                 an address, calls from other networks are sent to pod addresses that they cannot reach. If no controller provides \
                 load balancers here, set service_type and addresses in the east_west_gateway block.",
            ),
            // The second is a word for federation gateways.
            Self::NotLabelled | Self::Labelled => (
                Class::Broken,
                "its east-west gateway does not belong to its network",
                "The label topology.istio.io/network of the mesh's namespace or of the Service istio-eastwestgateway is missing or \
                 names another network, so istiod sends calls from other networks elsewhere. Apply again; that restores the label.",
            ),
            Self::NotInjected => {
                (Class::Unready, "its east-west gateway has pods without an image", NOT_INJECTED)
            }
            Self::NotReady => (
                Class::Unready,
                "its east-west gateway has no ready pod",
                "Calls from other networks fail there. Check the events and the log of the pods of the Deployment \
                 istio-eastwestgateway, fix the cause, and apply again.",
            ),
        };
        Some(Fault { class, cause, remedy })
    }

    fn fault_of_federation(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready => return None,
            Self::Unknown => (Class::Implied, "its federation gateway could not be observed", UNSEEN),
            Self::Absent => (
                Class::Broken,
                "its federation gateway does not exist",
                "Its Service istio-federationgateway was deleted. Apply again; that restores it.",
            ),
            Self::NoAddress => (
                Class::Open,
                "its federation gateway has no address",
                "The load balancer of the Service istio-federationgateway is pending: the events of the Service show why. Until it \
                 has an address, no other mesh can import services of this one. If no controller creates load balancers here, set \
                 service_type and addresses in the federation_gateway block.",
            ),
            // The second is a word for east-west gateways.
            Self::Labelled | Self::NotLabelled => (
                Class::Broken,
                "its federation gateway is treated as a gateway of the mesh's own network",
                "The Service istio-federationgateway has the label topology.istio.io/network, so istiod sends calls from the mesh's \
                 own other networks to it, which it rejects. Remove the label.",
            ),
            Self::NotInjected => {
                (Class::Unready, "its federation gateway has pods without an image", NOT_INJECTED)
            }
            Self::NotReady => (
                Class::Unready,
                "its federation gateway has no ready pod",
                "Calls from other meshes fail there. Check the events and the log of the pods of the Deployment \
                 istio-federationgateway, fix the cause, and apply again.",
            ),
        };
        Some(Fault { class, cause, remedy })
    }
}

const NOT_INJECTED: &str = "They were created while istiod's webhook did not work, and still have the placeholder image auto. Apply \
                            again; that restores the webhook and recreates the pods.";

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
        let state = |has_several_networks, is_typed| {
            GatewayState::of_east_west(Some(&gateway()), "net", has_several_networks, is_typed)
        };
        assert_eq!(state(false, false), GatewayState::Ready);
        assert_eq!(state(true, false), GatewayState::NoAddress);
        assert_eq!(state(true, true), GatewayState::Ready);
    }
}
