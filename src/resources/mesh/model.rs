//! `istio_mesh` as Terraform sends and stores it.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tfplugin::{Field, Model, Timeouts};

use super::authority_block::CertificateAuthorityModel;
use crate::blocks::{
    ApiServerModel, ChartModel, ChartSourceModel, FederationGatewayModel, GatewayModel, IgnoredFieldsModel,
    ImagePullSecretModel, RemoteControlPlaneModel, chart, reader_token,
};
use crate::documents::{JoinModel, PeerModel};
use crate::lifecycle::Manifests;
use crate::mesh::{AuthorityMode, GatewayRole};

/// Configuration, plan or state of one `istio_mesh`.
#[derive(Clone, Default, Model)]
pub struct MeshModel {
    pub id: Field<String>,
    pub mesh_id: Field<String>,
    pub trust_domain: Field<String>,
    pub version: Field<String>,
    pub namespace: Field<String>,
    pub namespace_labels: Field<BTreeMap<String, Field<String>>>,
    pub namespace_annotations: Field<BTreeMap<String, Field<String>>>,
    pub mesh_config: Field<String>,
    pub sensitive_mesh_config: Field<String>,
    pub sensitive_mesh_config_wo: Field<String>,
    pub sensitive_mesh_config_wo_version: Field<i64>,
    pub hub: Field<String>,
    pub image_variant: Field<String>,
    pub platform: Field<String>,
    pub delete_crds: Field<bool>,
    pub force_destroy: Field<bool>,
    pub ignored_fields: IgnoredFieldsModel,
    pub manifests: Field<Manifests>,
    pub chart_digests: Field<BTreeMap<String, Field<String>>>,
    pub cluster_uids: Field<BTreeMap<String, Field<String>>>,
    pub kubernetes_versions: Field<BTreeMap<String, Field<String>>>,
    pub status: Field<StatusModel>,
    pub join: Field<JoinModel>,
    pub peer: Field<PeerModel>,
    pub certificate_authority: Field<CertificateAuthorityModel>,
    pub chart_source: Field<ChartSourceModel>,
    pub chart: Field<BTreeMap<String, ChartModel>>,
    pub image_pull_secret: Field<BTreeMap<String, ImagePullSecretModel>>,
    pub cni: Field<CniModel>,
    pub primary: Field<BTreeMap<String, PrimaryModel>>,
    pub timeouts: Field<Timeouts>,
}

impl fmt::Debug for MeshModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeshModel")
            .field("id", &self.id)
            .field("mesh_id", &self.mesh_id)
            .finish_non_exhaustive()
    }
}

impl MeshModel {
    /// The namespace of a cluster's east-west gateway.
    pub fn gateway_namespace(&self, label: &str) -> &str {
        let gateway = self.primary(label).and_then(|primary| primary.east_west_gateway.as_known());
        let own = gateway.and_then(|gateway| gateway.namespace.as_str());
        own.or(self.namespace.as_str()).unwrap_or_default()
    }

    /// Whether a cluster is on its way out of the mesh.
    pub fn is_drained(&self, label: &str) -> bool {
        self.primary(label).and_then(|primary| primary.drain.as_known()).copied().unwrap_or_default()
    }

    /// The Secret with the token by which other clusters read a cluster.
    pub fn reader_token_secret(&self, label: &str) -> String {
        reader_token::secret(self.primary(label).map_or(Field::Null, |primary| primary.reader_token_version))
    }

    /// Where what istiod signs with comes from.
    pub fn authority_mode(&self) -> AuthorityMode {
        let authority = self.certificate_authority.as_known();
        let mode = authority.and_then(|authority| authority.mode.as_str());
        mode.and_then(AuthorityMode::from_setting).unwrap_or_default()
    }

    /// Where the charts come from: Istio's own repository unless the configuration names another.
    pub fn chart_repository(&self) -> Field<String> {
        chart::repository(&self.chart_source)
    }

    /// The block of a cluster.
    pub fn primary(&self, label: &str) -> Option<&PrimaryModel> {
        self.primary.as_known()?.get(label)
    }
}

/// Istio's CNI plugin; its values are those of the chart `cni`.
#[derive(Clone, Debug, Default, Model)]
pub struct CniModel {}

/// One cluster with a control plane.
#[derive(Clone, Debug, Default, Model)]
pub struct PrimaryModel {
    pub network: Field<String>,
    pub version: Field<String>,
    pub chart: Field<BTreeMap<String, ChartModel>>,
    pub pod_cidrs: Field<BTreeSet<Field<String>>>,
    pub service_cidrs: Field<BTreeSet<Field<String>>>,
    pub crds: Field<String>,
    pub drain: Field<bool>,
    pub reader_token_version: Field<i64>,
    pub east_west_gateway: Field<GatewayModel>,
    pub federation_gateway: Field<FederationGatewayModel>,
    pub remote_control_plane: Field<RemoteControlPlaneModel>,
    pub api_server: Field<ApiServerModel>,
}

impl PrimaryModel {
    /// The block of the gateway of this role.
    pub fn gateway(&self, role: GatewayRole) -> Field<&GatewayModel> {
        match role {
            GatewayRole::EastWest => self.east_west_gateway.as_ref(),
            GatewayRole::Federation => self.federation_gateway.as_ref().map(|gateway| &gateway.0),
        }
    }
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
    pub authority: Field<String>,
    pub authority_expires: Field<String>,
    pub gateway: Field<String>,
    pub gateway_addresses: Field<Vec<Field<String>>>,
    pub federation_gateway: Field<String>,
    pub federation_gateway_addresses: Field<Vec<Field<String>>>,
    pub remote_control_plane: Field<String>,
    pub remote_control_plane_addresses: Field<Vec<Field<String>>>,
    pub shared_mesh_config: Field<String>,
    pub last_apply: Field<String>,
}
