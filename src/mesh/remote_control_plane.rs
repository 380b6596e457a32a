use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// How clusters without a control plane of their own reach istiod of this one, as the user declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RemoteControlPlane {
    /// The host name or IP address that they dial, if not what a load balancer has got; istiod's certificate is valid for it.
    pub hostname: Option<String>,
    /// Annotations of istiod's own load balancer.
    pub service_annotations: BTreeMap<String, String>,
    /// `spec.loadBalancerClass` of it.
    pub load_balancer_class: Option<String>,
    /// `spec.loadBalancerSourceRanges` of it.
    pub load_balancer_source_ranges: BTreeSet<String>,
}

impl RemoteControlPlane {
    /// The Service of istiod's own load balancer, where no east-west gateway leads to it. The chart's own Service is `istiod`, with a
    /// revision behind it if there is one, and that of a remote cluster `istiod-remote`.
    pub const SERVICE: &str = "istiod-load-balancer";
    /// The port for proxies, and for their certificates.
    pub const XDS_PORT: u16 = 15012;
    /// The port for API servers, which call istiod for every new pod.
    pub const WEBHOOK_PORT: u16 = 15017;
    /// The variable by which istiod has further names in its certificate.
    pub const VARIABLE: &str = "ISTIOD_CUSTOM_HOST";
}
