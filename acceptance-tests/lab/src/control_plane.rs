//! The servers of one cluster and their flags.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::component::Component;
use crate::parts::{self, Part};

pub mod files;
pub use files::Files;

/// Three times what Go does by default: with less, collecting garbage is most of what an API server does while definitions come and
/// go. A server then takes up to twice the memory.
const GARBAGE_COLLECTION: (&str, &str) = ("GOGC", "300");

/// The controllers a cluster needs so that what users create is carried out and what they delete goes away.
const CONTROLLERS: &[&str] = &[
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "namespace-controller",
    "endpointslice-controller",
    "endpoints-controller",
    "garbage-collector-controller",
    "root-ca-certificate-publisher-controller",
    "deployment-controller",
    "replicaset-controller",
    "daemonset-controller",
    "statefulset-controller",
    "job-controller",
    "horizontal-pod-autoscaler-controller",
    "disruption-controller",
    "clusterrole-aggregation-controller",
];

/// Where one control plane listens, and the ranges it hands out.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The API server's address.
    pub host: IpAddr,
    /// The API server's port.
    pub port: u16,
    /// etcd's port for clients, on 127.0.0.1.
    pub etcd_port: u16,
    /// etcd's port for peers, on 127.0.0.1.
    pub etcd_peer_port: u16,
    /// The range of Service addresses.
    pub service_cidr: String,
    /// The first of them, which is the API server's own Service.
    pub kubernetes_service: Ipv4Addr,
}

impl Addresses {
    /// The API server's URL.
    pub fn url(&self) -> String {
        format!("https://{}:{}", self.host, self.port)
    }

    /// Who writes the endpoints of the API server's own Service. Since Kubernetes 1.37 they may not be on loopback, and no pod reaches
    /// a server there.
    fn endpoint_reconciler(&self) -> &'static str {
        if self.host.is_loopback() { "none" } else { "lease" }
    }
}

/// What the servers of one cluster share.
#[derive(Clone)]
pub struct ControlPlane {
    /// Certificates, tokens, state and logs.
    pub files: Arc<Files>,
    /// Where they listen.
    pub addresses: Addresses,
    /// The network namespace they run in, unless it is ours.
    pub network_namespace: Option<PathBuf>,
}

impl ControlPlane {
    /// etcd: one member, its state in `etcd/`, and no care for a power failure.
    pub fn etcd(&self) -> Result<Component, parts::Error> {
        let client = format!("http://127.0.0.1:{}", self.addresses.etcd_port);
        let peer = format!("http://127.0.0.1:{}", self.addresses.etcd_peer_port);
        let arguments = vec![
            self.file("data-dir", "etcd"),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            "--socket-reuse-port=true".to_owned(),
            "--unsafe-no-fsync".to_owned(),
            "--log-level=warn".to_owned(),
        ];
        self.component(Part::Etcd, arguments)
    }

    /// kube-apiserver with RBAC; `tokens.csv` names who may come with a static token.
    pub fn api_server(&self) -> Result<Component, parts::Error> {
        let addresses = &self.addresses;
        let arguments = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", addresses.etcd_port),
            format!("--bind-address={}", addresses.host),
            format!("--advertise-address={}", addresses.host),
            format!("--endpoint-reconciler-type={}", addresses.endpoint_reconciler()),
            format!("--secure-port={}", addresses.port),
            "--permit-port-sharing=true".to_owned(),
            format!("--service-cluster-ip-range={}", addresses.service_cidr),
            self.file("tls-cert-file", "apiserver.crt"),
            self.file("tls-private-key-file", "apiserver.key"),
            self.file("client-ca-file", "ca.crt"),
            self.file("token-auth-file", "tokens.csv"),
            self.file("kubelet-certificate-authority", "ca.crt"),
            self.file("kubelet-client-certificate", "kubelet-client.crt"),
            self.file("kubelet-client-key", "kubelet-client.key"),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
            self.file("service-account-key-file", "service-account.pub"),
            self.file("service-account-signing-key-file", "service-account.key"),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--allow-privileged=true".to_owned(),
            // It would taint every new node, and only the node lifecycle controller takes the taint away.
            "--disable-admission-plugins=TaintNodesByCondition".to_owned(),
            "--enable-priority-and-fairness=false".to_owned(),
            "--profiling=false".to_owned(),
            "--etcd-compaction-interval=0".to_owned(),
            self.file("audit-policy-file", files::AUDIT_POLICY),
            self.file("audit-log-path", files::AUDIT_LOG),
            "--audit-log-mode=blocking".to_owned(),
        ];
        self.component(Part::KubeApiserver, arguments)
    }

    /// kube-controller-manager with the controllers that the lab needs.
    pub fn controller_manager(&self) -> Result<Component, parts::Error> {
        let arguments = vec![
            self.file("kubeconfig", "admin.kubeconfig"),
            self.file("service-account-private-key-file", "service-account.key"),
            self.file("root-ca-file", "ca.crt"),
            format!("--controllers={}", CONTROLLERS.join(",")),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
        ];
        self.component(Part::KubeControllerManager, arguments)
    }

    /// kube-scheduler.
    pub fn scheduler(&self) -> Result<Component, parts::Error> {
        let arguments = vec![
            self.file("kubeconfig", "admin.kubeconfig"),
            "--leader-elect=false".to_owned(),
            "--authentication-skip-lookup=true".to_owned(),
        ];
        self.component(Part::KubeScheduler, arguments)
    }

    /// kube-proxy with nftables, for the node `name`.
    pub fn proxy(&self, name: &str, pod_cidr: &str) -> Result<Component, parts::Error> {
        let arguments = vec![
            self.file("kubeconfig", "admin.kubeconfig"),
            "--proxy-mode=nftables".to_owned(),
            format!("--cluster-cidr={pod_cidr}"),
            format!("--bind-address={}", self.addresses.host),
            format!("--hostname-override={name}"),
            // The machine's connection tracking is not the lab's to configure.
            "--conntrack-max-per-core=0".to_owned(),
            "--conntrack-min=0".to_owned(),
            "--conntrack-tcp-timeout-established=0".to_owned(),
            "--conntrack-tcp-timeout-close-wait=0".to_owned(),
        ];
        self.component(Part::KubeProxy, arguments)
    }

    /// The streaming half of the node's kubelet; `state` says which processes and logs the pods have.
    pub fn kubeletd(&self, state: &Path) -> Result<Component, parts::Error> {
        let arguments = vec![
            format!("--listen={}:10250", self.addresses.host),
            self.file("tls-cert", "kubelet.crt"),
            self.file("tls-key", "kubelet.key"),
            self.file("client-ca", "ca.crt"),
            format!("--state={}", state.display()),
        ];
        self.component(Part::Kubeletd, arguments)
    }

    fn file(&self, flag: &str, name: &str) -> String {
        format!("--{flag}={}", self.files.path(name).display())
    }

    fn component(&self, part: Part, arguments: Vec<String>) -> Result<Component, parts::Error> {
        let (variable, value) = GARBAGE_COLLECTION;
        let log = self.files.path(&format!("{part}.log"));
        let component = Component::new(part.file_name(), &parts::find(part)?, arguments, log)
            .with_environment(variable, value);
        Ok(match &self.network_namespace {
            Some(namespace) => component.in_network_namespace(namespace),
            None => component,
        })
    }
}
