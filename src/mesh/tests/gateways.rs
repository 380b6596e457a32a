use serde_json::{Value, json};

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
fn a_selector_that_istiod_could_not_read_would_select_every_node() {
    let selecting = |selector: &str| EastWestGateway {
        service_annotations: [("traffic.istio.io/nodeSelector".to_owned(), selector.to_owned())].into(),
        ..of_type("NodePort")
    };
    for selector in ["{}", "", r#"{"pool": "edge", "zone": "a"}"#] {
        assert_eq!(violations(&two_networks(selecting(selector))), [], "{selector}");
    }
    for selector in ["pool=edge", r#"{"pool": 1}"#, r#"{"pool": null}"#, r#"["pool"]"#] {
        let field = field_of(&two_networks(selecting(selector)));
        assert_eq!(field, "west.east_west_gateway.service_annotations", "{selector}");
    }
    for values in [
        json!({"service": {"annotations": {"traffic.istio.io/nodeSelector": {"pool": "edge"}}}}),
        json!({"annotations": {"traffic.istio.io/nodeSelector": "pool=edge"}}),
    ] {
        let gateway = EastWestGateway { values, ..selecting("{}") };
        assert_eq!(field_of(&two_networks(gateway)), "west.east_west_gateway.values");
    }
}

#[test]
fn what_tells_istiod_of_the_gateway_follows_from_its_block() {
    let refused = |values: Value, port: Option<i64>| {
        let gateway = EastWestGateway { port, values, ..EastWestGateway::default() };
        violations(&mesh_of(&[("east", primary("net", gateway))]))
            .iter()
            .map(|it| it.rule.to_string())
            .collect::<Vec<_>>()
    };
    for values in [
        json!({"networkGatewayPorts": {"tls": {"port": 443}}}),
        json!({"networkGatewayPorts": {"tls": {"targetPort": 443}}}),
        json!({"labels": {"networking.istio.io/gatewayPort": "443"}}),
        json!({"labels": {"topology.istio.io/network": "other"}}),
    ] {
        assert_eq!(refused(values.clone(), None).len(), 1, "{values}");
    }
    for (values, port) in [
        (json!({"networkGatewayPorts": {"tls": {"port": 443}}}), Some(443)),
        (json!({"labels": {"networking.istio.io/gatewayPort": 443}}), Some(443)),
        (json!({"networkGatewayPorts": {"tls": {"port": 15443, "targetPort": 15443}}}), None),
        (json!({"networkGatewayPorts": {"tls-istiod": {"port": 8012}}}), None),
    ] {
        assert_eq!(refused(values.clone(), port), [""; 0], "{values}");
    }
}

/// Three networks, whose first cluster has this gateway.
fn three_networks(gateway: EastWestGateway) -> Mesh {
    mesh_of(&[
        ("east", primary("net-east", gateway)),
        ("middle", primary("net-middle", EastWestGateway::default())),
        ("west", primary("net-west", EastWestGateway::default())),
    ])
}

fn from(callers: &[(&str, &[&str])]) -> EastWestGateway {
    let callers = callers.iter().map(|(caller, addresses)| {
        let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
        ((*caller).to_owned(), CallerAddresses { addresses, address_port: None })
    });
    EastWestGateway { from: callers.collect(), ..EastWestGateway::default() }
}

fn with_addresses(gateway: EastWestGateway) -> EastWestGateway {
    EastWestGateway { addresses: ["192.0.2.1".to_owned()].into(), ..gateway }
}

#[test]
fn each_control_plane_has_the_addresses_for_itself() {
    let callers = from(&[("west", &["10.1.0.7"]), ("middle", &["10.2.0.7", "10.2.0.8"])]);
    let valid = three_networks(callers).validate().unwrap();
    let networks = |reader: &str| valid.identity().static_networks(&reader.parse().unwrap()).clone();
    let of = |gateways: Value| json!({"net-east": {"endpoints": [{"fromRegistry": "east"}], "gateways": gateways}});
    assert_eq!(networks("west"), of(json!([{"address": "10.1.0.7", "port": 15443}])));
    assert_eq!(
        networks("middle"),
        of(json!([{"address": "10.2.0.7", "port": 15443}, {"address": "10.2.0.8", "port": 15443}]))
    );
    assert_eq!(networks("east"), json!(null));
    let usual = with_addresses(from(&[("west", &["10.1.0.7"])]));
    let valid = three_networks(usual).validate().unwrap();
    let address = |reader: &str| {
        let networks = valid.identity().static_networks(&reader.parse().unwrap());
        networks["net-east"]["gateways"][0]["address"].clone()
    };
    assert_eq!(
        ["east", "middle", "west"].map(address),
        ["192.0.2.1", "192.0.2.1", "10.1.0.7"].map(|it| json!(it))
    );
}

#[test]
fn single_callers_are_primaries_of_other_networks_and_find_the_gateway() {
    let field = "east.east_west_gateway.from";
    for (caller, address, broken) in [
        ("east", "10.1.0.7", ""),
        ("north", "10.1.0.7", ""),
        ("west", "127.0.0.1", ".addresses"),
        ("west", "", ".addresses"),
    ] {
        let gateway = with_addresses(from(&[(caller, &[address])]));
        assert_eq!(field_of(&three_networks(gateway)), format!("{field}[{caller:?}]{broken}"), "{address}");
    }
    let nowhere = with_addresses(from(&[("west", &[])]));
    assert_eq!(field_of(&three_networks(nowhere)), format!("{field}[\"west\"].addresses"));
    let mut port = with_addresses(from(&[("west", &["10.1.0.7"])]));
    port.from.get_mut("west").unwrap().address_port = Some(0);
    assert_eq!(field_of(&three_networks(port)), format!("{field}[\"west\"].address_port"));
    let beside = with_addresses(from(&[("west", &["10.1.0.7"])]));
    let same =
        mesh_of(&[("east", primary("net", beside)), ("west", primary("net", EastWestGateway::default()))]);
    assert_eq!(field_of(&same), format!("{field}[\"west\"]"));
}

#[test]
fn addresses_for_one_caller_leave_nobody_else_without_any() {
    let one = three_networks(from(&[("west", &["10.1.0.7"])]));
    assert_eq!(field_of(&one), "east.east_west_gateway.addresses");
    assert!(violations(&one)[0].rule.to_string().contains("\"middle\" would not find the gateway"));
    let all = from(&[("west", &["10.1.0.7"]), ("middle", &["10.2.0.7"])]);
    assert_eq!(
        violations(&three_networks(EastWestGateway { service_type: Some("ClusterIP".to_owned()), ..all })),
        []
    );
}

#[test]
fn one_caller_tells_gateways_apart_by_its_own_addresses() {
    let mut mesh = three_networks(with_addresses(from(&[("west", &["10.1.0.7"])])));
    let middle = with_addresses(from(&[("west", &["10.1.0.7"])]));
    let at = EastWestGateway { addresses: ["192.0.2.2".to_owned()].into(), ..middle };
    mesh.primaries.get_mut("middle").unwrap().member.east_west_gateway = Some(at);
    assert_eq!(field_of(&mesh), "middle.east_west_gateway.from[\"west\"].addresses");
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
