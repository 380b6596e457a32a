//! What the state before says, as plain values.

use std::collections::BTreeMap;

use super::field_maps::{Objects, known_objects, known_texts};
use super::model::MeshModel;
use super::read::kubernetes_id;
use crate::manifests::ObjectId;
use crate::rollout::{Owner, Target};

/// What state knows of the mesh beside its configuration.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The identity of the mesh; `None` before it is created.
    pub id: Option<String>,
    /// Istio's name of the mesh.
    pub mesh_id: String,
    /// The namespace of the control planes.
    pub namespace: String,
    /// Whether destroy deletes the custom resource definitions.
    pub deletes_crds: bool,
    /// Whether a cluster may lose its control plane though proxies depend on it.
    pub is_forced: bool,
    /// Release of the charts in each cluster, as the configuration of then says.
    pub releases: BTreeMap<String, String>,
    /// Every object with its fields.
    pub objects: Objects,
    /// Digest of each chart, by [`chart_key`](super::blueprint::chart_key).
    pub chart_digests: BTreeMap<String, String>,
    /// Where the charts came from.
    pub repository: Option<String>,
    /// UID of each cluster.
    pub cluster_uids: BTreeMap<String, String>,
    /// Version of each cluster's API server.
    pub kubernetes_versions: BTreeMap<String, String>,
}

impl Recorded {
    /// What this state, or the known part of this plan, says.
    pub fn of(model: &MeshModel) -> Self {
        let texts = |field: &tfplugin::Field<_>| field.as_known().map(known_texts).unwrap_or_default();
        let is = |field: &tfplugin::Field<bool>| field.as_known().copied().unwrap_or_default();
        let primaries = model.primary.as_known().into_iter().flatten();
        let releases = primaries.filter_map(|(label, primary)| {
            let release = primary.version.as_known().or(model.version.as_known())?;
            Some((label.clone(), release.clone()))
        });
        Self {
            id: model.id.as_known().cloned(),
            mesh_id: model.mesh_id.as_known().cloned().unwrap_or_default(),
            namespace: model.namespace.as_known().cloned().unwrap_or_default(),
            deletes_crds: is(&model.delete_crds),
            is_forced: is(&model.force_destroy),
            releases: releases.collect(),
            objects: known_objects(&model.manifests),
            chart_digests: texts(&model.chart_digests),
            repository: model.chart_repository().into_known(),
            cluster_uids: texts(&model.cluster_uids),
            kubernetes_versions: texts(&model.kubernetes_versions),
        }
    }

    /// Whose objects these are.
    pub fn owner(&self) -> Owner {
        Owner::mesh(self.id.as_deref().unwrap_or_default())
    }

    /// The objects in one cluster, with the order in which they are made.
    pub fn known(&self, label: &str, target: &Target) -> BTreeMap<ssa::ObjectId, u16> {
        let ids = self.objects.keys().filter(|id| id.cluster == label).map(kubernetes_id);
        ids.map(|id| (id.clone(), target.order(&id))).collect()
    }

    /// The objects in the cluster with this UID, under whatever label.
    pub fn objects_of(&self, uid: &str) -> Objects {
        let is_there = |id: &ObjectId| self.cluster_uids.get(&id.cluster).is_some_and(|known| known == uid);
        self.objects
            .iter()
            .filter(|(id, _)| is_there(id))
            .map(|(id, fields)| (id.clone(), fields.clone()))
            .collect()
    }

    /// The same after the cluster labelled `old` has become `new`.
    pub fn relabelled(mut self, old: &str, new: &str) -> Self {
        for map in [&mut self.cluster_uids, &mut self.kubernetes_versions] {
            if let Some(value) = map.remove(old) {
                map.insert(new.to_owned(), value);
            }
        }
        let objects = std::mem::take(&mut self.objects).into_iter().map(|(mut id, fields)| {
            if id.cluster == old {
                new.clone_into(&mut id.cluster);
            }
            (id, fields)
        });
        self.objects = objects.collect();
        self
    }

    /// The label under which state knows the cluster with this UID, if it is another than `label`.
    pub fn other_label(&self, label: &str, uid: &str) -> Option<String> {
        let mut labels = self.cluster_uids.iter().filter(|(other, known)| *known == uid && *other != label);
        labels.next().map(|(other, _)| other.clone())
    }
}
