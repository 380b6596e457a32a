//! One side of a federation: independent meshes that use each other's Services.

mod bounded;
mod connection;
mod export;
mod import;
mod own;
mod peer;
mod port;
mod record;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::member_record::{MemberKind, MemberRecord};
use super::names::{FederationName, LABEL_LENGTH, ShareName, TrustDomain};
use super::rules;
use super::violation::{FieldPath, Violation, Violations};
use super::well_known::FEDERATION_PREFIX;

pub use connection::{Connection, DeclaredConnection};
pub use export::{DeclaredExport, Export};
pub use import::{DeclaredImport, DnsMode, Import, Visibility, virtual_address};
pub use own::{FederatedMesh, FederatedPrimary, FederationGateway, OwnGateway, OwnMesh};
pub use peer::{
    DeclaredPeer, Peer, PeerDocument, PeerFacts, PeerGateway, PeerRoot, RecordedPeer, TlsMode, TrustBinding,
};
pub use port::{DeclaredPort, Protocol, ServicePort};
pub use record::{FederationRecord, TrustedPeer};
pub use workload::{ServiceAccount, WorkloadIdentity};

pub(super) use export::field as export_field;
pub(super) use import::field as import_field;
pub(super) use peer::{field as peer_field, network as peer_network};
pub(super) use workload::DeclaredIdentity;

/// One side of a federation, as its user declares it; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Federation {
    /// Its name, which no other federation of the mesh has.
    pub name: String,
    /// The mesh.
    pub mesh: FederatedMesh,
    /// The other meshes, by the names that they have here.
    #[serde(rename = "peer")]
    pub peers: BTreeMap<String, DeclaredPeer>,
    /// Services of the mesh that they use, by name.
    #[serde(rename = "export")]
    pub exports: BTreeMap<String, DeclaredExport>,
    /// Services of theirs that the mesh uses, by name.
    #[serde(rename = "import")]
    pub imports: BTreeMap<String, DeclaredImport>,
    /// The other dependents of the mesh, as its primaries have them on record: clusters that joined, and federations.
    pub others: Vec<MemberRecord>,
}

/// One side of a federation that keeps every rule; only [`Federation::validate`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedFederation {
    name: FederationName,
    own: OwnMesh,
    peers: Vec<Peer>,
    exports: Vec<Export>,
    imports: Vec<Import>,
    record: FederationRecord,
    warnings: Vec<Violation>,
}

impl Federation {
    /// Checks every rule that can be checked without a cluster.
    ///
    /// # Errors
    /// Everything that is wrong; warnings among it.
    pub fn validate(&self) -> Result<ValidatedFederation, Vec<Violation>> {
        let mut found = Violations::default();
        found.extend(rules::federation(self));
        let name = found.take(rules::name(&self.name, FieldPath::attribute("name"), None));
        let own = self.mesh.read(&mut found);
        let peers: Vec<Peer> =
            self.peers.iter().filter_map(|(name, peer)| peer.read(name, &mut found)).collect();
        let (exports, imports) = match &own {
            Some(own) => (self.read_exports(own, &mut found), self.read_imports(&peers, &mut found)),
            None => (Vec::new(), Vec::new()),
        };
        match (name, own) {
            (Some(name), Some(own)) if found.are_warnings() => Ok(ValidatedFederation {
                name,
                own,
                record: self.record(&imports),
                peers,
                exports,
                imports,
                warnings: found.into_vec(),
            }),
            _ => Err(found.into_vec()),
        }
    }

    fn read_exports(&self, own: &OwnMesh, found: &mut Violations) -> Vec<Export> {
        self.exports.iter().filter_map(|(name, export)| export.read(name, own, found)).collect()
    }

    fn read_imports(&self, peers: &[Peer], found: &mut Violations) -> Vec<Import> {
        let trust_domain = |name: &str| -> Option<&TrustDomain> {
            let peer = peers.iter().find(|peer| peer.name.as_str() == name)?;
            peer.facts.as_ref().map(|facts| &facts.trust_domain)
        };
        let read =
            |(name, import): (&String, &DeclaredImport)| import.read(name, trust_domain(&import.from), found);
        self.imports.iter().filter_map(read).collect()
    }

    fn record(&self, imports: &[Import]) -> FederationRecord {
        let peers = self.peers.iter().filter_map(|(name, peer)| {
            let document = peer.document.as_ref()?;
            let root_keys = document.roots.iter().map(|root| root.key.clone()).collect();
            let trust_domain = document.trust_domain.clone();
            Some((name.clone(), TrustedPeer { trust_domain, root_keys }))
        });
        let texts = |import: &Import| -> BTreeSet<String> {
            import.addresses.iter().map(ToString::to_string).collect()
        };
        FederationRecord {
            peers: peers.collect(),
            exports: self.exports.values().map(|it| (it.shown(), it.selector.clone())).collect(),
            imports: imports.iter().map(|import| (import.hostname.clone(), texts(import))).collect(),
        }
    }

    /// The other federations of the mesh, by name.
    pub(super) fn other_federations(&self) -> impl Iterator<Item = (&str, &FederationRecord)> {
        let others = self.others.iter().filter(|other| other.kind == MemberKind::Federation);
        others.filter_map(|other| Some((other.name.as_str(), other.federation.as_ref()?)))
    }

    /// The clusters that joined the mesh.
    pub(super) fn remote_clusters(&self) -> impl Iterator<Item = &MemberRecord> {
        self.others.iter().filter(|other| other.kind == MemberKind::RemoteCluster)
    }

    /// The documents of its peers, by their names.
    pub(super) fn documents(&self) -> impl Iterator<Item = (&str, &PeerDocument)> {
        self.peers.iter().filter_map(|(name, peer)| Some((name.as_str(), peer.document.as_ref()?)))
    }
}

impl ValidatedFederation {
    /// Its name.
    pub fn name(&self) -> &FederationName {
        &self.name
    }

    /// The mesh.
    pub fn own(&self) -> &OwnMesh {
        &self.own
    }

    /// The name of what opens gateways for an export: Istio takes a label for that, without a dot.
    pub fn gateway_name(&self, export: &ShareName) -> String {
        bounded::bounded(&format!("{FEDERATION_PREFIX}{}--{export}", self.name), LABEL_LENGTH)
    }

    /// The other meshes, by name.
    pub fn peers(&self) -> &[Peer] {
        &self.peers
    }

    /// The other meshes of which something is known.
    pub fn known_peers(&self) -> impl Iterator<Item = (&Peer, &PeerFacts)> {
        self.peers.iter().filter_map(|peer| Some((peer, peer.facts.as_ref()?)))
    }

    /// The Services that a peer of which something is known may use.
    pub fn open_exports(&self) -> impl Iterator<Item = &Export> {
        self.exports
            .iter()
            .filter(|export| self.known_peers().any(|(peer, _)| export.to.contains(&peer.name)))
    }

    /// Services of this mesh that others may use, by name.
    pub fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// Services of other meshes, each with what is known of its mesh; none whose mesh is awaited.
    pub fn known_imports(&self) -> impl Iterator<Item = (&Import, &Peer, &PeerFacts)> {
        self.imports.iter().filter_map(|import| {
            let (peer, facts) = self.known_peers().find(|(peer, _)| peer.name == import.from)?;
            Some((import, peer, facts))
        })
    }

    /// Services of other meshes that this one uses, by name.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// What the primaries keep on record of it.
    pub fn record(&self) -> MemberRecord {
        let federation = Some(self.record.clone());
        MemberRecord { federation, ..MemberRecord::new(MemberKind::Federation, self.name.as_str()) }
    }

    /// What the user should know, though it is accepted.
    pub fn warnings(&self) -> &[Violation] {
        &self.warnings
    }
}
