//! Whether clusters without a control plane of their own get to istiod of this one.

use super::finding::{Class, Fault, SETTLES, UNSEEN};
use super::state::states;

states! {
    /// The state of where clusters without a control plane reach istiod.
    pub enum RemoteControlPlaneState {
        bad {
            /// istiod's own load balancer has no Service.
            Absent = "absent",
            /// No load balancer has an address.
            NoAddress = "no_address",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// It has an address.
            Ready = "ready",
        }
    }
}

impl RemoteControlPlaneState {
    /// Behind an east-west gateway: the state by the addresses at which others are told to reach it.
    pub fn of_gateway(addresses: &[String]) -> Self {
        if addresses.is_empty() { Self::NoAddress } else { Self::Ready }
    }

    /// Behind a load balancer of istiod's own: the state by the addresses of that, `None` if it has no Service. A host name of the
    /// user's leads nowhere either as long as it has none.
    pub fn of_load_balancer(seen: Option<&[String]>) -> Self {
        seen.map_or(Self::Absent, Self::of_gateway)
    }

    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready => return None,
            Self::Unknown => {
                (Class::Implied, "it could not be observed whether remote clusters reach istiod", UNSEEN)
            }
            Self::NoAddress => (
                Class::Open,
                "remote clusters cannot reach istiod: its load balancer has no address",
                "The load balancer is pending: the events of the Service istiod-load-balancer (with an east-west gateway, of the \
                 Service istio-eastwestgateway) show why. If no controller creates load balancers here, add an east_west_gateway \
                 block with another service_type, and set hostname in the remote_control_plane block to the address at which that \
                 gateway is reached.",
            ),
            Self::Absent => (
                Class::Broken,
                "remote clusters cannot reach istiod: its load balancer does not exist",
                "The Service istiod-load-balancer was deleted. Apply again; that restores it.",
            ),
        };
        Some(Fault { class, settles: SETTLES, cause, remedy })
    }
}
