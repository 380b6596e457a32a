//! The documents as Terraform sees them.
#![allow(missing_docs, reason = "the schema describes every member")]

use std::collections::BTreeMap;

use tfplugin::{Field, Model};

/// A list of texts.
pub type Texts = Field<Vec<Field<String>>>;

/// What a cluster needs to join the mesh.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct JoinModel {
    pub format: Field<i64>,
    pub id: Field<String>,
    pub mesh_id: Field<String>,
    pub trust_domain: Field<String>,
    pub trust_domain_aliases: Texts,
    pub domain_suffix: Field<String>,
    pub namespace: Field<String>,
    pub root_namespace: Field<String>,
    pub version: Field<String>,
    pub chart_repository: Field<String>,
    pub hub: Field<String>,
    pub image_variant: Field<String>,
    pub platform: Field<String>,
    pub image_pull_secrets: Texts,
    pub cni: Field<bool>,
    pub certificate_authority_mode: Field<String>,
    pub key_cluster: Field<String>,
    pub root_certificates: Field<String>,
    pub clusters: Field<BTreeMap<String, JoinClusterModel>>,
}

/// One primary of the mesh that is joined.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct JoinClusterModel {
    pub uid: Field<String>,
    pub version: Field<String>,
    pub revision: Field<String>,
    pub network: Field<String>,
    pub pod_cidrs: Texts,
    pub service_cidrs: Texts,
    pub drain: Field<bool>,
    pub serves_remote_clusters: Field<bool>,
    pub istiod_hostname: Field<String>,
    pub istiod_addresses: Texts,
    pub istiod_port: Field<i64>,
    pub istiod_webhook_port: Field<i64>,
    pub gateway_addresses: Texts,
    pub gateway_port: Field<i64>,
    pub federation_gateway_addresses: Texts,
    pub federation_gateway_port: Field<i64>,
    pub federation_gateway_namespace: Field<String>,
}

impl JoinClusterModel {
    /// The member that has addresses, by its name.
    pub fn addresses_mut(&mut self, member: &str) -> Option<&mut Texts> {
        match member {
            "istiod_addresses" => Some(&mut self.istiod_addresses),
            "gateway_addresses" => Some(&mut self.gateway_addresses),
            "federation_gateway_addresses" => Some(&mut self.federation_gateway_addresses),
            _ => None,
        }
    }

    /// The members that have addresses, by name.
    pub fn addresses(&self) -> [(&'static str, &Texts); 3] {
        [
            ("istiod_addresses", &self.istiod_addresses),
            ("gateway_addresses", &self.gateway_addresses),
            ("federation_gateway_addresses", &self.federation_gateway_addresses),
        ]
    }
}

/// What another mesh needs to know of this one.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct PeerModel {
    pub format: Field<i64>,
    pub id: Field<String>,
    pub mesh_id: Field<String>,
    pub trust_domain: Field<String>,
    pub domain_suffix: Field<String>,
    pub namespace: Field<String>,
    pub root_certificates: Field<String>,
    pub gateways: Gateways,
    pub federation_gateways: Gateways,
}

/// Gateways by cluster.
pub type Gateways = Field<BTreeMap<String, PeerGatewayModel>>;

/// One gateway of a mesh.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct PeerGatewayModel {
    pub network: Field<String>,
    pub addresses: Texts,
    pub port: Field<i64>,
}

/// What another mesh needs to know of this one and of what a federation exports to it: `peer` and more.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct PeerDocumentModel {
    pub format: Field<i64>,
    pub id: Field<String>,
    pub mesh_id: Field<String>,
    pub trust_domain: Field<String>,
    pub domain_suffix: Field<String>,
    pub namespace: Field<String>,
    pub root_certificates: Field<String>,
    pub gateways: Gateways,
    pub federation_gateways: Gateways,
    pub serial: Field<i64>,
    pub exports: Field<BTreeMap<String, ExportModel>>,
}

/// One exported Service.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct ExportModel {
    pub namespace: Field<String>,
    pub service: Field<String>,
    pub host: Field<String>,
    pub ports: Field<Vec<ExportPortModel>>,
    pub identities: Texts,
    pub gateways: Texts,
    pub tls: Texts,
}

/// One port of an exported Service.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct ExportPortModel {
    pub name: Field<String>,
    pub number: Field<i64>,
    pub protocol: Field<String>,
}

impl From<PeerModel> for PeerDocumentModel {
    /// The same mesh, before any federation of it exports anything.
    fn from(peer: PeerModel) -> Self {
        Self {
            format: peer.format,
            id: peer.id,
            mesh_id: peer.mesh_id,
            trust_domain: peer.trust_domain,
            domain_suffix: peer.domain_suffix,
            namespace: peer.namespace,
            root_certificates: peer.root_certificates,
            gateways: peer.gateways,
            federation_gateways: peer.federation_gateways,
            ..Self::default()
        }
    }
}
