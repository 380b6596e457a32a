//! Ports of Services that are exported and imported.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::names::ServiceName;
use super::super::rules;
use super::super::violation::{FieldPath, Violations};

/// A port as its user declares it, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredPort {
    /// Number of the Service's port, which is the same in all meshes.
    pub number: i64,
    /// What is spoken there, as Istio calls it.
    pub protocol: String,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name.
    pub name: ServiceName,
    /// Its number.
    pub number: u16,
    /// What is spoken there.
    pub protocol: Protocol,
}

/// What Istio knows to be spoken at the port of a `ServiceEntry`; UDP does not pass gateways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 without TLS of its own.
    Http2,
    /// gRPC.
    Grpc,
    /// HTTP over TLS of its own.
    Https,
    /// `MongoDB`'s.
    Mongo,
    /// Any over TCP.
    Tcp,
    /// Any over TLS of its own.
    Tls,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Http, Self::Http2, Self::Grpc, Self::Https, Self::Mongo, Self::Tcp, Self::Tls];

    /// As a `ServiceEntry` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Http2 => "HTTP2",
            Self::Grpc => "GRPC",
            Self::Https => "HTTPS",
            Self::Mongo => "MONGO",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The protocol of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }
}

/// Those that are right, in the order of their names.
pub(super) fn read(
    ports: &BTreeMap<String, DeclaredPort>,
    field: &FieldPath,
    found: &mut Violations,
) -> Vec<ServicePort> {
    let mut read = Vec::new();
    for (name, port) in ports {
        let field = field.then("port").key(name);
        let name = found.take(rules::name(name, field.clone(), None));
        let number = found.take(rules::port_number(port.number, &field));
        let protocol = found.take(rules::protocol(&port.protocol, &field));
        if let (Some(name), Some(number), Some(protocol)) = (name, number, protocol) {
            read.push(ServicePort { name, number, protocol });
        }
    }
    read
}
