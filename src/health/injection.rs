//! Whether istiod of another cluster injects the proxies of one that has no control plane.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Class, Fault, RELOADS, UNSEEN};
use super::state::states;
use crate::mesh::Injector;
use crate::observe::{ControlPlane, Served};
use crate::trust::{Certificate, ROOT_CERT, common_roots};

states! {
    /// The state of a remote cluster's injection.
    pub enum InjectionState {
        bad {
            /// There is no webhook, so that pods start without a proxy.
            NoWebhook = "no_webhook",
            /// The namespace of the mesh does not name the primaries that are to serve the cluster.
            NotAnnotated = "not_annotated",
            /// The namespace of the mesh names primaries, though an istiod in the cluster injects its proxies.
            Annotated = "annotated",
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
            /// The istiod in the cluster that injects its proxies does not do so.
            InjectorNotReady = "injector_not_ready",
            /// The webhook trusts another authority than the mesh's.
            OtherAuthority = "other_authority",
            /// No istiod of the primaries that serve the cluster leads it.
            NobodyLeads = "nobody_leads",
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
    /// Whose istiod injects its proxies.
    pub injector: Injector,
    /// The primaries that serve it, as the annotation has them.
    pub control_plane_clusters: &'a str,
    /// The mesh's trust domain.
    pub trust_domain: &'a str,
    /// The mesh's roots as PEM; without any, they are not compared.
    pub roots: &'a str,
    /// The ready pods of istiod of which one leads the cluster; `None` if some could not be seen.
    pub istiods: Option<&'a BTreeSet<String>>,
}

impl InjectionState {
    /// The state of a cluster that says this of itself.
    /// `trust_domain` is the one in its mesh configuration.
    pub fn of(served: &Served, trust_domain: Option<&str>, wanted: &WantedServing<'_>) -> Self {
        let Some(ca_bundles) = &served.ca_bundles else { return Self::NoWebhook };
        let annotation = served.control_plane_clusters.as_deref();
        match wanted.injector {
            Injector::Primary if annotation != Some(wanted.control_plane_clusters) => {
                return Self::NotAnnotated;
            }
            Injector::Local if annotation.is_some() => return Self::Annotated,
            Injector::Primary | Injector::Local => {}
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
        let is_local = wanted.injector == Injector::Local;
        if is_local && !served.has_injector {
            return Self::InjectorNotReady;
        }
        let parsed = |text: &[u8]| Certificate::parse_all(ROOT_CERT, text).unwrap_or_default();
        let roots = parsed(wanted.roots.as_bytes());
        let is_ours = |bundle: &Vec<u8>| {
            roots.is_empty() || parsed(bundle).iter().any(|certificate| roots.contains(certificate))
        };
        let leads = |istiods: &BTreeSet<String>| {
            served.leader.as_ref().is_some_and(|leader| istiods.contains(leader))
        };
        if ca_bundles.iter().any(Vec::is_empty) {
            if is_local { Self::InjectorNotReady } else { Self::NotServed }
        } else if !ca_bundles.iter().all(is_ours) {
            Self::OtherAuthority
        } else if !is_local && wanted.istiods.is_some_and(|istiods| !leads(istiods)) {
            Self::NobodyLeads
        } else {
            Self::Ready
        }
    }

    /// The same by what all primaries say that serve the cluster.
    #[must_use]
    pub fn by_roots(self, serving: &[&ControlPlane]) -> Self {
        match self {
            // Which of them has written the certificate last says nothing.
            Self::NotServed | Self::OtherAuthority | Self::Ready if roots_differ(serving) => {
                Self::RootsDiffer
            }
            state => state,
        }
    }

    /// The same of a cluster with a ready gateway, whose proxies are always there, by what all primaries of the mesh say. One that has served
    /// the cluster so far goes on with its proxies until they connect again.
    #[must_use]
    pub fn by_connections(self, primaries: &[&ControlPlane], cluster: &str) -> Self {
        match self {
            Self::Ready if is_connected(primaries, cluster) == Some(false) => Self::NotConnected,
            state => state,
        }
    }

    pub(super) fn fault(self) -> Option<Fault> {
        let (class, cause, remedy) = match self {
            Self::Ready => return None,
            Self::Unknown => {
                (Class::Implied, "it could not be observed whether proxies are injected", UNSEEN)
            }
            Self::InjectorNotReady => (
                Class::Unready,
                "the istiod in the cluster that injects its proxies is not ready",
                "No pod of the Deployment istiod is ready, or it has not yet given the webhook its CA certificate, so new pods with a proxy \
                 are rejected. Proxies that run are not affected. Check the events and the log of its pods, fix the cause, and apply again; \
                 that also restores the Deployment.",
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
            Self::NotServed => (
                Class::Open,
                "no primary serves the cluster",
                "The webhook that injects proxies has no CA certificate, so new pods with a proxy are rejected. istiod of a primary writes \
                 it when it leads the cluster: it must read the cluster (see links in status), the annotation \
                 topology.istio.io/controlPlaneClusters of the mesh's namespace must name it without blanks, and its reader must be \
                 allowed to update the webhook. Apply again; that restores all of these.",
            ),
            Self::NobodyLeads => (
                Class::Open,
                "no istiod of the primaries that serve it leads it",
                "The ConfigMap istio-namespace-controller-election in the mesh's namespace of this cluster names no running istiod of these \
                 primaries. Namespaces that are created now get no copy of the mesh's root certificate, so pods in them do not start. \
                 Check that istiod runs in one of these primaries, and that no istiod of another installation holds that ConfigMap. \
                 Then apply again; that has istiod read the cluster again.",
            ),
            Self::OtherAuthority => (
                Class::Open,
                "the webhook that injects proxies trusts another authority than the mesh's",
                "Something else wrote the CA certificate of the MutatingWebhookConfiguration istio-sidecar-injector: a primary with another \
                 root, or another installation of Istio in this cluster. New pods with a proxy are rejected. Remove what writes it; \
                 istiod then writes its own within a minute.",
            ),
            edited => {
                let (cause, remedy) = edited.edit()?;
                (Class::Broken, cause, remedy)
            }
        };
        Some(Fault { class, settles: RELOADS, cause, remedy })
    }

    /// What something else has done to the objects of the cluster, and the way out; `None` of all that is not such an edit.
    fn edit(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::NotAnnotated => (
                "its namespace does not name the primaries that serve it",
                "Something else changed the annotation topology.istio.io/controlPlaneClusters of the mesh's namespace. istiod of a primary \
                 that is not named there, without blanks, stops serving the cluster when it next restarts: pods in new namespaces do not \
                 start then. Apply again; that restores it and has istiod read it.",
            ),
            Self::Annotated => (
                "its namespace names primaries, although an istiod in the cluster injects its proxies",
                "Something else set the annotation topology.istio.io/controlPlaneClusters of the mesh's namespace. istiod of the primaries \
                 and istiod in this cluster then both write the CA certificate of the webhook that injects proxies. Remove it (kubectl \
                 annotate namespace NAMESPACE topology.istio.io/controlPlaneClusters-), then apply again; that has istiod of the primaries \
                 read it.",
            ),
            Self::OtherTrustDomain => (
                "its mesh configuration has another trust domain than the mesh",
                "Something else changed or deleted the ConfigMap istio in the mesh's namespace of this cluster. istiod of the primaries, once \
                 restarted, expects another trust domain of its pods then: calls to Services that run only here fail. Apply again; that \
                 restores it and has istiod read it.",
            ),
            Self::TokenReviewForbidden => (
                "istiod of the primaries may not have its tokens reviewed",
                "Something else changed the permissions of the account istio-mesh-reader in this cluster, so istiod cannot tell \
                 whose proxies ask for certificates: new pods do not become ready, and those of others expire within a day. Apply again; \
                 that restores it.",
            ),
            Self::ReaderForbidden => (
                "istiod of the primaries has no permission for something that it does there",
                "Something else changed the ClusterRole of the account istio-mesh-reader in this cluster; the plan shows the rules that \
                 are missing. istiod stops reading the cluster when it next connects, or stops serving it: it no longer writes the CA \
                 certificate of the webhook or the copies of the root in new namespaces, whose pods do not start then. Apply again; that \
                 restores the role and has istiod connect again.",
            ),
            Self::NoWebhook => (
                "the webhook that injects proxies does not exist",
                "The MutatingWebhookConfiguration istio-sidecar-injector was deleted, so new pods start without a proxy. Apply again; that \
                 restores it.",
            ),
            _ => return None,
        })
    }
}

/// Whether no root is trusted by the proxies of all of these.
fn roots_differ(primaries: &[&ControlPlane]) -> bool {
    let roots = primaries.iter().filter_map(|it| it.roots.as_deref()).enumerate();
    let roots: BTreeMap<String, Vec<Certificate>> = roots
        .filter_map(|(index, pem)| {
            Some((index.to_string(), Certificate::parse_all(ROOT_CERT, pem.as_bytes()).ok()?))
        })
        .collect();
    roots.len() > 1 && common_roots(&roots).is_err()
}

/// Whether a gateway of the cluster gets its configuration from one of these; `None` if that cannot be seen, or no istiod runs.
fn is_connected(primaries: &[&ControlPlane], cluster: &str) -> Option<bool> {
    let mut answers = Vec::new();
    for primary in primaries {
        for replica in primary.replicas.as_ref().ok()? {
            answers.push(replica.served.as_ref()?.contains(cluster));
        }
    }
    (!answers.is_empty()).then(|| answers.contains(&true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::KeyType;
    use crate::observe::{Forbidden, Replica, RunningMeshConfig};
    use crate::trust::{Root, RootRequest};

    const WANTED: WantedServing<'static> = WantedServing {
        injector: Injector::Primary,
        control_plane_clusters: "east,west",
        trust_domain: "shop.example",
        roots: "",
        istiods: None,
    };

    fn served(bundles: &[&str]) -> Served {
        Served {
            ca_bundles: Some(bundles.iter().map(|bundle| bundle.as_bytes().to_vec()).collect()),
            control_plane_clusters: Some("east,west".to_owned()),
            mesh_config: None,
            leader: Some("istiod-1".to_owned()),
            forbidden: Forbidden::default(),
            has_injector: false,
        }
    }

    /// The state of a cluster that injects its own proxies.
    fn local(served: &Served) -> InjectionState {
        let wanted = WantedServing { injector: Injector::Local, ..WANTED };
        InjectionState::of(served, Some("shop.example"), &wanted)
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
    fn one_running_istiod_of_the_primaries_leads() {
        let led = |leader: Option<&str>, running: &[&str]| {
            let istiods = running.iter().map(|pod| (*pod).to_owned()).collect();
            let wanted = WantedServing { istiods: Some(&istiods), ..WANTED };
            let served = Served { leader: leader.map(str::to_owned), ..served(&["x"]) };
            InjectionState::of(&served, Some("shop.example"), &wanted)
        };
        assert_eq!(led(Some("istiod-1"), &["istiod-1", "istiod-2"]), InjectionState::Ready);
        assert_eq!(led(Some("istiod-1"), &["istiod-2"]), InjectionState::NobodyLeads);
        assert_eq!(led(Some("istiod-1"), &[]), InjectionState::NobodyLeads);
        assert_eq!(led(None, &["istiod-1"]), InjectionState::NobodyLeads);
        assert_eq!(
            state(&Served { leader: None, ..served(&["x"]) }),
            InjectionState::Ready,
            "nothing was seen"
        );
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
    fn an_istiod_that_injects_has_to_be_ready_and_nobody_else_may_lead() {
        let own = Served { control_plane_clusters: None, has_injector: true, ..served(&["x"]) };
        assert_eq!(local(&own), InjectionState::Ready);
        let annotated = Served { control_plane_clusters: Some(String::new()), ..own.clone() };
        assert_eq!(local(&annotated), InjectionState::Annotated);
        assert_eq!(local(&Served { has_injector: false, ..own.clone() }), InjectionState::InjectorNotReady);
        let unsigned = Served { ca_bundles: served(&["x", ""]).ca_bundles, ..own.clone() };
        assert_eq!(local(&unsigned), InjectionState::InjectorNotReady);
        let forbidden = Served { forbidden: Forbidden { is_review: true, is_else: false }, ..own.clone() };
        assert_eq!(local(&forbidden), InjectionState::TokenReviewForbidden, "primaries sign nevertheless");
        assert_eq!(state(&own), InjectionState::NotAnnotated);
    }

    #[test]
    fn what_is_wrong_has_a_cause_and_a_remedy() {
        use crate::health::State as _;
        for state in InjectionState::ALL {
            let fault = state.fault();
            assert_eq!(fault.is_none(), state.is_good(), "{state}");
            assert!(fault.is_none_or(|fault| !fault.cause.is_empty() && !fault.remedy.is_empty()), "{state}");
        }
        let restarts = InjectionState::InjectorNotReady.fault().unwrap();
        assert_eq!(restarts.class, Class::Unready, "it is waited for");
        assert!(restarts.remedy.contains("Deployment istiod"), "{}", restarts.remedy);
        let annotated = InjectionState::Annotated.fault().unwrap().remedy;
        assert!(
            annotated.contains("topology.istio.io/controlPlaneClusters-), then apply again"),
            "{annotated}"
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

    fn primary(root: Option<&Root>, served: &[Option<&[&str]>]) -> ControlPlane {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let replica = |served: Option<&[&str]>| Replica { served: served.map(set), ..Replica::default() };
        ControlPlane {
            is_installed: true,
            replicas: Ok(served.iter().copied().map(replica).collect()),
            roots: root.map(|root| root.certificate().pem()),
            authority: None,
            gateway: None,
            mesh_config: RunningMeshConfig::default(),
        }
    }

    #[test]
    fn primaries_without_a_common_root_are_named_whoever_has_written_last() {
        let root = || {
            let (now, lifetime) = (time::OffsetDateTime::UNIX_EPOCH, time::Duration::days(3650));
            let (organization, common_name, key_type) = ("Shop", "Root", KeyType::EcdsaP256);
            Root::generate(&RootRequest { organization, common_name, key_type, now, lifetime }).unwrap()
        };
        let (one, other) = (root(), root());
        let [east, west, north] = [&one, &other, &one].map(|root| primary(Some(root), &[]));
        let unseen = primary(None, &[]);
        for state in [InjectionState::Ready, InjectionState::OtherAuthority, InjectionState::NotServed] {
            assert_eq!(state.by_roots(&[&east, &west]), InjectionState::RootsDiffer);
            assert_eq!(state.by_roots(&[&east, &north, &unseen]), state);
        }
        let cause = InjectionState::NotAnnotated;
        assert_eq!(cause.by_roots(&[&east, &west]), cause, "what an apply must restore comes first");
    }

    #[test]
    fn a_gateway_that_no_istiod_serves_is_named_unless_one_cannot_be_asked() {
        let state = |primaries: &[&ControlPlane]| InjectionState::Ready.by_connections(primaries, "edge");
        let (others, own): (&[&str], &[&str]) = (&["east"], &["east", "edge"]);
        let serves = primary(None, &[Some(others), Some(own)]);
        let forgets = primary(None, &[Some(others)]);
        let silent = primary(None, &[Some(others), None]);
        assert_eq!(state(&[&serves, &forgets]), InjectionState::Ready);
        assert_eq!(state(&[&forgets]), InjectionState::NotConnected);
        assert_eq!(state(&[&forgets, &silent]), InjectionState::Ready);
        assert_eq!(
            state(&[&primary(None, &[])]),
            InjectionState::Ready,
            "no istiod runs, which is said elsewhere"
        );
    }
}
