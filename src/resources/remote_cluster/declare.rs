//! From the configuration to the declared cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::model::RemoteClusterModel;
use super::place::MEMBER;
use crate::blocks::{Loose, Notes, Reader, StandIn};
use crate::diagnostics;
use crate::documents::{JoinClusterModel, JoinModel};
use crate::mesh::{
    ClusterName, DEFAULT_TRUST_DOMAIN, DeclaredMember, GatewayRole, Images, Injector, JoinedMesh,
    JoinedPrimary, RemoteCluster, SensitiveDocument, ValidatedRemote, Violation,
};

/// The cluster that the configuration declares; unknown as long as something of it is. What it is to the mesh has not been checked.
///
/// # Errors
/// What cannot be read.
pub fn declare(config: &RemoteClusterModel) -> Result<Field<RemoteCluster>, Diagnostics> {
    let declared = Declared::read(config, StandIn::default())?;
    let known = declared.filter(|declared| declared.is_known);
    Ok(known.map_or(Field::Unknown, |declared| Field::Known(declared.remote)))
}

/// What a plan reads, in which something may be unknown.
#[derive(Debug, Default)]
pub struct Readings {
    /// The cluster, once with every stand-in for what is unknown; one if everything is known. None if the unknown decides too much for
    /// any stand-in.
    pub remotes: Vec<RemoteCluster>,
    /// Objects of which nothing can be said.
    pub loose: Vec<Loose>,
    /// Whether the block `api_server` is wholly known; to the clusters there is none otherwise.
    pub knows_api_server: bool,
}

/// Reads the configuration with every stand-in for what is unknown.
///
/// # Errors
/// What cannot be read.
pub fn readings(config: &RemoteClusterModel) -> Result<Readings, Diagnostics> {
    let Some(declared) = Declared::read(config, StandIn::default())? else { return Ok(Readings::default()) };
    let Declared { remote, is_known, loose, knows_api_server } = declared;
    let mut remotes = vec![remote];
    if !is_known {
        for stand_in in StandIn::ALL.into_iter().filter(|stand_in| *stand_in != StandIn::default()) {
            remotes.extend(Declared::read(config, stand_in)?.map(|declared| declared.remote));
        }
    }
    Ok(Readings { remotes, loose, knows_api_server })
}

/// The cluster as it was read with one stand-in for what is unknown.
#[derive(Debug)]
pub struct Declared {
    remote: RemoteCluster,
    is_known: bool,
    loose: Vec<Loose>,
    knows_api_server: bool,
}

impl Declared {
    /// The cluster beside the primaries of the mesh; `None` while not even its form is known.
    fn read(config: &RemoteClusterModel, stand_in: StandIn) -> Result<Option<Self>, Diagnostics> {
        let path = || AttributePath::new("mesh");
        let join = config.join().map_err(|error| diagnostics::document(&error, path()))?;
        let join = match join {
            Field::Known(join) => join,
            Field::Unknown => return own(config, stand_in).map(|_| None),
            Field::Null => return Err(no_mesh().at(path()).into()),
        };
        let Some(mut declared) = own(config, stand_in)? else { return Ok(None) };
        let is_local = declared.remote.injector.as_deref() == Some(Injector::Local.as_str());
        if is_local && (join.certificate_authority_mode.is_unknown() || join.key_cluster.is_unknown()) {
            return Ok(None);
        }
        let found =
            |stand_in: StandIn| if is_local { stand_in.balancer() } else { stand_in.address().to_string() };
        let primaries = joined_primaries(&join, &declared.remote.primaries, &found(stand_in));
        let Some((mesh, primaries)) = joined(&join).zip(primaries) else { return Ok(None) };
        declared.is_known &= primaries.are_known;
        declared.remote.mesh = JoinedMesh { primaries: primaries.by_name, ..mesh };
        Ok(Some(declared))
    }
}

/// What the resource says of the cluster itself; `None` while not even its form is known.
///
/// # Errors
/// What cannot be read.
pub fn own(config: &RemoteClusterModel, stand_in: StandIn) -> Result<Option<Declared>, Diagnostics> {
    let mut reader = Reader::new(stand_in, None);
    let root = AttributePath::root();
    let name = reader.decisive(&config.cluster).unwrap_or_default();
    let gateway = reader.block(&config.east_west_gateway).map(|gateway| {
        let path = AttributePath::new(GatewayRole::EastWest.field());
        reader.gateway(&gateway.0, &name, &path)
    });
    let api_server = reader.known_api_server(&config.api_server, &AttributePath::new("api_server"));
    let knows_api_server = !api_server.is_unknown();
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
        reader_token_version: reader.number(&config.reader_token_version),
    };
    let remote = RemoteCluster {
        member,
        primaries: known(&config.primaries),
        injector: reader.decisive(&config.injector),
        pull_secrets: reader.pull_secrets(&config.image_pull_secret),
        namespace_labels: reader.map(&config.namespace_labels),
        namespace_annotations: reader.map(&config.namespace_annotations),
        name,
        ..RemoteCluster::default()
    };
    let Notes { is_known, is_shapeless, loose, .. } = reader.notes()?;
    let is_shapeless = is_shapeless || !is_wholly_known(&config.primaries);
    Ok((!is_shapeless).then_some(Declared { remote, is_known, loose, knows_api_server }))
}

fn sensitive(reader: &mut Reader, config: &RemoteClusterModel, name: &str) -> Vec<SensitiveDocument> {
    let mut documents = reader.sensitive_charts(&config.chart, Some(name), &AttributePath::root());
    if let Some(gateway) = config.east_west_gateway.as_known() {
        let role = GatewayRole::EastWest;
        documents.extend(reader.sensitive_gateway(&gateway.0, role, name, &AttributePath::new(role.field())));
    }
    documents
}

/// What the document says of the mesh, but for its primaries; `None` while something of it is unknown.
fn joined(join: &JoinModel) -> Option<JoinedMesh> {
    let JoinModel { mesh_id, namespace, chart_repository, hub, image_variant, platform, cni, .. } = join;
    let texts = [mesh_id, namespace, chart_repository, hub, image_variant, platform];
    let is_unknown = texts.into_iter().any(Field::is_unknown)
        || join.trust_domain.is_unknown()
        || join.domain_suffix.is_unknown()
        || join.image_pull_secrets.is_unknown()
        || cni.is_unknown();
    if is_unknown {
        return None;
    }
    let secrets = known(&join.image_pull_secrets).into_iter().map(|name| (name, 0));
    Some(JoinedMesh {
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
        authority_mode: join.certificate_authority_mode.as_known().cloned(),
        key_cluster: join.key_cluster.as_known().cloned(),
        primaries: BTreeMap::new(),
    })
}

/// The primaries of a mesh as a document has them.
#[derive(Default)]
struct JoinedPrimaries {
    by_name: BTreeMap<String, JoinedPrimary>,
    /// Whether it is known where istiod is of those that may serve the cluster.
    are_known: bool,
}

/// The primaries of the mesh; `None` while it is not known what one of them is to others. Before a mesh is made, nobody knows at which
/// addresses its istiod will be: `stand_in` is one.
fn joined_primaries(join: &JoinModel, serving: &BTreeSet<String>, stand_in: &str) -> Option<JoinedPrimaries> {
    let mut primaries = JoinedPrimaries { are_known: true, ..JoinedPrimaries::default() };
    let empty = BTreeMap::new();
    let clusters = if join.clusters.is_null() { &empty } else { join.clusters.as_known()? };
    for (label, cluster) in clusters {
        let mut joined = primary(cluster)?;
        let is_asked = joined.serves && (serving.is_empty() || serving.contains(label));
        let is_name = joined.hostname.as_ref().is_some_and(|name| name.parse::<IpAddr>().is_err());
        if is_asked && cluster.istiod_hostname.is_unknown() {
            return None;
        }
        if is_asked && !is_name && !is_wholly_known(&cluster.istiod_addresses) {
            joined.addresses = BTreeSet::from([stand_in.to_owned()]);
            primaries.are_known = false;
        }
        primaries.by_name.insert(label.clone(), joined);
    }
    Some(primaries)
}

/// One primary; `None` while it is not known what it is to others.
fn primary(cluster: &JoinClusterModel) -> Option<JoinedPrimary> {
    let text = |field: &Field<String>| match field {
        Field::Unknown => None,
        field => Some(field.as_known().cloned().unwrap_or_default()),
    };
    let switch =
        |field: Field<bool>| if field.is_unknown() { None } else { Some(field == Field::Known(true)) };
    Some(JoinedPrimary {
        uid: cluster.uid.as_known().cloned().unwrap_or_default(),
        version: text(&cluster.version)?,
        network: text(&cluster.network)?,
        pod_cidrs: known(&cluster.pod_cidrs),
        service_cidrs: known(&cluster.service_cidrs),
        drain: switch(cluster.drain)?,
        serves: switch(cluster.serves_remote_clusters)?,
        hostname: cluster.istiod_hostname.as_known().cloned(),
        addresses: known(&cluster.istiod_addresses),
        has_gateway: !cluster.gateway_port.is_null() || !known(&cluster.gateway_addresses).is_empty(),
    })
}

fn is_wholly_known<'a, T>(texts: &'a Field<T>) -> bool
where
    &'a T: IntoIterator<Item = &'a Field<String>>,
{
    !texts.is_unknown() && !texts.as_known().into_iter().flatten().any(Field::is_unknown)
}

fn known<'a, T>(texts: &'a Field<T>) -> BTreeSet<String>
where
    &'a T: IntoIterator<Item = &'a Field<String>>,
{
    texts.as_known().into_iter().flatten().filter_map(|text| text.as_known().cloned()).collect()
}

/// The clusters in which the resource has objects, as far as the configuration says: the cluster and the primaries that are to read it.
/// `None` while it is not known which there are.
pub fn labels(config: &RemoteClusterModel) -> Option<BTreeSet<ClusterName>> {
    let join = config.join().ok()?.into_known()?;
    let clusters = join.clusters.as_known()?;
    let label = config.cluster.as_known()?;
    if !is_wholly_known(&config.primaries) {
        return None;
    }
    let chosen = known(&config.primaries);
    let mut labels = BTreeSet::from([label.parse().ok()?]);
    for (name, cluster) in clusters {
        let serves = if chosen.is_empty() {
            cluster.serves_remote_clusters == Field::Known(true)
        } else {
            chosen.contains(name)
        };
        let is_leaving = cluster.drain == Field::Known(true) || config.drain == Field::Known(true);
        if serves || !is_leaving {
            labels.insert(name.parse().ok()?);
        }
    }
    Some(labels)
}

/// Checks every rule that can be checked without a chart.
///
/// # Errors
/// Everything that is wrong.
pub fn validate(remote: &RemoteCluster) -> Result<ValidatedRemote, Diagnostics> {
    remote.validate().map_err(|violations| told(&remote.name, &violations))
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

#[cfg(test)]
mod tests {
    use tfplugin::{Dynamic, TerraformValue as _, Type};

    use super::*;
    use crate::blocks::RemoteGatewayModel;
    use crate::documents::Texts;
    use crate::mesh::Discovery;

    fn known_texts(known: &[&str]) -> Texts {
        Field::Known(known.iter().map(|&text| text.into()).collect())
    }

    fn serving(istiod_addresses: Texts) -> JoinClusterModel {
        JoinClusterModel {
            version: "1.31.0".into(),
            network: "flat".into(),
            pod_cidrs: known_texts(&["10.11.0.0/16"]),
            drain: Field::Known(false),
            serves_remote_clusters: Field::Known(true),
            istiod_addresses,
            ..JoinClusterModel::default()
        }
    }

    fn join(clusters: &[(&str, JoinClusterModel)]) -> JoinModel {
        let clusters = clusters.iter().map(|(label, cluster)| ((*label).to_owned(), cluster.clone()));
        JoinModel {
            format: Field::Known(1),
            mesh_id: "shop".into(),
            trust_domain: "shop.example".into(),
            namespace: "istio-system".into(),
            chart_repository: "charts".into(),
            clusters: Field::Known(clusters.collect()),
            ..JoinModel::default()
        }
    }

    fn config(join: JoinModel) -> RemoteClusterModel {
        let mesh = Dynamic { ty: Type::Dynamic, value: join.into_value() };
        RemoteClusterModel {
            mesh: Field::Known(mesh),
            cluster: "edge".into(),
            network: "flat".into(),
            pod_cidrs: Field::Known([Field::from("10.12.0.0/16")].into()),
            ..RemoteClusterModel::default()
        }
    }

    fn valid(config: &RemoteClusterModel) -> Vec<ValidatedRemote> {
        readings(config).unwrap().remotes.iter().map(|remote| validate(remote).unwrap()).collect()
    }

    #[test]
    fn what_is_known_is_read_once() {
        let config = config(join(&[("east", serving(known_texts(&["192.0.2.1"])))]));
        let remote = declare(&config).unwrap().into_known().unwrap();
        assert_eq!(readings(&config).unwrap().remotes, [remote]);
    }

    #[test]
    fn before_istiod_has_an_address_others_stand_in_for_it() {
        let config = config(join(&[("east", serving(Field::Unknown))]));
        assert!(declare(&config).unwrap().is_unknown(), "an apply knows it");
        let valid = valid(&config);
        assert_eq!(valid.len(), StandIn::ALL.len());
        assert!(valid.iter().any(|it| it.discovery() != valid[0].discovery()));
        assert!(valid.iter().all(|it| it.control_plane_clusters() == "east"));
    }

    #[test]
    fn the_address_of_a_primary_that_does_not_serve_the_cluster_matters_not() {
        let west = JoinClusterModel {
            serves_remote_clusters: Field::Known(false),
            pod_cidrs: known_texts(&["10.13.0.0/16"]),
            ..serving(Field::Unknown)
        };
        let config = config(join(&[("east", serving(known_texts(&["192.0.2.1"]))), ("west", west)]));
        assert!(declare(&config).unwrap().is_known());
    }

    #[test]
    fn an_address_matters_not_where_the_user_gives_a_name() {
        let east =
            JoinClusterModel { istiod_hostname: "istiod.shop.example".into(), ..serving(Field::Unknown) };
        assert!(declare(&config(join(&[("east", east)]))).unwrap().is_known());
    }

    #[test]
    fn before_its_load_balancer_exists_proxies_may_also_find_istiod_by_a_host_name() {
        let mut config = config(join(&[("east", serving(Field::Unknown))]));
        config.injector = "local".into();
        assert!(declare(&config).unwrap().is_unknown());
        let found: Vec<_> = valid(&config).iter().map(|it| it.discovery().clone()).collect();
        let is_name = |it: &&Discovery| matches!(it, Discovery::Name(_));
        assert!(found.iter().any(|it| is_name(&it)) && !found.iter().all(|it| is_name(&it)), "{found:?}");
        config.injector = Field::Unknown;
        assert!(readings(&config).unwrap().remotes.is_empty(), "it decides which objects there are");
    }

    #[test]
    fn unknown_primaries_decide_too_much_for_any_stand_in() {
        let join = join(&[("east", serving(known_texts(&["192.0.2.1"])))]);
        for primaries in [Field::Unknown, Field::Known([Field::Unknown].into())] {
            let config = RemoteClusterModel { primaries, ..config(join.clone()) };
            assert!(readings(&config).unwrap().remotes.is_empty());
            assert_eq!(labels(&config), None);
        }
        let unknown = JoinModel { mesh_id: Field::Unknown, ..join };
        assert!(readings(&config(unknown)).unwrap().remotes.is_empty());
    }

    #[test]
    fn one_unknown_annotation_of_the_gateway_leaves_the_rest_known() {
        let mut config = config(join(&[("east", serving(known_texts(&["192.0.2.1"])))]));
        let mut gateway = RemoteGatewayModel::default();
        gateway.0.service_annotations = Field::Known([("eip".to_owned(), Field::Unknown)].into());
        config.east_west_gateway = Field::Known(gateway);
        assert!(declare(&config).unwrap().is_unknown());
        assert_eq!(valid(&config).len(), StandIn::ALL.len());
    }

    #[test]
    fn the_clusters_are_the_own_one_and_the_primaries_that_read_it() {
        let east = serving(known_texts(&["192.0.2.1"]));
        let leaving = JoinClusterModel {
            drain: Field::Known(true),
            serves_remote_clusters: Field::Known(false),
            ..east.clone()
        };
        let config = config(join(&[("east", east), ("west", leaving)]));
        let labels: Vec<String> = labels(&config).unwrap().into_iter().map(String::from).collect();
        assert_eq!(labels, ["east", "edge"]);
    }
}
