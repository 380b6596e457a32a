//! What to do about a federation that breaks a rule.

use crate::mesh::{PeerRule, ShareRule};

/// About the federation as a whole, and other meshes.
pub(super) fn of_peer(rule: &PeerRule) -> &'static str {
    match rule {
        PeerRule::NameTaken => {
            "Choose another name. If no other configuration has it, its record may be left over from a lost state: import it."
        }
        PeerRule::DefaultTrustDomain => {
            "Each of the meshes needs its own trust_domain, such as \"shop.example\". To change that of an installed mesh, plan a \
             maintenance window: every workload gets a new identity."
        }
        PeerRule::NotAHost(_) => {
            "The other mesh needs a trust domain of DNS labels of which the last is not a number, such as \"bank.example\"."
        }
        PeerRule::OwnTrustDomain(_) | PeerRule::TrustDomainTaken { .. } => {
            "Check that the document is that of the right mesh. Otherwise one of the meshes needs another trust domain."
        }
        PeerRule::SameMeshId(_) => {
            "Calls are not affected. Change mesh_id of one of the meshes if their telemetry is collected in one place."
        }
        PeerRule::NetworkTaken(_) => "Rename the peer, or the network.",
        PeerRule::OwnRoot(_) => {
            "Meshes with one root can only be federated if they get their own: rotate the root of one of them. To use one root for \
             several clusters, make them one mesh."
        }
        PeerRule::RootTaken { .. } => {
            "Meshes with one root can only be federated if they get their own: rotate the root of one of them."
        }
        PeerRule::OtherTrustDomain { .. } => {
            "Ask those who run the other mesh, by another way than that of the document. To trust another mesh, remove the peer, apply, \
             and add it under another name."
        }
        PeerRule::UnexpectedRoot(_) => {
            "Ask those who run the other mesh for the fingerprints of its roots, by another way than that of the document, and add \
             them to root_sha256."
        }
        PeerRule::RootsChanged { .. } => {
            "If the other mesh rotates its root, set root_sha256 to the fingerprints that those who run it confirm, by another way \
             than that of the document."
        }
        PeerRule::OlderDocument { .. } => "Use the latest document of the other mesh.",
        PeerRule::RevocationLists => {
            "Remove ca-crl.pem from the Secret cacerts of every cluster of the mesh, or do not federate it."
        }
        PeerRule::TrustBinding(_) => "Use \"name_constraints\" or \"none\".",
        PeerRule::Tls(_) | PeerRule::TlsAtGateway => "Use \"end_to_end\", or omit it.",
        PeerRule::GatewayAddress { .. } => {
            "The other mesh must publish addresses or host names at which other networks reach its federation gateway."
        }
        PeerRule::GatewayInside { .. } | PeerRule::OwnGateway(_) => {
            "Check that the document is that of the right mesh. If the ranges of both networks overlap, the other mesh needs a gateway \
             address outside the ranges of this one."
        }
        PeerRule::NoRoot | PeerRule::Domain(_) | PeerRule::GatewayPort { .. } => {
            "Get the document from the other mesh again."
        }
    }
}

/// About exports and imports.
pub(super) fn of_share(rule: &ShareRule) -> &'static str {
    match rule {
        ShareRule::NoGateway(_) => {
            "Add a block federation_gateway {} to a primary of the other mesh, and use its new document."
        }
        ShareRule::NoOwnGateway => "Add a block federation_gateway {} to a primary of the mesh.",
        ShareRule::NoPeer { .. } => "Use the label of a peer block of this federation.",
        ShareRule::ForNobody => "Set it to the labels of one or more peer blocks, or remove the export.",
        ShareRule::NobodyAllowed => {
            "Set it to the identities of the callers, such as [\"bank.example/ns/billing/sa/settlement\"], or remove the export."
        }
        ShareRule::NoIdentity => {
            "Set it to the service accounts of the pods of the Service, such as [\"billing/payments\"]."
        }
        ShareRule::Identity(_) | ShareRule::NoTrustDomain(_) => {
            "Use \"<trust domain>/ns/<namespace>/sa/<service account>\"; where only one mesh can be meant, \"<namespace>/<service \
             account>\" is enough. Wildcards are rejected."
        }
        ShareRule::ForeignIdentity { .. } => "Remove it, or correct its trust domain.",
        ShareRule::NoSelector => "Export a Service that selects its pods.",
        ShareRule::SharedPods(_) => "Set the same callers in both, or give the Services pods of their own.",
        ShareRule::ExportedTwice { .. } => "Keep one export, and add peers and callers to it.",
        ShareRule::NoPort => {
            "Add a block port for each port of the Service. An import can do without if the peer's document has an export of this Service."
        }
        ShareRule::Port(_) => "Use the number of a port of the Service.",
        ShareRule::PortTwice(_) => "Keep one of the blocks.",
        ShareRule::Protocol(_) => "Use what the Service speaks, or \"TCP\".",
        ShareRule::Hostname(_) => "Use a name of several DNS labels, such as \"payments.bank.mesh\".",
        ShareRule::HostnameOfService { .. }
        | ShareRule::HostnameExported { .. }
        | ShareRule::HostnameTaken { .. } => {
            "Use a name that nothing else has, such as \"payments.bank.mesh\"."
        }
        ShareRule::ImportAddress { .. } => {
            "Omit addresses, or set them to addresses that nothing in the networks of the mesh has."
        }
        ShareRule::AddressTaken { .. } => {
            "Set addresses of one of the two to an address that nothing else has."
        }
        ShareRule::Dns(_) => "Use \"capture\" or \"service\".",
        ShareRule::Duration(_) => "Use a whole number with ms, s, m or h, such as \"5s\".",
        ShareRule::Count(_) => "Use a number in this range.",
    }
}
