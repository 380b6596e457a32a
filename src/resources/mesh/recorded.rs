//! What the state before says, as plain values.

use std::collections::BTreeMap;

use super::field_maps::{Objects, known_objects, known_texts};
use super::model::MeshModel;

/// What state knows of the mesh beside its configuration.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
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
        let source = model.chart_source.as_known();
        Self {
            objects: known_objects(&model.manifests),
            chart_digests: texts(&model.chart_digests),
            repository: source.and_then(|source| source.repository.as_known().cloned()),
            cluster_uids: texts(&model.cluster_uids),
            kubernetes_versions: texts(&model.kubernetes_versions),
        }
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
