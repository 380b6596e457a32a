//! What is wrong with a mesh by its status, and what to do about it.

use tfplugin::Diagnostic;

use super::authority_state;
use super::links::{DRAINED, DRAINING, secret_name};
use super::model::StatusModel;
use super::plan::primary;
use super::status::{READY, UNKNOWN};

impl StatusModel {
    /// An error for everything that is not as it should be.
    pub fn problems(&self) -> Vec<Diagnostic> {
        let clusters = self.clusters.as_known().into_iter().flatten().flat_map(|(label, cluster)| {
            let control_plane =
                (cluster.control_plane.as_str() == Some("not_ready")).then(|| no_control_plane(label));
            let gateway = cluster.gateway.as_str().and_then(|state| closed_gateway(label, state));
            [control_plane, gateway].into_iter().flatten().chain(cluster.entrance_problems(label))
        });
        let links = self.links.as_known().into_iter().flatten().filter_map(|(key, state)| {
            let (reader, read) = key.split_once("->")?;
            broken_link(reader, read, state.as_str().unwrap_or(UNKNOWN))
        });
        clusters.chain(authority_state::problems(self)).chain(links).collect()
    }
}

fn no_control_plane(label: &str) -> Diagnostic {
    let detail = "No pod of Deployment istiod is ready, so proxies of this cluster get no configuration and no certificates. Look \
                  at the events of its pods and at the number of replicas, mend the cause, and apply again.";
    Diagnostic::error(format!("Cluster {label:?}: the control plane is not ready"), detail).at(primary(label))
}

/// Why a cluster's east-west gateway takes no calls, and what to do; `None` if it does.
fn closed_gateway(label: &str, state: &str) -> Option<Diagnostic> {
    let (cause, way_out) = match state {
        READY => return None,
        "no_address" => (
            "has no address",
            "The load balancer of Service istio-eastwestgateway is pending: the events of the Service say why. Until it has an \
             address, calls from other networks are sent to pod addresses that they cannot reach. If no controller makes load \
             balancers here, set service_type and addresses in the east_west_gateway block.",
        ),
        "not_labelled" => (
            "does not belong to its network",
            "The label topology.istio.io/network of the mesh's namespace or of Service istio-eastwestgateway is missing or names \
             another network, so istiod sends calls from other networks elsewhere. Apply again; that restores the label.",
        ),
        "not_injected" => (
            "has pods without an image",
            "They were created while istiod's webhook did not work, and still have the placeholder image auto. Apply again; that \
             restores the webhook and makes the pods anew.",
        ),
        _ => (
            "has no ready pod",
            "Calls from other networks end at it. Look at the events and the log of the pods of Deployment \
             istio-eastwestgateway, mend the cause, and apply again.",
        ),
    };
    let summary = format!("Cluster {label:?}: its east-west gateway {cause}");
    Some(Diagnostic::error(summary, way_out).at(primary(label).attribute("east_west_gateway")))
}

/// Why calls from one cluster do not reach another, and what to do; `None` if they do, or nobody can tell, or a message about one
/// of the clusters says it.
fn broken_link(reader: &str, read: &str, state: &str) -> Option<Diagnostic> {
    let secret = secret_name(read);
    let (cause, way_out) = match state {
        READY | UNKNOWN | DRAINED | "no_control_plane" | "no_gateway" => return None,
        DRAINING => (
            format!("istiod of {reader:?} still reads {read:?}, which is being drained"),
            format!(
                "Secret {secret} is still in {reader:?}, or istiod there has yet to let go of it. Apply again, and do not remove \
                 the cluster before: calls would still be sent to it."
            ),
        ),
        "roots_differ" => (
            format!("proxies of {reader:?} and {read:?} trust different roots"),
            "Every call between them fails its TLS handshake. istiod of one of them signs with another root: it started while the \
             Secret cacerts was missing and created a root of its own, or the Secret was replaced and istiod restarted since. \
             Apply again; that restores the Secret and restarts the Deployment istiod there, after which proxies fetch \
             certificates of the mesh's root. If the message stays, compare root_fingerprints in status with the \
             root-cert.pem of the Secret in each cluster."
                .to_owned(),
        ),
        state => access(reader, read, state, &secret),
    };
    let summary = format!("Link {reader:?} -> {read:?}: {cause}");
    Some(Diagnostic::error(summary, way_out).at(primary(read)))
}

/// Why istiod of `reader` cannot read `read`: the cause and the way out.
fn access(reader: &str, read: &str, state: &str, secret: &str) -> (String, String) {
    let stays = format!("Until then calls stay inside {reader:?}.");
    match state {
        "missing" => (
            format!("istiod of {reader:?} does not know cluster {read:?}"),
            format!("Secret {secret} in {reader:?} is missing. Apply again; that writes it anew. {stays}"),
        ),
        "invalid_secret" => (
            format!(
                "the remote secret in {reader:?} does not say how to read cluster {read:?}, or says more"
            ),
            format!(
                "Secret {secret} in {reader:?} shall have one key, {read:?}, and under it a kubeconfig with an address and a token; \
                 someone has changed it. Apply again; that restores it. {stays}"
            ),
        ),
        "token_refused" => (
            format!("{read:?} does not accept the token that istiod of {reader:?} has"),
            format!(
                "The token in Secret {secret} in {reader:?} is no longer that of the reader in {read:?}, whose Secret was deleted \
                 or made anew. Apply again; that hands out the present one. istiod does not see changes in {read:?} until then."
            ),
        ),
        "reader_forbidden" => (
            format!("istiod of {reader:?} may not read {read:?}"),
            format!(
                "The ClusterRole or ClusterRoleBinding of ServiceAccount istio-mesh-reader in {read:?} was changed, or an admission \
                 policy takes rights from it. Apply again; that restores the role. {stays}"
            ),
        ),
        "untrusted_certificate" => (
            format!("istiod of {reader:?} does not trust the API server of {read:?}"),
            format!(
                "The certificate of the API server was not signed by the certificate authority in Secret {secret}, is for another \
                 name, or has expired. If the Secret was edited, apply again. Otherwise correct cluster_ca_certificate or \
                 tls_server_name in the api_server block of {read:?}, or in its cluster block of the provider. {stays}"
            ),
        ),
        "unreachable" => (
            format!("nothing answers at the address by which istiod of {reader:?} reads {read:?}"),
            format!(
                "The address in Secret {secret} does not answer here either. Check url in the api_server block of {read:?}, and that \
                 the API server is up. {stays}"
            ),
        ),
        "timeout" | "syncing" | "closed" => (
            format!("istiod of {reader:?} cannot read the API server of {read:?} ({state})"),
            format!(
                "Seen from here, nothing is wrong with the address, the certificate and the token in Secret {secret}. Let the pods \
                 of istiod in {reader:?} through to it: firewalls, network policies, authorised networks of the API server. {stays}"
            ),
        ),
        other => {
            (format!("istiod of {reader:?} says {other:?} of {read:?}"), "Look into istiod's log.".to_owned())
        }
    }
}
