//! `join` as the configuration has it, member by member. What only the clusters tell is handed in.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Field;

use super::entrances::Entrance;
use super::model::{MeshModel, PrimaryModel};
use crate::blocks::{ChartModel, GatewayModel, RemoteControlPlaneModel};
use crate::documents::{FORMAT, JoinClusterModel, JoinModel, Texts, sorted, texts};
use crate::mesh::{
    DEFAULT_DOMAIN_SUFFIX, DEFAULT_TRUST_DOMAIN, EastWestGateway, GatewayRole, ISTIOD_PORT,
    ISTIOD_WEBHOOK_PORT,
};

/// The value of chart `istiod` for the end of Services' names.
const DOMAIN_SUFFIX: [&str; 3] = ["global", "proxy", "clusterDomain"];
/// The mode of an authority that the provider makes.
const GENERATED: &str = "generated";

/// Where something can be reached.
#[derive(Clone, Debug, Default)]
struct Door {
    addresses: Texts,
    port: Field<i64>,
}

impl Door {
    /// There is no such place.
    fn none() -> Self {
        Self { addresses: texts([]), port: Field::Null }
    }

    fn unknown() -> Self {
        Self { addresses: Field::Unknown, port: Field::Unknown }
    }
}

/// The document. `addresses` tells where a load balancer of a cluster is; it is asked where the user says nothing of that.
pub fn join(
    mesh: &MeshModel,
    root_certificates: Field<String>,
    addresses: impl Fn(&str, Entrance) -> Texts,
) -> JoinModel {
    let primaries = mesh.primary.as_ref();
    let clusters = primaries.map(|primaries| {
        let clusters = primaries.iter().map(|(label, primary)| {
            let addresses = |entrance| addresses(label, entrance);
            (label.clone(), cluster(mesh, label, primary, addresses))
        });
        clusters.collect()
    });
    JoinModel {
        format: Field::Known(FORMAT),
        id: mesh.id.clone(),
        mesh_id: mesh.mesh_id.clone(),
        trust_domain: mesh.trust_domain.clone().or(DEFAULT_TRUST_DOMAIN.to_owned()),
        domain_suffix: domain_suffix(mesh),
        namespace: mesh.namespace.clone(),
        version: mesh.version.clone(),
        chart_repository: mesh.chart_repository(),
        hub: mesh.hub.clone(),
        image_variant: mesh.image_variant.clone(),
        platform: mesh.platform.clone(),
        image_pull_secrets: match &mesh.image_pull_secret {
            Field::Unknown => Field::Unknown,
            secrets => texts(secrets.as_known().into_iter().flat_map(BTreeMap::keys).cloned()),
        },
        cni: if mesh.cni.is_unknown() { Field::Unknown } else { Field::Known(mesh.cni.is_known()) },
        certificate_authority_mode: authority_mode(mesh),
        key_cluster: key_cluster(mesh),
        root_certificates,
        clusters: clusters.or(BTreeMap::new()),
    }
}

fn cluster(
    mesh: &MeshModel,
    label: &str,
    primary: &PrimaryModel,
    addresses: impl Fn(Entrance) -> Texts,
) -> JoinClusterModel {
    let federation_gateway = gateway(primary, GatewayRole::Federation, &addresses);
    let gateway = gateway(primary, GatewayRole::EastWest, &addresses);
    let istiod = istiod(primary, &gateway, &addresses);
    let uid = mesh.cluster_uids.as_ref().and_then(|uids| uids.get(label).cloned().unwrap_or_default());
    JoinClusterModel {
        uid,
        version: or_else(&primary.version, &mesh.version),
        revision: Field::Null,
        network: primary.network.clone(),
        pod_cidrs: sorted(&primary.pod_cidrs),
        service_cidrs: sorted(&primary.service_cidrs),
        drain: primary.drain.or(false),
        serves_remote_clusters: match &primary.remote_control_plane {
            Field::Unknown => Field::Unknown,
            remote => Field::Known(remote.is_known()),
        },
        istiod_addresses: istiod.addresses,
        istiod_port: istiod.port,
        istiod_webhook_port: istiod.webhook_port,
        gateway_addresses: gateway.addresses,
        gateway_port: gateway.port,
        federation_gateway_addresses: federation_gateway.addresses,
        federation_gateway_port: federation_gateway.port,
    }
}

/// A gateway: where the user says that it is, else where its load balancer is.
fn gateway(primary: &PrimaryModel, role: GatewayRole, addresses: impl Fn(Entrance) -> Texts) -> Door {
    match primary.gateway(role) {
        Field::Null => Door::none(),
        Field::Unknown => Door::unknown(),
        Field::Known(gateway) => {
            let typed = typed_addresses(gateway);
            let addresses = typed.unwrap_or_else(|| addresses(Entrance::Gateway(role)));
            Door { addresses, port: ports(gateway).map(|gateway| gateway.outer_port()) }
        }
    }
}

/// What the user says about where the gateway is: istiod believes that rather than the Service.
fn typed_addresses(gateway: &GatewayModel) -> Option<Texts> {
    let typed = sorted(&gateway.addresses);
    let says_nothing = typed.is_null() || typed.as_known().is_some_and(Vec::is_empty);
    (!says_nothing).then_some(typed)
}

/// The settings that decide at which ports the gateway is; unknown as long as one of them is.
fn ports(gateway: &GatewayModel) -> Field<EastWestGateway> {
    let GatewayModel { port, node_port, address_port, service_type, addresses, .. } = gateway;
    if [port, node_port, address_port].into_iter().any(Field::is_unknown)
        || service_type.is_unknown()
        || addresses.is_unknown()
    {
        return Field::Unknown;
    }
    // How many there are counts, not which.
    let addresses = addresses.as_known().into_iter().flatten();
    Field::Known(EastWestGateway {
        port: port.into_known(),
        node_port: node_port.into_known(),
        address_port: address_port.into_known(),
        service_type: service_type.as_known().cloned(),
        addresses: addresses.map(|address| address.as_known().cloned().unwrap_or_default()).collect(),
        ..EastWestGateway::default()
    })
}

/// Where clusters without a control plane reach istiod.
struct Istiod {
    addresses: Texts,
    port: Field<i64>,
    webhook_port: Field<i64>,
}

/// Where clusters without a control plane reach the istiod of this primary: by the host name that the user says, else where its
/// east-west gateway is, else where the load balancer of istiod's own is. The ports are istiod's own everywhere.
fn istiod(primary: &PrimaryModel, gateway: &Door, addresses: impl Fn(Entrance) -> Texts) -> Istiod {
    let addresses = match &primary.remote_control_plane {
        Field::Null => return Istiod { addresses: texts([]), port: Field::Null, webhook_port: Field::Null },
        Field::Unknown => {
            return Istiod { addresses: Field::Unknown, port: Field::Unknown, webhook_port: Field::Unknown };
        }
        Field::Known(RemoteControlPlaneModel { hostname: Field::Known(hostname), .. }) => {
            texts([hostname.clone()])
        }
        Field::Known(RemoteControlPlaneModel { hostname: Field::Unknown, .. }) => Field::Unknown,
        Field::Known(_) if primary.east_west_gateway.is_null() => addresses(Entrance::Istiod),
        Field::Known(_) => gateway.addresses.clone(),
    };
    let (port, webhook_port) = (Field::Known(ISTIOD_PORT), Field::Known(ISTIOD_WEBHOOK_PORT));
    Istiod { addresses, port, webhook_port }
}

/// The end of Services' names that all primaries agree on; null if they do not, for then no name of a Service is the same everywhere.
fn domain_suffix(mesh: &MeshModel) -> Field<String> {
    let Some(primaries) = mesh.primary.as_known() else {
        return if mesh.primary.is_unknown() { Field::Unknown } else { Field::Null };
    };
    let usual = istiod_value(&mesh.chart, &DOMAIN_SUFFIX).or(DEFAULT_DOMAIN_SUFFIX.to_owned());
    let suffixes = primaries.values();
    let suffixes = suffixes.map(|primary| or_else(&istiod_value(&primary.chart, &DOMAIN_SUFFIX), &usual));
    let suffixes: BTreeSet<Field<String>> = suffixes.collect();
    let mut suffixes = suffixes.into_iter();
    match (suffixes.next(), suffixes.next()) {
        (None, _) => usual,
        (Some(suffix), None) => suffix,
        (Some(_), Some(other)) if other.is_unknown() => Field::Unknown,
        _ => Field::Null,
    }
}

/// A text in the values of chart `istiod`; null where they say nothing about it.
fn istiod_value(charts: &Field<BTreeMap<String, ChartModel>>, path: &[&str]) -> Field<String> {
    let values = charts.as_ref().and_then(|charts| match charts.get("istiod") {
        Some(chart) => chart.values.as_ref(),
        None => Field::Null,
    });
    values.and_then(|values| {
        // What cannot be read has been refused before.
        let values = helm_template::yaml::parse(values).unwrap_or_default();
        let at = |path: &[&str]| path.iter().try_fold(&values, |value, key| value.get(*key));
        // The chart merges what is below `pilot` over the rest.
        let value = at(&[&["pilot"], path].concat()).or_else(|| at(path));
        value.and_then(|value| value.as_str()).map(str::to_owned).into()
    })
}

fn authority_mode(mesh: &MeshModel) -> Field<String> {
    let mode = mesh.certificate_authority.as_ref().and_then(|authority| authority.mode.clone());
    mode.or(GENERATED.to_owned())
}

/// The cluster whose Secret keeps the root; null if no cluster has it.
fn key_cluster(mesh: &MeshModel) -> Field<String> {
    let only = || match &mesh.primary {
        Field::Unknown => Field::Unknown,
        primaries => {
            let mut labels = primaries.as_known().into_iter().flat_map(BTreeMap::keys);
            labels.next().filter(|_| labels.next().is_none()).cloned().into()
        }
    };
    let named = mesh.certificate_authority.as_ref().and_then(|authority| authority.key_cluster.clone());
    let given = mesh.certificate_authority.as_ref().and_then(|authority| authority.root_certificate.clone());
    match (authority_mode(mesh), given) {
        (Field::Known(mode), Field::Null) if mode == GENERATED => {
            if named.is_null() {
                only()
            } else {
                named
            }
        }
        (Field::Known(mode), _) if mode != GENERATED => Field::Null,
        (Field::Unknown, _) | (_, Field::Unknown) => Field::Unknown,
        _ => Field::Null,
    }
}

fn or_else<T: Clone>(field: &Field<T>, other: &Field<T>) -> Field<T> {
    if field.is_null() { other.clone() } else { field.clone() }
}
