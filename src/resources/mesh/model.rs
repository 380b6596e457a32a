//! `istio_mesh` as Terraform sends and stores it.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::BTreeMap;

use tfplugin::{Field, Model, Timeouts};

/// Configuration, plan or state of one `istio_mesh`.
#[derive(Clone, Debug, Model)]
pub struct MeshModel {
    pub mesh_id: Field<String>,
    pub trust_domain: Field<String>,
    pub version: Field<String>,
    pub namespace: Field<String>,
    pub mesh_config: Field<String>,
    pub delete_crds: Field<bool>,
    pub manifests: Field<Manifests>,
    pub chart_digests: Field<BTreeMap<String, Field<String>>>,
    pub cluster_uids: Field<BTreeMap<String, Field<String>>>,
    pub kubernetes_versions: Field<BTreeMap<String, Field<String>>>,
    pub status: Field<StatusModel>,
    pub certificate_authority: Field<CertificateAuthorityModel>,
    pub chart_source: Field<ChartSourceModel>,
    pub chart: Field<BTreeMap<String, ChartModel>>,
    pub primary: Field<BTreeMap<String, PrimaryModel>>,
    pub timeouts: Field<Timeouts>,
}

/// Object → field path → value. The fields of an object that is yet to be created are unknown.
pub type Manifests = BTreeMap<String, Field<BTreeMap<String, Field<String>>>>;

/// Where the charts come from.
#[derive(Clone, Debug, Model)]
pub struct ChartSourceModel {
    pub repository: Field<String>,
}

/// Values for one chart.
#[derive(Clone, Debug, Model)]
pub struct ChartModel {
    pub values: Field<String>,
}

/// One cluster with a control plane.
#[derive(Clone, Debug, Model)]
pub struct PrimaryModel {
    pub network: Field<String>,
    pub version: Field<String>,
    pub chart: Field<BTreeMap<String, ChartModel>>,
    pub pod_cidrs: Field<Vec<Field<String>>>,
    pub east_west_gateway: Field<GatewayModel>,
    pub api_server: Field<ApiServerModel>,
}

/// The gateway through which other networks reach a cluster.
#[derive(Clone, Debug, Model)]
pub struct GatewayModel {
    pub service_type: Field<String>,
    pub service_annotations: Field<BTreeMap<String, Field<String>>>,
    pub load_balancer_class: Field<String>,
    pub source_ranges: Field<Vec<Field<String>>>,
    pub replicas: Field<i64>,
    pub values: Field<String>,
}

/// How other control planes reach a cluster.
#[derive(Clone, Debug, Model)]
pub struct ApiServerModel {
    pub url: Field<String>,
    pub cluster_ca_certificate: Field<String>,
    pub tls_server_name: Field<String>,
}

/// Who signs the identities of the mesh.
#[derive(Clone, Debug, Model)]
pub struct CertificateAuthorityModel {
    pub mode: Field<String>,
    pub key_cluster: Field<String>,
    pub root_lifetime_days: Field<i64>,
    pub intermediate_lifetime_days: Field<i64>,
    pub key_type: Field<String>,
}

/// What the mesh was last seen to be.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct StatusModel {
    pub clusters: Field<BTreeMap<String, ClusterStatusModel>>,
    pub links: Field<BTreeMap<String, Field<String>>>,
}

/// What one cluster was last seen to be.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct ClusterStatusModel {
    pub control_plane: Field<String>,
    pub root_fingerprints: Field<Vec<Field<String>>>,
    pub root_expires: Field<String>,
    pub gateway_addresses: Field<Vec<Field<String>>>,
}
