//! The schema of what is observed of a mesh.

use tfplugin::Type;
use tfplugin::schema::Attribute;

/// What the mesh was last seen to be.
pub fn status() -> Attribute {
    let texts = || Type::List(Box::new(Type::String));
    let cluster = Type::Object(
        [
            ("control_plane".to_owned(), Type::String),
            ("root_fingerprints".to_owned(), texts()),
            ("root_expires".to_owned(), Type::String),
            ("authority".to_owned(), Type::String),
            ("authority_expires".to_owned(), Type::String),
            ("gateway".to_owned(), Type::String),
            ("gateway_addresses".to_owned(), texts()),
            ("federation_gateway".to_owned(), Type::String),
            ("federation_gateway_addresses".to_owned(), texts()),
            ("remote_control_plane".to_owned(), Type::String),
            ("remote_control_plane_addresses".to_owned(), texts()),
            ("shared_mesh_config".to_owned(), Type::String),
            ("last_apply".to_owned(), Type::String),
        ]
        .into(),
    );
    let status = Type::Object(
        [
            ("clusters".to_owned(), Type::Map(Box::new(cluster))),
            ("links".to_owned(), Type::Map(Box::new(Type::String))),
        ]
        .into(),
    );
    Attribute::new(status, DESCRIPTION).computed()
}

/// Every word of [`health`](crate::health), and what follows from it.
const DESCRIPTION: &str = "Condition of the mesh when it was last observed. `clusters`: `control_plane` (`ready`, `not_ready`, \
     `other_trust_domain` or `other_configuration` where istiod runs another mesh configuration than the one that it was given, or \
     `absent` where istiod is not installed), `root_fingerprints` and `root_expires` of the roots that its proxies trust, `authority` \
     (`ready`, `renewal_due`: the next apply renews its intermediate, `missing`: there is no Secret `cacerts`, `unusable`: \
     istiod cannot sign with it, or `not_in_use`: proxies trust another root than it leads to) and `authority_expires` of \
     the certificate that its istiod signs with (null if that is its own root), `gateway` (`ready`, `absent`, `no_address`: \
     its load balancer is pending, `no_node`: no selected node has an external address, `not_exposed`: its Service has no \
     load balancer, no `externalIPs` and selects no nodes, `no_port`: it lacks the port that istiod calls, `not_labelled`, `labelled`: istiod uses the addresses of its Service instead of \
     yours, `not_injected` or `not_ready`; null without an east-west gateway), `gateway_addresses` that control planes use, \
     `federation_gateway` (the same; `labelled` if it is treated as a gateway of the mesh's own network; null without one) and `federation_gateway_addresses`, `remote_control_plane` (`ready`, `no_address` or `absent`; null without such a \
     block) and `remote_control_plane_addresses`, where clusters without a control plane reach istiod, `shared_mesh_config` \
     (what the mesh trusts in addition to its own root, as passed to istiod: `ready`, `changed`, `absent` or \
     `invalid_record`), `last_apply` (`complete`, or `unfinished` where the last apply stopped before everything was applied and \
     ready). `links`, `\"<cluster>-><other>\"`: whether calls from a cluster reach the other: `ready`, \
     `no_control_plane`, `missing` (istiod does not know the other cluster), `invalid_secret`, `token_refused`, \
     `token_not_accepted` (the address takes no service account tokens), `reader_forbidden`, `untrusted_certificate`, `unreachable`, `syncing`, `timeout` and `closed` (istiod cannot read the other API \
     server), `roots_differ`, `no_gateway`, `stale_gateway` and `gateway_not_found` (istiod has former addresses of the gateway \
     of the other cluster, or not all present ones), `drained` and `draining` (the other cluster is to be removed, and istiod no \
     longer or still reads it) or `unknown`. Plans warn about anything not `ready` and how to fix it, and then plan a change \
     of `status` even if nothing else changes: an apply waits for it until `timeouts` end, or fails at once where waiting \
     does not help. Asking istiod requires the permission to `create` `pods/portforward`; without it, the last known value \
     is kept unless the Secrets of the link show otherwise.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{
        AuthorityState, ControlPlaneState, GatewayState, LastApplyState, LinkState, RemoteControlPlaneState,
        SharedMeshConfigState, State,
    };

    fn undocumented<S: State>() -> Vec<&'static str> {
        let words = S::ALL.iter().map(|state| state.name());
        words.filter(|word| !DESCRIPTION.contains(&format!("`{word}`"))).collect()
    }

    #[test]
    fn the_description_has_every_word_that_status_can_have() {
        assert_eq!(undocumented::<ControlPlaneState>(), [""; 0]);
        assert_eq!(undocumented::<GatewayState>(), [""; 0]);
        assert_eq!(undocumented::<RemoteControlPlaneState>(), [""; 0]);
        assert_eq!(undocumented::<AuthorityState>(), [""; 0]);
        assert_eq!(undocumented::<SharedMeshConfigState>(), [""; 0]);
        assert_eq!(undocumented::<LastApplyState>(), [""; 0]);
        assert_eq!(undocumented::<LinkState>(), [""; 0]);
    }
}
