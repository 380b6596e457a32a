use serde_json::{Value, json};

use super::gateway::EastWestGateway;
use super::images::Images;
use super::release::{ChartRelease, GatewayRole};
use super::remote_control_plane::RemoteControlPlane;
use super::shared_mesh_config::SharedMeshConfig;

/// The name of every east-west gateway, as in Istio's installation guides.
pub const EAST_WEST_GATEWAY: &str = "istio-eastwestgateway";

/// The variable by which a gateway says the endpoints of which networks it wants.
const NETWORK_VIEW: &str = "ISTIO_META_REQUESTED_NETWORK_VIEW";

/// Where load balancers ask a gateway whether it is ready.
const STATUS_PORT: i64 = 15021;

/// The names that make one cluster a part of its mesh, as text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity<'a> {
    pub(super) mesh_id: &'a str,
    pub(super) trust_domain: &'a str,
    pub(super) namespace: &'a str,
    pub(super) cluster: &'a str,
    pub(super) network: &'a str,
    pub(super) images: &'a Images,
    pub(super) has_cni: bool,
    pub(super) gateways: &'a [(GatewayRole, &'a EastWestGateway)],
    pub(super) remote_control_plane: Option<&'a RemoteControlPlane>,
    /// Istio's `meshNetworks`; null without gateways whose addresses are typed.
    pub(super) networks: &'a Value,
    /// Every network of the mesh, as a proxy's metadata list them.
    pub(super) all_networks: &'a str,
}

/// A Helm value that follows from the mesh and is never typed a second time.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedValue {
    /// What takes it.
    pub release: ChartRelease,
    /// Where it stands in the chart's values, outermost key first.
    pub path: Vec<&'static str>,
    /// The value; null where there must be none.
    pub value: Value,
    /// The part of the declaration that it comes from, for messages.
    pub origin: &'static str,
}

/// The ports that the chart itself gives to a gateway with a network, but for istiod's.
fn federation_ports(gateway: &EastWestGateway) -> Value {
    let port = |name: &str, port: i64, target: i64| json!({"name": name, "port": port, "protocol": "TCP", "targetPort": target});
    json!([
        port("status-port", STATUS_PORT, STATUS_PORT),
        port(EastWestGateway::PORT_NAME, gateway.service_port(), EastWestGateway::DEFAULT_PORT),
    ])
}

impl DerivedValue {
    fn new(
        release: ChartRelease,
        path: &[&'static str],
        value: impl Into<Value>,
        origin: &'static str,
    ) -> Self {
        Self { release, path: path.to_vec(), value: value.into(), origin }
    }
}

impl Identity<'_> {
    /// The values by which the official installation guides identify a primary cluster.
    pub(super) fn derived_values(&self) -> Vec<DerivedValue> {
        use ChartRelease::{Base, Istiod};
        let mut values = vec![
            DerivedValue::new(Base, &["global", "istioNamespace"], self.namespace, "namespace"),
            DerivedValue::new(Istiod, &["global", "istioNamespace"], self.namespace, "namespace"),
            DerivedValue::new(Istiod, &["global", "meshID"], self.mesh_id, "mesh_id"),
            DerivedValue::new(
                Istiod,
                &["global", "multiCluster", "clusterName"],
                self.cluster,
                "the label of primary",
            ),
            DerivedValue::new(Istiod, &["global", "network"], self.network, "network"),
            DerivedValue::new(Istiod, &["meshConfig", "trustDomain"], self.trust_domain, "trust_domain"),
            DerivedValue::new(
                Istiod,
                &["env", SharedMeshConfig::VARIABLE],
                SharedMeshConfig::CONFIG_MAP,
                "the configuration that the mesh shares with its federations",
            ),
        ];
        values.extend(self.gateway_values());
        values.extend(self.remote_control_plane_values());
        values.extend(self.image_values());
        if self.has_cni {
            values.push(DerivedValue::new(Istiod, &["cni", "enabled"], true, "cni"));
        }
        if !self.networks.is_null() {
            let path = ["global", "meshNetworks"];
            values.push(DerivedValue::new(
                Istiod,
                &path,
                self.networks.clone(),
                "addresses of an east_west_gateway",
            ));
        }
        values
    }

    /// A federation gateway must not look like one of the mesh's own network: istiod takes for that what bears the network's label,
    /// and sends the mesh's own traffic there. It sees the endpoints of all networks of its mesh, and of no other mesh: so what is
    /// exported may run anywhere in the mesh, and two meshes that import from each other do not send a call in circles.
    fn gateway_values(&self) -> Vec<DerivedValue> {
        let of_role = |(role, gateway): &(GatewayRole, &EastWestGateway)| {
            let value = |path: &[&'static str], value: Value, origin| {
                DerivedValue::new(ChartRelease::Gateway(*role), path, value, origin)
            };
            let block = role.block();
            let own = match role {
                GatewayRole::EastWest => vec![value(&["networkGateway"], json!(self.network), "network")],
                GatewayRole::Federation => vec![
                    value(&["networkGateway"], json!(""), block),
                    value(&["service", "ports"], federation_ports(gateway), block),
                    value(&["labels", EastWestGateway::NETWORK_LABEL], Value::Null, block),
                    value(&["env", NETWORK_VIEW], json!(self.all_networks), block),
                ],
            };
            // What the chart makes of the name, and the mesh finds the gateway by.
            let names = [
                value(&["name"], json!(role.name()), block),
                value(&["labels", "istio"], json!(role.selector()), block),
                value(&["serviceAccount", "name"], json!(role.name()), block),
            ];
            own.into_iter().chain(names)
        };
        self.gateways.iter().flat_map(of_role).collect()
    }

    /// istiod serves other clusters, by a name that its certificate is valid for.
    fn remote_control_plane_values(&self) -> Vec<DerivedValue> {
        use ChartRelease::{Base, Istiod};
        let Some(remote) = self.remote_control_plane else { return Vec::new() };
        let external =
            |release| DerivedValue::new(release, &["global", "externalIstiod"], true, "remote_control_plane");
        let mut values = [Base, Istiod].map(external).to_vec();
        if let Some(hostname) = &remote.hostname {
            let path = ["env", RemoteControlPlane::VARIABLE];
            values.push(DerivedValue::new(Istiod, &path, hostname.as_str(), "remote_control_plane.hostname"));
        }
        values
    }

    /// The gateway's image is istiod's to choose, so its chart takes only what its own pods need before they are injected.
    fn image_values(&self) -> Vec<DerivedValue> {
        use ChartRelease::{Base, Cni, Gateway, Istiod};
        let gateways: Vec<ChartRelease> = self.gateways.iter().map(|(role, _)| Gateway(*role)).collect();
        let Images { hub, variant, platform, pull_secrets } = self.images;
        let mut values = Vec::new();
        for chart in [Istiod, Cni] {
            values.extend(hub.as_deref().map(|hub| DerivedValue::new(chart, &["global", "hub"], hub, "hub")));
            values.extend(
                variant.as_deref().map(|variant| {
                    DerivedValue::new(chart, &["global", "variant"], variant, "image_variant")
                }),
            );
        }
        for chart in [Base, Istiod, Cni].into_iter().chain(gateways.iter().copied()) {
            values.extend(
                platform
                    .as_deref()
                    .map(|platform| DerivedValue::new(chart, &["global", "platform"], platform, "platform")),
            );
        }
        if !pull_secrets.is_empty() {
            let names: Vec<&String> = pull_secrets.keys().collect();
            for chart in [Istiod, Cni] {
                let path = ["global", "imagePullSecrets"];
                values.push(DerivedValue::new(chart, &path, json!(names), "image_pull_secret"));
            }
            let references: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            for gateway in gateways {
                let path = ["imagePullSecrets"];
                values.push(DerivedValue::new(gateway, &path, references.clone(), "image_pull_secret"));
            }
        }
        values
    }
}
