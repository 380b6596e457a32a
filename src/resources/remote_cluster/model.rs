//! `istio_remote_cluster` as Terraform sends and stores it.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tfplugin::{Dynamic, Field, Model, Timeouts};

use crate::blocks::{
    ApiServerModel, ChartModel, IgnoredFieldsModel, ImagePullSecretModel, Installation, RemoteGatewayModel,
    reader_token,
};
use crate::documents::{self, DocumentError, JoinModel};
use crate::lifecycle::{Manifests, Recorded};
use crate::mesh::{AuthorityMode, Injector, LocalAuthority};
use crate::rollout::OwnerKind;

/// Configuration, plan or state of one `istio_remote_cluster`.
#[derive(Clone, Default, Model)]
pub struct RemoteClusterModel {
    pub id: Field<String>,
    pub mesh: Field<Dynamic>,
    pub cluster: Field<String>,
    pub network: Field<String>,
    pub primaries: Field<BTreeSet<Field<String>>>,
    pub injector: Field<String>,
    pub version: Field<String>,
    pub pod_cidrs: Field<BTreeSet<Field<String>>>,
    pub service_cidrs: Field<BTreeSet<Field<String>>>,
    pub namespace_labels: Field<BTreeMap<String, Field<String>>>,
    pub namespace_annotations: Field<BTreeMap<String, Field<String>>>,
    pub drain: Field<bool>,
    pub reader_token_version: Field<i64>,
    pub force_destroy: Field<bool>,
    pub ignored_fields: IgnoredFieldsModel,
    pub manifests: Field<Manifests>,
    pub chart_digests: Field<BTreeMap<String, Field<String>>>,
    pub cluster_uids: Field<BTreeMap<String, Field<String>>>,
    pub kubernetes_versions: Field<BTreeMap<String, Field<String>>>,
    pub status: Field<StatusModel>,
    pub chart: Field<BTreeMap<String, ChartModel>>,
    pub image_pull_secret: Field<BTreeMap<String, ImagePullSecretModel>>,
    pub east_west_gateway: Field<RemoteGatewayModel>,
    pub api_server: Field<ApiServerModel>,
    pub timeouts: Field<Timeouts>,
}

/// What the cluster was last seen to be.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct StatusModel {
    pub injection: Field<String>,
    pub authority: Field<String>,
    pub gateway: Field<String>,
    pub gateway_addresses: Field<Vec<Field<String>>>,
    pub links: Field<BTreeMap<String, Field<String>>>,
    pub last_apply: Field<String>,
}

impl fmt::Debug for RemoteClusterModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteClusterModel")
            .field("id", &self.id)
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}

impl RemoteClusterModel {
    /// The document of the mesh, as far as it is known.
    pub fn join(&self) -> Result<Field<JoinModel>, DocumentError> {
        documents::decode(&self.mesh)
    }

    /// The cluster's label; empty while it is not known.
    pub fn label(&self) -> &str {
        self.cluster.as_str().unwrap_or_default()
    }

    /// The namespace of the mesh; unknown as long as the mesh's is.
    pub fn namespace(&self) -> Field<String> {
        // A document that cannot be read is refused where it is judged.
        self.join().unwrap_or_default().and_then(|join| join.namespace)
    }

    /// What this state, or the known part of this plan, says.
    pub fn recorded(&self) -> Recorded {
        let installation = Installation {
            id: &self.id,
            manifests: &self.manifests,
            chart_digests: &self.chart_digests,
            cluster_uids: &self.cluster_uids,
            kubernetes_versions: &self.kubernetes_versions,
        };
        let repository = self.join().unwrap_or_default().and_then(|join| join.chart_repository).into_known();
        let kind = OwnerKind::RemoteCluster(self.label().to_owned());
        Recorded { kind, ..installation.recorded(&self.namespace(), repository) }
    }

    /// Whether the cluster may be left though pods in it still have proxies of the mesh.
    pub fn is_forced(&self) -> bool {
        self.force_destroy == Field::Known(true)
    }

    /// Whose istiod injects its proxies; what is unknown or wrong is judged elsewhere.
    pub fn injector(&self) -> Injector {
        self.injector.as_str().and_then(Injector::from_setting).unwrap_or_default()
    }

    /// Who writes what istiod in the cluster signs with; `None` if it has none, or nothing to sign with.
    pub fn authority_mode(&self) -> Option<AuthorityMode> {
        let join =
            self.join().ok().and_then(Field::into_known).filter(|_| self.injector() == Injector::Local)?;
        let (mode, keeper) = (join.certificate_authority_mode, join.key_cluster);
        LocalAuthority::of(mode.as_str(), keeper.as_str()).map(|authority| authority.mode())
    }

    /// The roots of the mesh as PEM, as far as they are known.
    pub fn roots(&self) -> String {
        let join = self.join().ok().and_then(Field::into_known);
        join.and_then(|join| join.root_certificates.into_known()).unwrap_or_default()
    }

    /// The Secret with the token by which primaries read it.
    pub fn reader_token_secret(&self) -> String {
        reader_token::secret(self.reader_token_version)
    }

    /// The namespace of its east-west gateway.
    pub fn gateway_namespace(&self) -> String {
        let gateway = self.east_west_gateway.as_known();
        let own = gateway.and_then(|gateway| gateway.0.namespace.as_known().cloned());
        own.or(self.namespace().into_known()).unwrap_or_default()
    }
}
