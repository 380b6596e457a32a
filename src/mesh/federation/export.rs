//! Services of this mesh that others use.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::names::{Namespace, PeerName, ServiceName, ShareName};
use super::super::rules;
use super::super::violation::{FieldPath, Violations};
use super::OwnMesh;
use super::port::{self, DeclaredPort, ServicePort};
use super::workload::WorkloadIdentity;

/// A Service that others may use, as its user declares it; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredExport {
    /// The peers for which it is.
    pub to: BTreeSet<String>,
    /// Namespace of the Service.
    pub namespace: String,
    /// Its name.
    pub service: String,
    /// Labels of its pods.
    pub selector: BTreeMap<String, String>,
    /// Its ports, by name.
    #[serde(rename = "port")]
    pub ports: BTreeMap<String, DeclaredPort>,
    /// Whose its pods are: importers accept no others.
    pub identities: BTreeSet<String>,
    /// Who may call it, of all that are not of this mesh.
    pub allow: BTreeSet<String>,
}

/// A Service that others may use.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// What the federation calls it.
    pub name: ShareName,
    /// The peers for which it is.
    pub to: BTreeSet<PeerName>,
    /// Namespace of the Service.
    pub namespace: Namespace,
    /// Its name.
    pub service: ServiceName,
    /// Labels of its pods.
    pub selector: BTreeMap<String, String>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Whose its pods are.
    pub identities: BTreeSet<WorkloadIdentity>,
    /// Who may call it.
    pub allowed: BTreeSet<WorkloadIdentity>,
}

impl DeclaredExport {
    pub(super) fn read(&self, name: &str, own: &OwnMesh, found: &mut Violations) -> Option<Export> {
        let field = field(name);
        let name = found.take(rules::name(name, field.clone(), None));
        let namespace = found.take(rules::name(&self.namespace, field.then("namespace"), None));
        let service = found.take(rules::name(&self.service, field.then("service"), None));
        let ports = port::read(&self.ports, &field, found);
        let identities =
            found.take_all(rules::identities(&self.identities, &field.then("identities"), &own.trust_domain));
        let allowed = found.take_all(rules::allowed(&self.allow, &field.then("allow")));
        Some(Export {
            name: name?,
            to: self.to.iter().filter_map(|peer| peer.parse().ok()).collect(),
            namespace: namespace?,
            service: service?,
            selector: self.selector.clone(),
            ports,
            identities: identities?,
            allowed: allowed?,
        })
    }

    /// The Service as it is recorded: `namespace/name`.
    pub(in crate::mesh) fn shown(&self) -> String {
        format!("{}/{}", self.namespace, self.service)
    }
}

impl Export {
    /// The Service's name in its mesh.
    pub fn host(&self, domain_suffix: &str) -> String {
        service_host(&self.service, &self.namespace, domain_suffix)
    }

    /// The server names under which gateways of its mesh pass calls of it on.
    pub fn server_names(&self, domain_suffix: &str) -> Vec<String> {
        let host = self.host(domain_suffix);
        self.ports.iter().map(|port| server_name(port.number, &host)).collect()
    }
}

/// The name of a Service in its mesh.
pub(super) fn service_host(service: &ServiceName, namespace: &Namespace, domain_suffix: &str) -> String {
    format!("{service}.{namespace}.svc.{domain_suffix}")
}

/// The server name by which a gateway in the mode `AUTO_PASSTHROUGH` knows a port of a Service
/// (`BuildDNSSrvSubsetKey` in `pilot/pkg/model/service.go`), without a subset.
pub(super) fn server_name(port: u16, host: &str) -> String {
    format!("outbound_.{port}_._.{host}")
}

/// Where the declaration has the export of this name.
pub(in crate::mesh) fn field(name: &str) -> FieldPath {
    FieldPath::attribute("export").key(name)
}
