use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::chart_objects::Installation;
use super::error::RenderError;
use crate::mesh::ChartRelease;

/// Renders for many clusters. A chart whose values are alike in several of them is rendered once, and they share its objects: of the
/// chart `base`, these are by far the largest.
#[derive(Debug, Default)]
pub struct Renderer {
    /// By everything that the objects follow from.
    alike: Mutex<BTreeMap<String, Vec<Arc<Value>>>>,
}

/// The renderers of a process: resources with the same charts share one.
#[derive(Debug, Default)]
pub struct Renderers(Mutex<BTreeMap<BTreeMap<String, String>, Arc<Renderer>>>);

impl Renderers {
    /// The renderer for charts with these digests, by name and version.
    pub fn of(&self, digests: BTreeMap<String, String>) -> Arc<Renderer> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(digests).or_default())
    }
}

impl Renderer {
    /// The objects of a chart in one cluster.
    pub(super) fn objects(&self, installation: &Installation<'_>) -> Result<Vec<Arc<Value>>, RenderError> {
        let Some(key) = key(installation) else {
            return Ok(installation.objects()?.into_iter().map(Arc::new).collect());
        };
        let mut alike = self.alike.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(objects) = alike.get(&key) {
            return Ok(objects.clone());
        }
        let objects: Vec<_> = installation.objects()?.into_iter().map(Arc::new).collect();
        alike.insert(key, objects.clone());
        Ok(objects)
    }
}

/// What the objects of a chart follow from; `None` for one that says whose cluster it is in, so that no two are alike.
fn key(installation: &Installation<'_>) -> Option<String> {
    let Installation { release, chart, values, namespace, facts, .. } = installation;
    let is_alike = matches!(release, ChartRelease::Base | ChartRelease::Cni);
    let (chart, namespace) = (&chart.metadata().version, namespace.as_str());
    is_alike.then(|| format!("{release:?} {chart} {namespace} {} {values:?}", facts.kubernetes_version))
}
