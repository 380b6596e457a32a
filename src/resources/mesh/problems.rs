//! What is wrong with a mesh by its status, what to do about it, and whether waiting helps.

use std::time::Duration;

use tfplugin::{Diagnostic, Diagnostics, Severity};

use super::authority_state;
use super::links::secret_name;
use super::model::StatusModel;
use super::place::primary;
use super::status::{ABSENT, NOT_READY, READY};
use crate::health::LinkState;

/// How long API servers and istiod may take to act upon what was just written: before that, no fault is a verdict.
const SETTLES: Duration = Duration::from_secs(5);
/// How long istiod may take to write the roots that it trusts: that it has not is no problem by itself.
const ROOTS: Duration = Duration::from_secs(45);
/// Between the first looks of an apply that waits, and between the last ones.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What an apply makes of it.
    pub class: Class,
    /// What it is and what to do about it, as an error.
    pub message: Diagnostic,
}

/// What an apply that has applied everything makes of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It may pass, and is waited for. A mesh that was created but for this is not worth creating again: a link, an address or
    /// the comparison of roots.
    Open,
    /// It may pass, and is waited for. A mesh without it was not created: a control plane or a gateway's pods.
    Unready,
    /// No waiting changes it.
    Broken,
}

impl Problem {
    fn new(class: Class, message: Diagnostic) -> Self {
        Self { class, message }
    }

    /// What a plan says of it.
    pub fn warning(self) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..self.message }
    }
}

/// Whether an apply looks again: `since` it has applied everything this much time has passed, and this much is `left`. What may pass
/// is waited for until no time is left; what is decided ends the wait.
pub fn is_waited_for(problems: &[Problem], awaits_roots: bool, since: Duration, left: Duration) -> bool {
    let is_decided = since >= SETTLES && problems.iter().any(|problem| problem.class == Class::Broken);
    let is_open = !problems.is_empty() || (awaits_roots && since < ROOTS);
    is_open && !is_decided && !left.is_zero()
}

/// How long an apply that waits pauses before its next look.
pub fn pause(since: Duration) -> Duration {
    let [first, last] = PAUSES;
    (since / 10).clamp(first, last)
}

/// What an apply says of the problems that are left in the end. A create whose mesh is complete but for what is open has succeeded,
/// with warnings: an error would have Terraform destroy the mesh and create it again.
pub fn in_the_end(problems: Vec<Problem>, is_create: bool) -> Diagnostics {
    let is_good_enough = is_create && problems.iter().all(|problem| problem.class == Class::Open);
    let said = |problem: Problem| if is_good_enough { problem.warning() } else { problem.message };
    problems.into_iter().map(said).collect()
}

impl StatusModel {
    /// Everything that is not as it should be.
    pub fn problems(&self) -> Vec<Problem> {
        let is_absent =
            |label: &str| self.cluster(label).is_some_and(|it| it.control_plane.as_str() == Some(ABSENT));
        let clusters = self.clusters.as_known().into_iter().flatten().flat_map(|(label, cluster)| {
            let control_plane =
                cluster.control_plane.as_str().and_then(|state| no_control_plane(label, state));
            let gateway = cluster.gateway.as_str().and_then(|state| closed_gateway(label, state));
            let authority =
                cluster.authority.as_str().and_then(|state| authority_state::problem(label, state));
            let entrances = cluster.entrance_problems(label);
            // Where nothing is installed, that says it all.
            let others = gateway.into_iter().chain(entrances).chain(authority).filter(|_| !is_absent(label));
            control_plane.into_iter().chain(others)
        });
        let links = self.links.as_known().into_iter().flatten().filter_map(|(key, state)| {
            let (reader, read) = key.split_once("->")?;
            let link =
                broken_link(reader, read, state.as_str().map_or(LinkState::Unknown, LinkState::of_name))?;
            Some(link).filter(|_| !is_absent(reader) && !is_absent(read))
        });
        clusters.chain(links).collect()
    }
}

/// Why a cluster has no working control plane, and what to do; `None` if it has one.
fn no_control_plane(label: &str, state: &str) -> Option<Problem> {
    let (class, cause, way_out) = match state {
        NOT_READY => (
            Class::Unready,
            "the control plane is not ready",
            "No pod of the Deployment istiod is ready, so proxies of this cluster get no configuration and no certificates. \
             Check the events of its pods and the number of replicas, fix the cause, and apply again.",
        ),
        ABSENT => (
            Class::Broken,
            "the mesh is not installed",
            "The mesh's namespace has no Deployment istiod: it was deleted, or the cluster was recreated. The plan lists what is \
             missing; applying it installs the mesh again.",
        ),
        _ => return None,
    };
    let message = Diagnostic::error(format!("Cluster {label:?}: {cause}"), way_out).at(primary(label));
    Some(Problem::new(class, message))
}

/// Why a cluster's east-west gateway takes no calls, and what to do; `None` if it does.
fn closed_gateway(label: &str, state: &str) -> Option<Problem> {
    let (class, cause, way_out) = match state {
        READY => return None,
        ABSENT => (
            Class::Broken,
            "does not exist",
            "The Service istio-eastwestgateway is missing, so no traffic from another network can enter. Apply again; that \
             creates it.",
        ),
        "no_address" => (
            Class::Open,
            "has no address",
            "The load balancer of the Service istio-eastwestgateway is pending: the events of the Service show why. Until it has \
             an address, calls from other networks are sent to pod addresses that they cannot reach. If no controller provides \
             load balancers here, set service_type and addresses in the east_west_gateway block.",
        ),
        "not_labelled" => (
            Class::Broken,
            "does not belong to its network",
            "The label topology.istio.io/network of the mesh's namespace or of the Service istio-eastwestgateway is missing or \
             names another network, so istiod sends calls from other networks elsewhere. Apply again; that restores the label.",
        ),
        "not_injected" => (
            Class::Unready,
            "has pods without an image",
            "They were created while istiod's webhook did not work, and still have the placeholder image auto. Apply again; that \
             restores the webhook and recreates the pods.",
        ),
        _ => (
            Class::Unready,
            "has no ready pod",
            "Calls from other networks fail there. Check the events and the log of the pods of the Deployment \
             istio-eastwestgateway, fix the cause, and apply again.",
        ),
    };
    let summary = format!("Cluster {label:?}: its east-west gateway {cause}");
    let message = Diagnostic::error(summary, way_out).at(primary(label).attribute("east_west_gateway"));
    Some(Problem::new(class, message))
}

/// Why calls from one cluster do not reach another, and what to do; `None` if they do, or nobody can tell, or a message about one
/// of the clusters says it.
fn broken_link(reader: &str, read: &str, state: LinkState) -> Option<Problem> {
    let secret = secret_name(read);
    let (class, cause, way_out) = match state {
        LinkState::Draining => (
            Class::Open,
            format!("istiod of {reader:?} still reads {read:?}, which is being drained"),
            format!(
                "The Secret {secret} is still in {reader:?}, or istiod there still uses it. Apply again, and do not remove the \
                 cluster before that: calls would still be sent to it."
            ),
        ),
        LinkState::RootsDiffer => (
            Class::Open,
            format!("proxies of {reader:?} and {read:?} trust different roots"),
            "Every call between them fails its TLS handshake. istiod of one of them signs with another root: it started while \
             the Secret cacerts was missing and created its own root, or the Secret was replaced and istiod restarted since. \
             Apply again; that restores the Secret and restarts the Deployment istiod there, after which proxies fetch \
             certificates of the mesh's root. If the message stays, compare root_fingerprints in status with the root-cert.pem \
             of the Secret in each cluster."
                .to_owned(),
        ),
        state => access(reader, read, state, &secret)?,
    };
    let summary = format!("Link {reader:?} -> {read:?}: {cause}");
    Some(Problem::new(class, Diagnostic::error(summary, way_out).at(primary(read))))
}

/// Why istiod of `reader` cannot read `read`: the cause and the way out; `None` if it can, or nobody can tell.
fn access(reader: &str, read: &str, state: LinkState, secret: &str) -> Option<(Class, String, String)> {
    let stays = format!("Until then, calls stay inside {reader:?}.");
    Some(match state {
        LinkState::Missing => (
            Class::Open,
            format!("istiod of {reader:?} does not know cluster {read:?}"),
            format!("The Secret {secret} in {reader:?} is missing. Apply again; that creates it. {stays}"),
        ),
        LinkState::InvalidSecret => (
            Class::Broken,
            format!("the remote secret in {reader:?} is not a valid one for cluster {read:?}"),
            format!(
                "The Secret {secret} in {reader:?} must have exactly one key, {read:?}, whose value is a kubeconfig with a \
                 server and a token. If it was changed outside Terraform, apply again; that restores it. Otherwise check the \
                 api_server block of {read:?}. {stays}"
            ),
        ),
        LinkState::TokenRefused => (
            Class::Broken,
            format!("{read:?} rejects the token of istiod of {reader:?}"),
            format!(
                "The token in the Secret {secret} in {reader:?} is no longer that of the reader in {read:?}, whose Secret was \
                 deleted or recreated. Apply again; that distributes the current one. Until then, istiod does not see changes in \
                 {read:?}."
            ),
        ),
        LinkState::ReaderForbidden => (
            Class::Broken,
            format!("istiod of {reader:?} has no permission to read {read:?}"),
            format!(
                "The ClusterRole or ClusterRoleBinding of the ServiceAccount istio-mesh-reader in {read:?} was changed, or an \
                 admission policy removes permissions from it. Apply again; that restores the role. {stays}"
            ),
        ),
        LinkState::UntrustedCertificate => (
            Class::Broken,
            format!("istiod of {reader:?} does not trust the API server of {read:?}"),
            format!(
                "The certificate of the API server was not signed by the certificate authority in the Secret {secret}, is for \
                 another name, or has expired. If the Secret was edited, apply again. Otherwise correct cluster_ca_certificate or \
                 tls_server_name in the api_server block of {read:?}, or in its cluster block of the provider. {stays}"
            ),
        ),
        LinkState::Unreachable => (
            Class::Open,
            format!("nothing responds at the address at which istiod of {reader:?} reads {read:?}"),
            format!(
                "The address in the Secret {secret} does not respond from here either. Check url in the api_server block of \
                 {read:?}, and that the API server is running. {stays}"
            ),
        ),
        LinkState::Timeout | LinkState::Syncing | LinkState::Closed => (
            Class::Open,
            format!("istiod of {reader:?} cannot read the API server of {read:?} ({state})"),
            format!(
                "From here, the address, the certificate and the token in the Secret {secret} work. Allow traffic from the pods \
                 of istiod in {reader:?} to it: firewalls, network policies, authorised networks of the API server. {stays}"
            ),
        ),
        LinkState::Ready
        | LinkState::Unknown
        | LinkState::Drained
        | LinkState::Draining
        | LinkState::NoGateway
        | LinkState::NoControlPlane
        | LinkState::RootsDiffer => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tfplugin::Field;

    use super::*;
    use crate::resources::mesh::model::ClusterStatusModel;

    fn status(clusters: &[(&str, &str, &str)], links: &[(&str, &str)]) -> StatusModel {
        let clusters = clusters.iter().map(|(label, control_plane, gateway)| {
            let cluster = ClusterStatusModel {
                control_plane: (*control_plane).into(),
                gateway: (*gateway).into(),
                ..ClusterStatusModel::default()
            };
            ((*label).to_owned(), cluster)
        });
        let links = links.iter().map(|(link, state)| ((*link).to_owned(), Field::from(*state)));
        StatusModel {
            clusters: Field::Known(clusters.collect()),
            links: Field::Known(links.collect::<BTreeMap<_, _>>()),
        }
    }

    fn link(state: &str) -> Vec<Problem> {
        status(&[], &[("east->west", state)]).problems()
    }

    fn class(state: &str) -> Class {
        let [problem] = <[Problem; 1]>::try_from(link(state)).unwrap();
        problem.class
    }

    #[test]
    fn a_link_waits_unless_it_is_decided() {
        for open in ["missing", "syncing", "timeout", "closed", "unreachable", "draining", "roots_differ"] {
            assert_eq!(class(open), Class::Open, "{open}");
        }
        for broken in ["invalid_secret", "token_refused", "reader_forbidden", "untrusted_certificate"] {
            assert_eq!(class(broken), Class::Broken, "{broken}");
        }
        for fine in ["ready", "unknown", "drained", "no_gateway", "no_control_plane", "of_a_newer_release"] {
            assert_eq!(link(fine), [], "{fine}");
        }
    }

    #[test]
    fn an_apply_waits_for_what_may_pass_until_no_time_is_left() {
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        assert!(is_waited_for(&link("syncing"), false, hour, minute));
        assert!(!is_waited_for(&link("syncing"), false, hour, Duration::ZERO));
        assert!(!is_waited_for(&link("ready"), false, Duration::ZERO, hour));
        assert!(is_waited_for(&link("ready"), true, Duration::ZERO, hour));
        assert!(!is_waited_for(&link("ready"), true, minute, hour));
    }

    #[test]
    fn a_verdict_ends_the_wait_once_what_was_written_has_settled() {
        let second = Duration::from_secs(1);
        assert!(is_waited_for(&link("untrusted_certificate"), false, second, second));
        assert!(!is_waited_for(&link("untrusted_certificate"), false, second * 5, second));
        let both = status(&[], &[("a->b", "syncing"), ("b->a", "token_refused")]).problems();
        assert!(!is_waited_for(&both, false, second * 5, second));
    }

    #[test]
    fn a_create_that_is_complete_but_for_what_is_open_ends_with_warnings() {
        let open = status(&[("west", "ready", "no_address")], &[("east->west", "timeout")]).problems();
        assert_eq!(open.len(), 2);
        assert!(!in_the_end(open.clone(), true).has_errors());
        assert!(in_the_end(open, false).iter().all(Diagnostic::is_error));
        for unfinished in [("west", "not_ready", "ready"), ("west", "ready", "not_ready")] {
            let problems = status(&[unfinished], &[("east->west", "timeout")]).problems();
            assert!(in_the_end(problems, true).iter().all(Diagnostic::is_error), "{unfinished:?}");
        }
        assert!(in_the_end(link("invalid_secret"), true).has_errors());
    }

    #[test]
    fn a_mesh_that_is_gone_is_said_to_be_gone_and_nothing_else() {
        let gone = status(
            &[("east", "ready", "ready"), ("west", "absent", "absent")],
            &[("east->west", "token_refused"), ("west->east", "unreachable")],
        );
        let [problem] = <[Problem; 1]>::try_from(gone.problems()).unwrap();
        assert_eq!(problem.message.summary, "Cluster \"west\": the mesh is not installed");
        assert!(!problem.message.detail.contains("events"), "{}", problem.message.detail);
    }

    #[test]
    fn looks_become_rarer() {
        assert_eq!(pause(Duration::ZERO), Duration::from_secs(1));
        assert_eq!(pause(Duration::from_mins(10)), Duration::from_secs(5));
    }

    #[test]
    fn what_else_is_wrong_where_nothing_is_installed_is_not_told() {
        let cluster = |control_plane: &str| ClusterStatusModel {
            control_plane: control_plane.into(),
            authority: "missing".into(),
            federation_gateway: "absent".into(),
            shared_mesh_config: "absent".into(),
            ..ClusterStatusModel::default()
        };
        let told = |control_plane: &str| {
            let clusters = [("west".to_owned(), cluster(control_plane))];
            let status = StatusModel { clusters: Field::Known(clusters.into()), links: Field::Null };
            status.problems().iter().map(|problem| problem.class).collect::<Vec<_>>()
        };
        assert_eq!(told(READY), [Class::Broken; 3]);
        assert_eq!(told(ABSENT), [Class::Broken]);
    }
}
