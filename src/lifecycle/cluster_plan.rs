use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::field_maps::Objects;
use super::recorded_fingerprints::{ApiServers, RecordedFingerprints};
use crate::desired::ManifestSet;
use crate::manifests::{FingerprintKey, IgnoredFields, ObjectId, digest, secret_field, show};
use crate::mesh::ClusterFacts;
use crate::observe::Snapshot;
use crate::rollout::Target;

/// One cluster of a resource, and what it must hold.
pub struct ClusterPlan {
    /// Where it is, and whose objects are meant.
    pub target: Target,
    /// What it was rendered for.
    pub facts: ClusterFacts,
    /// The objects. What is left of their placeholders is filled on the way.
    pub set: ManifestSet,
    /// The fields that are left to others.
    pub ignored: IgnoredFields,
    /// Digest of the objects with all placeholders open and stand-ins for secrets: other than state, the record that holds it is no
    /// secret.
    pub digest: String,
    /// What was seen of it once everything was applied.
    pub seen: OnceLock<Snapshot>,
}

/// Digest of a set.
pub fn digest_of(set: &ManifestSet) -> String {
    let objects: Vec<String> = set.manifests().iter().map(|manifest| manifest.shown().to_string()).collect();
    digest(objects.join("\n").as_bytes())
}

impl ClusterPlan {
    /// Of a cluster in which nothing was applied yet.
    pub fn new(
        target: Target,
        facts: ClusterFacts,
        set: ManifestSet,
        ignored: IgnoredFields,
        digest: String,
    ) -> Self {
        Self { target, facts, set, ignored, digest, seen: OnceLock::new() }
    }

    /// The ids of its objects.
    pub fn ids(&self) -> impl Iterator<Item = ObjectId> {
        self.set.manifests().iter().map(|manifest| ObjectId::of(self.set.cluster(), &manifest.object))
    }

    /// What was written, with empty fields where placeholders were filled.
    pub fn wanted(&self, key: &FingerprintKey) -> Objects {
        let mut objects = self.rendered(key);
        for (id, manifest) in self.ids().zip(self.set.manifests()) {
            let placeholders =
                manifest.placeholders.keys().map(|placeholder| (secret_field(placeholder), String::new()));
            objects.entry(id).or_default().extend(placeholders);
        }
        objects
    }

    /// Notes what the placeholders of those objects are filled with that this run has applied: whatever is in the others is not its work.
    pub fn note_filled(
        &self,
        fingerprints: &mut RecordedFingerprints,
        live: &Objects,
        applied: &BTreeSet<&ssa::ObjectId>,
        api_servers: &ApiServers,
        key: &FingerprintKey,
    ) {
        for (id, manifest) in self.ids().zip(self.set.manifests()) {
            if applied.contains(&id.without_cluster()) {
                fingerprints.note(&id, manifest, live, api_servers);
            }
        }
        fingerprints.write_only.note(&self.target.uid, &self.set, live, applied, key);
    }

    /// Everything that the record has in the cluster, with the fields to look at: what was written, and of the rest what state
    /// knows of it.
    pub fn book(&self, book: &BTreeSet<ssa::ObjectId>, recorded: &Objects, key: &FingerprintKey) -> Objects {
        let mut wanted = self.wanted(key);
        for id in book {
            let id = ObjectId::in_cluster(self.set.cluster().as_str(), id);
            let fields = recorded.iter().find(|(known, _)| known.without_cluster() == id.without_cluster());
            wanted.entry(id).or_insert_with(|| fields.map(|(_, fields)| fields.clone()).unwrap_or_default());
        }
        wanted.retain(|id, _| book.contains(&id.without_cluster()));
        wanted
    }

    /// What was written, as far as rendering knows it.
    pub fn rendered(&self, key: &FingerprintKey) -> Objects {
        let manifests = self.set.manifests().iter();
        let fields = manifests.map(|manifest| show(manifest, key).all());
        self.ids().zip(fields).map(|(id, fields)| (id.clone(), self.ignored.without(&id, fields).0)).collect()
    }
}
