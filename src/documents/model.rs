//! Both documents as Terraform sees them.
#![allow(missing_docs, reason = "the schema describes every member")]

use std::collections::BTreeMap;

use tfplugin::{Field, Model};

/// What a cluster needs to join the mesh.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct JoinModel {
    pub format: Field<i64>,
    pub mesh_id: Field<String>,
    pub trust_domain: Field<String>,
    pub namespace: Field<String>,
    pub version: Field<String>,
    pub chart_repository: Field<String>,
    pub hub: Field<String>,
    pub image_variant: Field<String>,
    pub platform: Field<String>,
    pub root_certificates: Field<String>,
    pub clusters: Field<BTreeMap<String, JoinClusterModel>>,
}

/// One cluster of the mesh that is joined.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct JoinClusterModel {
    pub network: Field<String>,
    pub serves_remote_clusters: Field<bool>,
    pub gateway_addresses: Field<Vec<Field<String>>>,
    pub gateway_port: Field<i64>,
}

/// What another mesh needs to know of this one.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct PeerModel {
    pub format: Field<i64>,
    pub mesh_id: Field<String>,
    pub trust_domain: Field<String>,
    pub root_certificates: Field<String>,
    pub gateways: Field<BTreeMap<String, PeerGatewayModel>>,
}

/// One door of a mesh.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct PeerGatewayModel {
    pub network: Field<String>,
    pub addresses: Field<Vec<Field<String>>>,
    pub port: Field<i64>,
}
