//! What a state of the mesh says, for the lifecycle and for a cluster that the mesh leaves.

use std::collections::BTreeMap;

use tfplugin::Field;

use super::model::MeshModel;
use crate::blocks::Installation;
use crate::lifecycle::Recorded;
use crate::rollout::OwnerKind;

/// What decides how the mesh leaves a cluster.
#[derive(Clone, Debug, Default)]
pub struct Leave {
    /// Istio's name of the mesh.
    pub mesh_id: String,
    /// Whether the custom resource definitions are deleted.
    pub deletes_crds: bool,
    /// Whether a cluster may lose its control plane though proxies depend on it.
    pub is_forced: bool,
    /// Release of the charts in each cluster, as the configuration of then says.
    pub releases: BTreeMap<String, String>,
}

impl MeshModel {
    /// What this state, or the known part of this plan, says.
    pub fn recorded(&self) -> Recorded {
        let installation = Installation {
            id: &self.id,
            manifests: &self.manifests,
            chart_digests: &self.chart_digests,
            cluster_uids: &self.cluster_uids,
            kubernetes_versions: &self.kubernetes_versions,
        };
        let repository = self.chart_repository().into_known();
        Recorded { kind: OwnerKind::Mesh, ..installation.recorded(&self.namespace, repository) }
    }

    /// How it leaves a cluster.
    pub fn leave(&self) -> Leave {
        let is = |field: &Field<bool>| field.as_known().copied().unwrap_or_default();
        let primaries = self.primary.as_known().into_iter().flatten();
        let releases = primaries.filter_map(|(label, primary)| {
            let release = primary.version.as_known().or(self.version.as_known())?;
            Some((label.clone(), release.clone()))
        });
        Leave {
            mesh_id: self.mesh_id.as_known().cloned().unwrap_or_default(),
            deletes_crds: is(&self.delete_crds),
            is_forced: is(&self.force_destroy),
            releases: releases.collect(),
        }
    }
}
