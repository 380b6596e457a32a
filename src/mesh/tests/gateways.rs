use serde_json::json;

use super::*;

fn primary(network: &str, gateway: EastWestGateway) -> DeclaredMember {
    DeclaredMember {
        network: network.to_owned(),
        east_west_gateway: Some(gateway),
        ..DeclaredMember::default()
    }
}

fn of_type(service_type: &str) -> EastWestGateway {
    EastWestGateway { service_type: Some(service_type.to_owned()), ..EastWestGateway::default() }
}

fn violations(mesh: &Mesh) -> Vec<Violation> {
    mesh.validate().err().unwrap_or_default()
}

/// Where the only thing that is wrong is said.
fn field_of(mesh: &Mesh) -> String {
    let violations = violations(mesh);
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations[0].field.to_string()
}

/// The same in one cluster of one network.
fn attribute_of(gateway: EastWestGateway) -> String {
    let field = field_of(&mesh_of(&[("east", primary("net", gateway))]));
    field.strip_prefix("east.east_west_gateway.").unwrap().to_owned()
}

/// With a second network.
fn two_networks(gateway: EastWestGateway) -> Mesh {
    mesh_of(&[
        ("east", primary("net-east", EastWestGateway::default())),
        ("west", primary("net-west", gateway)),
    ])
}

#[test]
fn settings_of_a_gateway_are_checked() {
    let set = EastWestGateway::default;
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (of_type("Ingress"), "service_type"),
        (EastWestGateway { replicas: Some(0), ..set() }, "replicas"),
        (
            EastWestGateway { load_balancer_source_ranges: ["all".to_owned()].into(), ..set() },
            "load_balancer_source_ranges",
        ),
        (EastWestGateway { port: Some(0), ..set() }, "port"),
        (EastWestGateway { port: Some(15021), ..set() }, "port"),
        (EastWestGateway { node_port: Some(70_000), ..set() }, "node_port"),
        (EastWestGateway { address_port: Some(31443), ..set() }, "address_port"),
        (EastWestGateway { namespace: text("Gateways"), ..set() }, "namespace"),
        (EastWestGateway { namespace: text("kube-gateways"), ..set() }, "namespace"),
        (EastWestGateway { addresses: [String::new()].into(), ..set() }, "addresses"),
        (EastWestGateway { addresses: ["127.0.0.1".to_owned()].into(), ..set() }, "addresses"),
        (EastWestGateway { addresses: ["gateway.mesh.svc".to_owned()].into(), ..set() }, "addresses"),
        (EastWestGateway { load_balancer_class: text(""), ..set() }, "load_balancer_class"),
        (
            EastWestGateway { service_annotations: [("a b".to_owned(), String::new())].into(), ..set() },
            "service_annotations",
        ),
    ];
    for (gateway, attribute) in cases {
        assert_eq!(attribute_of(gateway), attribute);
    }
}

#[test]
fn what_a_service_of_the_type_does_not_have_is_refused() {
    let class =
        EastWestGateway { load_balancer_class: Some("example.com/lb".to_owned()), ..of_type("NodePort") };
    assert_eq!(attribute_of(class.clone()), "load_balancer_class");
    let ranges = EastWestGateway {
        load_balancer_source_ranges: ["10.0.0.0/8".to_owned()].into(),
        ..of_type("ClusterIP")
    };
    assert_eq!(attribute_of(ranges), "load_balancer_source_ranges");
    let node_port = EastWestGateway { node_port: Some(31443), ..of_type("ClusterIP") };
    assert_eq!(attribute_of(node_port), "node_port");
    for fitting in [
        EastWestGateway { service_type: None, ..class.clone() },
        EastWestGateway { service_type: Some("LoadBalancer".to_owned()), ..class },
        EastWestGateway { node_port: Some(31443), ..of_type("NodePort") },
        EastWestGateway { node_port: Some(31443), ..EastWestGateway::default() },
    ] {
        assert_eq!(violations(&mesh_of(&[("east", primary("net", fitting))])), []);
    }
}

#[test]
fn other_networks_must_be_able_to_find_a_gateway_without_a_load_balancer() {
    for service_type in ["ClusterIP", "NodePort"] {
        let hidden = two_networks(of_type(service_type));
        assert_eq!(field_of(&hidden), "west.east_west_gateway.service_type");
        assert!(
            violations(&hidden)[0].rule.to_string().contains("several networks"),
            "{:?}",
            violations(&hidden)
        );
        let typed = EastWestGateway { addresses: ["192.0.2.7".to_owned()].into(), ..of_type(service_type) };
        assert_eq!(violations(&two_networks(typed)), []);
        let external = json!({"service": {"externalIPs": ["192.0.2.7"]}});
        assert_eq!(
            violations(&two_networks(EastWestGateway { values: external, ..of_type(service_type) })),
            []
        );
        assert_eq!(violations(&mesh_of(&[("east", primary("net", of_type(service_type)))])), []);
    }
    let by_values =
        EastWestGateway { values: json!({"service": {"type": "ClusterIP"}}), ..EastWestGateway::default() };
    assert_eq!(field_of(&two_networks(by_values)), "west.east_west_gateway.values");
}

#[test]
fn istiod_finds_the_nodes_that_an_annotation_selects() {
    let annotations = [("traffic.istio.io/nodeSelector".to_owned(), "{}".to_owned())];
    let selecting = |service_type| EastWestGateway {
        service_annotations: annotations.clone().into(),
        ..of_type(service_type)
    };
    assert_eq!(violations(&two_networks(selecting("NodePort"))), []);
    assert_eq!(field_of(&two_networks(selecting("ClusterIP"))), "west.east_west_gateway.service_type");
}

#[test]
fn nobody_looks_for_the_gateway_of_a_drained_cluster() {
    let mut drained = two_networks(of_type("ClusterIP"));
    drained.primaries.get_mut("west").unwrap().member.drain = true;
    assert_eq!(violations(&drained), []);
}

#[test]
fn gateways_of_two_networks_are_at_different_places() {
    let at = |address_port| EastWestGateway {
        addresses: ["gateway.example".to_owned()].into(),
        address_port: Some(address_port),
        ..EastWestGateway::default()
    };
    let on = |network, port| primary(network, at(port));
    let same = mesh_of(&[("east", on("net-east", 443)), ("west", on("net-west", 443))]);
    assert_eq!(field_of(&same), "west.east_west_gateway.addresses");
    assert_eq!(violations(&mesh_of(&[("east", on("net-east", 443)), ("west", on("net-west", 444))])), []);
    assert_eq!(violations(&mesh_of(&[("east", on("net", 443)), ("west", on("net", 443))])), []);
}

#[test]
fn calls_of_other_meshes_do_not_end_where_those_of_other_networks_do() {
    let at = |address_port| EastWestGateway {
        addresses: ["gateway.example".to_owned()].into(),
        address_port: Some(address_port),
        ..EastWestGateway::default()
    };
    let both = |port| DeclaredMember { federation_gateway: Some(at(port)), ..primary("net", at(443)) };
    assert_eq!(field_of(&mesh_of(&[("east", both(443))])), "east.federation_gateway.addresses");
    assert_eq!(violations(&mesh_of(&[("east", both(444))])), []);
}
