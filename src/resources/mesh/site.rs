use super::field_maps::Objects;
use super::seals::{ApiServers, Seals};
use crate::clusters::Cluster;
use crate::manifests::{FingerprintKey, ObjectId, flatten, secret_field};
use crate::mesh::ClusterFacts;
use crate::render::ManifestSet;

/// One cluster of the mesh, and what it shall hold.
pub struct Site {
    /// The cluster.
    pub cluster: Cluster,
    /// What it was rendered for.
    pub facts: ClusterFacts,
    /// The objects. What is left of their holes is filled on the way.
    pub set: ManifestSet,
}

impl Site {
    /// The ids of its objects.
    pub fn ids(&self) -> impl Iterator<Item = ObjectId> {
        self.set.manifests().iter().map(|manifest| ObjectId::of(self.set.cluster(), &manifest.object))
    }

    /// What was written, with empty fields where holes were filled.
    pub fn wanted(&self, key: &FingerprintKey) -> Objects {
        let mut objects = self.rendered(key);
        for (id, manifest) in self.ids().zip(self.set.manifests()) {
            let holes = manifest.holes.keys().map(|hole| (secret_field(hole), String::new()));
            objects.entry(id).or_default().extend(holes);
        }
        objects
    }

    /// Notes what its holes are filled with.
    pub fn seal(&self, seals: &mut Seals, live: &Objects, api_servers: &ApiServers) {
        for (id, manifest) in self.ids().zip(self.set.manifests()) {
            seals.seal(&id, manifest, live, api_servers);
        }
    }

    /// What was written, as far as rendering knows it.
    pub fn rendered(&self, key: &FingerprintKey) -> Objects {
        let manifests = self.set.manifests().iter();
        self.ids().zip(manifests.map(|manifest| flatten(&manifest.object, key))).collect()
    }
}
