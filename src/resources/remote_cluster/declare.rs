//! From the configuration to the declared cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::model::RemoteClusterModel;
use super::place::MEMBER;
use crate::blocks::{Reader, StandIn};
use crate::diagnostics;
use crate::documents::{JoinClusterModel, JoinModel, Texts};
use crate::mesh::{
    ClusterName, DEFAULT_TRUST_DOMAIN, DeclaredMember, GatewayRole, Images, JoinedMesh, JoinedPrimary,
    RemoteCluster, SensitiveDocument, Violation,
};

/// The cluster that the configuration declares; unknown as long as something that decides it is. What it is to the mesh has not been
/// checked.
///
/// # Errors
/// What cannot be read.
pub fn declare(config: &RemoteClusterModel) -> Result<Field<RemoteCluster>, Diagnostics> {
    let path = || AttributePath::new("mesh");
    let join = config.join().map_err(|error| diagnostics::document(&error, path()))?;
    let join = match join {
        Field::Known(join) => join,
        Field::Unknown => return own(config).map(|_| Field::Unknown),
        Field::Null => return Err(no_mesh().at(path()).into()),
    };
    let Some((mut remote, is_known)) = own(config)? else { return Ok(Field::Unknown) };
    let Field::Known(mesh) = joined(&join, &remote.primaries) else { return Ok(Field::Unknown) };
    remote.mesh = mesh;
    Ok(if is_known { Field::Known(remote) } else { Field::Unknown })
}

/// What the resource says of the cluster itself, and whether it is all known; `None` while not even its form is.
///
/// # Errors
/// What cannot be read.
pub fn own(config: &RemoteClusterModel) -> Result<Option<(RemoteCluster, bool)>, Diagnostics> {
    let mut reader = Reader::new(StandIn::default(), None);
    let root = AttributePath::root();
    let name = reader.decisive(&config.cluster).unwrap_or_default();
    let gateway = reader.block(&config.east_west_gateway).map(|gateway| {
        let path = AttributePath::new(GatewayRole::EastWest.field());
        reader.gateway(&gateway.0, &name, &path)
    });
    let api_server = reader.known_api_server(&config.api_server, &AttributePath::new("api_server"));
    let member = DeclaredMember {
        network: reader.decisive(&config.network).unwrap_or_default(),
        version: reader.decisive(&config.version),
        chart: reader.charts(&config.chart, Some(&name), &root),
        sensitive: sensitive(&mut reader, config, &name),
        pod_cidrs: reader.known_texts(&config.pod_cidrs),
        service_cidrs: reader.known_texts(&config.service_cidrs),
        crds: None,
        drain: reader.switch(config.drain).unwrap_or_default(),
        east_west_gateway: gateway,
        federation_gateway: None,
        api_server: api_server.into_known(),
    };
    let remote = RemoteCluster {
        member,
        primaries: reader.texts(&config.primaries),
        pull_secrets: reader.pull_secrets(&config.image_pull_secret),
        namespace_labels: reader.map(&config.namespace_labels),
        namespace_annotations: reader.map(&config.namespace_annotations),
        name,
        ..RemoteCluster::default()
    };
    let notes = reader.notes()?;
    Ok((!notes.is_shapeless).then_some((remote, notes.is_known)))
}

fn sensitive(reader: &mut Reader, config: &RemoteClusterModel, name: &str) -> Vec<SensitiveDocument> {
    let mut documents = reader.sensitive_charts(&config.chart, Some(name), &AttributePath::root());
    if let Some(gateway) = config.east_west_gateway.as_known() {
        let role = GatewayRole::EastWest;
        documents.extend(reader.sensitive_gateway(&gateway.0, role, name, &AttributePath::new(role.field())));
    }
    documents
}

/// What the document says of the mesh; unknown while something is that decides what a cluster that these primaries serve is.
fn joined(join: &JoinModel, serving: &BTreeSet<String>) -> Field<JoinedMesh> {
    let JoinModel { mesh_id, namespace, chart_repository, hub, image_variant, platform, cni, .. } = join;
    let texts = [mesh_id, namespace, chart_repository, hub, image_variant, platform];
    let is_unknown = texts.into_iter().any(Field::is_unknown)
        || join.trust_domain.is_unknown()
        || join.domain_suffix.is_unknown()
        || join.image_pull_secrets.is_unknown()
        || cni.is_unknown();
    let clusters = join.clusters.as_ref().and_then(|clusters| {
        let clusters = clusters.iter().map(|(label, cluster)| {
            let may_serve = serving.is_empty() || serving.contains(label);
            Some((label.clone(), primary(cluster, may_serve)?))
        });
        clusters.collect::<Option<BTreeMap<_, _>>>().map_or(Field::Unknown, Field::Known)
    });
    if is_unknown || clusters.is_unknown() {
        return Field::Unknown;
    }
    let secrets = known(&join.image_pull_secrets).into_iter().map(|name| (name, 0));
    Field::Known(JoinedMesh {
        mesh_id: mesh_id.as_str().unwrap_or_default().to_owned(),
        trust_domain: join.trust_domain.as_str().unwrap_or(DEFAULT_TRUST_DOMAIN).to_owned(),
        namespace: namespace.as_str().unwrap_or_default().to_owned(),
        domain_suffix: join.domain_suffix.as_known().cloned(),
        repository: chart_repository.as_str().unwrap_or_default().to_owned(),
        images: Images {
            hub: hub.as_known().cloned(),
            variant: image_variant.as_known().cloned(),
            platform: platform.as_known().cloned(),
            pull_secrets: secrets.collect(),
        },
        cni: cni.as_known().copied().unwrap_or_default(),
        primaries: clusters.into_known().unwrap_or_default(),
    })
}

/// One primary; `None` while it is not known what it is to others, or where its istiod is, if that may serve the cluster.
fn primary(cluster: &JoinClusterModel, may_serve: bool) -> Option<JoinedPrimary> {
    let text = |field: &Field<String>| match field {
        Field::Unknown => None,
        field => Some(field.as_known().cloned().unwrap_or_default()),
    };
    let switch =
        |field: Field<bool>| if field.is_unknown() { None } else { Some(field == Field::Known(true)) };
    let serves = switch(cluster.serves_remote_clusters)?;
    let hostname = match &cluster.istiod_hostname {
        Field::Unknown if serves && may_serve => return None,
        hostname => hostname.as_known().cloned(),
    };
    let is_name = hostname.as_ref().is_some_and(|name| name.parse::<IpAddr>().is_err());
    if cluster.istiod_addresses.is_unknown() && serves && may_serve && !is_name {
        return None;
    }
    Some(JoinedPrimary {
        uid: cluster.uid.as_known().cloned().unwrap_or_default(),
        version: text(&cluster.version)?,
        network: text(&cluster.network)?,
        pod_cidrs: known(&cluster.pod_cidrs),
        service_cidrs: known(&cluster.service_cidrs),
        drain: switch(cluster.drain)?,
        serves,
        hostname,
        addresses: known(&cluster.istiod_addresses),
        has_gateway: !cluster.gateway_port.is_null() || !known(&cluster.gateway_addresses).is_empty(),
    })
}

fn known(texts: &Texts) -> BTreeSet<String> {
    texts.as_known().into_iter().flatten().filter_map(|text| text.as_known().cloned()).collect()
}

/// The clusters in which the resource has objects, as far as the configuration says: the cluster and the primaries that are to read it.
/// `None` while it is not known which there are.
pub fn labels(config: &RemoteClusterModel) -> Option<BTreeSet<ClusterName>> {
    let join = config.join().ok()?.into_known()?;
    let clusters = join.clusters.as_known()?;
    let label = config.cluster.as_known()?;
    let chosen = config.primaries.as_known().into_iter().flatten().filter_map(Field::as_str);
    let chosen: BTreeSet<&str> = chosen.collect();
    let mut labels = BTreeSet::from([label.parse().ok()?]);
    for (name, cluster) in clusters {
        let serves = if chosen.is_empty() {
            cluster.serves_remote_clusters == Field::Known(true)
        } else {
            chosen.contains(name.as_str())
        };
        let is_leaving = cluster.drain == Field::Known(true) || config.drain == Field::Known(true);
        if serves || !is_leaving {
            labels.insert(name.parse().ok()?);
        }
    }
    Some(labels)
}

/// What is wrong with the cluster, where the resource has it. What is wrong with another member follows from the mesh.
pub fn told(cluster: &str, violations: &[Violation]) -> Diagnostics {
    let told = violations.iter().map(|violation| {
        let said = diagnostics::violation(violation, &MEMBER);
        let is_own = violation.member.as_deref() == Some(cluster);
        if is_own { said } else { Diagnostic { path: Some(AttributePath::new("mesh")), ..said } }
    });
    told.collect()
}

fn no_mesh() -> Diagnostic {
    Diagnostic::error(
        "mesh is null",
        "Pass the attribute join of an istio_mesh, such as mesh = istio_mesh.shop.join.",
    )
}
