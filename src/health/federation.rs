//! How the parts of a federation are.

use super::finding::{Class, Fault, RELOADS, SETTLES, UNSEEN};
use super::state::states;

states! {
    /// How another mesh is to this one.
    pub enum PeerState {
        bad {
            /// istiod of a primary does not trust its roots.
            NotTrusted = "not_trusted",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// Its document is awaited.
            Awaited = "awaited",
            /// Its roots are trusted.
            Ready = "ready",
        }
    }
}

states! {
    /// How an exported Service is.
    pub enum ExportState {
        bad {
            /// The policy is for other pods.
            OtherSelector = "other_selector",
            /// Nobody can come in.
            NoGateway = "no_gateway",
            /// There is nothing to call.
            NoService = "no_service",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// No peer may use it yet.
            Awaited = "awaited",
            /// It can be called.
            Ready = "ready",
        }
    }
}

states! {
    /// How an imported Service is.
    pub enum ImportState {
        bad {
            /// istiod of a primary does not trust the roots of its mesh.
            NotTrusted = "not_trusted",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// The document of its mesh is awaited.
            Awaited = "awaited",
            /// It can be called.
            Ready = "ready",
        }
    }
}

const NOT_TRUSTED: &str = "istiod of a primary does not trust its roots";

impl PeerState {
    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready | Self::Awaited => return None,
            Self::Unknown => {
                (Class::Implied, "it could not be observed whether its roots are trusted", UNSEEN)
            }
            Self::NotTrusted => (
                Class::Open,
                NOT_TRUSTED,
                "Calls between the two meshes fail. istiod reads whom it trusts from the ConfigMap shared-mesh-config in the mesh's namespace; \
                 something else changed that, or mesh_config has caCertificates of its own in the ConfigMap istio. Apply again; that \
                 restores the ConfigMap.",
            ),
        };
        Some(Fault { class, settles: RELOADS, cause, remedy })
    }
}

impl ExportState {
    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready | Self::Awaited => return None,
            Self::Unknown => (Class::Implied, "it could not be observed", UNSEEN),
            Self::NoService => (
                Class::Open,
                "no primary with a federation gateway has the Service",
                "Calls of peers fail. Create the Service in every primary with a federation gateway, or correct namespace and service.",
            ),
            Self::OtherSelector => (
                Class::Broken,
                "the Service selects other pods than the selector of the export",
                "The policy that denies other callers applies to the pods of the export's selector, so callers that are not allowed may reach \
                 those of the Service. Set selector to the Service's spec.selector, and apply again.",
            ),
            Self::NoGateway => (
                Class::Open,
                "no federation gateway of the mesh is ready and has an address",
                "Calls of peers fail. Check the Service and the pods istio-federationgateway of the primaries, and the load balancer.",
            ),
        };
        Some(Fault { class, settles: SETTLES, cause, remedy })
    }
}

impl ImportState {
    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready | Self::Awaited => return None,
            Self::Unknown => (Class::Implied, "it could not be observed", UNSEEN),
            Self::NotTrusted => (Class::Implied, NOT_TRUSTED, "See the message about the peer."),
        };
        Some(Fault { class, settles: RELOADS, cause, remedy })
    }
}
