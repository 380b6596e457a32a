//! Whether istiod of another cluster injects the proxies of one that has no control plane.

use super::finding::{Class, Fault, RELOADS, UNSEEN};
use super::state::states;
use crate::observe::Webhook;
use crate::trust::{Certificate, ROOT_CERT};

states! {
    /// The state of a remote cluster's injection.
    pub enum InjectionState {
        bad {
            /// There is no webhook, so that pods start without a proxy.
            Absent = "absent",
            /// No primary has given the webhook a CA certificate.
            NotServed = "not_served",
            /// The webhook trusts another authority than the mesh's.
            OtherAuthority = "other_authority",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// A primary serves the cluster.
            Ready = "ready",
        }
    }
}

impl InjectionState {
    /// The state of this webhook in a mesh with these roots, as PEM; without roots they are not compared.
    pub fn of(webhook: Option<&Webhook>, roots: &str) -> Self {
        let Some(webhook) = webhook else { return Self::Absent };
        let parsed = |text: &[u8]| Certificate::parse_all(ROOT_CERT, text).unwrap_or_default();
        let roots = parsed(roots.as_bytes());
        let is_ours = |bundle: &Vec<u8>| {
            roots.is_empty() || parsed(bundle).iter().any(|certificate| roots.contains(certificate))
        };
        if webhook.ca_bundles.iter().any(Vec::is_empty) {
            Self::NotServed
        } else if webhook.ca_bundles.iter().all(is_ours) {
            Self::Ready
        } else {
            Self::OtherAuthority
        }
    }

    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready => return None,
            Self::Unknown => {
                (Class::Implied, "it could not be observed whether proxies are injected", UNSEEN)
            }
            Self::Absent => (
                Class::Broken,
                "the webhook that injects proxies does not exist",
                "The MutatingWebhookConfiguration istio-sidecar-injector was deleted, so new pods start without a proxy. Apply again; that \
                 restores it.",
            ),
            Self::NotServed => (
                Class::Open,
                "no primary serves the cluster",
                "The webhook that injects proxies has no CA certificate, so new pods with a proxy are rejected. istiod of a primary writes \
                 it when it leads the cluster: it must read the cluster (see links in status), the annotation \
                 topology.istio.io/controlPlaneClusters of the mesh's namespace must name it without blanks, and its reader must be \
                 allowed to update the webhook. Apply again; that restores all of these.",
            ),
            Self::OtherAuthority => (
                Class::Open,
                "the webhook that injects proxies trusts another authority than the mesh's",
                "Something else wrote the CA certificate of the MutatingWebhookConfiguration istio-sidecar-injector: a primary with another \
                 root, or another installation of Istio in this cluster. New pods with a proxy are rejected. Remove what writes it; \
                 istiod then writes its own within a minute.",
            ),
        };
        Some(Fault { class, settles: RELOADS, cause, remedy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_without_a_certificate_is_served_by_nobody() {
        let webhook = |bundles: &[&str]| Webhook {
            ca_bundles: bundles.iter().map(|bundle| bundle.as_bytes().to_vec()).collect(),
        };
        assert_eq!(InjectionState::of(None, ""), InjectionState::Absent);
        assert_eq!(InjectionState::of(Some(&webhook(&["x", ""])), ""), InjectionState::NotServed);
        assert_eq!(InjectionState::of(Some(&webhook(&["x", "x"])), ""), InjectionState::Ready);
    }
}
