//! The names of the parts.

use std::env;
use std::fmt;

use super::certificate_oracle;
use super::kubeconfig;
use super::recipe::{self, Recipe};

/// One real program, file or folder that the lab or a test uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The store behind every API server.
    Etcd,
    /// `kube-apiserver`.
    KubeApiserver,
    /// `kube-apiserver`, one minor newer.
    KubeApiserver137,
    /// `kube-apiserver`, one minor older.
    KubeApiserver135,
    /// `kube-controller-manager`.
    KubeControllerManager,
    /// `kube-scheduler`.
    KubeScheduler,
    /// `kube-proxy`.
    KubeProxy,
    /// `kubectl`.
    Kubectl,
    /// Helm 4, the reference for chart rendering.
    Helm,
    /// Helm 3, the other reference for chart rendering.
    Helm3,
    /// The CNCF's OCI registry.
    Registry,
    /// Our own program around Helm 4's library, which the chart engine's benchmark is held against.
    Helmlib,
    /// istiod, built without the `istio.stats` filter, which upstream Envoy does not have.
    PilotDiscovery,
    /// `pilot-agent`, what the `proxyv2` image runs.
    PilotAgent,
    /// `istioctl`.
    Istioctl,
    /// Istio's echo server.
    EchoServer,
    /// Istio's echo client.
    EchoClient,
    /// The template from which `pilot-agent` writes Envoy's bootstrap configuration: a JSON file.
    EnvoyBootstrap,
    /// Upstream Envoy.
    Envoy,
    /// The lab's own streaming half of a kubelet: exec, logs and port-forward.
    Kubeletd,
    /// Terraform.
    Terraform,
    /// The oldest Terraform that the provider supports.
    Terraform111,
    /// `OpenTofu`.
    Tofu,
    /// The generator of provider documentation, from its schema.
    Tfplugindocs,
    /// A program around fluxcd/pkg/ssa, which the apply engine is measured beside.
    FluxSsa,
    /// The lab's own program that tells what Terraform's library of values makes of encoded values.
    CtyOracle,
    /// The lab's own program that tells what client-go makes of kubeconfigs.
    KubeconfigOracle,
    /// The lab's own program that runs istiod's packages of certificates on the data of a Secret.
    CertificateOracle,
    /// The lab's own program that tells what istiod makes of documents of its mesh configuration.
    MeshConfigOracle,
    /// The lab's own program that drives a provider with terraform-plugin-testing.
    PluginAcceptance,
    /// A provider on terraform-plugin-framework that does nothing, which our framework is measured beside.
    PluginPeer,
    /// cargo-deny, which checks licences, bans and sources of the project's dependencies.
    CargoDeny,
    /// Istio's charts: a folder, see [`Charts`](super::Charts).
    Charts,
    /// Charts of other projects: a folder with one folder a chart.
    PublicCharts,
}

impl Part {
    /// Every part that the lab and the tests use: all but the ones that only some runs ask for by name.
    pub const DEFAULT: &[Self] = &[
        Self::Charts,
        Self::PublicCharts,
        Self::Envoy,
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::KubeProxy,
        Self::Kubectl,
        Self::Kubeletd,
        Self::PilotDiscovery,
        Self::PilotAgent,
        Self::Istioctl,
        Self::EchoServer,
        Self::EchoClient,
        Self::EnvoyBootstrap,
        Self::Helm,
        Self::Helm3,
        Self::Registry,
        Self::Terraform,
        Self::Terraform111,
        Self::Tofu,
        Self::Tfplugindocs,
        Self::CtyOracle,
        Self::KubeconfigOracle,
        Self::CertificateOracle,
        Self::MeshConfigOracle,
        Self::PluginAcceptance,
    ];

    /// Every part there is.
    pub const ALL: &[Self] = &[
        Self::Charts,
        Self::PublicCharts,
        Self::Envoy,
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::KubeProxy,
        Self::Kubectl,
        Self::Kubeletd,
        Self::PilotDiscovery,
        Self::PilotAgent,
        Self::Istioctl,
        Self::EchoServer,
        Self::EchoClient,
        Self::EnvoyBootstrap,
        Self::Helm,
        Self::Helm3,
        Self::Registry,
        Self::Helmlib,
        Self::Terraform,
        Self::Terraform111,
        Self::Tofu,
        Self::Tfplugindocs,
        Self::CtyOracle,
        Self::KubeconfigOracle,
        Self::CertificateOracle,
        Self::MeshConfigOracle,
        Self::PluginAcceptance,
        Self::PluginPeer,
        Self::CargoDeny,
        Self::FluxSsa,
        Self::KubeApiserver137,
        Self::KubeApiserver135,
    ];

    /// The file's name inside its recipe's folder, also the part's name on the command line.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeApiserver137 => "kube-apiserver137",
            Self::KubeApiserver135 => "kube-apiserver135",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::KubeProxy => "kube-proxy",
            Self::Kubectl => "kubectl",
            Self::Helm => "helm",
            Self::Helm3 => "helm3",
            Self::Registry => "registry",
            Self::Helmlib => "helmlib",
            Self::PilotDiscovery => "pilot-discovery",
            Self::PilotAgent => "pilot-agent",
            Self::Istioctl => "istioctl",
            Self::EchoServer => "echo-server",
            Self::EchoClient => "echo-client",
            Self::EnvoyBootstrap => "envoy_bootstrap_tmpl.json",
            Self::Envoy => "envoy",
            Self::Kubeletd => "kubeletd",
            Self::Terraform => "terraform",
            Self::Terraform111 => "terraform111",
            Self::Tofu => "tofu",
            Self::Tfplugindocs => "tfplugindocs",
            Self::FluxSsa => "flux-ssa",
            Self::CtyOracle => "cty-oracle",
            Self::KubeconfigOracle => "kubeconfig-oracle",
            Self::CertificateOracle => "certificate-oracle",
            Self::MeshConfigOracle => "mesh-config-oracle",
            Self::PluginAcceptance => "plugin-acceptance",
            Self::PluginPeer => "plugin-peer",
            Self::CargoDeny => "cargo-deny",
            Self::Charts => "charts",
            Self::PublicCharts => "public-charts",
        }
    }

    /// The part that takes this one's place in this process: `ISTIO_LAB_KUBERNETES=1.37` (or 1.35) runs API servers of another minor.
    pub(super) fn chosen(self) -> Self {
        match (self, env::var("ISTIO_LAB_KUBERNETES").as_deref()) {
            (Self::KubeApiserver, Ok("1.37")) => Self::KubeApiserver137,
            (Self::KubeApiserver, Ok("1.35")) => Self::KubeApiserver135,
            _ => self,
        }
    }

    pub(super) fn recipe(self) -> &'static Recipe {
        match self {
            Self::Etcd => &recipe::ETCD,
            Self::KubeApiserver
            | Self::KubeControllerManager
            | Self::KubeScheduler
            | Self::KubeProxy
            | Self::Kubectl => &recipe::KUBERNETES,
            Self::KubeApiserver137 => &recipe::KUBERNETES137,
            Self::KubeApiserver135 => &recipe::KUBERNETES135,
            Self::FluxSsa => &recipe::FLUX_SSA,
            Self::Helm => &recipe::HELM,
            Self::Helm3 => &recipe::HELM3,
            Self::Registry => &recipe::REGISTRY,
            Self::Helmlib => &recipe::HELMLIB,
            Self::PilotDiscovery
            | Self::PilotAgent
            | Self::Istioctl
            | Self::EchoServer
            | Self::EchoClient
            | Self::EnvoyBootstrap => &recipe::ISTIO,
            Self::Envoy => &recipe::ENVOY,
            Self::Kubeletd => &recipe::KUBELETD,
            Self::Terraform => &recipe::TERRAFORM,
            Self::Terraform111 => &recipe::TERRAFORM111,
            Self::Tofu => &recipe::TOFU,
            Self::Tfplugindocs => &recipe::TFPLUGINDOCS,
            Self::CtyOracle => &recipe::CTY_ORACLE,
            Self::KubeconfigOracle => &kubeconfig::KUBECONFIG_ORACLE,
            Self::CertificateOracle => &certificate_oracle::RECIPE,
            Self::MeshConfigOracle => &recipe::MESH_CONFIG_ORACLE,
            Self::PluginAcceptance => &recipe::PLUGIN_TESTING,
            Self::PluginPeer => &recipe::PLUGIN_PEER,
            Self::CargoDeny => &recipe::CARGO_DENY,
            Self::Charts => &recipe::CHARTS,
            Self::PublicCharts => &recipe::PUBLIC_CHARTS,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.file_name())
    }
}
