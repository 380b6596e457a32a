//! Whether calls from outside get into a cluster through one of its gateways.

use super::finding::{Class, Fault, SETTLES, UNSEEN};
use super::state::states;
use crate::mesh::GatewayRole;
use crate::observe::{AddressSource, Gateway, GatewayPods};

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
            /// A gateway with a label by which istiod finds it at addresses of its Service, where it should not.
            Labelled = "labelled",
            /// An east-west gateway whose Service does not have the port that istiod looks for.
            NoPort = "no_port",
            /// Its Service has nothing at which it is found outside the cluster.
            NotExposed = "not_exposed",
            /// Its load balancer has no address.
            NoAddress = "no_address",
            /// No node that its Service selects has an external address.
            NoNode = "no_node",
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

/// What an east-west gateway is to be.
#[derive(Clone, Copy, Debug)]
pub struct EastWest<'a> {
    /// The network of its cluster.
    pub network: &'a str,
    /// Whether the mesh has others. Only then the mesh's namespace bears a label.
    pub has_several_networks: bool,
    /// Whether pods of others call it: not those of a cluster that is being drained.
    pub is_called: bool,
    /// Whether its addresses are typed. They stand in for those of its Service, which then has no label: istiod would use only its own.
    pub is_typed: bool,
}

impl GatewayState {
    /// What keeps calls from other networks out.
    pub fn of_east_west(seen: Option<&Gateway>, wanted: &EastWest<'_>) -> Self {
        let is_labelled = |label: &Option<String>| label.as_deref() == Some(wanted.network);
        let needs_address = wanted.has_several_networks && wanted.is_called && !wanted.is_typed;
        match seen {
            None => Self::Absent,
            Some(gateway) if gateway.pods == GatewayPods::NotInjected => Self::NotInjected,
            Some(gateway) if wanted.has_several_networks && !is_labelled(&gateway.namespace_network) => {
                Self::NotLabelled
            }
            Some(gateway) if wanted.is_typed && gateway.network.is_some() => Self::Labelled,
            Some(gateway) if !wanted.is_typed && !is_labelled(&gateway.network) => Self::NotLabelled,
            Some(gateway) if needs_address && gateway.addresses.is_empty() => Self::unfound(gateway.source),
            Some(gateway) if needs_address && gateway.port.is_none() => Self::NoPort,
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
            Some(gateway) if !is_typed && gateway.addresses.is_empty() => Self::unfound(gateway.source),
            Some(gateway) if gateway.pods == GatewayPods::NotReady => Self::NotReady,
            Some(_) => Self::Ready,
        }
    }

    /// Why a Service has no address.
    fn unfound(source: AddressSource) -> Self {
        match source {
            AddressSource::LoadBalancer => Self::NoAddress,
            AddressSource::Nodes => Self::NoNode,
            AddressSource::Itself => Self::NotExposed,
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
            Self::NoNode => (
                Class::Open,
                "its east-west gateway has no address",
                "No node that the annotation traffic.istio.io/nodeSelector of the Service istio-eastwestgateway selects has an \
                 address of type ExternalIP in its status, so calls from other networks do not find the gateway. Correct the \
                 annotation, give the nodes external addresses, or set addresses in the east_west_gateway block.",
            ),
            Self::NotExposed => (
                Class::Broken,
                "its east-west gateway has no address",
                "The Service istio-eastwestgateway has no load balancer, no externalIPs and selects no nodes, so other networks do \
                 not find the gateway. If it was changed outside Terraform, apply again; that restores it.",
            ),
            Self::NoPort => (
                Class::Broken,
                "its east-west gateway does not have the port that istiod calls",
                "The Service istio-eastwestgateway lacks the port that its label networking.istio.io/gatewayPort names, 15443 \
                 without one, so istiod ignores the gateway. Apply again; that restores the Service.",
            ),
            Self::Labelled => (
                Class::Broken,
                "the addresses of its east-west gateway are not used",
                "The Service istio-eastwestgateway has the label topology.istio.io/network, so istiod uses the addresses of the \
                 Service instead of those in the configuration. Apply again; that removes the label. If it stays, another field \
                 manager owns it: remove it there.",
            ),
            Self::NotLabelled => (
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
        Some(Fault { class, settles: SETTLES, cause, remedy })
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
            Self::NoNode | Self::NotExposed => (
                Class::Broken,
                "its federation gateway has no address",
                "The Service istio-federationgateway has no load balancer and no externalIPs, so other meshes do not find the \
                 gateway. If it was changed outside Terraform, apply again; that restores it.",
            ),
            // The others are words for east-west gateways.
            Self::Labelled | Self::NotLabelled | Self::NoPort => (
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
        Some(Fault { class, settles: SETTLES, cause, remedy })
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
            port: Some(15443),
            source: AddressSource::LoadBalancer,
            network: Some("net".to_owned()),
            namespace_network: Some("net".to_owned()),
            pods: GatewayPods::Ready,
        }
    }

    const WANTED: EastWest<'_> =
        EastWest { network: "net", has_several_networks: true, is_called: true, is_typed: false };

    #[test]
    fn nobody_needs_the_address_of_a_gateway_in_a_mesh_of_one_network_or_of_a_drained_cluster() {
        let state = |wanted| GatewayState::of_east_west(Some(&gateway()), &wanted);
        assert_eq!(state(EastWest { has_several_networks: false, ..WANTED }), GatewayState::Ready);
        assert_eq!(state(EastWest { is_called: false, ..WANTED }), GatewayState::Ready);
        assert_eq!(state(WANTED), GatewayState::NoAddress);
    }

    #[test]
    fn only_a_service_with_a_load_balancer_waits_for_one() {
        let state = |source| {
            let gateway = Gateway { source, ..gateway() };
            let federation = Gateway { network: None, ..gateway.clone() };
            (
                GatewayState::of_east_west(Some(&gateway), &WANTED),
                GatewayState::of_federation(Some(&federation), false),
            )
        };
        assert_eq!(state(AddressSource::LoadBalancer), (GatewayState::NoAddress, GatewayState::NoAddress));
        assert_eq!(state(AddressSource::Nodes), (GatewayState::NoNode, GatewayState::NoNode));
        assert_eq!(state(AddressSource::Itself), (GatewayState::NotExposed, GatewayState::NotExposed));
        for role in GatewayRole::ALL {
            for state in [GatewayState::NoNode, GatewayState::NotExposed] {
                let fault = state.fault(role).unwrap();
                assert!(!fault.remedy.contains("pending"), "{}", fault.remedy);
            }
        }
    }

    #[test]
    fn a_gateway_with_typed_addresses_has_no_label_and_any_other_has_its_networks() {
        let state = |label: Option<&str>, is_typed| {
            let gateway = Gateway { network: label.map(str::to_owned), ..gateway() };
            GatewayState::of_east_west(Some(&gateway), &EastWest { is_typed, ..WANTED })
        };
        assert_eq!(state(None, true), GatewayState::Ready);
        assert_eq!(state(Some("net"), true), GatewayState::Labelled);
        assert_eq!(state(None, false), GatewayState::NotLabelled);
        assert_eq!(state(Some("other"), false), GatewayState::NotLabelled);
    }

    #[test]
    fn istiod_ignores_a_gateway_without_the_port_that_it_calls() {
        let gateway = Gateway { port: None, addresses: vec!["192.0.2.7".to_owned()], ..gateway() };
        assert_eq!(GatewayState::of_east_west(Some(&gateway), &WANTED), GatewayState::NoPort);
    }
}
