//! `istio_mesh_federation` as Terraform sends and stores it.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tfplugin::{Dynamic, Field, Model, Timeouts};

use crate::documents::{self, DocumentError, JoinModel, PeerDocumentModel};
use crate::lifecycle::{Manifests, Recorded, Texts, known_objects, known_texts};
use crate::rollout::OwnerKind;

/// A set of texts.
pub type TextSet = Field<BTreeSet<Field<String>>>;

/// Configuration, plan or state of one `istio_mesh_federation`.
#[derive(Clone, Default, Model)]
pub struct FederationModel {
    pub id: Field<String>,
    pub name: Field<String>,
    pub mesh: Field<Dynamic>,
    pub document: Field<PeerDocumentModel>,
    pub trusted: Field<BTreeMap<String, TrustedModel>>,
    pub manifests: Field<Manifests>,
    pub cluster_uids: Texts,
    pub kubernetes_versions: Texts,
    pub status: Field<StatusModel>,
    pub peer: Field<BTreeMap<String, PeerBlockModel>>,
    pub export: Field<BTreeMap<String, ExportBlockModel>>,
    pub import: Field<BTreeMap<String, ImportBlockModel>>,
    pub timeouts: Field<Timeouts>,
}

/// Another mesh.
#[derive(Clone, Debug, Default, Model)]
pub struct PeerBlockModel {
    pub document: Field<Dynamic>,
    pub root_sha256: TextSet,
    pub trust_binding: Field<String>,
    pub tls: Field<String>,
}

/// A Service that others use.
#[derive(Clone, Debug, Default, Model)]
pub struct ExportBlockModel {
    pub to: TextSet,
    pub namespace: Field<String>,
    pub service: Field<String>,
    pub selector: Texts,
    pub identities: TextSet,
    pub allow: TextSet,
    pub port: Field<BTreeMap<String, PortModel>>,
}

/// A Service of another mesh.
#[derive(Clone, Debug, Default, Model)]
pub struct ImportBlockModel {
    pub from: Field<String>,
    pub namespace: Field<String>,
    pub service: Field<String>,
    pub hostname: Field<String>,
    pub into: Field<String>,
    pub visible_to: TextSet,
    pub identities: TextSet,
    pub addresses: TextSet,
    pub dns: Field<String>,
    pub port: Field<BTreeMap<String, PortModel>>,
    pub connection: Field<ConnectionModel>,
}

/// A port of a Service.
#[derive(Clone, Debug, Default, Model)]
pub struct PortModel {
    pub number: Field<i64>,
    pub protocol: Field<String>,
}

/// How connections to gateways are looked after.
#[derive(Clone, Debug, Default, Model)]
pub struct ConnectionModel {
    pub connect_timeout: Field<String>,
    pub keepalive_time: Field<String>,
    pub keepalive_interval: Field<String>,
    pub keepalive_probes: Field<i64>,
    pub failures: Field<i64>,
    pub ejection_time: Field<String>,
}

/// What is recorded of a peer when it is first trusted.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct TrustedModel {
    pub trust_domain: Field<String>,
    pub root_sha256: documents::Texts,
    pub serial: Field<i64>,
}

/// What was last seen.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct StatusModel {
    pub peers: Texts,
    pub exports: Texts,
    pub imports: Texts,
    pub last_apply: Field<String>,
}

impl fmt::Debug for FederationModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederationModel")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl FederationModel {
    /// The document of the mesh, as far as it is known.
    pub fn join(&self) -> Result<Field<JoinModel>, DocumentError> {
        documents::decode(&self.mesh)
    }

    /// The namespace of the mesh; unknown as long as the mesh's is.
    pub fn namespace(&self) -> Field<String> {
        // A document that cannot be read is refused where it is judged.
        self.join().unwrap_or_default().and_then(|join| join.namespace)
    }

    /// Its name; empty while it is not known.
    pub fn known_name(&self) -> &str {
        self.name.as_str().unwrap_or_default()
    }

    /// What this state, or the known part of this plan, says.
    pub fn recorded(&self) -> Recorded {
        let texts = |field: &Texts| field.as_known().map(known_texts).unwrap_or_default();
        Recorded {
            kind: OwnerKind::Federation(self.known_name().to_owned()),
            id: self.id.as_known().cloned(),
            namespace: self.namespace().into_known().unwrap_or_default(),
            objects: known_objects(&self.manifests),
            cluster_uids: texts(&self.cluster_uids),
            kubernetes_versions: texts(&self.kubernetes_versions),
            ..Recorded::default()
        }
    }
}
