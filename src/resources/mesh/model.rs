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
}
