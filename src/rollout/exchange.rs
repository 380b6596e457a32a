//! What the clusters of a mesh need of each other while they are rolled out at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::access::Access;
use super::promise::Promise;
use crate::mesh::ClusterName;
use crate::trust::Root;

/// One rollout's exchange. A cluster that fails gives up what it has promised, and only those that need it fail with it.
pub(super) struct Exchange {
    /// The root, once it is written where it is kept.
    root: Promise<Arc<Root>>,
    access: BTreeMap<ClusterName, Promise<Access>>,
    /// Which clusters read the others by what they have published.
    linked: BTreeMap<ClusterName, Promise<()>>,
}

impl Exchange {
    pub(super) fn between<'a>(clusters: impl Iterator<Item = &'a ClusterName> + Clone) -> Self {
        Self {
            root: Promise::new(),
            access: clusters.clone().map(|cluster| (cluster.clone(), Promise::new())).collect(),
            linked: clusters.map(|cluster| (cluster.clone(), Promise::new())).collect(),
        }
    }

    pub(super) fn publish_root(&self, root: Arc<Root>) {
        self.root.keep(root);
    }

    pub(super) fn give_up_root(&self) {
        self.root.give_up();
    }

    /// The root of the mesh; `None` if the cluster that keeps it failed.
    pub(super) async fn root(&self) -> Option<Arc<Root>> {
        self.root.wait().await
    }

    pub(super) fn publish_access(&self, cluster: &ClusterName, access: Access) {
        if let Some(promise) = self.access.get(cluster) {
            promise.keep(access);
        }
    }

    pub(super) fn publish_linked(&self, cluster: &ClusterName) {
        if let Some(promise) = self.linked.get(cluster) {
            promise.keep(());
        }
    }

    /// The promise of each cluster to read the others by what they have published.
    pub(super) fn linked(&self) -> impl Iterator<Item = &Promise<()>> {
        self.linked.values()
    }

    /// Says of a cluster that it can neither be read nor read others.
    pub(super) fn give_up(&self, cluster: &ClusterName) {
        if let Some(promise) = self.access.get(cluster) {
            promise.give_up();
        }
        if let Some(promise) = self.linked.get(cluster) {
            promise.give_up();
        }
    }

    /// How to read a cluster; `None` if that cluster failed.
    pub(super) async fn access(&self, cluster: &ClusterName) -> Option<Access> {
        self.access.get(cluster)?.wait().await
    }
}
