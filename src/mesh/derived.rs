use std::fmt;

use serde_json::{Value, json};

use super::gateway::EastWestGateway;
use super::identity::MeshIdentity;
use super::images::Images;
use super::injector::Injector;
use super::member::{Member, MemberGateway};
use super::release::{ChartRelease, GatewayRole};
use super::remote::ValidatedRemote;
use super::remote_control_plane::RemoteControlPlane;
use super::rules::DISCOVERY_ADDRESS;
use super::shared_mesh_config::SharedMeshConfig;
use super::well_known::{INJECTOR_ANNOTATION, ISTIOD_PORT, REMOTE_ISTIOD_SERVICE};

/// The name of every east-west gateway, as in Istio's installation guides.
pub const EAST_WEST_GATEWAY: &str = "istio-eastwestgateway";

/// The variable by which a gateway says the endpoints of which networks it wants.
const NETWORK_VIEW: &str = "ISTIO_META_REQUESTED_NETWORK_VIEW";

/// The profile of clusters without a control plane.
const REMOTE_PROFILE: &str = "remote";

/// Where load balancers ask a gateway whether it is ready.
const STATUS_PORT: i64 = 15021;

/// A Helm value that follows from the mesh and is never typed a second time.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedValue {
    /// What takes it.
    pub release: ChartRelease,
    /// Where it stands in the chart's values, outermost key first.
    pub path: Vec<&'static str>,
    /// The value; null where there must be none.
    pub value: Value,
    /// The part of the declaration that it comes from.
    pub origin: Origin,
}

/// A part of the declaration that values follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Istio's mesh ID.
    MeshId,
    /// The trust domain.
    TrustDomain,
    /// Istio's namespace.
    Namespace,
    /// The name of a cluster.
    ClusterName,
    /// The network of a cluster.
    Network,
    /// The addresses of gateways that are typed.
    Addresses,
    /// The gateway of a cluster.
    Gateway(GatewayRole),
    /// How clusters without a control plane reach istiod.
    RemoteControlPlane,
    /// By which name they do.
    Hostname,
    /// What several resources have the mesh trust.
    SharedMeshConfig,
    /// The registry of images.
    Hub,
    /// Their variant.
    ImageVariant,
    /// Secrets with which they are pulled.
    PullSecrets,
    /// The kind of Kubernetes.
    Platform,
    /// Istio's CNI plugin.
    Cni,
    /// That the cluster has no control plane of its own.
    Remote,
    /// Where istiod of the primaries that serve it is.
    Primaries,
    /// That an istiod of its own injects its proxies.
    Injector,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MeshId => "mesh_id",
            Self::TrustDomain => "trust_domain",
            Self::Namespace => "namespace",
            Self::ClusterName => "the name of the cluster",
            Self::Network => "network",
            Self::Addresses => "addresses of an east_west_gateway",
            Self::Gateway(role) => role.field(),
            Self::RemoteControlPlane => "remote_control_plane",
            Self::Hostname => "remote_control_plane.hostname",
            Self::SharedMeshConfig => "the configuration that the mesh shares with its federations",
            Self::Hub => "hub",
            Self::ImageVariant => "image_variant",
            Self::PullSecrets => "image_pull_secret",
            Self::Platform => "platform",
            Self::Cni => "cni",
            Self::Remote => "a cluster without its own control plane",
            Self::Primaries => "the primaries that serve this cluster",
            Self::Injector => "injector = \"local\"",
        })
    }
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
    fn new(release: ChartRelease, path: &[&'static str], value: impl Into<Value>, origin: Origin) -> Self {
        Self { release, path: path.to_vec(), value: value.into(), origin }
    }
}

/// The values by which the official installation guides identify a primary cluster.
pub(super) fn of_primary(
    identity: &MeshIdentity,
    member: &Member,
    remote_control_plane: Option<&RemoteControlPlane>,
) -> Vec<DerivedValue> {
    use ChartRelease::{Base, Istiod};
    let namespace = identity.namespace.as_str();
    let istiod = |path: &[&'static str], value: &str, origin| DerivedValue::new(Istiod, path, value, origin);
    let mut values = vec![
        DerivedValue::new(Base, &["global", "istioNamespace"], namespace, Origin::Namespace),
        istiod(&["global", "istioNamespace"], namespace, Origin::Namespace),
        istiod(&["global", "meshID"], identity.mesh_id.as_str(), Origin::MeshId),
        istiod(&["global", "multiCluster", "clusterName"], member.name.as_str(), Origin::ClusterName),
        istiod(&["global", "network"], member.network.as_str(), Origin::Network),
        istiod(&["meshConfig", "trustDomain"], identity.trust_domain.as_str(), Origin::TrustDomain),
        istiod(&["env", SharedMeshConfig::VARIABLE], SharedMeshConfig::CONFIG_MAP, Origin::SharedMeshConfig),
    ];
    values.extend(gateway_values(member));
    values.extend(remote_control_plane.map(remote_control_plane_values).unwrap_or_default());
    values.extend(image_values(identity, member));
    if identity.has_cni {
        values.push(DerivedValue::new(Istiod, &["cni", "enabled"], true, Origin::Cni));
    }
    let networks = identity.static_networks(&member.name).clone();
    if !networks.is_null() {
        values.push(DerivedValue::new(Istiod, &["global", "meshNetworks"], networks, Origin::Addresses));
    }
    values
}

/// The values by which the official installation guides make a cluster a remote one (`profile-remote.yaml` in the charts). The account by
/// which the guides have it read, with permission to change any webhook and ConfigMap, is left out: the mesh reads it by its own.
pub(super) fn of_remote(remote: &ValidatedRemote) -> Vec<DerivedValue> {
    use ChartRelease::{Base, Istiod};
    let (identity, member) = (&remote.identity, &remote.member);
    let istiod = |path: &[&'static str], value: &str, origin| DerivedValue::new(Istiod, path, value, origin);
    let mut values = vec![
        istiod(&["global", "meshID"], identity.mesh_id.as_str(), Origin::MeshId),
        istiod(&["global", "multiCluster", "clusterName"], member.name.as_str(), Origin::ClusterName),
        istiod(&["global", "network"], member.network.as_str(), Origin::Network),
        istiod(&["global", "remotePilotAddress"], &remote.pilot_address(), Origin::Primaries),
    ];
    for release in [Base, Istiod] {
        let namespace = identity.namespace.as_str();
        values.push(DerivedValue::new(release, &["profile"], REMOTE_PROFILE, Origin::Remote));
        values.push(DerivedValue::new(release, &["global", "istioNamespace"], namespace, Origin::Namespace));
        values.push(DerivedValue::new(release, &["global", "enableReaderRBAC"], false, Origin::Remote));
    }
    values.extend(gateway_values(member));
    values.extend(image_values(identity, member));
    match (remote.injector(), remote.injection_url()) {
        (Injector::Local, _) => return with_local_injector(remote, values),
        (Injector::Primary, Some(url)) => {
            values.push(istiod(&["istiodRemote", "injectionURL"], &url, Origin::Primaries));
        }
        (Injector::Primary, None) => {
            let path = ["istiodRemote", "injectionPath"];
            values.push(istiod(&path, &remote.injection_path(), Origin::ClusterName));
        }
    }
    values
}

/// Beside these, those by which an istiod in the cluster injects, and nothing else: proxies get their configuration and their certificates
/// from the primaries. What it injects is its own matter, so what the mesh says of images is what its user may say otherwise.
fn with_local_injector(remote: &ValidatedRemote, values: Vec<DerivedValue>) -> Vec<DerivedValue> {
    let (identity, member) = (&remote.identity, &remote.member);
    let value = |path: &[&'static str], value: Value, origin| {
        DerivedValue::new(ChartRelease::Istiod, path, value, origin)
    };
    let address = format!("{REMOTE_ISTIOD_SERVICE}.{}.svc:{ISTIOD_PORT}", identity.namespace);
    let itself = Origin::Injector;
    let mut own = vec![
        value(&["istiodRemote", "enabledLocalInjectorIstiod"], json!(true), itself),
        value(&["configMap"], json!(true), itself),
        value(&["global", "omitSidecarInjectorConfigMap"], json!(false), itself),
        value(&["meshConfig", "trustDomain"], json!(identity.trust_domain), Origin::TrustDomain),
        // What the chart writes by itself.
        value(&DISCOVERY_ADDRESS, json!(address), itself),
        // Otherwise the istiod that injects would sign, too.
        value(&["global", "caAddress"], json!(address), itself),
    ];
    if identity.has_cni {
        own.push(value(&["cni", "enabled"], json!(true), Origin::Cni));
    }
    for (role, _) in member.gateways() {
        let path = ["podAnnotations", INJECTOR_ANNOTATION];
        let local = Injector::Local.as_str();
        own.push(DerivedValue::new(ChartRelease::Gateway(role), &path, local, itself));
    }
    let documents = identity.documents(member);
    let is_open =
        |origin| matches!(origin, Origin::Hub | Origin::ImageVariant | Origin::Platform | Origin::Cni);
    let is_said = |derived: &DerivedValue| {
        let mut documents = documents.iter().filter(|given| given.is_for(derived.release));
        documents.any(|given| given.find(&derived.path).next().is_some())
    };
    values.into_iter().chain(own).filter(|derived| !is_open(derived.origin) || !is_said(derived)).collect()
}

/// A federation gateway must not look like one of the mesh's own network: istiod takes for that what bears the network's label, and sends
/// the mesh's own traffic there. It sees the endpoints of all networks: what is exported may run in remote clusters, whose networks the mesh
/// does not know. No call goes in circles, for no import has the name of a Service of the mesh, and nothing else is exported.
fn gateway_values(member: &Member) -> Vec<DerivedValue> {
    let of_role = |(role, gateway): (GatewayRole, &MemberGateway)| {
        let value = |path: &[&'static str], value: Value, origin| {
            DerivedValue::new(ChartRelease::Gateway(role), path, value, origin)
        };
        let itself = Origin::Gateway(role);
        let own = match role {
            GatewayRole::EastWest => {
                vec![
                    value(&["networkGateway"], json!(member.network), Origin::Network),
                    // The chart writes it because of the former.
                    value(&["labels", EastWestGateway::NETWORK_LABEL], Value::Null, itself),
                ]
            }
            GatewayRole::Federation => vec![
                value(&["networkGateway"], json!(""), itself),
                value(&["service", "ports"], federation_ports(&gateway.settings), itself),
                value(&["labels", EastWestGateway::NETWORK_LABEL], Value::Null, itself),
                value(&["env", NETWORK_VIEW], Value::Null, itself),
            ],
        };
        // What the chart makes of the name, and the mesh finds the gateway by.
        let names = [
            value(&["name"], json!(role.name()), itself),
            value(&["labels", "istio"], json!(role.selector()), itself),
            value(&["serviceAccount", "name"], json!(role.name()), itself),
        ];
        own.into_iter().chain(names)
    };
    member.gateways().flat_map(of_role).collect()
}

/// istiod serves other clusters, by a name that its certificate is valid for.
fn remote_control_plane_values(remote: &RemoteControlPlane) -> Vec<DerivedValue> {
    use ChartRelease::{Base, Istiod};
    let path = ["global", "externalIstiod"];
    let external = |release| DerivedValue::new(release, &path, true, Origin::RemoteControlPlane);
    let hostname = remote.hostname.as_deref().map(|hostname| {
        DerivedValue::new(Istiod, &["env", RemoteControlPlane::VARIABLE], hostname, Origin::Hostname)
    });
    [Base, Istiod].map(external).into_iter().chain(hostname).collect()
}

/// The gateway's image is istiod's to choose, so its chart takes only what its own pods need before they are injected.
fn image_values(identity: &MeshIdentity, member: &Member) -> Vec<DerivedValue> {
    use ChartRelease::{Base, Cni, Gateway, Istiod};
    let gateways: Vec<ChartRelease> = member.gateways().map(|(role, _)| Gateway(role)).collect();
    let Images { hub, variant, platform, pull_secrets } = &identity.images;
    let text = |chart, path: &[&'static str], text: &Option<String>, origin| {
        text.as_deref().map(|text| DerivedValue::new(chart, path, text, origin))
    };
    let mut values = Vec::new();
    for chart in [Istiod, Cni] {
        values.extend(text(chart, &["global", "hub"], hub, Origin::Hub));
        values.extend(text(chart, &["global", "variant"], variant, Origin::ImageVariant));
    }
    for chart in [Base, Istiod, Cni].into_iter().chain(gateways.iter().copied()) {
        values.extend(text(chart, &["global", "platform"], platform, Origin::Platform));
    }
    if !pull_secrets.is_empty() {
        let names: Vec<&String> = pull_secrets.keys().collect();
        for chart in [Istiod, Cni] {
            let path = ["global", "imagePullSecrets"];
            values.push(DerivedValue::new(chart, &path, json!(names), Origin::PullSecrets));
        }
        let references: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        for gateway in gateways {
            let path = ["imagePullSecrets"];
            values.push(DerivedValue::new(gateway, &path, references.clone(), Origin::PullSecrets));
        }
    }
    values
}
