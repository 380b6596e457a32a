//! `join` as the configuration has it, member by member. What only the clusters tell is handed in.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Field;

use super::doors::places;
use super::entrances::Entrance;
use super::model::{MeshModel, PrimaryModel};
use crate::blocks::{ChartModel, GatewayModel, RemoteControlPlaneModel};
use crate::documents::{FORMAT, JoinClusterModel, JoinModel, Texts, sorted, texts};
use crate::mesh::{
    DEFAULT_DOMAIN_SUFFIX, DEFAULT_TRUST_DOMAIN, GatewayRole, ISTIOD_PORT, ISTIOD_WEBHOOK_PORT,
};

/// The value of chart `istiod` for the end of Services' names.
const DOMAIN_SUFFIX: [&str; 3] = ["global", "proxy", "clusterDomain"];
/// The value of chart `gateway` for the type of its Service.
const SERVICE_TYPE: [&str; 2] = ["service", "type"];
/// The type whose ports at nodes Kubernetes chooses.
const NODE_PORT: &str = "NodePort";
/// Further trust domains whose workloads are the mesh's own, in the mesh configuration.
const TRUST_DOMAIN_ALIASES: &str = "trustDomainAliases";
/// The namespace whose policies are for the whole mesh, if it is not Istio's, in the mesh configuration.
const ROOT_NAMESPACE: &str = "rootNamespace";
/// The mode of an authority that the provider makes.
const GENERATED: &str = "generated";

/// Where something can be reached.
#[derive(Clone, Debug, Default)]
pub struct Door {
    /// Its addresses.
    pub addresses: Texts,
    /// The port of all of them.
    pub port: Field<i64>,
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

/// The document. `door` tells where a Service of a cluster is found; it is asked where the user says nothing of that.
pub fn join(
    mesh: &MeshModel,
    root_certificates: Field<String>,
    door: impl Fn(&str, Entrance) -> Door,
) -> JoinModel {
    let primaries = mesh.primary.as_ref();
    let clusters = primaries.map(|primaries| {
        let clusters = primaries.iter().map(|(label, primary)| {
            let door = |entrance| door(label, entrance);
            (label.clone(), cluster(mesh, label, primary, door))
        });
        clusters.collect()
    });
    JoinModel {
        format: Field::Known(FORMAT),
        id: mesh.id.clone(),
        mesh_id: mesh.mesh_id.clone(),
        trust_domain: mesh.trust_domain.clone().or(DEFAULT_TRUST_DOMAIN.to_owned()),
        trust_domain_aliases: trust_domain_aliases(mesh),
        domain_suffix: domain_suffix(mesh),
        namespace: mesh.namespace.clone(),
        root_namespace: configured(mesh, ROOT_NAMESPACE, |value| value.as_str().map(str::to_owned)),
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
    door: impl Fn(Entrance) -> Door,
) -> JoinClusterModel {
    let federation_gateway = gateway(mesh, primary, GatewayRole::Federation, &door);
    let gateway = gateway(mesh, primary, GatewayRole::EastWest, &door);
    let istiod = istiod(primary, &gateway, &door);
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
        istiod_hostname: primary.remote_control_plane.as_ref().and_then(|remote| remote.hostname.clone()),
        istiod_addresses: istiod.addresses,
        istiod_port: istiod.port,
        istiod_webhook_port: istiod.webhook_port,
        gateway_addresses: gateway.addresses,
        gateway_port: gateway.port,
        federation_gateway_addresses: federation_gateway.addresses,
        federation_gateway_port: federation_gateway.port,
        federation_gateway_namespace: federation_gateway_namespace(mesh, primary),
    }
}

/// Where the federation gateway is; null without one.
fn federation_gateway_namespace(mesh: &MeshModel, primary: &PrimaryModel) -> Field<String> {
    let role = GatewayRole::Federation;
    primary.gateway(role).and_then(|gateway| match &gateway.namespace {
        Field::Null => mesh.namespace.as_ref().map(|mesh| role.default_namespace(mesh)),
        namespace => namespace.clone(),
    })
}

/// Sorted; none if the mesh configuration has none.
fn trust_domain_aliases(mesh: &MeshModel) -> Texts {
    let aliases = configured(mesh, TRUST_DOMAIN_ALIASES, |value| {
        let aliases = value.as_array()?.iter().filter_map(|alias| alias.as_str().map(str::to_owned));
        Some(aliases.collect::<Vec<_>>())
    });
    aliases.or(Vec::new()).and_then(texts)
}

/// A setting of the mesh configuration; null where it says nothing of it. What cannot be read has been refused before.
fn configured<T>(mesh: &MeshModel, key: &str, read: impl Fn(&serde_json::Value) -> Option<T>) -> Field<T> {
    let given = mesh.mesh_config.as_ref().and_then(|text| {
        let config = helm_template::yaml::parse(text).unwrap_or_default();
        config.get(key).and_then(&read).into()
    });
    match given {
        Field::Null => chart_values(&mesh.chart, "istiod").and_then(|values| {
            let values = helm_template::yaml::parse(values).unwrap_or_default();
            let at = |root: &serde_json::Value| root.get("meshConfig")?.get(key).and_then(&read);
            values.get("pilot").and_then(at).or_else(|| at(&values)).into()
        }),
        given => given,
    }
}

/// A gateway: where the user says that it is, else where its Service is found.
fn gateway(
    mesh: &MeshModel,
    primary: &PrimaryModel,
    role: GatewayRole,
    door: impl Fn(Entrance) -> Door,
) -> Door {
    let gateway = match primary.gateway(role) {
        Field::Null => return Door::none(),
        Field::Unknown => return Door::unknown(),
        Field::Known(gateway) => gateway,
    };
    let places = places(gateway);
    if let Some(addresses) = typed_addresses(gateway) {
        return Door { addresses, port: places.map(|gateway| gateway.address_port()) };
    }
    let found = door(Entrance::Gateway(role));
    // Only the Service tells its ports at nodes.
    let is_at_nodes = role == GatewayRole::EastWest && has_node_ports(mesh, primary, gateway);
    Door {
        port: if is_at_nodes { found.port } else { places.map(|gateway| gateway.service_port()) },
        ..found
    }
}

/// What the user says about where the gateway is: istiod believes that rather than the Service. Where every caller is told other
/// addresses, these are all of them.
fn typed_addresses(gateway: &GatewayModel) -> Option<Texts> {
    let is_empty = |texts: &Texts| texts.is_null() || texts.as_known().is_some_and(Vec::is_empty);
    let usual = sorted(&gateway.addresses);
    if !is_empty(&usual) {
        return Some(usual);
    }
    let Field::Known(from) = &gateway.from else {
        return gateway.from.is_unknown().then_some(Field::Unknown);
    };
    let from: Vec<Texts> = from.values().map(|from| sorted(&from.addresses)).collect();
    if from.iter().any(Field::is_unknown) {
        return Some(Field::Unknown);
    }
    let all = from.iter().filter_map(Field::as_known).flatten();
    let all = texts(all.filter_map(|address| address.as_known().cloned()));
    (!is_empty(&all)).then_some(all)
}

/// Whether the gateway's Service is known to be of type `NodePort`: the values of the chart override the block.
fn has_node_ports(mesh: &MeshModel, primary: &PrimaryModel, gateway: &GatewayModel) -> bool {
    let of_chart = |charts| chart_values(charts, "gateway");
    let values = [gateway.values.as_ref(), of_chart(&primary.chart), of_chart(&mesh.chart)];
    let given = values.into_iter().find_map(|values| value(values, &SERVICE_TYPE).into_known());
    let kind = given.as_deref().or(gateway.service_type.as_str());
    kind == Some(NODE_PORT)
}

/// Where clusters without a control plane reach istiod.
struct Istiod {
    addresses: Texts,
    port: Field<i64>,
    webhook_port: Field<i64>,
}

/// Where clusters without a control plane reach the istiod of this primary: by the host name that the user says, else where its
/// east-west gateway is, else where the load balancer of istiod's own is. The ports are istiod's own everywhere.
fn istiod(primary: &PrimaryModel, gateway: &Door, door: impl Fn(Entrance) -> Door) -> Istiod {
    let addresses = match &primary.remote_control_plane {
        Field::Null => return Istiod { addresses: texts([]), port: Field::Null, webhook_port: Field::Null },
        Field::Unknown => {
            return Istiod { addresses: Field::Unknown, port: Field::Unknown, webhook_port: Field::Unknown };
        }
        Field::Known(RemoteControlPlaneModel { hostname: Field::Known(hostname), .. }) => {
            texts([hostname.clone()])
        }
        Field::Known(RemoteControlPlaneModel { hostname: Field::Unknown, .. }) => Field::Unknown,
        Field::Known(_) if primary.east_west_gateway.is_null() => door(Entrance::Istiod).addresses,
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
    value(chart_values(charts, "istiod"), path)
}

fn chart_values<'a>(charts: &'a Field<BTreeMap<String, ChartModel>>, chart: &str) -> Field<&'a String> {
    charts.as_ref().and_then(|charts| match charts.get(chart) {
        Some(chart) => chart.values.as_ref(),
        None => Field::Null,
    })
}

/// A text in values as YAML.
fn value(values: Field<&String>, path: &[&str]) -> Field<String> {
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
