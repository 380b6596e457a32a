use core::time::Duration;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

const DAY: Duration = Duration::from_hours(24);

fn primary(network: &str) -> DeclaredMember {
    DeclaredMember { network: network.to_owned(), ..DeclaredMember::default() }
}

fn with_gateway(network: &str) -> DeclaredMember {
    DeclaredMember { east_west_gateway: Some(EastWestGateway::default()), ..primary(network) }
}

fn violation_of(mesh: &Mesh) -> Violation {
    let violations = mesh.validate().unwrap_err();
    assert_eq!(violations.len(), 1, "{violations:#?}");
    assert_eq!(violations[0].severity(), Severity::Error);
    violations.into_iter().next().unwrap()
}

#[test]
fn clusters_on_one_network_need_no_gateway() {
    let valid = mesh_of(&[("east", primary("net")), ("west", primary("net"))]).validate().unwrap();
    assert!(!valid.identity().has_several_networks());
    let east = "east".parse().unwrap();
    assert_eq!(valid.read_by(&east).map(ClusterName::as_str).collect::<Vec<_>>(), ["west"]);
}

#[test]
fn a_network_without_a_gateway_is_refused_when_there_are_several() {
    let violation =
        violation_of(&mesh_of(&[("east", with_gateway("net-east")), ("west", primary("net-west"))]));
    assert_eq!(violation.field.to_string(), "west.east_west_gateway");
    assert!(
        violation.rule.to_string().contains("network \"net-west\" has no east-west gateway"),
        "{}",
        violation.rule.to_string()
    );
}

#[test]
fn one_gateway_serves_all_clusters_of_its_network() {
    let primaries =
        [("east", with_gateway("net-a")), ("middle", primary("net-a")), ("west", with_gateway("net-b"))];
    assert!(mesh_of(&primaries).validate().unwrap().identity().has_several_networks());
}

fn drained(primary: DeclaredMember) -> DeclaredMember {
    DeclaredMember { drain: true, ..primary }
}

#[test]
fn nobody_reads_a_drained_cluster_which_still_reads_the_others() {
    let primaries = [("east", primary("net")), ("middle", primary("net")), ("west", drained(primary("net")))];
    let valid = mesh_of(&primaries).validate().unwrap();
    let [east, west] = ["east", "west"].map(|name| name.parse::<ClusterName>().unwrap());
    assert_eq!(valid.read_by(&east).map(ClusterName::as_str).collect::<Vec<_>>(), ["middle"]);
    assert_eq!(valid.read_by(&west).map(ClusterName::as_str).collect::<Vec<_>>(), ["east", "middle"]);
    assert_eq!(valid.readers_of(&east).map(ClusterName::as_str).collect::<Vec<_>>(), ["middle", "west"]);
    assert_eq!(valid.readers_of(&west).count(), 0);
}

#[test]
fn a_mesh_keeps_a_primary_that_is_not_drained() {
    let violation =
        violation_of(&mesh_of(&[("east", drained(primary("net"))), ("west", drained(primary("net")))]));
    assert_eq!(violation.field.to_string(), "east.drain");
    assert_eq!(violation.rule, TopologyRule::AllDrained.into());
}

#[test]
fn a_gateway_that_is_drained_is_none_for_the_others_of_its_network() {
    let others = [("east", with_gateway("net-a")), ("west", drained(with_gateway("net-b")))];
    assert!(mesh_of(&others).validate().is_ok());
    let [east, west] = others;
    let violation = violation_of(&mesh_of(&[east, west, ("edge", primary("net-b"))]));
    assert_eq!(violation.field.to_string(), "edge.east_west_gateway");
}

#[test]
fn releases_of_one_mesh_are_one_minor_apart_at_most() {
    let at = |version: &str| DeclaredMember { version: Some(version.to_owned()), ..primary("net") };
    for near in ["1.30.9", "1.31.0-rc.1", "1.32.0"] {
        assert!(mesh_of(&[("east", primary("net")), ("west", at(near))]).validate().is_ok(), "{near}");
    }
    for (far, behind) in [("1.29.4", "west"), ("1.33.0", "east"), ("2.0.0", "east")] {
        let violation = violation_of(&mesh_of(&[("east", primary("net")), ("west", at(far))]));
        assert_eq!(violation.field.to_string(), format!("{behind}.version"));
        assert!(
            violation.rule.to_string().contains("1.31.1") && violation.rule.to_string().contains(far),
            "{}",
            violation.rule.to_string()
        );
    }
}

#[test]
fn gateways_with_host_names_are_not_to_be_ignored() {
    let deaf = |value: Value| DeclaredMember {
        chart: BTreeMap::from([(
            "istiod".to_owned(),
            json!({"pilot": {"env": {"RESOLVE_HOSTNAME_GATEWAYS": value}}}),
        )]),
        ..with_gateway("net-east")
    };
    let at = |addresses: &[&str]| {
        let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
        let gateway = EastWestGateway { addresses, ..EastWestGateway::default() };
        DeclaredMember { east_west_gateway: Some(gateway), ..primary("net-west") }
    };
    for value in [json!(false), json!("false"), json!("0")] {
        for addresses in [&[][..], &["192.0.2.7", "gateway.example"]] {
            let violation = violation_of(&mesh_of(&[("east", deaf(value.clone())), ("west", at(addresses))]));
            assert_eq!(violation.field.to_string(), "east.chart[\"istiod\"].values");
            assert!(
                violation.rule.to_string().starts_with("pilot.env.RESOLVE_HOSTNAME_GATEWAYS is false"),
                "{}",
                violation.rule.to_string()
            );
        }
    }
    assert!(mesh_of(&[("east", deaf(json!(false))), ("west", at(&["192.0.2.7"]))]).validate().is_ok());
    assert!(mesh_of(&[("east", deaf(json!(true))), ("west", at(&[]))]).validate().is_ok());
    assert!(mesh_of(&[("east", deaf(json!(false)))]).validate().is_ok());
}

#[test]
fn overlapping_pod_ranges_on_one_network_are_refused() {
    let on = |network: &str, cidr: &str| DeclaredMember {
        pod_cidrs: [cidr.to_owned()].into(),
        ..with_gateway(network)
    };
    let violation =
        violation_of(&mesh_of(&[("east", on("net", "10.8.0.0/16")), ("west", on("net", "10.8.128.0/17"))]));
    assert_eq!(violation.field.to_string(), "west.pod_cidrs");
    assert!(
        violation.rule.to_string().starts_with("10.8.128.0/17 overlaps 10.8.0.0/16 of cluster \"east\""),
        "{}",
        violation.rule.to_string()
    );
    let apart = mesh_of(&[("east", on("net-east", "10.8.0.0/16")), ("west", on("net-west", "10.8.0.0/16"))]);
    assert!(apart.validate().is_ok());
}

#[test]
fn service_ranges_may_be_each_others_but_hold_no_pods_of_their_network() {
    let on = |network: &str, pods: &str, services: &str| DeclaredMember {
        pod_cidrs: [pods.to_owned()].into(),
        service_cidrs: [services.to_owned()].into(),
        ..with_gateway(network)
    };
    let same = mesh_of(&[
        ("east", on("net", "10.8.0.0/16", "10.96.0.0/12")),
        ("west", on("net", "10.9.0.0/16", "10.96.0.0/12")),
    ]);
    assert!(same.validate().is_ok());
    let caught = mesh_of(&[
        ("east", on("net", "10.8.0.0/16", "10.96.0.0/12")),
        ("west", on("net", "10.97.0.0/16", "10.128.0.0/16")),
    ]);
    let violation = violation_of(&caught);
    assert_eq!(violation.field.to_string(), "east.service_cidrs");
    assert!(
        violation.rule.to_string().contains("10.97.0.0/16 of cluster \"west\""),
        "{}",
        violation.rule.to_string()
    );
    let apart = mesh_of(&[
        ("east", on("net-east", "10.8.0.0/16", "10.96.0.0/12")),
        ("west", on("net-west", "10.97.0.0/16", "10.128.0.0/16")),
    ]);
    assert!(apart.validate().is_ok());
}

#[test]
fn a_root_of_its_own_is_for_one_primary_only() {
    let mut two = mesh_of(&[("east", primary("net")), ("west", primary("net"))]);
    two.certificate_authority.mode = Some("self_signed".to_owned());
    two.certificate_authority.key_cluster = None;
    let violation = violation_of(&two);
    assert_eq!(violation.field.to_string(), "certificate_authority.mode");
    assert_eq!(violation.rule, AuthorityRule::SeveralRoots.into());
    two.primaries.remove("west");
    assert_eq!(two.validate().unwrap().authority(), &Authority::SelfSigned);
}

#[test]
fn several_primaries_name_the_cluster_that_keeps_the_root() {
    let mut two = mesh_of(&[("east", primary("net")), ("west", primary("net"))]);
    two.certificate_authority.key_cluster = None;
    let choices = ["east", "west"].map(str::to_owned).to_vec();
    assert_eq!(violation_of(&two).rule, AuthorityRule::NoKeyCluster { choices }.into());
    two.certificate_authority.key_cluster = Some("north".to_owned());
    assert_eq!(violation_of(&two).rule.to_string(), "\"north\" is not a primary of this mesh.");
}

#[test]
fn a_single_primary_keeps_its_root_itself() {
    let mut one = mesh_of(&[("east", primary("net"))]);
    one.certificate_authority.key_cluster = None;
    let valid = one.validate().unwrap();
    let Authority::Generated { root, root_lifetime, .. } = valid.authority() else { panic!() };
    assert_eq!(*root, RootKeeper::Cluster("east".parse().unwrap()));
    assert_eq!(*root_lifetime, DAY * 3650);
}

#[test]
fn settings_of_the_authority_are_checked() {
    let mut one = mesh_of(&[("east", primary("net"))]);
    one.certificate_authority.root_lifetime_days = Some(0);
    assert_eq!(violation_of(&one).field.to_string(), "certificate_authority.root_lifetime_days");
    one.certificate_authority.root_lifetime_days = None;
    one.certificate_authority.key_type = Some("rsa".to_owned());
    assert_eq!(violation_of(&one).rule.to_string(), "\"rsa\" is not a valid key type.");
    one.certificate_authority.key_type = None;
    one.certificate_authority.mode = Some("vault".to_owned());
    assert_eq!(violation_of(&one).field.to_string(), "certificate_authority.mode");
}

#[test]
fn what_belongs_to_another_mode_is_refused() {
    let mut one = mesh_of(&[("east", primary("net"))]);
    one.certificate_authority.mode = Some("existing".to_owned());
    let violation = violation_of(&one);
    assert_eq!(violation.field.to_string(), "certificate_authority.key_cluster");
    assert_eq!(violation.rule.to_string(), "key_cluster has no effect when mode is \"existing\".");
    one.certificate_authority.key_cluster = None;
    assert_eq!(one.validate().unwrap().authority(), &Authority::Existing);
}

#[test]
fn every_primary_and_no_other_cluster_has_a_given_authority() {
    let mut two = mesh_of(&[("east", primary("net")), ("west", primary("net"))]);
    let given = |label: &str| (label.to_owned(), GivenAuthority::default());
    two.certificate_authority = CertificateAuthority {
        mode: Some("given".to_owned()),
        given: [given("east"), given("north")].into(),
        ..CertificateAuthority::default()
    };
    let violations = two.validate().unwrap_err();
    let causes: Vec<String> = violations.iter().map(|violation| violation.rule.to_string()).collect();
    let expected = [
        "No certificate and key are given for istiod of cluster \"west\".",
        "\"north\" is not a primary of this mesh.",
    ];
    assert_eq!(causes, expected);
}

#[test]
fn a_given_root_is_kept_by_no_cluster() {
    let mut two = mesh_of(&[("east", primary("net")), ("west", primary("net"))]);
    two.certificate_authority.root_certificate = Some("PEM".to_owned());
    assert_eq!(violation_of(&two).field.to_string(), "certificate_authority.key_cluster");
    two.certificate_authority.key_cluster = None;
    let valid = two.validate().unwrap();
    let Authority::Generated { root, .. } = valid.authority() else { panic!() };
    assert_eq!(*root, RootKeeper::User { certificate: "PEM".to_owned(), key_version: 0 });
}

#[test]
fn keys_and_blocks_that_nobody_would_use_are_refused() {
    let refused = |change: fn(&mut CertificateAuthority)| {
        let mut one = mesh_of(&[("east", primary("net"))]);
        one.certificate_authority = CertificateAuthority::default();
        change(&mut one.certificate_authority);
        violation_of(&one).field.to_string()
    };
    assert_eq!(refused(|it| it.has_root_key = true), "certificate_authority.root_key_wo");
    assert_eq!(refused(|it| it.root_key_version = Some(1)), "certificate_authority.root_key_wo_version");
    let in_another_mode = refused(|it| {
        it.mode = Some("self_signed".to_owned());
        it.has_root_key = true;
    });
    assert_eq!(in_another_mode, "certificate_authority.root_key_wo");
    let stray = refused(|it| it.given = [("east".to_owned(), GivenAuthority::default())].into());
    assert_eq!(stray, "certificate_authority.given");
}

#[test]
fn images_and_definitions_are_checked() {
    let refused = |change: fn(&mut Mesh)| {
        let mut one = mesh_of(&[("east", primary("net"))]);
        change(&mut one);
        violation_of(&one).field.to_string()
    };
    for hub in ["https://registry.example/istio", "registry.example/istio/", "", "a registry"] {
        let mut one = mesh_of(&[("east", primary("net"))]);
        one.images.hub = Some(hub.to_owned());
        assert_eq!(violation_of(&one).field.to_string(), "hub", "{hub:?}");
    }
    let secret = refused(|mesh| mesh.images.pull_secrets = [("Not_A_Name".to_owned(), 0)].into());
    assert_eq!(secret, "image_pull_secret[\"Not_A_Name\"]");
    let istiods = refused(|mesh| mesh.images.pull_secrets = [("cacerts".to_owned(), 0)].into());
    assert_eq!(istiods, "image_pull_secret[\"cacerts\"]");
    let variant = refused(|mesh| mesh.images.variant = Some("a b".to_owned()));
    assert_eq!(variant, "image_variant");
    let crds = refused(|mesh| {
        for primary in mesh.primaries.values_mut() {
            primary.member.crds = Some("helm".to_owned());
        }
    });
    assert_eq!(crds, "east.crds");
}

#[test]
fn values_that_contradict_the_images_are_refused() {
    let mut one = mesh_of(&[("east", primary("net"))]);
    one.images.hub = Some("registry.example/istio".to_owned());
    one.chart.insert("istiod".to_owned(), serde_json::json!({"global": {"hub": "other.example/istio"}}));
    let violation = violation_of(&one);
    let text = "global.hub is \"other.example/istio\", but hub requires \"registry.example/istio\".";
    assert_eq!(violation.rule.to_string(), text);
}

fn address(url: &str) -> DeclaredAddress {
    DeclaredAddress { url: Some(url.to_owned()), ..DeclaredAddress::default() }
}

#[test]
fn an_address_for_one_reader_needs_that_reader_and_must_be_usable_there() {
    for (reader, url, cause) in [
        ("nobody", "https://10.0.0.1", "no primary"),
        ("east", "https://10.0.0.1", "its own API server"),
        ("west", "https://localhost:6443", "always refers to the local machine"),
    ] {
        let from = BTreeMap::from([(reader.to_owned(), address(url))]);
        let api_server = DeclaredApiServer { from, ..DeclaredApiServer::default() };
        let east = DeclaredMember { api_server: Some(api_server), ..primary("net") };
        let violation = violation_of(&mesh_of(&[("east", east), ("west", primary("net"))]));
        let path = format!("east.api_server.from[{reader:?}]");
        assert!(violation.field.to_string().starts_with(&path), "{violation}");
        assert!(violation.rule.to_string().contains(cause), "{violation}");
    }
}

#[test]
fn an_address_that_no_other_cluster_can_use_is_refused() {
    let api_server =
        DeclaredApiServer { usual: address("https://127.0.0.1:6443"), ..DeclaredApiServer::default() };
    let east = DeclaredMember { api_server: Some(api_server), ..primary("net") };
    let violation = violation_of(&mesh_of(&[("east", east)]));
    assert_eq!(violation.field.to_string(), "east.api_server.url");
    assert!(
        violation.rule.to_string().contains("always refers to the local machine"),
        "{}",
        violation.rule.to_string()
    );
}
