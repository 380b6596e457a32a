//! What to do about a federation that breaks a rule.

use crate::mesh::FederationRule as Broken;

pub(super) fn of_federation(rule: &Broken) -> &'static str {
    match rule {
        Broken::NameTaken => {
            "Choose another name. If no other configuration has it, its record may be left over from a lost state: import it."
        }
        Broken::DefaultTrustDomain => {
            "Each of the meshes needs its own trust_domain, such as \"shop.example\". To change that of an installed mesh, plan a \
             maintenance window: every workload gets a new identity."
        }
        Broken::NotAHost(_) => {
            "The other mesh needs a trust domain of DNS labels of which the last is not a number, such as \"bank.example\"."
        }
        Broken::OwnTrustDomain(_) | Broken::TrustDomainTaken { .. } => {
            "Check that the document is that of the right mesh. Otherwise one of the meshes needs another trust domain."
        }
        Broken::SameMeshId(_) => "Calls are not affected. Change mesh_id of one of the meshes if their telemetry is collected in one place.",
        Broken::NetworkTaken(_) => "Rename the peer, or the network.",
        Broken::NoRoot => "Get the document from the other mesh again.",
        Broken::OwnRoot(_) => {
            "Meshes with one root can only be federated if they get their own: rotate the root of one of them. To use one root for \
             several clusters, make them one mesh."
        }
        Broken::RootTaken { .. } => "Meshes with one root can only be federated if they get their own: rotate the root of one of them.",
        Broken::OtherTrustDomain { .. } => {
            "Ask those who run the other mesh, by another way than that of the document. To trust another mesh, remove the peer, apply, \
             and add it under another name."
        }
        Broken::UnexpectedRoot(_) => {
            "Ask those who run the other mesh for the fingerprints of its roots, by another way than that of the document, and add \
             them to root_sha256."
        }
        Broken::RootsChanged { .. } => {
            "If the other mesh rotates its root, set root_sha256 to the fingerprints that those who run it confirm, by another way \
             than that of the document."
        }
        Broken::OlderDocument { .. } => "Use the latest document of the other mesh.",
        Broken::RevocationLists => {
            "Remove ca-crl.pem from the Secret cacerts of every cluster of the mesh, or do not federate it."
        }
        Broken::TrustBinding(_) => "Use \"name_constraints\" or \"none\".",
        Broken::Tls(_) | Broken::TlsAtGateway => "Use \"end_to_end\", or omit it.",
        Broken::GatewayAddress { .. } => {
            "The other mesh must publish addresses or host names at which other networks reach its federation gateway."
        }
        Broken::GatewayInside { .. } | Broken::OwnGateway(_) => {
            "Check that the document is that of the right mesh. If the ranges of both networks overlap, the other mesh needs a gateway \
             address outside the ranges of this one."
        }
        Broken::GatewayPort { .. } => "Get the document from the other mesh again.",
        Broken::NoGateway(_) => "Add a block federation_gateway {} to a primary of the other mesh, and use its new document.",
        Broken::NoOwnGateway => "Add a block federation_gateway {} to a primary of the mesh.",
        Broken::NoPeer { .. } => "Use the label of a peer block of this federation.",
        Broken::ForNobody => "Set it to the labels of one or more peer blocks, or remove the export.",
        Broken::NobodyAllowed => {
            "Set it to the identities of the callers, such as [\"bank.example/ns/billing/sa/settlement\"], or remove the export."
        }
        Broken::NoIdentity => {
            "Set it to the service accounts of the pods of the Service, such as [\"billing/payments\"]."
        }
        Broken::Identity(_) | Broken::NoTrustDomain(_) => {
            "Use \"<trust domain>/ns/<namespace>/sa/<service account>\"; where only one mesh can be meant, \"<namespace>/<service \
             account>\" is enough. Wildcards are rejected."
        }
        Broken::ForeignIdentity { .. } => "Remove it, or correct its trust domain.",
        Broken::NoSelector => "Export a Service that selects its pods.",
        Broken::SharedPods(_) => "Set the same callers in both, or give the Services pods of their own.",
        Broken::ExportedTwice { .. } => "Keep one export, and add peers and callers to it.",
        Broken::NoPort => "Add a block for each port.",
        Broken::Port(_) => "Use the number of a port of the Service.",
        Broken::PortTwice(_) => "Keep one of the blocks.",
        Broken::Protocol(_) => "Use what the Service speaks, or \"TCP\".",
        Broken::Hostname(_) => "Use a name of several DNS labels, such as \"payments.bank.mesh\".",
        Broken::HostnameOfService { .. } | Broken::HostnameExported { .. } | Broken::HostnameTaken { .. } => {
            "Use a name that nothing else has, such as \"payments.bank.mesh\"."
        }
        Broken::ImportAddress { .. } => {
            "Omit addresses, or set them to addresses that nothing in the networks of the mesh has."
        }
        Broken::AddressTaken { .. } => "Set addresses of one of the two to an address that nothing else has.",
        Broken::Dns(_) => "Use \"capture\" or \"service\".",
        Broken::Duration(_) => "Use a whole number with ms, s, m or h, such as \"5s\".",
        Broken::Count(_) => "Use a number in this range.",
    }

}
