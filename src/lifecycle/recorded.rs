//! What the state before says, as plain values: all that the lifecycle needs to know of a resource's model.

use std::collections::BTreeMap;

use super::field_maps::Objects;
use crate::manifests::ObjectId;
use crate::mesh::ClusterFacts;
use crate::rollout::{Owner, OwnerKind, Target};

/// What state knows of a resource beside its configuration.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// What kind of resource it is.
    pub kind: OwnerKind,
    /// The identity of the resource; `None` before it is created.
    pub id: Option<String>,
    /// The namespace of the inventories.
    pub namespace: String,
    /// Every object with its fields.
    pub objects: Objects,
    /// Digest of each chart, by chart and version.
    pub chart_digests: BTreeMap<String, String>,
    /// Where the charts came from.
    pub repository: Option<String>,
    /// UID of each cluster.
    pub cluster_uids: BTreeMap<String, String>,
    /// Version of each cluster's API server.
    pub kubernetes_versions: BTreeMap<String, String>,
    /// By a refresh, of each cluster that was read whether the last apply came to its end there.
    pub finished: BTreeMap<String, bool>,
}

impl Recorded {
    /// Whose objects these are.
    pub fn owner(&self) -> Owner {
        Owner::new(self.kind.clone(), self.id.as_deref().unwrap_or_default())
    }

    /// The same of a resource that has nothing in any cluster.
    #[must_use]
    pub fn without_clusters(self) -> Self {
        let Self { kind, id, namespace, chart_digests, repository, .. } = self;
        Self { kind, id, namespace, chart_digests, repository, ..Self::default() }
    }

    /// Notes that the resource is in this cluster.
    pub fn note(&mut self, label: &str, facts: &ClusterFacts) {
        self.cluster_uids.insert(label.to_owned(), facts.uid.clone());
        self.kubernetes_versions.insert(label.to_owned(), facts.kubernetes_version.clone());
    }

    /// The objects in one cluster, with the order in which they are made.
    pub fn known(&self, label: &str, target: &Target) -> BTreeMap<ssa::ObjectId, u16> {
        let ids = self.objects.keys().filter(|id| id.cluster == label).map(ObjectId::without_cluster);
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
    #[must_use]
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
