use thiserror::Error;

use super::super::super::federation::Protocol;

/// What is wrong with an export or an import.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShareRule {
    /// Nothing can be called.
    #[error("The document of peer {0:?} has no address of a federation gateway.")]
    NoGateway(String),
    /// Nobody can call.
    #[error("No primary of the mesh has a federation gateway, through which peers call what is exported.")]
    NoOwnGateway,
    /// There is no such peer.
    #[error("The federation has no peer {name:?}; it has {}.", list(.choices))]
    NoPeer {
        /// What was said.
        name: String,
        /// Those that it has.
        choices: Vec<String>,
    },
    /// Nobody would have it.
    #[error("The export is for no peer.")]
    ForNobody,
    /// Nobody may call it.
    #[error("No identity is allowed to call the export.")]
    NobodyAllowed,
    /// Any identity of any trusted root would be accepted.
    #[error(
        "No identity is configured that the workloads of the Service have, and without one callers would accept any."
    )]
    NoIdentity,
    /// It names no workload.
    #[error("{0:?} is not the identity of a workload.")]
    Identity(String),
    /// The short form does not say of which mesh.
    #[error("The identity {0:?} has no trust domain.")]
    NoTrustDomain(String),
    /// It would be the identity of another mesh.
    #[error("The identity {identity:?} is not of the trust domain {}.", .expected.join(" or "))]
    ForeignIdentity {
        /// The identity.
        identity: String,
        /// The trust domains that it can be of.
        expected: Vec<String>,
    },
    /// Policies are about pods.
    #[error("The Service has no selector, so no policy can protect its pods.")]
    NoSelector,
    /// Policies of both are for the pods of either.
    #[error(
        "The pods of the Service are also exported as {0}, and each policy would deny the callers of the other."
    )]
    SharedPods(String),
    /// Policies of both are for its pods.
    #[error("The Service {service} is also exported by {other}.")]
    ExportedTwice {
        /// Namespace and name.
        service: String,
        /// What exports it, too.
        other: String,
    },
    /// Nothing can be called.
    #[error("The Service has no port.")]
    NoPort,
    /// There is no such port.
    #[error("{0} is not a port number from 1 to 65535.")]
    Port(i64),
    /// Two names for one port.
    #[error("The port {0} has several names.")]
    PortTwice(i64),
    /// Istio does not know it, or gateways do not pass it on.
    #[error("{0:?} is not a protocol that gateways pass on; they are {list}.", list = protocols())]
    Protocol(String),
    /// No proxy takes it.
    #[error("{0:?} is not a host name.")]
    Hostname(String),
    /// It would take the place of a Service.
    #[error("{hostname} is a name of Services of this mesh, which end in .svc.{domain}.")]
    HostnameOfService {
        /// The name.
        hostname: String,
        /// How they end.
        domain: String,
    },
    /// The mesh's own east-west gateway would export it to its callers.
    #[error(
        "{hostname} is below {domain}, and the east-west gateways of this mesh open every name there to other networks."
    )]
    HostnameExported {
        /// The name.
        hostname: String,
        /// The domain.
        domain: String,
    },
    /// One name, two Services.
    #[error("{hostname} is also the name of {other}.")]
    HostnameTaken {
        /// The name.
        hostname: String,
        /// What has it, too.
        other: String,
    },
    /// Clients would reach something else.
    #[error("{address} cannot be the address of an import: {reason}.")]
    ImportAddress {
        /// The address.
        address: String,
        /// Why not.
        reason: String,
    },
    /// One address, two Services.
    #[error("{address} is also an address of {other}.")]
    AddressTaken {
        /// The address.
        address: String,
        /// What has it, too.
        other: String,
    },
    /// There is no such mode.
    #[error("{0:?} is not a valid value of dns.")]
    Dns(String),
    /// Istio does not read it.
    #[error("{0:?} is not a duration.")]
    Duration(String),
    /// It is not a count.
    #[error("{0} is not a number from 1 to 100.")]
    Count(i64),
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn protocols() -> String {
    Protocol::ALL.map(Protocol::name).join(", ")
}
