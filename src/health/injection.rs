//! Whether istiod of another cluster injects the proxies of one that has no control plane.

use super::finding::{Class, Fault, RELOADS, UNSEEN};
use super::state::states;
use crate::observe::Served;
use crate::trust::{Certificate, ROOT_CERT};

states! {
    /// The state of a remote cluster's injection.
    pub enum InjectionState {
        bad {
            /// There is no webhook, so that pods start without a proxy.
            NoWebhook = "no_webhook",
            /// The namespace of the mesh does not name the primaries that are to serve the cluster.
            NotAnnotated = "not_annotated",
            /// The mesh configuration of the cluster has another trust domain than the mesh, or there is none.
            OtherTrustDomain = "other_trust_domain",
            /// istiod may not have the tokens of proxies reviewed.
            TokenReviewForbidden = "token_review_forbidden",
            /// istiod may not do something else without which it does not read the cluster, or does not serve it.
            ReaderForbidden = "reader_forbidden",
            /// The primaries that serve it do not have a root in common.
            RootsDiffer = "roots_differ",
            /// No primary has given the webhook a CA certificate.
            NotServed = "not_served",
            /// The webhook trusts another authority than the mesh's.
            OtherAuthority = "other_authority",
            /// No proxy of the cluster's gateway gets its configuration from a primary.
            NotConnected = "not_connected",
            /// It could not be observed, and nothing is known from before.
            Unknown = "unknown",
        }
        good {
            /// A primary serves the cluster.
            Ready = "ready",
        }
    }
}

/// What a remote cluster should say of whom it is served by.
#[derive(Clone, Copy, Debug)]
pub struct WantedServing<'a> {
    /// The primaries that serve it, as the annotation has them.
    pub control_plane_clusters: &'a str,
    /// The mesh's trust domain.
    pub trust_domain: &'a str,
    /// The mesh's roots as PEM; without any, they are not compared.
    pub roots: &'a str,
}

impl InjectionState {
    /// The state of a cluster that says this of itself.
    /// `trust_domain` is the one in its mesh configuration.
    pub fn of(served: &Served, trust_domain: Option<&str>, wanted: &WantedServing<'_>) -> Self {
        let Some(ca_bundles) = &served.ca_bundles else { return Self::NoWebhook };
        if served.control_plane_clusters.as_deref() != Some(wanted.control_plane_clusters) {
            return Self::NotAnnotated;
        }
        if trust_domain != Some(wanted.trust_domain) {
            return Self::OtherTrustDomain;
        }
        if served.forbidden.is_review {
            return Self::TokenReviewForbidden;
        }
        if served.forbidden.is_else {
            return Self::ReaderForbidden;
        }
        let parsed = |text: &[u8]| Certificate::parse_all(ROOT_CERT, text).unwrap_or_default();
        let roots = parsed(wanted.roots.as_bytes());
        let is_ours = |bundle: &Vec<u8>| {
            roots.is_empty() || parsed(bundle).iter().any(|certificate| roots.contains(certificate))
        };
        if ca_bundles.iter().any(Vec::is_empty) {
            Self::NotServed
        } else if ca_bundles.iter().all(is_ours) {
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
            Self::NotAnnotated => (
                Class::Broken,
                "its namespace does not name the primaries that serve it",
                "Something else changed the annotation topology.istio.io/controlPlaneClusters of the mesh's namespace. istiod of a primary \
                 that is not named there, without blanks, stops serving the cluster when it next restarts: pods in new namespaces do not \
                 start then. Apply again; that restores it and has istiod read it.",
            ),
            Self::OtherTrustDomain => (
                Class::Broken,
                "its mesh configuration has another trust domain than the mesh",
                "Something else changed or deleted the ConfigMap istio in the mesh's namespace of this cluster. istiod of the primaries, once \
                 restarted, expects another trust domain of its pods then: calls to Services that run only here fail. Apply again; that \
                 restores it and has istiod read it.",
            ),
            Self::TokenReviewForbidden => (
                Class::Broken,
                "istiod of the primaries may not have its tokens reviewed",
                "Something else changed the permissions of the account istio-mesh-reader in this cluster, so istiod cannot tell \
                 whose proxies ask for certificates: new pods do not become ready, and those of others expire within a day. Apply again; \
                 that restores it.",
            ),
            Self::ReaderForbidden => (
                Class::Broken,
                "istiod of the primaries has no permission for something that it does there",
                "Something else changed the ClusterRole of the account istio-mesh-reader in this cluster; the plan shows the rules that \
                 are missing. istiod stops reading the cluster when it next connects, or stops serving it: it no longer writes the CA \
                 certificate of the webhook or the copies of the root in new namespaces, whose pods do not start then. Apply again; that \
                 restores the role and has istiod connect again.",
            ),
            Self::RootsDiffer => (
                Class::Open,
                "the primaries that serve it trust different roots",
                "istiod of each keeps replacing the CA certificate of the webhook with its own, so new pods with a proxy are rejected by \
                 chance, and proxies do not get certificates from all of them. istiod of one signs with another root: its Secret cacerts \
                 was replaced or missing when it started. Apply the mesh again; that restores the Secret and restarts istiod there.",
            ),
            Self::NotConnected => (
                Class::Open,
                "no proxy of its gateway is connected to istiod of a primary",
                "The gateway's pods are ready with the configuration that they have, and get no other one; new pods with a proxy do not \
                 become ready. Allow traffic from the pods of this cluster to port 15012 of istiod: of the addresses in the EndpointSlices \
                 of the Service istiod in the mesh's namespace, or of hostname in the remote_control_plane block of the primary.",
            ),
            Self::NoWebhook => (
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
    use crate::observe::Forbidden;

    const WANTED: WantedServing<'static> =
        WantedServing { control_plane_clusters: "east,west", trust_domain: "shop.example", roots: "" };

    fn served(bundles: &[&str]) -> Served {
        Served {
            ca_bundles: Some(bundles.iter().map(|bundle| bundle.as_bytes().to_vec()).collect()),
            control_plane_clusters: Some("east,west".to_owned()),
            mesh_config: None,
            forbidden: Forbidden::default(),
        }
    }

    fn state(served: &Served) -> InjectionState {
        InjectionState::of(served, Some("shop.example"), &WANTED)
    }

    #[test]
    fn a_webhook_without_a_certificate_is_served_by_nobody() {
        assert_eq!(state(&Served { ca_bundles: None, ..served(&[]) }), InjectionState::NoWebhook);
        assert_eq!(state(&served(&["x", ""])), InjectionState::NotServed);
        assert_eq!(state(&served(&["x", "x"])), InjectionState::Ready);
    }

    #[test]
    fn a_list_of_primaries_with_a_blank_names_other_ones() {
        let annotated =
            |text: &str| state(&Served { control_plane_clusters: Some(text.to_owned()), ..served(&["x"]) });
        assert_eq!(annotated("east,west"), InjectionState::Ready);
        assert_eq!(annotated("east, west"), InjectionState::NotAnnotated);
        assert_eq!(
            state(&Served { control_plane_clusters: None, ..served(&["x"]) }),
            InjectionState::NotAnnotated
        );
    }

    #[test]
    fn what_keeps_istiod_from_serving_is_named_also_while_the_webhook_still_trusts_it() {
        assert_eq!(
            InjectionState::of(&served(&["x"]), Some("cluster.local"), &WANTED),
            InjectionState::OtherTrustDomain
        );
        let without = |forbidden| state(&Served { forbidden, ..served(&["x"]) });
        let review = Forbidden { is_review: true, is_else: false };
        assert_eq!(without(review), InjectionState::TokenReviewForbidden);
        assert_eq!(without(Forbidden { is_else: true, ..review }), InjectionState::TokenReviewForbidden);
        let role = Forbidden { is_review: false, is_else: true };
        assert_eq!(without(role), InjectionState::ReaderForbidden);
    }
}
