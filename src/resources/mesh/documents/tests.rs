use std::collections::{BTreeMap, BTreeSet};

use super::super::authority_block::CertificateAuthorityModel;
use super::super::model::{ClusterStatusModel, PrimaryModel};
use super::*;
use crate::blocks::{
    CallerModel, ChartModel, ChartSourceModel, GatewayModel, ImagePullSecretModel, RemoteControlPlaneModel,
};
use crate::documents::{JoinClusterModel, Texts};
use crate::manifests::secret_field;
use crate::trust::ROOT_CERT;

fn text(text: &str) -> Field<String> {
    text.into()
}

fn list(items: &[&str]) -> Texts {
    Field::Known(items.iter().map(|item| text(item)).collect())
}

fn set(items: &[&str]) -> Field<BTreeSet<Field<String>>> {
    Field::Known(items.iter().map(|item| text(item)).collect())
}

fn map<T>(items: impl IntoIterator<Item = (&'static str, T)>) -> Field<BTreeMap<String, T>> {
    Field::Known(items.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn gateway() -> Field<GatewayModel> {
    Field::Known(GatewayModel::default())
}

/// A mesh of two networks as it is configured.
fn configured() -> MeshModel {
    let primary = |network: &str| PrimaryModel {
        network: text(network),
        east_west_gateway: gateway(),
        ..PrimaryModel::default()
    };
    let authority =
        CertificateAuthorityModel { key_cluster: text("east"), ..CertificateAuthorityModel::default() };
    MeshModel {
        mesh_id: text("shop"),
        version: text("1.31.1"),
        namespace: text("istio-system"),
        chart_source: Field::Known(ChartSourceModel { repository: text("oci://charts") }),
        certificate_authority: Field::Known(authority),
        primary: map([("east", primary("net-east")), ("west", primary("net-west"))]),
        ..MeshModel::default()
    }
}

/// Its plan for a create.
fn created() -> MeshModel {
    MeshModel {
        id: Field::Unknown,
        cluster_uids: map([("east", text("u-east")), ("west", Field::Unknown)]),
        manifests: map([]),
        status: Field::Unknown,
        ..configured()
    }
}

/// Every object that the documents look at.
fn manifests() -> Field<crate::lifecycle::Manifests> {
    let object = |version: &str| map([("version", text(version))]);
    let authority = || {
        let fields = [secret_field(ROOT_CERT), secret_field("ca-cert.pem")];
        Field::Known(fields.into_iter().map(|field| (field, text("1"))).collect())
    };
    map([
        ("east//Service/istio-system/istio-eastwestgateway", object("1")),
        ("west//Service/istio-system/istio-eastwestgateway", object("1")),
        ("east//Secret/istio-system/cacerts", authority()),
        ("west//Secret/istio-system/cacerts", authority()),
    ])
}

fn status(east: &[&str], west: &[&str]) -> StatusModel {
    let cluster = |addresses: &[&str]| ClusterStatusModel {
        gateway: text(if addresses.is_empty() { "no_address" } else { "ready" }),
        gateway_addresses: list(addresses),
        ..ClusterStatusModel::default()
    };
    StatusModel { clusters: map([("east", cluster(east)), ("west", cluster(west))]), links: Field::Null }
}

/// Its state, with gateways at these addresses.
fn state(east: &[&str], west: &[&str]) -> MeshModel {
    let status = status(east, west);
    let state = MeshModel {
        id: text("a1"),
        cluster_uids: map([("east", text("u-east")), ("west", text("u-west"))]),
        manifests: manifests(),
        ..configured()
    };
    let (join, _) = observed(&state, &status, &Beside::default());
    let join = join.map(|join| JoinModel { root_certificates: text("roots"), ..join });
    let (join, peer) = join.into_known().map(with_peer).unwrap();
    MeshModel { join, peer, status: Field::Known(status), ..state }
}

fn change(mesh: &mut MeshModel, label: &str, change: impl FnOnce(&mut PrimaryModel)) {
    change(mesh.primary.as_known_mut().unwrap().get_mut(label).unwrap());
}

fn change_gateway(mesh: &mut MeshModel, label: &str, change_it: impl FnOnce(&mut GatewayModel)) {
    change(mesh, label, |primary| change_it(primary.east_west_gateway.as_known_mut().unwrap()));
}

fn join_of(documents: &Documents) -> &JoinModel {
    documents.0.as_known().unwrap()
}

fn cluster<'a>(documents: &'a Documents, label: &str) -> &'a JoinClusterModel {
    &join_of(documents).clusters.as_known().unwrap()[label]
}

#[test]
fn a_create_knows_all_but_identity_addresses_and_roots() {
    let documents = planned(&created(), None);
    let join = join_of(&documents);
    let expected = JoinModel {
        format: Field::Known(1),
        id: Field::Unknown,
        mesh_id: text("shop"),
        trust_domain: text("cluster.local"),
        trust_domain_aliases: list(&[]),
        domain_suffix: text("cluster.local"),
        namespace: text("istio-system"),
        version: text("1.31.1"),
        chart_repository: text("oci://charts"),
        image_pull_secrets: list(&[]),
        cni: Field::Known(false),
        certificate_authority_mode: text("generated"),
        key_cluster: text("east"),
        root_certificates: Field::Unknown,
        clusters: join.clusters.clone(),
        ..JoinModel::default()
    };
    assert_eq!(*join, expected);
    let east = JoinClusterModel {
        uid: text("u-east"),
        version: text("1.31.1"),
        network: text("net-east"),
        drain: Field::Known(false),
        serves_remote_clusters: Field::Known(false),
        istiod_addresses: list(&[]),
        gateway_addresses: Field::Unknown,
        gateway_port: Field::Known(15443),
        federation_gateway_addresses: list(&[]),
        ..JoinClusterModel::default()
    };
    assert_eq!(*cluster(&documents, "east"), east);
    assert_eq!(cluster(&documents, "west").uid, Field::Unknown);
    let peer = documents.1.as_known().unwrap();
    assert_eq!((&peer.id, &peer.root_certificates), (&Field::Unknown, &Field::Unknown));
    assert_eq!(peer.gateways.as_known().unwrap().keys().collect::<Vec<_>>(), ["east", "west"]);
    assert_eq!(peer.federation_gateways, map([]));
}

#[test]
fn a_plan_without_a_change_has_the_documents_of_the_state() {
    let prior = state(&["192.0.2.1"], &["192.0.2.2"]);
    assert_eq!(planned(&prior, Some(&prior)), (prior.join.clone(), prior.peer.clone()));
}

#[test]
fn one_unknown_annotation_makes_only_that_gateway_s_addresses_unknown() {
    let prior = state(&["192.0.2.1"], &["192.0.2.2"]);
    let mut plan = prior.clone();
    // As long as a value is unknown, no object is known.
    plan.manifests = Field::Unknown;
    plan.status = Field::Unknown;
    change_gateway(&mut plan, "east", |gateway| gateway.service_annotations = map([("a", Field::Unknown)]));
    let documents = planned(&plan, Some(&prior));
    let mut expected = prior.join.clone().into_known().unwrap();
    let clusters = expected.clusters.as_known_mut().unwrap();
    clusters.get_mut("east").unwrap().gateway_addresses = Field::Unknown;
    assert_eq!(documents, with_peer(expected));
}

#[test]
fn each_value_that_is_not_known_yet_is_unknown_alone() {
    let mut plan = created();
    plan.version = Field::Unknown;
    plan.hub = Field::Unknown;
    plan.trust_domain = Field::Unknown;
    plan.image_pull_secret = Field::Unknown;
    plan.cni = Field::Unknown;
    plan.chart_source = Field::Unknown;
    change(&mut plan, "east", |primary| {
        primary.version = text("1.30.0");
        primary.drain = Field::Unknown;
        primary.pod_cidrs = Field::Known([text("10.9.0.0/16"), Field::Unknown].into());
        primary.remote_control_plane = Field::Unknown;
    });
    change(&mut plan, "west", |primary| primary.east_west_gateway = Field::Unknown);
    let documents = planned(&plan, None);
    let join = join_of(&documents);
    for unknown in [&join.version, &join.hub, &join.trust_domain, &join.chart_repository] {
        assert!(unknown.is_unknown());
    }
    assert!(join.image_pull_secrets.is_unknown() && join.cni.is_unknown());
    assert_eq!(join.mesh_id, text("shop"));
    let (east, west) = (cluster(&documents, "east"), cluster(&documents, "west"));
    assert_eq!((&east.version, &west.version), (&text("1.30.0"), &Field::Unknown));
    assert!(east.drain.is_unknown() && east.pod_cidrs.is_unknown() && east.istiod_port.is_unknown());
    assert!(west.gateway_addresses.is_unknown() && west.gateway_port.is_unknown());
    assert_eq!((&west.network, west.drain), (&text("net-west"), Field::Known(false)));
    assert!(documents.1.as_known().unwrap().gateways.is_unknown());
}

#[test]
fn a_mesh_whose_clusters_are_not_known_yet_has_no_clusters_in_its_documents() {
    let documents = planned(&MeshModel { primary: Field::Unknown, ..created() }, None);
    let join = join_of(&documents);
    assert!(join.clusters.is_unknown() && join.domain_suffix.is_unknown());
    assert_eq!((&join.mesh_id, &join.key_cluster), (&text("shop"), &text("east")));
}

#[test]
fn a_changed_service_makes_its_addresses_unknown_and_a_changed_secret_the_roots() {
    let prior = state(&["192.0.2.1"], &["192.0.2.2"]);
    let changed = |id: &str| {
        let mut plan = prior.clone();
        plan.manifests.as_known_mut().unwrap().insert(id.to_owned(), Field::Unknown);
        planned(&plan, Some(&prior))
    };
    let documents = changed("east//Service/istio-system/istio-eastwestgateway");
    assert!(cluster(&documents, "east").gateway_addresses.is_unknown());
    assert_eq!(cluster(&documents, "west").gateway_addresses, list(&["192.0.2.2"]));
    assert_eq!(join_of(&documents).root_certificates, text("roots"));
    let documents = changed("west//Secret/istio-system/cacerts");
    assert_eq!(cluster(&documents, "east").gateway_addresses, list(&["192.0.2.1"]));
    assert!(join_of(&documents).root_certificates.is_unknown());
}

#[test]
fn another_intermediate_of_the_same_root_leaves_the_roots_known() {
    let prior = state(&["192.0.2.1"], &["192.0.2.2"]);
    let changed = |field: &str| {
        let mut plan = prior.clone();
        let objects = plan.manifests.as_known_mut().unwrap();
        let authority = objects.get_mut("west//Secret/istio-system/cacerts").unwrap();
        authority.as_known_mut().unwrap().insert(secret_field(field), Field::Unknown);
        join_of(&planned(&plan, Some(&prior))).root_certificates.clone()
    };
    assert_eq!(changed("ca-cert.pem"), text("roots"));
    assert_eq!(changed(ROOT_CERT), Field::Unknown);
}

#[test]
fn an_address_that_has_not_come_yet_is_unknown_in_a_plan_that_looks_for_it() {
    let prior = state(&["192.0.2.1"], &[]);
    let plan = MeshModel { status: Field::Unknown, ..prior.clone() };
    let documents = planned(&plan, Some(&prior));
    assert!(cluster(&documents, "west").gateway_addresses.is_unknown());
    assert_eq!(cluster(&documents, "east").gateway_addresses, list(&["192.0.2.1"]));
    // A plan that changes nothing does not claim that it will have one.
    assert_eq!(cluster(&planned(&prior, Some(&prior)), "west").gateway_addresses, list(&[]));
}

#[test]
fn typed_addresses_are_known_from_the_first_plan_and_stand_for_the_load_balancer_s() {
    let mut plan = created();
    change_gateway(&mut plan, "east", |gateway| {
        gateway.addresses = set(&["203.0.113.8", "203.0.113.7"]);
        gateway.service_type = text("NodePort");
        gateway.node_port = Field::Known(31443);
    });
    let documents = planned(&plan, None);
    let typed = list(&["203.0.113.7", "203.0.113.8"]);
    assert_eq!(cluster(&documents, "east").gateway_addresses, typed);
    assert_eq!(cluster(&documents, "east").gateway_port, Field::Known(31443));
    let seen = observed(&plan, &status(&["192.0.2.1"], &[]), &Beside::default());
    assert_eq!(cluster(&seen, "east").gateway_addresses, typed);
    change_gateway(&mut plan, "east", |gateway| gateway.address_port = Field::Known(443));
    assert_eq!(cluster(&planned(&plan, None), "east").gateway_port, Field::Known(443));
    change_gateway(&mut plan, "east", |gateway| gateway.addresses = Field::Unknown);
    let documents = planned(&plan, None);
    assert!(cluster(&documents, "east").gateway_addresses.is_unknown());
    assert!(cluster(&documents, "east").gateway_port.is_unknown());
}

#[test]
fn addresses_that_were_typed_before_are_not_kept_as_those_of_the_service() {
    let mut prior = state(&["192.0.2.1"], &["192.0.2.2"]);
    let plan = prior.clone();
    change_gateway(&mut prior, "east", |gateway| gateway.addresses = set(&["203.0.113.7"]));
    assert!(cluster(&planned(&plan, Some(&prior)), "east").gateway_addresses.is_unknown());
}

#[test]
fn remote_clusters_reach_istiod_at_the_gateway_or_by_its_host_name() {
    let mut mesh = state(&["192.0.2.1"], &["192.0.2.2"]);
    let serve = |mesh: &mut MeshModel, hostname: Field<String>| {
        let remote = RemoteControlPlaneModel { hostname, ..RemoteControlPlaneModel::default() };
        change(mesh, "east", |primary| primary.remote_control_plane = Field::Known(remote));
    };
    serve(&mut mesh, Field::Null);
    let seen = |mesh: &MeshModel| {
        let documents = observed(mesh, &status(&["192.0.2.1"], &["192.0.2.2"]), &Beside::default());
        let east = cluster(&documents, "east").clone();
        (east.istiod_addresses, east.istiod_port, east.istiod_webhook_port)
    };
    assert_eq!(seen(&mesh), (list(&["192.0.2.1"]), Field::Known(15012), Field::Known(15017)));
    let plan = MeshModel { status: Field::Unknown, ..mesh.clone() };
    assert_eq!(cluster(&planned(&plan, None), "east").istiod_addresses, Field::Unknown);
    serve(&mut mesh, text("istiod.example"));
    assert_eq!(seen(&mesh), (list(&["istiod.example"]), Field::Known(15012), Field::Known(15017)));
}

#[test]
fn the_domain_suffix_is_what_all_control_planes_are_told() {
    let suffix = |mesh: &MeshModel| join_of(&planned(mesh, None)).domain_suffix.clone();
    let chart = |domain: &str| {
        let values = format!("global:\n  proxy:\n    clusterDomain: {domain}\n");
        map([("istiod", ChartModel { values: Field::Known(values), ..ChartModel::default() })])
    };
    let mut mesh = MeshModel { chart: chart("one.example"), ..created() };
    assert_eq!(suffix(&mesh), text("one.example"));
    change(&mut mesh, "east", |primary| primary.chart = chart("two.example"));
    assert_eq!(suffix(&mesh), Field::Null);
    change(&mut mesh, "west", |primary| primary.chart = chart("two.example"));
    assert_eq!(suffix(&mesh), text("two.example"));
    change(&mut mesh, "west", |primary| {
        primary.chart = map([("istiod", ChartModel { values: Field::Unknown, ..ChartModel::default() })]);
    });
    assert_eq!(suffix(&mesh), Field::Unknown);
    let mesh = MeshModel {
        chart: map([("gateway", ChartModel { values: Field::Unknown, ..ChartModel::default() })]),
        ..created()
    };
    assert_eq!(suffix(&mesh), text("cluster.local"));
}

#[test]
fn the_key_s_cluster_is_the_one_that_has_the_root() {
    let key_cluster = |mesh: &MeshModel| join_of(&planned(mesh, None)).key_cluster.clone();
    let with = |authority: CertificateAuthorityModel| MeshModel {
        certificate_authority: Field::Known(authority),
        ..created()
    };
    let default = CertificateAuthorityModel::default;
    assert_eq!(
        key_cluster(&with(CertificateAuthorityModel { mode: text("given"), ..default() })),
        Field::Null
    );
    let root = CertificateAuthorityModel { root_certificate: text("PEM"), ..default() };
    assert_eq!(key_cluster(&with(root)), Field::Null);
    let named = CertificateAuthorityModel { key_cluster: Field::Unknown, ..default() };
    assert_eq!(key_cluster(&with(named)), Field::Unknown);
    let mut alone = MeshModel { certificate_authority: Field::Null, ..created() };
    alone.primary.as_known_mut().unwrap().remove("east");
    assert_eq!(key_cluster(&alone), text("west"));
}

#[test]
fn names_of_pull_secrets_and_ranges_are_sorted_and_no_secret_is_there() {
    let secret = || ImagePullSecretModel {
        docker_config_json_wo: text("sentinel"),
        docker_config_json_wo_version: Field::Known(1),
    };
    let mut mesh = MeshModel { image_pull_secret: map([("b", secret()), ("a", secret())]), ..created() };
    change(&mut mesh, "east", |primary| primary.pod_cidrs = set(&["10.9.0.0/16", "10.8.0.0/16"]));
    let documents = planned(&mesh, None);
    assert_eq!(join_of(&documents).image_pull_secrets, list(&["a", "b"]));
    assert_eq!(cluster(&documents, "east").pod_cidrs, list(&["10.8.0.0/16", "10.9.0.0/16"]));
    assert_eq!(cluster(&documents, "west").pod_cidrs, Field::Null);
    assert!(!format!("{documents:?}").contains("sentinel"));
}

#[test]
fn an_apply_returns_what_was_planned_as_known_and_what_was_seen_elsewhere() {
    let prior = state(&["192.0.2.1"], &["192.0.2.2"]);
    let mut plan = prior.clone();
    let service = "east//Service/istio-system/istio-eastwestgateway".to_owned();
    plan.manifests.as_known_mut().unwrap().insert(service, Field::Unknown);
    (plan.join, plan.peer) = planned(&plan, Some(&prior));
    let moved = status(&["198.51.100.1"], &["198.51.100.2"]);
    let documents = applied(&plan, observed(&prior, &moved, &Beside::default()));
    assert_eq!(cluster(&documents, "east").gateway_addresses, list(&["198.51.100.1"]));
    assert_eq!(cluster(&documents, "west").gateway_addresses, list(&["192.0.2.2"]));
    let gateways = documents.1.as_known().unwrap().gateways.as_known().unwrap();
    assert_eq!(gateways["east"].addresses, list(&["198.51.100.1"]));
    assert_eq!(join_of(&documents).id, text("a1"));
    let all =
        applied(&MeshModel { join: Field::Unknown, ..plan }, observed(&prior, &moved, &Beside::default()));
    assert_eq!(cluster(&all, "west").gateway_addresses, list(&["198.51.100.2"]));
}

#[test]
fn a_refresh_after_an_apply_returns_what_the_apply_returned() {
    let seen = status(&["192.0.2.1"], &["192.0.2.2"]);
    let state = state(&["192.0.2.1"], &["192.0.2.2"]);
    assert_eq!(observed(&state, &seen, &Beside::default()), (state.join.clone(), state.peer));
}

#[test]
fn the_ports_of_nodes_are_those_that_the_service_tells() {
    let mut mesh = state(&["192.0.2.1"], &["198.51.100.2"]);
    change_gateway(&mut mesh, "west", |gateway| gateway.service_type = text("NodePort"));
    let ports = |documents: &Documents| ["east", "west"].map(|label| cluster(documents, label).gateway_port);
    let status = status(&["192.0.2.1"], &["198.51.100.2"]);
    let beside = Beside {
        gateway_ports: [("east".to_owned(), 15443), ("west".to_owned(), 30443)].into(),
        ..Beside::default()
    };
    let documents = observed(&mesh, &status, &beside);
    assert_eq!(ports(&documents), [Field::Known(15443), Field::Known(30443)]);
    let gateways = documents.1.as_known().unwrap().gateways.clone().into_known().unwrap();
    assert_eq!(gateways["west"].port, Field::Known(30443));
    mesh.join = documents.0;
    assert_eq!(ports(&planned(&mesh, Some(&mesh))), [Field::Known(15443), Field::Known(30443)]);
    // What cannot be seen stays as it was, and nothing is known of what does not exist yet.
    assert_eq!(
        ports(&observed(&mesh, &status, &Beside::default())),
        [Field::Known(15443), Field::Known(30443)]
    );
    assert_eq!(ports(&planned(&mesh, None)), [Field::Known(15443), Field::Unknown]);
}

#[test]
fn addresses_for_single_callers_are_told_to_others_only_if_there_are_none_for_all() {
    let mut mesh = state(&["192.0.2.1"], &["192.0.2.2"]);
    let caller = |address: &str| CallerModel { addresses: set(&[address]), ..CallerModel::default() };
    change_gateway(&mut mesh, "west", |gateway| {
        gateway.from = map([("east", caller("10.1.0.7")), ("middle", caller("10.2.0.7"))]);
    });
    let addresses = |mesh: &MeshModel| {
        cluster(&planned(mesh, Some(&state(&["192.0.2.1"], &["192.0.2.2"]))), "west")
            .gateway_addresses
            .clone()
    };
    assert_eq!(addresses(&mesh), list(&["10.1.0.7", "10.2.0.7"]));
    change_gateway(&mut mesh, "west", |gateway| gateway.addresses = set(&["203.0.113.7"]));
    assert_eq!(addresses(&mesh), list(&["203.0.113.7"]));
    change_gateway(&mut mesh, "west", |gateway| {
        gateway.addresses = Field::Null;
        gateway.from = Field::Unknown;
    });
    assert_eq!(addresses(&mesh), Field::Unknown);
}

#[test]
fn the_page_names_the_services_whose_addresses_it_has() {
    let mut mesh = state(&["192.0.2.1"], &["192.0.2.2"]);
    let services = |mesh: &MeshModel, label: &str| {
        let page = page(mesh).unwrap();
        assert_eq!(Field::Known(page.join), mesh.join);
        page.services[label].clone().into_iter().collect::<Vec<_>>()
    };
    let service = |member: &str, name: &str| (member.to_owned(), name.to_owned());
    let gateway = "istio-system/istio-eastwestgateway";
    assert_eq!(services(&mesh, "east"), [service("gateway_addresses", gateway)]);
    change(&mut mesh, "east", |primary| {
        primary.remote_control_plane = Field::Known(RemoteControlPlaneModel::default());
    });
    change_gateway(&mut mesh, "east", |gateway| gateway.namespace = text("gateways"));
    let gateway = "gateways/istio-eastwestgateway";
    let both = [service("gateway_addresses", gateway), service("istiod_addresses", gateway)];
    assert_eq!(services(&mesh, "east"), both);
    change_gateway(&mut mesh, "east", |gateway| gateway.addresses = set(&["203.0.113.7"]));
    assert_eq!(services(&mesh, "east"), []);
    change(&mut mesh, "west", |primary| {
        primary.east_west_gateway = Field::Null;
        primary.federation_gateway = Field::Known(GatewayModel::default().into());
        primary.remote_control_plane = Field::Known(RemoteControlPlaneModel::default());
    });
    let west = services(&mesh, "west");
    assert_eq!(west.len(), 2);
    assert!(west[0].0 == "federation_gateway_addresses" && west[0].1.ends_with("/istio-federationgateway"));
    assert_eq!(west[1], service("istiod_addresses", "istio-system/istiod-load-balancer"));
}
