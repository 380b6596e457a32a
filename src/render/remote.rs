//! A remote cluster: the official charts with the profile `remote`, as the guides "Install Primary-Remote" set them, and what the charts
//! do not have.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::error::RenderError;
use super::of_chart::OfChart;
use super::renderer::Renderer;
use super::{Charts, authority, gateway, link, namespace, pull_secret, reader, with_metadata};
use crate::desired::object::{MANAGED_BY, managed};
use crate::desired::{Component, Kept, ManifestSet, Placeholders};
use crate::mesh::well_known::{
    CONTROL_PLANE_CLUSTERS, ISTIOD_SERVICE, MESH_CONFIG_MAP, REMOTE_ISTIOD_SERVICE,
};
use crate::mesh::{
    ClusterFacts, ClusterName, Discovery, ISTIOD_PORT, Injector, LocalAuthority, MEMBER_KEY, MEMBER_LABEL,
    MemberKind, ValidatedRemote,
};

/// The port for proxies of the Service that leads to istiod of the primaries (`remote-istiod-service.yaml` in the charts).
const PROXY_PORT: &str = "tcp-istiod";

/// Everything that the remote cluster itself shall have; `kept` is what stays of its write-only documents.
///
/// # Errors
/// A chart does not render with its values, or renders what cannot be applied.
pub fn render_remote(
    renderer: &Renderer,
    remote: &ValidatedRemote,
    charts: &Charts<'_>,
    facts: &ClusterFacts,
    kept: &Kept,
) -> Result<ManifestSet, RenderError> {
    let (identity, member) = (remote.identity(), remote.member());
    let mut set = ManifestSet::new(member.name().clone());
    let mut own = namespace(identity, member);
    if remote.injector() == Injector::Primary {
        own["metadata"]["annotations"][CONTROL_PLANE_CLUSTERS] = Value::from(remote.control_plane_clusters());
    }
    set.push(Component::Namespace, own, Placeholders::new())?;
    for namespace in gateway::own_namespaces(identity, member) {
        let namespace = with_metadata(gateway::namespace(namespace), identity);
        set.push(Component::Namespace, namespace, Placeholders::new())?;
    }
    for (secret, placeholders) in pull_secret::secrets(identity, member) {
        set.push(Component::PullSecret, secret, placeholders)?;
    }
    let rights = match remote.local_authority() {
        None => {
            set.push(Component::Remote, mesh_config(remote), Placeholders::new())?;
            reader::Rights::Serve
        }
        // The chart has a mesh configuration for the istiod that injects, and that one leads.
        Some(authority) => {
            if let LocalAuthority::Issued(_) = authority {
                let (secret, placeholders) = authority::intermediate(identity, 0);
                set.push(Component::Authority, secret, placeholders)?;
            }
            reader::Rights::Read
        }
    };
    for object in reader::objects(identity, member, rights) {
        set.push(Component::Reader, object, Placeholders::new())?;
    }
    let derived = remote.derived_values();
    for release in member.releases() {
        let Some(&chart) = charts.get(&release.chart()) else { continue };
        let of_chart = OfChart { renderer, identity, member, release, chart, derived: &derived, facts, kept };
        of_chart.push_into(&mut set)?;
    }
    if let Some(slice) = further_addresses(remote) {
        set.push(Component::Remote, slice, Placeholders::new())?;
    }
    Ok(set)
}

/// What a primary shall have of the remote cluster: its record, and what lets istiod read it.
///
/// # Errors
/// Never: no two of them are one object.
pub fn render_beside(remote: &ValidatedRemote, primary: &ClusterName) -> Result<ManifestSet, RenderError> {
    let mut set = ManifestSet::new(primary.clone());
    set.push(Component::Remote, record(remote), Placeholders::new())?;
    // istiod asks once whose cluster it is, for each content of the Secret.
    let injects = match remote.injector() {
        Injector::Primary => "",
        Injector::Local => "injects itself, ",
    };
    let served = format!("{injects}served by {}", remote.control_plane_clusters());
    let comment = [Some(served), remote.member().reader_token_comment()];
    let comment = comment.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let read = [(remote.member().name(), comment)];
    for (secret, placeholders) in link::secrets(remote.identity(), read.into_iter()) {
        set.push(Component::Link, secret, placeholders)?;
    }
    Ok(set)
}

/// What istiod of the primaries reads of the cluster's mesh configuration: without it, the cluster's trust domain would be Istio's default
/// (`pilot/pkg/serviceregistry/kube/controller/multicluster.go`).
fn mesh_config(remote: &ValidatedRemote) -> Value {
    let identity = remote.identity();
    managed(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": MESH_CONFIG_MAP, "namespace": identity.namespace()},
        "data": {"mesh": format!("trustDomain: {}\n", identity.trust_domain())},
    }))
}

fn record(remote: &ValidatedRemote) -> Value {
    let data = BTreeMap::from([(MEMBER_KEY, remote.record().to_text())]);
    let name = format!("terraform-provider-istio-member-{}", remote.member().name());
    managed(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": remote.identity().namespace(),
            "labels": {MEMBER_LABEL: MemberKind::RemoteCluster.label()},
        },
        "data": data,
    }))
}

/// The addresses of istiod beyond the first, for proxies alone: they try another one when one does not answer, while an API server calls
/// a webhook at one address by chance. They are of the first one's family, as all of a Service are in a cluster without dual stack. The
/// slice is there also while it has none, so that a plan knows all objects before it knows the addresses.
fn further_addresses(remote: &ValidatedRemote) -> Option<Value> {
    let Discovery::Addresses(addresses) = remote.discovery() else { return None };
    let (first, further) = addresses.split_first()?;
    let further = further.iter().filter(|address| address.is_ipv4() == first.is_ipv4());
    let service = match remote.injector() {
        Injector::Primary => ISTIOD_SERVICE,
        Injector::Local => REMOTE_ISTIOD_SERVICE,
    };
    let endpoints: Vec<Value> = further.map(|address| json!({"addresses": [address.to_string()]})).collect();
    Some(managed(json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "istiod-further-addresses",
            "namespace": remote.identity().namespace(),
            "labels": {
                "kubernetes.io/service-name": service,
                "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
            },
        },
        "addressType": if first.is_ipv4() { "IPv4" } else { "IPv6" },
        "endpoints": endpoints,
        "ports": [{"name": PROXY_PORT, "port": ISTIOD_PORT, "protocol": "TCP"}],
    })))
}
