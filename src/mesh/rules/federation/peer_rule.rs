use thiserror::Error;

use super::super::super::names::DEFAULT_TRUST_DOMAIN;

/// What is wrong with a federation as a whole, or with one of its peers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeerRule {
    /// Another federation of the mesh has the name, which is in the names of its objects.
    #[error("The mesh already has another federation with this name.")]
    NameTaken,
    /// Identities of two meshes with Istio's default trust domain cannot be told apart.
    #[error("A mesh with trust domain {DEFAULT_TRUST_DOMAIN:?} cannot be federated.")]
    DefaultTrustDomain,
    /// No name constraint can be about it.
    #[error("Envoy does not accept the trust domain {0:?} as a host name, so no root can be bound to it.")]
    NotAHost(String),
    /// Nothing of it could be called.
    #[error("{0:?}, in which names of Services of the peer end, is not a domain.")]
    Domain(String),
    /// Its workloads would be this mesh's.
    #[error(
        "The trust domain {0:?} of the peer is also one of this mesh, so the identities of both cannot be distinguished."
    )]
    OwnTrustDomain(String),
    /// Its workloads would be those of a third mesh.
    #[error("The trust domain {trust_domain:?} of the peer is also that of {other}.")]
    TrustDomainTaken {
        /// The trust domain.
        trust_domain: String,
        /// Who has it.
        other: String,
    },
    /// Telemetry cannot tell the meshes apart.
    #[error(
        "The mesh ID {0:?} of the peer is also that of this mesh, so metrics and traces do not distinguish them."
    )]
    SameMeshId(String),
    /// Pods behind the mesh's own gateways would be taken for those of the peer.
    #[error(
        "A cluster of this mesh is on the network {0:?}, which is reserved for the endpoints of this peer."
    )]
    NetworkTaken(String),
    /// Nothing of it can be trusted.
    #[error("The document of the peer has no root certificate.")]
    NoRoot,
    /// It stands for the own trust domain already.
    #[error(
        "The root {0} of the peer has the key of a root of this mesh, so it cannot be bound to the peer's trust domain."
    )]
    OwnRoot(String),
    /// Proxies would take one of the two, whatever the trust domain.
    #[error(
        "The root {root} of the peer has the key of a root of {other}, so it cannot be bound to one trust domain."
    )]
    RootTaken {
        /// Fingerprint of the root.
        root: String,
        /// Whose it is, too.
        other: String,
    },
    /// Another mesh has taken its place, or the document was altered.
    #[error("The trust domain of the peer was {recorded:?} when it was first trusted, and is now {found:?}.")]
    OtherTrustDomain {
        /// That of the first apply.
        recorded: String,
        /// That of the document.
        found: String,
    },
    /// A root that nobody expects.
    #[error("The document of the peer has the root {0}, which is not in root_sha256.")]
    UnexpectedRoot(String),
    /// The roots are not those of the first apply.
    #[error("The roots of the peer have changed: recorded are {}, and the document has {}.", .recorded.join(", "), .found.join(", "))]
    RootsChanged {
        /// Fingerprints of those that are recorded.
        recorded: Vec<String>,
        /// Fingerprints of those of the document.
        found: Vec<String>,
    },
    /// It may bring back a root that was withdrawn.
    #[error("The document of the peer has the serial {found}, which is older than the recorded {recorded}.")]
    OlderDocument {
        /// That of the last apply.
        recorded: i64,
        /// That of the document.
        found: i64,
    },
    /// Proxies with revocation lists refuse authorities that have none.
    #[error(
        "Proxies of this mesh check the revocation lists of ca-crl.pem, and reject peers, whose certificate authorities are not in them."
    )]
    RevocationLists,
    /// There is no such binding.
    #[error("{0:?} is not a valid trust_binding.")]
    TrustBinding(String),
    /// There is no such mode.
    #[error("{0:?} is not a valid value of tls.")]
    Tls(String),
    /// It is not there yet.
    #[error("TLS that ends at the gateways is not supported by this release of the provider.")]
    TlsAtGateway,
    /// Nobody can dial it.
    #[error("The gateway address {address:?} of the peer cannot be used: {reason}.")]
    GatewayAddress {
        /// The address.
        address: String,
        /// Why not.
        reason: String,
    },
    /// Calls of the peer would go to workloads of this mesh.
    #[error(
        "The gateway address {address} of the peer is in {range}, a range of pods or Services of this mesh."
    )]
    GatewayInside {
        /// The address.
        address: String,
        /// The range.
        range: String,
    },
    /// The same.
    #[error("The gateway address {0} of the peer is that of a gateway of this mesh.")]
    OwnGateway(String),
    /// There is no such port.
    #[error(
        "The gateway of the peer in cluster {cluster:?} has the port {port}, which is not a number from 1 to 65535."
    )]
    GatewayPort {
        /// The peer's name of the cluster.
        cluster: String,
        /// The port.
        port: i64,
    },
}
