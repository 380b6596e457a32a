//! The rules of a cluster that joins a mesh.

use std::collections::BTreeSet;

use super::*;
use crate::mesh::remote::RemoteCluster;

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// A primary that serves clusters without a control plane.
fn serving(network: &str, addresses: &[&str]) -> JoinedPrimary {
    JoinedPrimary {
        uid: format!("uid-of-{network}"),
        version: "1.31.0".to_owned(),
        network: network.to_owned(),
        pod_cidrs: texts(&["10.11.0.0/16"]),
        serves: true,
        addresses: texts(addresses),
        has_gateway: true,
        ..JoinedPrimary::default()
    }
}

/// `edge`, on the network of `east`, the only primary.
fn edge() -> RemoteCluster {
    let mesh = JoinedMesh {
        mesh_id: "shop".to_owned(),
        trust_domain: "shop.example".to_owned(),
        namespace: "istio-system".to_owned(),
        repository: "charts".to_owned(),
        primaries: [("east".to_owned(), serving("flat", &["192.0.2.1"]))].into(),
        ..JoinedMesh::default()
    };
    RemoteCluster {
        name: "edge".to_owned(),
        mesh,
        member: DeclaredMember {
            network: "flat".to_owned(),
            pod_cidrs: texts(&["10.12.0.0/16"]),
            ..DeclaredMember::default()
        },
        uid: Some("uid-of-edge".to_owned()),
        ..RemoteCluster::default()
    }
}

/// The same in a mesh in which `west` on another network serves, too.
fn edge_of_two() -> RemoteCluster {
    let mut edge = edge();
    let west = JoinedPrimary { pod_cidrs: BTreeSet::new(), ..serving("net-west", &["192.0.2.2"]) };
    edge.mesh.primaries.insert("west".to_owned(), west);
    edge.member.east_west_gateway = Some(EastWestGateway::default());
    edge.primaries = texts(&["east"]);
    edge
}

fn other(name: &str, uid: &str, pod_cidr: &str) -> MemberRecord {
    MemberRecord {
        uid: uid.to_owned(),
        network: "flat".to_owned(),
        pod_cidrs: texts(&[pod_cidr]),
        ..MemberRecord::new(MemberKind::RemoteCluster, name)
    }
}

#[track_caller]
fn refused(remote: &RemoteCluster) -> String {
    let violations = remote.validate().unwrap_err();
    assert_eq!(violations.len(), 1, "{violations:#?}");
    violations[0].to_string()
}

#[test]
fn the_only_primary_that_serves_is_chosen() {
    let valid = edge().validate().unwrap();
    assert_eq!(valid.control_plane_clusters(), "east");
    assert_eq!(*valid.discovery(), Discovery::Addresses(vec!["192.0.2.1".parse().unwrap()]));
    assert_eq!(valid.member().version().as_str(), "1.31.0", "that of the primary");
    assert_eq!(valid.injection_path(), "/inject/cluster/edge/net/flat");
    assert!(!valid.is_called_from_other_networks());
}

#[test]
fn of_several_primaries_that_serve_one_is_for_the_user_to_choose() {
    let any = RemoteCluster { primaries: BTreeSet::new(), ..edge_of_two() };
    assert!(
        refused(&any)
            .contains("Several primaries of the mesh serve clusters without a control plane: east, west.")
    );
    let both = RemoteCluster { primaries: texts(&["west", "east"]), ..edge_of_two() };
    let valid = both.validate().unwrap();
    assert_eq!(valid.control_plane_clusters(), "east,west", "istiod does not trim what is between commas");
    assert!(valid.is_called_from_other_networks());
}

#[test]
fn a_primary_that_cannot_serve_is_refused() {
    let of = |primary: &str| RemoteCluster { primaries: texts(&[primary]), ..edge_of_two() };
    assert!(refused(&of("north")).contains("The mesh has no primary \"north\"; it has east, west."));
    let mut closed = of("west");
    closed.mesh.primaries.get_mut("west").unwrap().serves = false;
    assert!(refused(&closed).contains("Primary \"west\" does not serve"));
    let mut drained = of("west");
    drained.mesh.primaries.get_mut("west").unwrap().drain = true;
    assert!(refused(&drained).contains("Primary \"west\" is being drained"));
    let mut alone = edge();
    alone.mesh.primaries.get_mut("east").unwrap().serves = false;
    assert!(refused(&alone).contains("No primary of the mesh serves"));
}

#[test]
fn all_primaries_that_are_not_on_their_way_out_read_the_cluster() {
    let readers = |remote: &RemoteCluster| -> Vec<String> {
        remote.validate().unwrap().readers().iter().map(ToString::to_string).collect()
    };
    assert_eq!(readers(&edge_of_two()), ["east", "west"]);
    let mut west_leaves = edge_of_two();
    west_leaves.mesh.primaries.get_mut("west").unwrap().drain = true;
    assert_eq!(readers(&west_leaves), ["east"]);
    let mut edge_leaves = edge_of_two();
    edge_leaves.member.drain = true;
    assert_eq!(readers(&edge_leaves), ["east"], "what serves it reads it to the end");
}

#[test]
fn its_proxies_are_of_the_release_that_injects_them() {
    let mut edge = edge();
    edge.member.version = Some("1.30.5".to_owned());
    assert!(refused(&edge).contains("Its version is \"1.30.5\", but \"east\""));
}

#[test]
fn a_host_name_of_a_load_balancer_is_refused_and_one_that_the_user_gives_is_not() {
    let with = |change: fn(&mut JoinedPrimary)| {
        let mut edge = edge();
        change(edge.mesh.primaries.get_mut("east").unwrap());
        edge
    };
    let balancer = with(|east| east.addresses = texts(&["lb.example"]));
    assert!(refused(&balancer).contains("host name \"lb.example\""));
    assert!(refused(&with(|east| east.addresses = BTreeSet::new())).contains("not known at which address"));
    let named = with(|east| {
        east.addresses = texts(&["lb.example"]);
        east.hostname = Some("istiod.shop.example".to_owned());
    });
    let valid = named.validate().unwrap();
    assert_eq!(
        valid.injection_url().unwrap(),
        "https://istiod.shop.example:15017/inject/cluster/edge/net/flat"
    );
}

#[test]
fn addresses_are_written_in_their_canonical_form() {
    let mut edge = edge();
    edge.mesh.primaries.get_mut("east").unwrap().addresses = texts(&["2001:0DB8:0::1"]);
    assert_eq!(edge.validate().unwrap().pilot_address(), "2001:db8::1");
}

#[test]
fn a_cluster_is_in_a_mesh_once() {
    let mut primary = edge();
    primary.name = "east".to_owned();
    assert!(
        primary.validate().unwrap_err()[0].to_string().contains("The mesh has a primary with this label.")
    );
    let same = RemoteCluster { uid: Some("uid-of-flat".to_owned()), ..edge() };
    assert!(refused(&same).contains("It is the same cluster as primary \"east\""));
    let beside = |record| RemoteCluster { others: vec![record], ..edge() };
    assert!(
        refused(&beside(other("fringe", "uid-of-edge", "10.13.0.0/16")))
            .contains("as the remote cluster \"fringe\"")
    );
    assert!(
        refused(&beside(other("edge", "another", "10.13.0.0/16")))
            .contains("another remote cluster with this label")
    );
    assert!(beside(other("branch", "another", "10.13.0.0/16")).validate().is_ok());
}

#[test]
fn addresses_of_pods_on_one_network_are_apart() {
    let beside = |record| RemoteCluster { others: vec![record], ..edge() };
    let text = refused(&beside(other("branch", "another", "10.12.128.0/17")));
    assert!(text.contains("overlaps") && text.contains("branch"), "{text}");
    let mut of_primary = edge();
    of_primary.member.pod_cidrs = texts(&["10.11.128.0/17"]);
    assert!(refused(&of_primary).contains("overlaps"));
}

#[test]
fn another_network_needs_a_gateway() {
    let mut edge = edge_of_two();
    edge.member.east_west_gateway = None;
    edge.member.network = "net-edge".to_owned();
    let text = edge.validate().unwrap_err().iter().map(ToString::to_string).collect::<String>();
    assert!(text.contains("gateway"), "{text}");
}

#[test]
fn its_image_pull_secrets_are_those_that_its_proxies_refer_to() {
    let mut edge = edge();
    edge.mesh.images.pull_secrets = [("registry".to_owned(), 0)].into();
    assert!(refused(&edge).contains("Its image pull secrets are none, but the mesh's are registry"));
    edge.pull_secrets = [("registry".to_owned(), 3)].into();
    assert!(edge.validate().is_ok());
}

fn local() -> RemoteCluster {
    let mut edge = RemoteCluster { injector: Some("local".to_owned()), ..edge() };
    edge.mesh.authority_mode = Some("generated".to_owned());
    edge.mesh.key_cluster = Some("east".to_owned());
    edge
}

#[test]
fn an_injector_of_its_own_signs_by_the_root_of_the_mesh() {
    let valid = local().validate().unwrap();
    assert_eq!(valid.injector(), Injector::Local);
    assert_eq!(valid.local_authority(), Some(&LocalAuthority::Issued("east".parse().unwrap())));
    let mut self_signed = local();
    self_signed.mesh.authority_mode = Some("self_signed".to_owned());
    assert!(refused(&self_signed).contains("only istiod of the primary has the root's key"));
    let unknown = RemoteCluster { injector: Some("remote".to_owned()), ..local() };
    assert!(refused(&unknown).contains("\"remote\" is not a valid injector."));
    assert_eq!(edge().validate().unwrap().injector(), Injector::Primary);
}

#[test]
fn with_an_injector_of_its_own_a_load_balancer_may_have_a_host_name() {
    let at = |addresses: &[&str]| {
        let mut edge = local();
        edge.mesh.primaries.get_mut("east").unwrap().addresses = texts(addresses);
        edge
    };
    let valid = at(&["lb.example"]).validate().unwrap();
    assert_eq!(*valid.discovery(), Discovery::Name("lb.example".to_owned()));
    assert!(refused(&at(&["a.example", "b.example"])).contains("different names: a.example, b.example"));
    let mut named = at(&["lb.example"]);
    named.mesh.primaries.get_mut("east").unwrap().hostname = Some("istiod.shop.example".to_owned());
    assert_eq!(*named.validate().unwrap().discovery(), Discovery::Name("istiod.shop.example".to_owned()));
}

#[test]
fn with_an_injector_of_its_own_images_are_its_own_matter() {
    let mut edge = local();
    edge.mesh.images.hub = Some("registry.example/istio".to_owned());
    edge.mesh.images.pull_secrets = [("registry".to_owned(), 0)].into();
    edge.mesh.cni = true;
    let hub = |edge: &RemoteCluster| {
        let derived = edge.validate().unwrap().derived_values().into_iter();
        derived.filter(|it| it.path == ["global", "hub"] || it.path == ["cni", "enabled"]).count()
    };
    // Of istiod and of the CNI plugin.
    assert_eq!(hub(&edge), 3);
    let values = json!({"pilot": {"global": {"hub": "mirror.example/istio"}}, "cni": {"enabled": false}});
    edge.member.chart.insert("istiod".to_owned(), values);
    assert_eq!(hub(&edge), 1);
    edge.injector = None;
    edge.pull_secrets = [("registry".to_owned(), 0)].into();
    assert!(refused(&edge).contains("global.hub is \"mirror.example/istio\", but hub requires"));
}

#[test]
fn what_an_injector_of_its_own_injects_is_of_a_release_that_the_primaries_support() {
    let of = |own: &str| {
        let mut edge = local();
        edge.member.version = Some(own.to_owned());
        edge
    };
    for own in ["1.31.0", "1.31.4", "1.30.2"] {
        assert!(of(own).validate().is_ok(), "{own}");
    }
    for own in ["1.32.0", "1.29.9", "2.31.0"] {
        assert!(refused(&of(own)).contains("which \"east\" with \"1.31.0\" does not support"), "{own}");
    }
}

#[test]
fn values_that_make_of_an_injector_something_else_are_refused() {
    let of = |values: serde_json::Value| {
        let mut edge = local();
        edge.member.chart.insert("istiod".to_owned(), values);
        edge
    };
    for (values, text) in [
        (json!({"configMap": false}), "configMap is false, but injector = \"local\" requires true."),
        (
            json!({"global": {"caAddress": "ca.example:15012"}}),
            "requires \"istiod-remote.istio-system.svc:15012\".",
        ),
        (json!({"pilot": {"env": {"ENABLE_CA_SERVER": "false"}}}), "pilot.env.ENABLE_CA_SERVER is \"false\""),
        (json!({"istiodRemote": {"injectionURL": "https://a.example/inject"}}), "istiodRemote.injectionURL"),
        (json!({"istiodRemote": {"enabled": false}}), "istiodRemote.enabled is false"),
        (json!({"meshConfig": {"trustDomain": "other.example"}}), "trust_domain requires \"shop.example\""),
        (
            json!({"meshConfig": {"defaultConfig": {"discoveryAddress": "istiod.istio-system.svc:15012"}}}),
            "injector = \"local\" requires \"istiod-remote.istio-system.svc:15012\"",
        ),
    ] {
        let said = refused(&of(values.clone()));
        assert!(said.contains(text), "{values}: {said}");
    }
    let said_too = json!({
        "configMap": true,
        "meshConfig": {
            "accessLogFile": "/dev/stdout",
            "defaultConfig": {"discoveryAddress": "istiod-remote.istio-system.svc:15012"},
        },
    });
    assert!(of(said_too).validate().is_ok());
}

#[test]
fn who_leads_the_cluster_is_not_said_by_an_annotation() {
    for mut edge in [edge(), local()] {
        let annotation = ("topology.istio.io/controlPlaneClusters".to_owned(), "east".to_owned());
        edge.namespace_annotations = [annotation].into();
        assert!(refused(&edge).contains("is set by the provider"));
    }
}
