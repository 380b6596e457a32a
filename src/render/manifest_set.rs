use serde_json::Value;

use super::error::RenderError;
use super::object;
use super::unique::repeated_item;
use crate::mesh::{ChartName, ClusterName};

/// The objects that one cluster shall have, in the order in which they are made.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestSet {
    cluster: ClusterName,
    manifests: Vec<Manifest>,
}

/// One object, as it shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The part of the mesh that it belongs to.
    pub component: Component,
    /// When it is made.
    pub stage: Stage,
    /// The object: what a YAML document of a chart says.
    pub object: Value,
}

/// The part of a mesh that an object belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Istio's namespace.
    Namespace,
    /// What a chart installs.
    Chart(ChartName),
}

/// Steps in which objects are made; what one needs is made in an earlier one. Deletion goes the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Custom resource definitions.
    Definitions,
    /// Namespaces.
    Namespaces,
    /// Access rights, configuration and services: what a workload finds when it starts.
    Configuration,
    /// Workloads, and what scales and protects them.
    Workloads,
    /// Webhooks and admission policies: once they exist, the API server calls workloads.
    Admission,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Self; 5] =
        [Self::Definitions, Self::Namespaces, Self::Configuration, Self::Workloads, Self::Admission];

    /// What it makes, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definitions => "custom resource definitions",
            Self::Namespaces => "namespaces",
            Self::Configuration => "access rights and configuration",
            Self::Workloads => "workloads",
            Self::Admission => "webhooks",
        }
    }

    fn of(object: &Value) -> Self {
        match (object::group(object), object::kind(object)) {
            ("apiextensions.k8s.io", _) => Self::Definitions,
            ("", "Namespace") => Self::Namespaces,
            ("apps" | "batch" | "autoscaling" | "policy", _) | ("", "Pod") => Self::Workloads,
            ("admissionregistration.k8s.io" | "apiregistration.k8s.io", _) => Self::Admission,
            _ => Self::Configuration,
        }
    }
}

impl ManifestSet {
    pub(super) fn new(cluster: ClusterName) -> Self {
        Self { cluster, manifests: Vec::new() }
    }

    /// Adds an object behind all others of its stage and the stages before.
    pub(super) fn push(&mut self, component: Component, object: Value) -> Result<(), RenderError> {
        if self.manifests.iter().any(|manifest| object::is_same(&manifest.object, &object)) {
            return Err(RenderError::Twice {
                cluster: self.cluster.clone(),
                object: object::describe(&object),
            });
        }
        if let Some((list, item)) = repeated_item(&object) {
            let object = object::describe(&object);
            return Err(RenderError::RepeatedItem { cluster: self.cluster.clone(), object, list, item });
        }
        let stage = Stage::of(&object);
        let position = self.manifests.partition_point(|manifest| manifest.stage <= stage);
        self.manifests.insert(position, Manifest { component, stage, object });
        Ok(())
    }

    /// The cluster.
    pub fn cluster(&self) -> &ClusterName {
        &self.cluster
    }

    /// All objects, stage by stage.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// The objects of every stage that has some.
    pub fn stages(&self) -> impl Iterator<Item = (Stage, &[Manifest])> {
        self.manifests.chunk_by(|one, next| one.stage == next.stage).map(|stage| (stage[0].stage, stage))
    }
}
