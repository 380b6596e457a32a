//! Services of other meshes that this one uses.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::names::{Namespace, PeerName, ServiceName, ShareName, TrustDomain};
use super::super::rules;
use super::super::violation::{FieldPath, Violations};
use super::bounded::digest;
use super::connection::{Connection, DeclaredConnection};
use super::export::{server_name, service_host};
use super::port::{self, DeclaredPort, ServicePort};
use super::workload::WorkloadIdentity;

/// A Service of another mesh, as its user declares it; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredImport {
    /// The peer.
    pub from: String,
    /// Namespace of the Service there.
    pub namespace: String,
    /// Its name there.
    pub service: String,
    /// Its name here.
    pub hostname: String,
    /// The namespace here that it belongs to.
    pub into: String,
    /// The namespaces that see it, or `*` for all; empty for its own.
    pub visible_to: BTreeSet<String>,
    /// Whose the pods there are; no others are accepted.
    pub identities: BTreeSet<String>,
    /// Its ports, by name.
    #[serde(rename = "port")]
    pub ports: BTreeMap<String, DeclaredPort>,
    /// What its name means to clients; empty for an address that follows from the name, see [`virtual_address`].
    pub addresses: BTreeSet<String>,
    /// `capture`, the default, or `service`.
    pub dns: Option<String>,
    /// How connections to it are looked after.
    pub connection: DeclaredConnection,
}

/// How clients find an imported Service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DnsMode {
    /// By its host name, which their proxies resolve.
    #[default]
    Capture,
    /// Also by the name of a Service of Kubernetes.
    Service,
}

impl DnsMode {
    /// The mode of this name.
    pub fn from_setting(text: &str) -> Option<Self> {
        match text {
            "capture" => Some(Self::Capture),
            "service" => Some(Self::Service),
            _ => None,
        }
    }
}

/// Who sees an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Its own namespace.
    Own,
    /// These namespaces.
    Namespaces(BTreeSet<Namespace>),
    /// All of them.
    All,
}

/// A Service of another mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// What the federation calls it.
    pub name: ShareName,
    /// The peer.
    pub from: PeerName,
    /// Namespace of the Service there.
    pub namespace: Namespace,
    /// Its name there.
    pub service: ServiceName,
    /// Its name here.
    pub hostname: String,
    /// The namespace here that it belongs to.
    pub into: Namespace,
    /// Who sees it.
    pub visibility: Visibility,
    /// Whose the pods there are; none while the peer's trust domain is not known.
    pub identities: BTreeSet<WorkloadIdentity>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// What its name means to clients.
    pub addresses: BTreeSet<IpAddr>,
    /// How clients find it.
    pub dns: DnsMode,
    /// How connections to it are looked after.
    pub connection: Connection,
}

impl DeclaredImport {
    /// `trust_domain` is that of the peer; `None` while it is not known.
    pub(super) fn read(
        &self,
        name: &str,
        trust_domain: Option<&TrustDomain>,
        found: &mut Violations,
    ) -> Option<Import> {
        let field = field(name);
        let of_name = found.take(rules::name(name, field.clone(), None));
        let from = found.take(rules::name(&self.from, field.then("from"), None));
        let namespace = found.take(rules::name(&self.namespace, field.then("namespace"), None));
        let service = found.take(rules::name(&self.service, field.then("service"), None));
        let into = found.take(rules::name(&self.into, field.then("into"), None));
        let visibility = self.visibility(&field, found);
        let ports = port::read(&self.ports, &field, found);
        let addresses = found.take_all(rules::import_addresses(self, &field));
        let dns = found.take(rules::dns_mode(self, &field));
        let connection = self.connection.read(&field, found);
        let identities = match trust_domain {
            Some(trust_domain) => {
                let field = field.then("identities");
                found.take_all(rules::identities(&self.identities, &field, trust_domain))?
            }
            None => BTreeSet::new(),
        };
        Some(Import {
            name: of_name?,
            from: from?,
            namespace: namespace?,
            service: service?,
            hostname: self.hostname.clone(),
            into: into?,
            visibility: visibility?,
            identities,
            ports,
            addresses: addresses?,
            dns: dns?,
            connection: connection?,
        })
    }

    fn visibility(&self, field: &FieldPath, found: &mut Violations) -> Option<Visibility> {
        if self.visible_to.contains("*") {
            return Some(Visibility::All);
        }
        let field = field.then("visible_to");
        let namespaces =
            self.visible_to.iter().map(|text| found.take(rules::name(text, field.clone(), None)));
        let namespaces: BTreeSet<Namespace> = namespaces.collect::<Option<_>>()?;
        Some(if namespaces.is_empty() { Visibility::Own } else { Visibility::Namespaces(namespaces) })
    }
}

impl Import {
    /// The server name under which gateways of the other mesh pass calls of this port on.
    pub fn server_name(&self, port: &ServicePort, domain_suffix: &str) -> String {
        server_name(port.number, &service_host(&self.service, &self.namespace, domain_suffix))
    }

    /// The name of the Service of Kubernetes by which clients that do not ask their proxies find it.
    pub fn local_host(&self, domain_suffix: &str) -> String {
        format!("{}.{}.svc.{domain_suffix}", self.name, self.into)
    }
}

/// What a host name means to clients, the same in every cluster and at every time. istiod would count up per cluster, and give the next
/// import an address that others have in their caches.
///
/// It is in 240.248.0.0/13: like the addresses that istiod gives (240.240.0.0/16, `pilot/pkg/networking/serviceentry`), of a range
/// that no machine has (RFC 1112, 4), and none of them.
pub fn virtual_address(hostname: &str) -> Ipv4Addr {
    let [.., second, third, fourth] = (digest(hostname) >> 32).to_be_bytes();
    Ipv4Addr::new(240, 0xf8 | second & 0x07, third, fourth)
}

/// Where the declaration has the import of this name.
pub(in crate::mesh) fn field(name: &str) -> FieldPath {
    FieldPath::attribute("import").key(name)
}
