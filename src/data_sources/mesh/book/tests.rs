use std::collections::BTreeMap;

use super::*;
use crate::documents::{JoinClusterModel, Page, Services};
use crate::mesh::ClusterFacts;
use crate::observe::Installed;

fn addresses(address: &str) -> documents::Texts {
    texts([address.to_owned()])
}

/// The document of a mesh of these clusters, each with a gateway at `192.0.2.1` that also leads to istiod.
fn join(id: &str, labels: &[&str]) -> JoinModel {
    let cluster = |label: &&str| {
        let cluster = JoinClusterModel {
            uid: Field::Known(format!("uid-{label}")),
            pod_cidrs: texts(["10.8.0.0/16".to_owned()]),
            serves_remote_clusters: Field::Known(true),
            istiod_addresses: addresses("192.0.2.1"),
            gateway_addresses: addresses("192.0.2.1"),
            gateway_port: Field::Known(15443),
            ..JoinClusterModel::default()
        };
        ((*label).to_owned(), cluster)
    };
    JoinModel {
        format: Field::Known(1),
        id: id.into(),
        mesh_id: "shop".into(),
        root_certificates: "roots of the page".into(),
        clusters: Field::Known(labels.iter().map(cluster).collect::<BTreeMap<_, _>>()),
        ..JoinModel::default()
    }
}

/// A cluster with this page, whose Services are where the page has them.
fn member(label: &str, join: Option<JoinModel>) -> Member {
    Member {
        label: label.to_owned(),
        facts: ClusterFacts { uid: format!("uid-{label}"), kubernetes_version: "v1.36.3".to_owned() },
        installed: Installed {
            mesh_id: Some("shop".to_owned()),
            cluster: Some(label.to_owned()),
            network: "net".to_owned(),
            version: "1.31.0".to_owned(),
            domain_suffix: "cluster.local".to_owned(),
            ..Installed::default()
        },
        trust_domain: "shop.example".to_owned(),
        roots: None,
        page: join.map(|join| Page { join, services: Services::new() }),
        addresses: BTreeMap::new(),
    }
}

fn of_one_mesh(labels: &[&str]) -> Vec<Member> {
    labels.iter().map(|label| member(label, Some(join("a", &["east", "west"])))).collect()
}

#[test]
fn a_mesh_that_is_not_ours_has_no_page() {
    let members = [member("east", None), member("west", None)];
    assert!(page(&members).unwrap().is_none());
}

#[test]
fn the_page_of_all_clusters_is_the_document_without_a_warning() {
    for labels in [&["east", "west"][..], &["west"]] {
        let members = of_one_mesh(labels);
        let (read, warning) = page(&members).unwrap().unwrap();
        assert_eq!((refreshed(read, &members), warning), (join("a", &["east", "west"]), None));
    }
}

#[test]
fn pages_of_two_meshes_are_refused_by_both_identities() {
    let mut members = of_one_mesh(&["east", "west"]);
    members[1] = member("west", Some(join("b", &["west"])));
    let error = page(&members).unwrap_err();
    assert_eq!(error.summary, "Clusters \"east\" and \"west\" belong to different meshes");
    assert!(
        error.detail.contains("\"shop\" with the identity a, and the second to \"shop\" with the identity b")
    );
}

#[test]
fn a_page_that_was_restored_into_another_cluster_is_refused() {
    let mut members = of_one_mesh(&["east", "west"]);
    members[1].facts.uid = "new".to_owned();
    let error = page(&members).unwrap_err();
    assert!(error.summary.starts_with("Cluster \"west\" is not the cluster"), "{}", error.summary);
    assert!(error.detail.contains("recreated_from = \"uid-west\"") && error.detail.contains("UID new"));
}

#[test]
fn an_unfinished_apply_is_a_warning_and_the_first_page_counts() {
    let mut members = of_one_mesh(&["east", "west"]);
    members[1].page = None;
    let (read, warning) = page(&members).unwrap().unwrap();
    assert_eq!(read, join("a", &["east", "west"]));
    let warning = warning.unwrap();
    assert!(warning.detail.contains("differs from that in clusters \"west\""), "{}", warning.detail);
    members[1] = member("west", Some(join("a", &["east"])));
    assert!(page(&members).unwrap().unwrap().1.is_some());
}

#[test]
fn addresses_are_as_the_clusters_have_them_now() {
    let mut members = of_one_mesh(&["east", "west"]);
    let seen = |member: &str, addresses: &[&str]| {
        (member.to_owned(), addresses.iter().map(|address| (*address).to_owned()).collect())
    };
    members[0].addresses = [
        seen("gateway_addresses", &["192.0.2.3", "192.0.2.2"]),
        seen("federation_gateway_addresses", &[]),
        seen("of a later release", &["192.0.2.9"]),
    ]
    .into();
    let page = join("a", &["east", "west"]);
    let join = refreshed(page.clone(), &members);
    let clusters = join.clusters.as_known().unwrap();
    let both = texts(["192.0.2.2".to_owned(), "192.0.2.3".to_owned()]);
    assert_eq!(clusters["east"].gateway_addresses, both);
    assert_eq!(clusters["east"].federation_gateway_addresses, texts([]));
    // A host name, or addresses that the user has typed, are no Service's.
    assert_eq!(clusters["east"].istiod_addresses, addresses("192.0.2.1"));
    assert_eq!(clusters["west"], page.clusters.as_known().unwrap()["west"]);
}

#[test]
fn roots_are_as_the_clusters_have_them_now_if_all_are_read() {
    let root = rcgen::generate_simple_self_signed(["root".to_owned()]).unwrap().cert.pem();
    let mut members = of_one_mesh(&["east", "west"]);
    for member in &mut members {
        member.roots = Some(root.clone());
    }
    let bundle = documents::bundle([&root].into_iter());
    assert_eq!(refreshed(join("a", &["east", "west"]), &members).root_certificates, bundle.clone().into());
    let a_part = refreshed(join("a", &["east", "west"]), &members[..1]);
    assert_eq!(a_part.root_certificates, "roots of the page".into());
    let unwritten = JoinModel { root_certificates: Field::Null, ..join("a", &["east", "west"]) };
    assert_eq!(refreshed(unwritten, &members[..1]).root_certificates, bundle.into());
}

#[test]
fn a_cluster_that_the_page_does_not_have_is_described_by_its_control_plane() {
    let members = [member("east", Some(join("a", &["east"]))), member("west", None)];
    let join = refreshed(join("a", &["east"]), &members);
    let west = &join.clusters.as_known().unwrap()["west"];
    assert_eq!((&west.uid, &west.pod_cidrs), (&"uid-west".into(), &Field::Null));
}
