use serde_json::Value;

use super::object;
use crate::mesh::well_known::{FEDERATION_PREFIX, INTERMEDIATE_SECRET, REMOTE_SECRET_PREFIX, ROOT_SECRET};
use crate::mesh::{ChartName, GatewayRole, RemoteControlPlane, SharedMeshConfig};

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
    /// What a remote cluster has beside charts, and what primaries keep on record of it.
    Remote,
    /// What primaries keep on record of a federation.
    Federation,
    /// What denies calls of other meshes.
    Policy,
    /// Whom a federation has the mesh trust.
    Trust,
    /// What opens a federation gateway for a Service.
    Export,
    /// What makes a Service of another mesh one of this.
    Import,
    /// What is no part of a control plane: it is made when others of its kind are.
    Plain,
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
    /// Services of gateways: their addresses are known before anything is called through them.
    GatewayServices,
    /// Gateways: their pods need istiod's webhook.
    Gateways,
    /// What opens the gateways.
    Exposure,
    /// What lets istiod read other clusters.
    Links,
    /// What denies calls of other meshes: proxies have it before anybody of them is trusted, and until nobody is any more.
    Policies,
    /// Whom the mesh trusts.
    Trust,
    /// What opens federation gateways: closed first, when nobody is to come in any more.
    Exports,
    /// Services of other meshes: their workloads are trusted by then.
    Imports,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Self; 16] = [
        Self::Definitions,
        Self::Namespaces,
        Self::Root,
        Self::Authority,
        Self::Configuration,
        Self::Tokens,
        Self::Workloads,
        Self::Admission,
        Self::GatewayServices,
        Self::Gateways,
        Self::Exposure,
        Self::Links,
        Self::Policies,
        Self::Trust,
        Self::Exports,
        Self::Imports,
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
            Self::GatewayServices => "Services of gateways",
            Self::Gateways => "gateways",
            Self::Exposure => "exposure of services",
            Self::Links => "links to other clusters",
            Self::Policies => "authorization policies",
            Self::Trust => "trusted root certificates",
            Self::Exports => "exported services",
            Self::Imports => "imported services",
        }
    }

    pub(super) fn of(component: Component, object: &Value) -> Self {
        match component {
            Component::Root => Self::Root,
            Component::Authority => Self::Authority,
            Component::Chart(ChartName::Gateway) if object::kind(object) == "Service" => {
                Self::GatewayServices
            }
            Component::Chart(ChartName::Gateway) => Self::Gateways,
            Component::Exposure => Self::Exposure,
            Component::Link => Self::Links,
            Component::Policy => Self::Policies,
            Component::Trust => Self::Trust,
            Component::Export => Self::Exports,
            Component::Import => Self::Imports,
            Component::Reader if object::kind(object) == "Secret" => Self::Tokens,
            Component::Namespace
            | Component::PullSecret
            | Component::Chart(_)
            | Component::SharedMeshConfig
            | Component::Reader
            | Component::Remote
            | Component::Federation
            | Component::Plain => Self::of_kind(object::group(object), object::kind(object)),
        }
    }

    /// The stage of an object of ours of which only the name is known: where it is made, or near that.
    pub fn of_id(group: &str, kind: &str, name: &str) -> Self {
        match (kind, name) {
            ("Secret", ROOT_SECRET) => Self::Root,
            ("Secret", INTERMEDIATE_SECRET) => Self::Authority,
            ("Secret", name) if name.starts_with(REMOTE_SECRET_PREFIX) => Self::Links,
            ("Service", RemoteControlPlane::SERVICE) => Self::Exposure,
            ("AuthorizationPolicy", _) => Self::Policies,
            ("ConfigMap", name) if name.starts_with(SharedMeshConfig::RECORD_OF_FEDERATION) => Self::Trust,
            ("Gateway", name) if name.starts_with(FEDERATION_PREFIX) => Self::Exports,
            ("DestinationRule" | "ServiceEntry", _) => Self::Imports,
            _ if group == "networking.istio.io" => Self::Exposure,
            ("Service", name) if GatewayRole::ALL.iter().any(|role| name.contains(role.name())) => {
                Self::GatewayServices
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stages_are_there_in_their_order() {
        assert!(Stage::ALL.is_sorted_by(|one, next| one < next));
        let numbers = Stage::ALL.map(|stage| stage as usize);
        assert!(numbers.iter().enumerate().all(|(place, number)| place == *number), "{numbers:?}");
    }

    #[test]
    fn other_meshes_are_denied_before_they_are_trusted_and_until_they_no_longer_are() {
        assert!(Stage::Policies < Stage::Trust && Stage::Trust < Stage::Exports);
        assert!(Stage::Trust < Stage::Imports);
    }

    #[test]
    fn the_stage_of_a_federations_object_follows_from_its_name() {
        let stage = |kind, name| Stage::of_id("", kind, name);
        let record = format!("{}partners", SharedMeshConfig::RECORD_OF_FEDERATION);
        assert_eq!(stage("AuthorizationPolicy", "federation-partners"), Stage::Policies);
        assert_eq!(stage("ConfigMap", &record), Stage::Trust);
        assert_eq!(stage("ConfigMap", SharedMeshConfig::RECORD_OF_MESH), Stage::Configuration);
        assert_eq!(stage("Gateway", "federation-partners.orders"), Stage::Exports);
        assert_eq!(Stage::of_id("networking.istio.io", "Gateway", "cross-network-gateway"), Stage::Exposure);
        assert_eq!(stage("ServiceEntry", "federation-partners.payments"), Stage::Imports);
    }
}
