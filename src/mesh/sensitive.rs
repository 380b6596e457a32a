//! Documents of which nobody sees more than the names of their keys: values of charts and mesh configuration that hold secrets.

use std::fmt;

use serde_json::{Value, json};

use super::chart::ChartName;
use super::derived::DerivedValue;
use super::identity::MeshIdentity;
use super::member::Member;
use super::release::{ChartRelease, GatewayRole};
use super::rules::DECISIVE_VALUES;
use super::violation::{FieldPath, Violation};
use super::{ValueRule, rules};

/// Which document a sensitive one is laid over, in the order in which these are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// The values of a chart for all clusters.
    Mesh,
    /// The mesh configuration.
    MeshConfig,
    /// The values of a chart for one cluster.
    Member,
    /// The values of one gateway.
    Gateway(GatewayRole),
}

/// One such document.
#[derive(Clone, PartialEq)]
pub struct SensitiveDocument {
    /// The chart that it is for.
    pub chart: ChartName,
    /// What it is laid over.
    pub layer: Layer,
    /// Where the declaration has it.
    pub field: FieldPath,
    /// Which content it is, if nobody keeps the document itself: it is write-only.
    pub version: Option<i64>,
    content: Option<Value>,
}

impl SensitiveDocument {
    /// A document for a chart; `None` as content while it is not known.
    pub fn new(chart: ChartName, layer: Layer, field: FieldPath, content: Option<Value>) -> Self {
        Self { chart, layer, field, version: None, content }
    }

    /// The same as one that nobody keeps.
    #[must_use]
    pub fn write_only(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// Its name among the documents for what a chart is installed as in a cluster, whatever the label of that cluster is.
    pub fn name(&self) -> String {
        let name = match self.layer {
            Layer::Mesh => "mesh",
            Layer::MeshConfig => "mesh_config",
            Layer::Member => "cluster",
            Layer::Gateway(role) => role.field(),
        };
        if self.version.is_some() { format!("{name}/write_only") } else { name.to_owned() }
    }

    /// What it adds to the values of its chart; `None` while that is not known. Secret.
    pub fn values(&self) -> Option<Value> {
        let content = self.content.clone()?;
        Some(match (self.layer, content) {
            (_, Value::Null) => Value::Null,
            (Layer::MeshConfig, content) => json!({"meshConfig": content}),
            (_, content) => content,
        })
    }

    /// Whether it is for what a chart is installed as.
    pub fn is_for(&self, release: ChartRelease) -> bool {
        match self.layer {
            Layer::Gateway(role) => release == ChartRelease::Gateway(role),
            Layer::Mesh | Layer::MeshConfig | Layer::Member => release.chart() == self.chart,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        matches!(&self.content, Some(Value::Null)) || self.content.as_ref().is_some_and(is_empty_map)
    }

    /// The keys that decide what the cluster or its objects are: those the mesh must see.
    pub(super) fn decisive(&self, derived: &[DerivedValue]) -> Vec<Violation> {
        let Some(values) = self.values() else { return Vec::new() };
        let derived = derived.iter().filter(|derived| self.is_for(derived.release));
        let of_mesh = derived.map(|derived| derived.path.as_slice());
        let roles = rules::OF_NO_PRIMARY.iter().filter(|(chart, ..)| *chart == self.chart);
        let others = DECISIVE_VALUES.iter().filter(|(chart, _)| *chart == self.chart);
        let paths = of_mesh.chain(roles.map(|(_, path, ..)| *path)).chain(others.map(|(_, path)| *path));
        let found = paths.filter_map(|path| {
            let under_pilot = [&["pilot"], path].concat();
            let is_there =
                has(&values, path) || (self.chart == ChartName::Istiod && has(&values, &under_pilot));
            is_there.then(|| path.join("."))
        });
        let mut found: Vec<String> = found.collect();
        found.sort_unstable();
        found.dedup();
        let broken = |path| Violation::of_mesh(self.field.clone(), ValueRule::Decisive { path });
        found.into_iter().map(broken).collect()
    }
}

fn is_empty_map(content: &Value) -> bool {
    content.as_object().is_some_and(serde_json::Map::is_empty)
}

fn has(values: &Value, path: &[&str]) -> bool {
    path.iter().try_fold(values, |value, key| value.get(*key)).is_some()
}

impl fmt::Debug for SensitiveDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut document = f.debug_struct("SensitiveDocument");
        document.field("name", &self.name()).field("version", &self.version).finish_non_exhaustive()
    }
}

/// The sensitive documents for what a chart is installed as in one cluster, in the order in which they are merged.
pub fn sensitive_documents<'a>(
    identity: &'a MeshIdentity,
    member: &'a Member,
    release: ChartRelease,
) -> Vec<&'a SensitiveDocument> {
    let all = identity.sensitive.iter().chain(&member.sensitive);
    let mut documents: Vec<_> =
        all.filter(|document| document.is_for(release) && !document.is_empty()).collect();
    documents.sort_by_key(|document| (document.layer, document.version.is_some()));
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(chart: ChartName, layer: Layer, content: Value) -> SensitiveDocument {
        SensitiveDocument::new(chart, layer, FieldPath::attribute("sensitive_mesh_config"), Some(content))
    }

    #[test]
    fn nothing_of_the_content_is_in_debug_output() {
        let document = document(ChartName::Istiod, Layer::MeshConfig, json!({"a": "planted"})).write_only(3);
        let shown = format!("{document:?}");
        assert!(shown.contains("mesh_config/write_only") && shown.contains('3'), "{shown}");
        assert!(!shown.contains("planted"), "{shown}");
    }

    #[test]
    fn the_mesh_configuration_is_a_part_of_istiods_values() {
        let document = document(ChartName::Istiod, Layer::MeshConfig, json!({"a": 1}));
        assert_eq!(document.values(), Some(json!({"meshConfig": {"a": 1}})));
        assert!(document.is_for(ChartRelease::Istiod) && !document.is_for(ChartRelease::Base));
    }

    #[test]
    fn what_decides_the_role_of_a_cluster_or_its_objects_must_be_seen() {
        for (chart, layer, content, path) in [
            (ChartName::Istiod, Layer::Mesh, json!({"profile": "remote"}), "profile"),
            (ChartName::Istiod, Layer::Member, json!({"pilot": {"revision": "x"}}), "revision"),
            (
                ChartName::Istiod,
                Layer::MeshConfig,
                json!({"caCertificates": []}),
                "meshConfig.caCertificates",
            ),
            (ChartName::Istiod, Layer::MeshConfig, json!({"rootNamespace": "x"}), "meshConfig.rootNamespace"),
            (ChartName::Gateway, Layer::Mesh, json!({"service": {"type": "NodePort"}}), "service.type"),
        ] {
            let found = document(chart, layer, content).decisive(&[]);
            let paths: Vec<_> = found.iter().map(|violation| violation.rule.to_string()).collect();
            assert!(paths.iter().any(|text| text.starts_with(path)), "{paths:?}");
        }
        let harmless = document(ChartName::Istiod, Layer::Mesh, json!({"env": {"LICENSE": "x"}}));
        assert!(harmless.decisive(&[]).is_empty());
    }
}
