//! One apply engine for each cluster, whoever's objects it works on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ssa::{
    DiscoveryCache, Engine, InventoryRef, ObjectPattern, Options, Ownership, Rules, SchemaCache, Server,
};

use super::definitions::Definitions;
use super::owner::{OWNER_LABEL, Owner};
use super::target::{FIELD_MANAGER, Target};
use crate::clusters::Cluster;
use crate::desired::ownership::YIELDED;
use crate::manifests::digest;

/// The apply engines of one provider, by the labels of their clusters. All of a cluster's targets share its engine: what the API server
/// serves, its schemas and the limit of requests.
#[derive(Clone, Default)]
pub struct Engines {
    schemas: SchemaCache,
    discovery: DiscoveryCache,
    /// The folder of the clusters' definitions.
    definitions: Option<PathBuf>,
    by_label: Arc<Mutex<BTreeMap<String, (Engine, Definitions)>>>,
}

impl Engines {
    /// Engines that keep what API servers say of themselves in this folder from process to process. One that cannot be written is no
    /// error.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            schemas: SchemaCache::in_folder(folder.join("schemas")),
            discovery: DiscoveryCache::in_folder(folder.join("discovery")),
            definitions: Some(folder.join("definitions")),
            by_label: Arc::default(),
        }
    }

    /// What `owner` has in this cluster, with its record in `namespace`.
    pub fn target(&self, cluster: &Cluster, uid: &str, owner: &Owner, namespace: &str) -> Target {
        let (engine, definitions) = self.engine(cluster);
        if let Some(facts) = cluster.seen_facts() {
            let (cluster, version) = (facts.uid.clone(), facts.kubernetes_version.clone());
            if let Some(folder) = &self.definitions {
                definitions.keep_in(folder.join(format!("{}.json", file_name(&facts.uid))));
            }
            engine.identify(Server { cluster, version });
        }
        let engine = engine.for_owner(label(owner));
        let inventory = InventoryRef { namespace: namespace.to_owned(), name: owner.inventory() };
        Target {
            name: cluster.name().to_owned(),
            cluster: cluster.clone(),
            uid: uid.to_owned(),
            owner: owner.clone(),
            engine,
            definitions,
            inventory,
        }
    }

    fn engine(&self, cluster: &Cluster) -> (Engine, Definitions) {
        let mut engines = self.by_label.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = engines.entry(cluster.name().to_owned()).or_insert_with(|| {
            let nobody = label(&Owner::mesh(""));
            let options = Options {
                cluster: cluster.name().to_owned(),
                rules: rules(),
                schemas: self.schemas.clone(),
                discovery: self.discovery.clone(),
                ..Options::new(FIELD_MANAGER, nobody)
            };
            (Engine::new(cluster.client(), options), Definitions::default())
        });
        engine.clone()
    }
}

/// A name for a file, whatever a server calls its cluster.
fn file_name(uid: &str) -> String {
    digest(uid.as_bytes()).replace(':', "-")
}

fn label(owner: &Owner) -> ssa::Owner {
    ssa::Owner { label: OWNER_LABEL.to_owned(), value: owner.label() }
}

fn rules() -> Rules {
    let fields = YIELDED.iter().filter_map(|field| {
        let objects = ObjectPattern::kind(field.group, field.kind);
        Some(ssa::FieldRule { objects, fields: field.field.parse().ok()?, ownership: Ownership::Yield })
    });
    // A namespace may have been prepared, with labels and quotas of its own: it gets the network's label if it needs one, and stays.
    Rules { fields: fields.collect(), shared: vec![ObjectPattern::kind("", "Namespace")], ..Rules::default() }
}

impl std::fmt::Debug for Engines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engines").field("schemas", &self.schemas).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_istiod_takes_over_is_a_rule() {
        assert_eq!(rules().fields.len(), YIELDED.len());
    }
}
