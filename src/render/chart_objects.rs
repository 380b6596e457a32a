use helm_template::{Capabilities, Chart, Hook, Options, Release, Values};
use serde_json::Value;

use super::error::RenderError;
use crate::desired::object::{self, MANAGED_BY};
use crate::desired::scope::is_cluster_scoped;
use crate::mesh::{ChartRelease, ClusterFacts, ClusterName, Namespace};

/// One chart, to be installed in one cluster.
pub(super) struct Installation<'a> {
    pub(super) cluster: &'a ClusterName,
    pub(super) release: ChartRelease,
    pub(super) chart: &'a Chart,
    pub(super) values: Values,
    pub(super) namespace: &'a Namespace,
    pub(super) facts: &'a ClusterFacts,
}

impl Installation<'_> {
    /// The chart's objects in the order in which Helm installs them.
    pub(super) fn objects(&self) -> Result<Vec<Value>, RenderError> {
        let release = Release::new(self.release.name(), self.namespace.as_str());
        let capabilities = Capabilities::new(&self.facts.kubernetes_version);
        let options = Options { include_crds: true, skip_tests: true, ..Options::default() };
        let rendered = helm_template::render(self.chart, &self.values, &release, &capabilities, &options)
            .map_err(|source| RenderError::Chart {
                cluster: self.cluster.clone(),
                chart: self.release.chart(),
                source,
            })?;
        if let Some(hook) = rendered.hooks.first() {
            return Err(self.hook(hook));
        }
        let mut objects = Vec::new();
        for manifest in rendered.crds.iter().chain(&rendered.manifests) {
            for document in self.documents(&manifest.source, &manifest.text)? {
                objects.push(self.object(&manifest.source, document)?);
            }
        }
        Ok(objects)
    }

    /// The documents of a template's output; one that is nothing but comments says nothing.
    fn documents(&self, template: &str, text: &str) -> Result<Vec<Value>, RenderError> {
        let documents = helm_template::yaml::parse_documents(text).map_err(|source| RenderError::Yaml {
            cluster: self.cluster.clone(),
            chart: self.release.chart(),
            template: template.to_owned(),
            source,
        })?;
        Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
    }

    /// The object that a document is, as it shall be applied.
    fn object(&self, template: &str, mut document: Value) -> Result<Value, RenderError> {
        let missing = [
            ("apiVersion", document["apiVersion"].is_string()),
            ("kind", !object::kind(&document).is_empty()),
            ("metadata.name", !object::name(&document).is_empty()),
        ];
        if let Some((field, _)) = missing.into_iter().find(|(_, is_there)| !is_there) {
            let template = template.to_owned();
            return Err(RenderError::NotAnObject {
                cluster: self.cluster.clone(),
                chart: self.release.chart(),
                template,
                field,
            });
        }
        // What controllers write, and what the API server writes.
        if let Some(members) = document.as_object_mut() {
            members.remove("status");
        }
        self.put_into_namespace(&mut document);
        say_who_manages(&mut document["metadata"]);
        if document.pointer("/spec/template/metadata").is_some() {
            say_who_manages(&mut document["spec"]["template"]["metadata"]);
        }
        Ok(document)
    }

    /// As Helm does when it installs: an object that names no namespace is in that of the release.
    fn put_into_namespace(&self, object: &mut Value) {
        let is_cluster_scoped = is_cluster_scoped(object);
        let Some(metadata) = object["metadata"].as_object_mut() else { return };
        if is_cluster_scoped {
            metadata.remove("namespace");
        } else {
            metadata.entry("namespace").or_insert_with(|| Value::from(self.namespace.as_str()));
        }
    }

    fn hook(&self, hook: &Hook) -> RenderError {
        RenderError::Hook {
            cluster: self.cluster.clone(),
            chart: self.release.chart(),
            template: hook.manifest.source.clone(),
            events: hook.events.join(", "),
        }
    }
}

/// The charts write `Helm`, which would make Helm take the objects for its own.
fn say_who_manages(metadata: &mut Value) {
    if let Some(label) = metadata.pointer_mut("/labels/app.kubernetes.io~1managed-by") {
        *label = Value::from(MANAGED_BY);
    }
}
