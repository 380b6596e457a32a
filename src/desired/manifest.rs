use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::placeholder::Placeholder;
use super::sensitive::Sensitive;
use super::stage::{Component, Stage};

/// One object, as it shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The part of the mesh that it belongs to.
    pub component: Component,
    /// When it is made.
    pub stage: Stage,
    /// The object: what a YAML document of a chart says. Clusters whose charts are alike share it.
    pub object: Arc<Value>,
    /// Keys of a Secret's data that are yet to be filled.
    pub placeholders: Placeholders,
    /// What of it depends on documents with secrets; `None` if nothing does.
    pub sensitive: Option<Arc<Sensitive>>,
}

/// Keys of a Secret's data, and what belongs there.
pub type Placeholders = BTreeMap<String, Placeholder>;

impl Manifest {
    /// The object as it may be shown: with stand-ins where it holds secrets of the user's.
    pub fn shown(&self) -> &Arc<Value> {
        self.sensitive.as_ref().map_or(&self.object, |sensitive| &sensitive.shown)
    }

    /// The object with the data that belongs into its placeholders.
    #[must_use]
    pub fn filled(mut self, data: &serde_json::Map<String, Value>) -> Self {
        for key in self.placeholders.keys() {
            if let Some(value) = data.get(key) {
                Arc::make_mut(&mut self.object)["data"][key] = value.clone();
            }
        }
        self.placeholders.retain(|key, _| !data.contains_key(key));
        self
    }
}
