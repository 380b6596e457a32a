use std::collections::BTreeMap;

use serde_json::Value;

use super::authority::{INTERMEDIATE_SECRET, ROOT_SECRET};
use super::error::RenderError;
use super::hole::Hole;
use super::link;
use super::object;
use super::unique::repeated_item;
use crate::mesh::{ChartName, ClusterName, GatewayRole, RemoteControlPlane};

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
    /// Keys of a Secret's data that are yet to be filled.
    pub holes: Holes,
}

/// Keys of a Secret's data, and what belongs there.
pub type Holes = BTreeMap<String, Hole>;

/// The part of a mesh that an object belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Istio's namespace.
    Namespace,
    /// The mesh's root certificate and its key.
    Root,
    /// The certificate that the cluster's istiod signs with.
    Authority,
    /// What images are pulled with.
    PullSecret,
    /// What a chart installs.
    Chart(ChartName),
    /// The mesh configuration that federations add to.
    SharedMeshConfig,
    /// The identity by which other clusters read this one.
    Reader,
    /// What opens the east-west gateway.
    Exposure,
    /// What lets istiod read another cluster.
    Link,
}

/// Steps in which objects are made; what one needs is made in an earlier one. Deletion goes the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Custom resource definitions.
    Definitions,
    /// Namespaces.
    Namespaces,
    /// The mesh's root.
    Root,
    /// What istiod signs with: an istiod that finds none makes a root of its own.
    Authority,
    /// Access rights, configuration and services: what a workload finds when it starts.
    Configuration,
    /// Tokens of accounts: Kubernetes deletes one whose account it does not know.
    Tokens,
    /// Workloads, and what scales and protects them.
    Workloads,
    /// Webhooks and admission policies: once they exist, the API server calls workloads.
    Admission,
    /// East-west gateways: their pods need istiod's webhook.
    Gateways,
    /// What opens the gateways.
    Exposure,
    /// What lets istiod read other clusters.
    Links,
}

impl Manifest {
    /// The object with the data that belongs into its holes.
    #[must_use]
    pub fn filled(mut self, data: &serde_json::Map<String, Value>) -> Self {
        for key in self.holes.keys() {
            if let Some(value) = data.get(key) {
                self.object["data"][key] = value.clone();
            }
        }
        self.holes.retain(|key, _| !data.contains_key(key));
        self
    }
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Self; 11] = [
        Self::Definitions,
        Self::Namespaces,
        Self::Root,
        Self::Authority,
        Self::Configuration,
        Self::Tokens,
        Self::Workloads,
        Self::Admission,
        Self::Gateways,
        Self::Exposure,
        Self::Links,
    ];

    /// What it makes, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definitions => "custom resource definitions",
            Self::Namespaces => "namespaces",
            Self::Configuration => "permissions and configuration",
            Self::Tokens => "tokens",
            Self::Workloads => "workloads",
            Self::Admission => "webhooks",
            Self::Root => "root certificate",
            Self::Authority => "certificate authority",
            Self::Gateways => "east-west gateway",
            Self::Exposure => "exposure of services",
            Self::Links => "links to other clusters",
        }
    }

    fn of(component: Component, object: &Value) -> Self {
        match component {
            Component::Root => Self::Root,
            Component::Authority => Self::Authority,
            Component::Chart(ChartName::Gateway) => Self::Gateways,
            Component::Exposure => Self::Exposure,
            Component::Link => Self::Links,
            Component::Reader if object::kind(object) == "Secret" => Self::Tokens,
            Component::Namespace
            | Component::PullSecret
            | Component::Chart(_)
            | Component::SharedMeshConfig
            | Component::Reader => Self::of_kind(object::group(object), object::kind(object)),
        }
    }

    /// The stage of an object of ours of which only the name is known: where it is made, or near that.
    pub fn of_id(group: &str, kind: &str, name: &str) -> Self {
        match (kind, name) {
            ("Secret", ROOT_SECRET) => Self::Root,
            ("Secret", INTERMEDIATE_SECRET) => Self::Authority,
            ("Secret", name) if name.starts_with(link::PREFIX) => Self::Links,
            ("Service", RemoteControlPlane::SERVICE) => Self::Exposure,
            _ if group == "networking.istio.io" => Self::Exposure,
            (_, name) if GatewayRole::ALL.iter().any(|role| name.contains(role.name())) => Self::Gateways,
            _ => Self::of_kind(group, kind),
        }
    }

    fn of_kind(group: &str, kind: &str) -> Self {
        match (group, kind) {
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Self::Definitions,
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
    pub(super) fn push(
        &mut self,
        component: Component,
        object: Value,
        holes: Holes,
    ) -> Result<(), RenderError> {
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
        let stage = Stage::of(component, &object);
        let position = self.manifests.partition_point(|manifest| manifest.stage <= stage);
        self.manifests.insert(position, Manifest { component, stage, object, holes });
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
