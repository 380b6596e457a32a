//! The other meshes of a federation.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::names::{LABEL_LENGTH, Namespace, PeerName, TrustDomain};
use super::super::rules;
use super::super::violation::{FieldPath, Violations};
use super::super::well_known::DEFAULT_DOMAIN_SUFFIX;
use super::bounded::bounded;

/// Another mesh as its user declares it; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredPeer {
    /// What the other mesh says of itself; `None` while that is awaited.
    pub document: Option<PeerDocument>,
    /// Fingerprints of the roots that its user expects; empty if those of the first apply stay.
    pub root_sha256: BTreeSet<String>,
    /// `name_constraints`, the default, or `none`.
    pub trust_binding: Option<String>,
    /// `end_to_end`, the default, or `gateway`.
    pub tls: Option<String>,
    /// What the last apply recorded of it; `None` before the first.
    pub recorded: Option<RecordedPeer>,
}

/// What another mesh says of itself.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeerDocument {
    /// Istio's `global.meshID`.
    pub mesh_id: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// The namespace of its control planes.
    pub namespace: String,
    /// End of the names of its Services; `None` for Kubernetes' default.
    pub domain_suffix: Option<String>,
    /// Number of the document: a later one has a greater one.
    pub serial: Option<i64>,
    /// Its roots.
    pub roots: Vec<PeerRoot>,
    /// Its federation gateways, by cluster name.
    pub gateways: BTreeMap<String, PeerGateway>,
}

/// A root of another mesh. Who reads the document has parsed it; here it is text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeerRoot {
    /// The certificate.
    pub pem: String,
    /// Its fingerprint, `sha256:` and hexadecimal digits.
    pub sha256: String,
    /// The same of its public key.
    pub key: String,
}

/// A federation gateway of another mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeerGateway {
    /// The network behind it, by its name in the other mesh.
    pub network: String,
    /// IP addresses or host names.
    pub addresses: BTreeSet<String>,
    /// Port at these addresses.
    pub port: i64,
    /// Where it is, as Istio writes it: `region/zone/subzone`.
    pub locality: Option<String>,
}

/// What is recorded of a mesh when it is first trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordedPeer {
    /// Its trust domain.
    pub trust_domain: String,
    /// Fingerprints of its roots.
    pub roots: BTreeSet<String>,
    /// Number of its document.
    pub serial: Option<i64>,
}

/// Whether the roots of another mesh may issue every identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustBinding {
    /// Only those of its trust domain.
    #[default]
    NameConstraints,
    /// Any: whoever has the key of such a root can pass for every workload.
    None,
}

/// Where TLS of calls between two meshes ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// At the workloads, which see each other's identity.
    #[default]
    EndToEnd,
    /// At the gateways.
    Gateway,
}

impl TrustBinding {
    /// The binding of this name.
    pub fn from_setting(text: &str) -> Option<Self> {
        match text {
            "name_constraints" => Some(Self::NameConstraints),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

impl TlsMode {
    /// The mode of this name.
    pub fn from_setting(text: &str) -> Option<Self> {
        match text {
            "end_to_end" => Some(Self::EndToEnd),
            "gateway" => Some(Self::Gateway),
            _ => None,
        }
    }
}

/// Another mesh that keeps every rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// What the federation calls it.
    pub name: PeerName,
    /// What its roots may issue.
    pub trust_binding: TrustBinding,
    /// What is known of it; `None` while its document is awaited.
    pub facts: Option<PeerFacts>,
}

/// What is known of another mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerFacts {
    /// Its trust domain.
    pub trust_domain: TrustDomain,
    /// The namespace of its control planes.
    pub namespace: Namespace,
    /// End of the names of its Services.
    pub domain_suffix: String,
    /// Its roots, by fingerprint.
    pub roots: BTreeMap<String, PeerRoot>,
    /// Its gateways, by cluster.
    pub gateways: BTreeMap<String, PeerGateway>,
}

impl DeclaredPeer {
    pub(super) fn read(&self, name: &str, found: &mut Violations) -> Option<Peer> {
        let field = field(name);
        let trust_binding = found.take(rules::trust_binding(self, &field));
        let tls = found.take(rules::tls_mode(self, &field));
        let name = found.take(rules::name(name, field.clone(), None));
        let facts = match &self.document {
            Some(document) => Some(document.read(&field.then("document"), found)?),
            None => None,
        };
        tls?;
        Some(Peer { name: name?, trust_binding: trust_binding?, facts })
    }
}

impl PeerDocument {
    fn read(&self, field: &FieldPath, found: &mut Violations) -> Option<PeerFacts> {
        let trust_domain = found.take(rules::name(&self.trust_domain, field.clone(), None));
        let namespace = found.take(rules::name(&self.namespace, field.clone(), None));
        let roots = self.roots.iter().map(|root| (root.sha256.clone(), root.clone())).collect();
        Some(PeerFacts {
            trust_domain: trust_domain?,
            namespace: namespace?,
            domain_suffix: self.domain_suffix.clone().unwrap_or_else(|| DEFAULT_DOMAIN_SUFFIX.to_owned()),
            roots,
            gateways: self.gateways.clone(),
        })
    }
}

impl Peer {
    /// The network of its endpoints here, `federation-<peer>`.
    pub fn network(&self) -> String {
        network(self.name.as_str())
    }
}

/// Where the declaration has the peer of this name.
pub(in crate::mesh) fn field(name: &str) -> FieldPath {
    FieldPath::attribute("peer").key(name)
}

/// The network that a peer's endpoints get: none that a mesh has a gateway for, so that proxies dial the addresses as they are
/// (`pilot/pkg/xds/endpoints/ep_filters.go`). The names of networks in the other mesh do not matter here.
pub(in crate::mesh) fn network(peer: &str) -> String {
    bounded(&format!("federation-{peer}"), LABEL_LENGTH)
}
