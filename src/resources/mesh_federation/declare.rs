//! From the configuration to the declared federation.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::model::{
    ConnectionModel, ExportBlockModel, FederationModel, ImportBlockModel, PeerBlockModel, PortModel,
};
use super::place::MEMBER;
use super::trusted;
use crate::blocks::{Reader, StandIn};
use crate::diagnostics;
use crate::documents::{self, ExportModel, JoinClusterModel, JoinModel, PeerDocumentModel};
use crate::mesh::{
    ClusterName, DEFAULT_TRUST_DOMAIN, DeclaredConnection, DeclaredExport, DeclaredImport, DeclaredPeer,
    DeclaredPort, FederatedMesh, FederatedPrimary, Federation, FederationGateway, PeerDocument, PeerGateway,
    PeerRoot, ValidatedFederation, Violation,
};
use crate::trust::{Certificate, ROOT_CERT};

/// The port of a gateway whose document says none.
const GATEWAY_PORT: i64 = 15443;

/// The federation that the configuration declares; unknown as long as something of it is. What is wrong with it as a whole has not been
/// checked. `prior` has recorded the peers.
///
/// # Errors
/// What cannot be read.
pub fn declare(
    config: &FederationModel,
    prior: Option<&FederationModel>,
) -> Result<Field<Federation>, Diagnostics> {
    let mut errors = Diagnostics::new();
    let mut read = |result: Result<Field<()>, Diagnostic>| match result {
        Ok(field) => !field.is_unknown(),
        Err(error) => {
            errors.push(error);
            true
        }
    };
    let mesh = mesh(config);
    let mut is_known = read(mesh.as_ref().map(|mesh| mesh.as_ref().map(|_| ())).map_err(Clone::clone));
    let documents: BTreeMap<&String, Result<Field<PeerDocument>, Diagnostic>> =
        blocks(&config.peer).map(|(name, peer)| (name, peer_document(name, peer))).collect();
    for document in documents.values() {
        is_known &=
            read(document.as_ref().map(|document| document.as_ref().map(|_| ())).map_err(Clone::clone));
    }
    errors.into_result()?;
    let own = own(config)?;
    let (Ok(Field::Known(mesh)), Some(mut federation), true) = (mesh, own, is_known) else {
        return Ok(Field::Unknown);
    };
    federation.mesh = mesh;
    for (name, document) in documents {
        let Some(peer) = federation.peers.get_mut(name) else { continue };
        peer.document = document.ok().and_then(Field::into_known);
        peer.recorded = prior.and_then(|prior| trusted::recorded(prior, name));
    }
    fill_imports(config, &mut federation);
    Ok(Field::Known(federation))
}

/// What the resource says without any document; `None` while something of it is unknown.
///
/// # Errors
/// What cannot be read.
pub fn own(config: &FederationModel) -> Result<Option<Federation>, Diagnostics> {
    let mut reader = Reader::new(StandIn::default(), None);
    let federation = Federation {
        name: reader.decisive(&config.name).unwrap_or_default(),
        peers: reader.labelled(&config.peer, |reader, _, peer| declared_peer(reader, peer)),
        exports: reader.labelled(&config.export, |reader, _, export| declared_export(reader, export)),
        imports: reader.labelled(&config.import, |reader, _, import| declared_import(reader, import)),
        ..Federation::default()
    };
    let notes = reader.notes()?;
    Ok((notes.is_known && !notes.is_shapeless).then_some(federation))
}

fn declared_peer(reader: &mut Reader, peer: &PeerBlockModel) -> DeclaredPeer {
    DeclaredPeer {
        root_sha256: reader.known_texts(&peer.root_sha256),
        trust_binding: reader.decisive(&peer.trust_binding),
        tls: reader.decisive(&peer.tls),
        ..DeclaredPeer::default()
    }
}

fn declared_export(reader: &mut Reader, export: &ExportBlockModel) -> DeclaredExport {
    DeclaredExport {
        to: reader.known_texts(&export.to),
        namespace: reader.decisive(&export.namespace).unwrap_or_default(),
        service: reader.decisive(&export.service).unwrap_or_default(),
        selector: reader.map(&export.selector),
        ports: ports(reader, &export.port),
        identities: reader.known_texts(&export.identities),
        allow: reader.known_texts(&export.allow),
    }
}

fn declared_import(reader: &mut Reader, import: &ImportBlockModel) -> DeclaredImport {
    DeclaredImport {
        from: reader.decisive(&import.from).unwrap_or_default(),
        namespace: reader.decisive(&import.namespace).unwrap_or_default(),
        service: reader.decisive(&import.service).unwrap_or_default(),
        hostname: reader.decisive(&import.hostname).unwrap_or_default(),
        into: reader.decisive(&import.into).unwrap_or_default(),
        visible_to: reader.known_texts(&import.visible_to),
        identities: reader.known_texts(&import.identities),
        ports: ports(reader, &import.port),
        addresses: reader.known_texts(&import.addresses),
        dns: reader.decisive(&import.dns),
        connection: reader
            .block(&import.connection)
            .cloned()
            .map_or_else(DeclaredConnection::default, |it| connection(reader, &it)),
    }
}

fn ports(reader: &mut Reader, ports: &Field<BTreeMap<String, PortModel>>) -> BTreeMap<String, DeclaredPort> {
    reader.labelled(ports, |reader, _, port| DeclaredPort {
        number: reader.number(&port.number).unwrap_or_default(),
        protocol: reader.decisive(&port.protocol).unwrap_or_default(),
    })
}

fn connection(reader: &mut Reader, connection: &ConnectionModel) -> DeclaredConnection {
    DeclaredConnection {
        connect_timeout: reader.decisive(&connection.connect_timeout),
        keepalive_time: reader.decisive(&connection.keepalive_time),
        keepalive_interval: reader.decisive(&connection.keepalive_interval),
        keepalive_probes: reader.number(&connection.keepalive_probes),
        failures: reader.number(&connection.failures),
        ejection_time: reader.decisive(&connection.ejection_time),
    }
}

/// What an import does not say of its Service, the export of the peer does.
fn fill_imports(config: &FederationModel, federation: &mut Federation) {
    for import in federation.imports.values_mut() {
        let Some((_, peer)) = blocks(&config.peer).find(|(name, _)| **name == import.from) else { continue };
        let Ok(Field::Known(document)) = documents::decode::<PeerDocumentModel>(&peer.document) else {
            continue;
        };
        let exports = document.exports.as_known().into_iter().flat_map(BTreeMap::values);
        let is_its = |export: &&ExportModel| {
            export.namespace.as_str() == Some(&import.namespace)
                && export.service.as_str() == Some(&import.service)
        };
        let mut exports = exports.filter(is_its);
        let Some(export) = exports.next() else { continue };
        if import.ports.is_empty() {
            import.ports = exported_ports(export);
        }
        if import.identities.is_empty() {
            import.identities = known(&export.identities);
        }
    }
}

fn exported_ports(export: &ExportModel) -> BTreeMap<String, DeclaredPort> {
    let ports = export.ports.as_known().into_iter().flatten();
    let port = |port: &documents::ExportPortModel| {
        let protocol = port.protocol.as_str().unwrap_or_default().to_owned();
        Some((port.name.as_known()?.clone(), DeclaredPort { number: *port.number.as_known()?, protocol }))
    };
    ports.filter_map(port).collect()
}

/// The mesh as its document has it; unknown while something is that a federation needs.
fn mesh(config: &FederationModel) -> Result<Field<FederatedMesh>, Diagnostic> {
    let path = || AttributePath::new("mesh");
    let join = config.join().map_err(|error| diagnostics::document(&error, path()))?;
    match join {
        Field::Known(join) => {
            let is_given = !join.root_certificates.is_null();
            let roots = roots(&join.root_certificates, path())?;
            Ok(if is_given && roots.is_none() {
                Field::Unknown
            } else {
                or_unknown(federated(&join, &roots.unwrap_or_default()))
            })
        }
        Field::Unknown => Ok(Field::Unknown),
        Field::Null => Err(no_mesh().at(path())),
    }
}

/// Unknown, where nothing is known.
fn or_unknown<T>(known: Option<T>) -> Field<T> {
    known.map_or(Field::Unknown, Field::Known)
}

/// `None` while something is unknown.
fn federated(join: &JoinModel, roots: &[Certificate]) -> Option<FederatedMesh> {
    let clusters = if join.clusters.is_null() { &BTreeMap::new() } else { join.clusters.as_known()? };
    let mut primaries = BTreeMap::new();
    let mut gateway_addresses = BTreeSet::new();
    for (label, cluster) in clusters {
        primaries.insert(label.clone(), primary(cluster)?);
        gateway_addresses.extend(cluster.addresses().into_iter().flat_map(|(_, texts)| known(texts)));
    }
    Some(FederatedMesh {
        mesh_id: text(&join.mesh_id)?.unwrap_or_default(),
        trust_domain: text(&join.trust_domain)?.unwrap_or_else(|| DEFAULT_TRUST_DOMAIN.to_owned()),
        further_trust_domains: known_list(&join.trust_domain_aliases)?,
        namespace: text(&join.namespace)?.unwrap_or_default(),
        root_namespace: text(&join.root_namespace)?,
        domain_suffix: text(&join.domain_suffix)?,
        root_keys: roots.iter().map(Certificate::key_fingerprint).collect(),
        has_revocation_lists: false,
        gateway_addresses,
        primaries,
    })
}

fn primary(cluster: &JoinClusterModel) -> Option<FederatedPrimary> {
    let namespace = text(&cluster.federation_gateway_namespace)?;
    Some(FederatedPrimary {
        network: text(&cluster.network)?.unwrap_or_default(),
        pod_cidrs: known_list(&cluster.pod_cidrs)?,
        service_cidrs: known_list(&cluster.service_cidrs)?,
        gateway: namespace.map(|namespace| FederationGateway { namespace, ..FederationGateway::default() }),
    })
}

/// What the document of a peer says; null while it is awaited, unknown while something is that matters.
fn peer_document(name: &str, peer: &PeerBlockModel) -> Result<Field<PeerDocument>, Diagnostic> {
    let path = || AttributePath::new("peer").key(name).attribute("document");
    let read = documents::decode::<PeerDocumentModel>(&peer.document);
    let read = read.and_then(|document| match document {
        Field::Known(document) => document.checked().map(Field::Known),
        other => Ok(other),
    });
    let document = match read.map_err(|error| diagnostics::document(&error, path()))? {
        Field::Known(document) => document,
        Field::Null => return Ok(Field::Null),
        Field::Unknown => return Ok(Field::Unknown),
    };
    let Some(roots) = roots(&document.root_certificates, path())? else { return Ok(Field::Unknown) };
    Ok(or_unknown(told(&document, &roots)))
}

fn told(document: &PeerDocumentModel, roots: &[Certificate]) -> Option<PeerDocument> {
    let serial = if document.serial.is_unknown() { return None } else { document.serial.as_known().copied() };
    let empty = BTreeMap::new();
    let known_gateways = if document.federation_gateways.is_null() {
        &empty
    } else {
        document.federation_gateways.as_known()?
    };
    let mut gateways = BTreeMap::new();
    for (cluster, gateway) in known_gateways {
        if gateway.port.is_unknown() {
            return None;
        }
        let gateway = PeerGateway {
            network: text(&gateway.network)?.unwrap_or_default(),
            addresses: known_list(&gateway.addresses)?,
            port: gateway.port.as_known().copied().unwrap_or(GATEWAY_PORT),
            locality: None,
        };
        gateways.insert(cluster.clone(), gateway);
    }
    let root = |root: &Certificate| PeerRoot {
        pem: root.pem(),
        sha256: root.fingerprint(),
        key: root.key_fingerprint(),
    };
    Some(PeerDocument {
        mesh_id: text(&document.mesh_id)?.unwrap_or_default(),
        trust_domain: text(&document.trust_domain)?.unwrap_or_default(),
        namespace: text(&document.namespace)?.unwrap_or_default(),
        domain_suffix: text(&document.domain_suffix)?,
        serial,
        roots: roots.iter().map(root).collect(),
        gateways,
    })
}

/// The certificates in a text; `None` while it is unknown.
fn roots(text: &Field<String>, path: AttributePath) -> Result<Option<Vec<Certificate>>, Diagnostic> {
    let Field::Known(text) = text else { return Ok(text.is_null().then(Vec::new)) };
    let roots = Certificate::parse_all(ROOT_CERT, text.as_bytes());
    roots.map(Some).map_err(|error| {
        let way_out = error.way_out();
        diagnostics::failure("A root certificate in the document cannot be read", &error, way_out, Some(path))
    })
}

/// `None` while it is unknown.
#[allow(clippy::option_option, reason = "unknown, null or a text")]
fn text(field: &Field<String>) -> Option<Option<String>> {
    if field.is_unknown() { None } else { Some(field.as_known().cloned()) }
}

/// `None` while one is unknown.
fn known_list(texts: &documents::Texts) -> Option<BTreeSet<String>> {
    let is_unknown = texts.is_unknown() || texts.as_known().into_iter().flatten().any(Field::is_unknown);
    (!is_unknown).then(|| known(texts))
}

fn known(texts: &documents::Texts) -> BTreeSet<String> {
    texts.as_known().into_iter().flatten().filter_map(|text| text.as_known().cloned()).collect()
}

fn blocks<T>(blocks: &Field<BTreeMap<String, T>>) -> impl Iterator<Item = (&String, &T)> {
    blocks.as_known().into_iter().flatten()
}

/// The clusters in which the federation has objects: all primaries of the mesh. `None` while it is not known which there are.
pub fn labels(config: &FederationModel) -> Option<BTreeSet<ClusterName>> {
    let join = config.join().ok()?.into_known()?;
    join.clusters.as_known()?.keys().map(|label| label.parse().ok()).collect()
}

/// Checks every rule.
///
/// # Errors
/// Everything that is wrong.
pub fn validate(federation: &Federation) -> Result<ValidatedFederation, Diagnostics> {
    federation.validate().map_err(|violations| said(&violations))
}

/// What is wrong with the federation, where the resource has it.
pub fn said(violations: &[Violation]) -> Diagnostics {
    violations.iter().map(|violation| diagnostics::violation(violation, &MEMBER)).collect()
}

fn no_mesh() -> Diagnostic {
    Diagnostic::error(
        "mesh is null",
        "Pass the attribute join of an istio_mesh, such as mesh = istio_mesh.shop.join.",
    )
}
