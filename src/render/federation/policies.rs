//! Which calls of other meshes are denied.
//!
//! Trust is for the whole mesh, and gateways that pass TLS on look at no policy (`pilot/pkg/networking/core/gateway.go`), so workloads
//! decide. Policies only deny: a single one that allows would shut out the mesh's own callers. They have conditions of connections only,
//! so that they are for every protocol.

use serde_json::{Value, json};

use super::{name_of, name_of_share};
use crate::desired::object::managed;
use crate::mesh::{Export, PeerFacts, PeerName, ValidatedFederation};

/// The policy for the mesh, then one for each export.
pub(super) fn objects(federation: &ValidatedFederation) -> Vec<Value> {
    let exports = federation.open_exports().map(|export| of_export(federation, export));
    default(federation).into_iter().chain(exports).collect()
}

/// What each peer is denied everywhere: whatever it has not called by the server name of an export for it. Gateways pass calls on by
/// that name, so it cannot be another Service's, also that of a workload that is created tomorrow. Everybody else is left alone:
/// ingress gateways have policies of the root namespace, too, and callers with certificates of their own.
fn default(federation: &ValidatedFederation) -> Option<Value> {
    let rules: Vec<Value> =
        federation.known_peers().map(|(peer, facts)| of_peer(federation, &peer.name, facts)).collect();
    (!rules.is_empty()).then(|| {
        managed(json!({
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": name_of(federation), "namespace": federation.own().root_namespace},
            "spec": {"action": "DENY", "rules": rules},
        }))
    })
}

fn of_peer(federation: &ValidatedFederation, peer: &PeerName, facts: &PeerFacts) -> Value {
    let exports = federation.exports().iter().filter(|export| export.to.contains(peer));
    let mut open: Vec<String> =
        exports.flat_map(|export| export.server_names(&federation.own().domain_suffix)).collect();
    open.sort();
    let mut rule = json!({"from": [{"source": {"principals": [everybody_of(&facts.trust_domain)]}}]});
    if !open.is_empty() {
        rule["when"] = json!([{"key": "connection.sni", "notValues": open}]);
    }
    rule
}

/// Who is denied at the pods of an export, however they are reached: every identity that is neither the mesh's own nor allowed. It is
/// not a list of peers, so peers of federations that come later are denied before their first call; callers without an identity are a
/// matter of the mesh.
fn of_export(federation: &ValidatedFederation, export: &Export) -> Value {
    let own = federation.own().trust_domains.iter().map(everybody_of);
    let allowed = export.allowed.iter().map(ToString::to_string);
    let spared: Vec<String> = own.chain(allowed).collect();
    managed(json!({
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": name_of_share(federation, &export.name), "namespace": export.namespace},
        "spec": {
            "selector": {"matchLabels": export.selector},
            "action": "DENY",
            "rules": [{"from": [{"source": {"principals": ["*"], "notPrincipals": spared}}]}],
        },
    }))
}

fn everybody_of(trust_domain: &impl std::fmt::Display) -> String {
    format!("{trust_domain}/*")
}
