use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use super::manifest::{Manifest, Placeholders};
use super::object;
use super::sensitive::{Sensitive, WriteOnly};
use super::stage::{Component, Stage};
use super::unique::repeated_item;
use crate::mesh::ClusterName;

/// The objects that one cluster shall have, in the order in which they are made.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestSet {
    cluster: ClusterName,
    manifests: Vec<Manifest>,
    write_only: BTreeMap<String, WriteOnly>,
}

/// Why an object cannot join a set.
#[derive(Debug, Error)]
pub enum SetError {
    /// One object is there twice, so it cannot be said what it must be.
    #[error("cluster {cluster:?}: {object} is rendered twice", cluster = .cluster.as_str())]
    Twice {
        /// The cluster.
        cluster: ClusterName,
        /// The object.
        object: String,
    },
    /// Values add an item to a list that the chart has already, and the API server takes none of both.
    #[error(
        "cluster {cluster:?}: {object} has {item:?} twice in {list}; the chart sets it itself, so remove it from the values",
        cluster = .cluster.as_str()
    )]
    RepeatedItem {
        /// The cluster.
        cluster: ClusterName,
        /// The object.
        object: String,
        /// The list, as in `env`.
        list: String,
        /// The key that two items have.
        item: String,
    },
}

impl ManifestSet {
    /// A set without objects.
    pub fn new(cluster: ClusterName) -> Self {
        Self { cluster, manifests: Vec::new(), write_only: BTreeMap::new() }
    }

    /// Adds an object behind all others of its stage and the stages before.
    ///
    /// # Errors
    /// The set has the object already, or a list in it has an item twice.
    pub fn push(
        &mut self,
        component: Component,
        object: impl Into<Arc<Value>>,
        placeholders: Placeholders,
    ) -> Result<(), SetError> {
        self.push_sensitive(component, object, placeholders, None)
    }

    /// The same of an object that depends on documents with secrets.
    ///
    /// # Errors
    /// As for any other.
    pub fn push_sensitive(
        &mut self,
        component: Component,
        object: impl Into<Arc<Value>>,
        placeholders: Placeholders,
        sensitive: Option<Arc<Sensitive>>,
    ) -> Result<(), SetError> {
        let object = object.into();
        let shown = sensitive.as_ref().map_or(&object, |sensitive| &sensitive.shown);
        if self.manifests.iter().any(|manifest| object::is_same(&manifest.object, shown)) {
            return Err(SetError::Twice { cluster: self.cluster.clone(), object: object::describe(shown) });
        }
        if let Some((list, item)) = repeated_item(shown) {
            let object = object::describe(shown);
            return Err(SetError::RepeatedItem { cluster: self.cluster.clone(), object, list, item });
        }
        let stage = Stage::of(component, &object);
        let position = self.manifests.partition_point(|manifest| manifest.stage <= stage);
        self.manifests.insert(position, Manifest { component, stage, object, placeholders, sensitive });
        Ok(())
    }

    /// Notes a write-only document that the objects depend on, by its name in the cluster.
    pub fn note_write_only(&mut self, name: String, document: WriteOnly) {
        self.write_only.insert(name, document);
    }

    /// The write-only documents that the objects depend on, by their names in the cluster.
    pub fn write_only(&self) -> &BTreeMap<String, WriteOnly> {
        &self.write_only
    }

    /// The cluster.
    pub fn cluster(&self) -> &ClusterName {
        &self.cluster
    }

    /// All objects, stage by stage.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// The set with every object as `change` makes it; identities must stay.
    pub fn try_map<E>(mut self, mut change: impl FnMut(Manifest) -> Result<Manifest, E>) -> Result<Self, E> {
        self.manifests = self.manifests.into_iter().map(&mut change).collect::<Result<_, E>>()?;
        Ok(self)
    }

    /// The objects of every stage that has some.
    pub fn stages(&self) -> impl Iterator<Item = (Stage, &[Manifest])> {
        self.manifests.chunk_by(|one, next| one.stage == next.stage).map(|stage| (stage[0].stage, stage))
    }
}
