use serde_json::json;

use super::*;

fn refused(change: impl FnOnce(&mut Primary)) -> (String, String) {
    let mut mesh = mesh();
    change(mesh.primaries.get_mut("east").unwrap());
    let violation = violation_of(&mesh);
    (violation.field.to_string(), violation.rule.to_string())
}

fn accepted(change: impl FnOnce(&mut Primary)) {
    let mut mesh = mesh();
    change(mesh.primaries.get_mut("east").unwrap());
    assert_eq!(mesh.validate().unwrap().warnings(), []);
}

fn gateway(namespace: Option<&str>) -> EastWestGateway {
    EastWestGateway { namespace: namespace.map(str::to_owned), ..EastWestGateway::default() }
}

fn remote(hostname: &str) -> RemoteControlPlane {
    RemoteControlPlane { hostname: Some(hostname.to_owned()), ..RemoteControlPlane::default() }
}

#[test]
fn a_federation_gateway_has_a_namespace_of_its_own() {
    let mut mesh = mesh();
    mesh.primaries.get_mut("east").unwrap().member.federation_gateway = Some(gateway(None));
    let valid = mesh.validate().unwrap();
    let federated =
        valid.primaries().values().next().unwrap().member().gateway(GatewayRole::Federation).unwrap();
    assert_eq!(federated.namespace.as_str(), "istio-system-federation");
    let field = "east.federation_gateway.namespace";
    assert_eq!(refused(|east| east.member.federation_gateway = Some(gateway(Some("istio-system")))).0, field);
    let beside = |east: &mut Primary| {
        east.member.east_west_gateway = Some(gateway(Some("gateways")));
        east.member.federation_gateway = Some(gateway(Some("gateways")));
    };
    assert_eq!(refused(beside).0, field);
    assert_eq!(
        refused(|east| east.member.federation_gateway = Some(gateway(Some("kube-federation")))).0,
        field
    );
}

#[test]
fn a_mesh_with_istios_own_trust_domain_has_no_federation_gateway() {
    let mut mesh = mesh();
    mesh.trust_domain = DEFAULT_TRUST_DOMAIN.to_owned();
    mesh.primaries.get_mut("east").unwrap().member.federation_gateway = Some(gateway(None));
    let fields: Vec<String> = mesh.validate().unwrap_err().iter().map(|it| it.field.to_string()).collect();
    assert!(fields.contains(&"east.federation_gateway".to_owned()), "{fields:?}");
}

#[test]
fn a_federation_gateway_cannot_become_one_of_the_meshs_own_network() {
    for values in [
        json!({"networkGateway": "net-east"}),
        json!({"labels": {"topology.istio.io/network": "net-east"}}),
        json!({"env": {"ISTIO_META_REQUESTED_NETWORK_VIEW": "net-bank"}}),
        json!({"service": {"ports": [{"name": "all", "port": 1}]}}),
        json!({"name": "istio-eastwestgateway"}),
    ] {
        let block = EastWestGateway { values: values.clone(), ..EastWestGateway::default() };
        let (field, cause) = refused(|east| east.member.federation_gateway = Some(block));
        assert_eq!(field, "east.federation_gateway.values", "{values}: {cause}");
        let chart = [("gateway".to_owned(), values.clone())].into();
        let (field, _) = refused(|east| {
            east.member.federation_gateway = Some(gateway(None));
            east.member.chart = chart;
        });
        assert_eq!(field, "east.chart[\"gateway\"].values", "{values}");
    }
}

#[test]
fn values_of_one_gateway_say_nothing_of_the_other() {
    accepted(|east| {
        let values = json!({"networkGateway": "net-east", "name": "istio-eastwestgateway"});
        east.member.east_west_gateway = Some(EastWestGateway { values, ..EastWestGateway::default() });
        east.member.federation_gateway = Some(gateway(None));
    });
}

#[test]
fn istiod_is_dialled_by_a_name_that_others_can_use() {
    for name in ["istiod.east.example", "10.0.0.7", "fd00::7"] {
        accepted(|east| east.remote_control_plane = Some(remote(name)));
    }
    let field = "east.remote_control_plane.hostname";
    for name in [
        "",
        "https://istiod.example",
        "istiod.example:15012",
        "a.example,b.example",
        "Istiod.example",
        "*.example",
        "127.0.0.1",
        "localhost",
        "::1",
    ] {
        assert_eq!(refused(|east| east.remote_control_plane = Some(remote(name))).0, field, "{name:?}");
    }
}

#[test]
fn istiods_certificate_has_the_declared_name_and_no_other() {
    let values = json!({"env": {"ISTIOD_CUSTOM_HOST": "other.example"}});
    let (field, cause) = refused(|east| {
        east.remote_control_plane = Some(remote("istiod.example"));
        east.member.chart = [("istiod".to_owned(), values)].into();
    });
    assert_eq!(field, "east.chart[\"istiod\"].values");
    assert!(cause.contains("remote_control_plane.hostname requires \"istiod.example\""), "{cause}");
}

#[test]
fn a_load_balancer_of_istiods_own_is_for_clusters_without_a_gateway() {
    let settings = RemoteControlPlane {
        service_annotations: [("a".to_owned(), "b".to_owned())].into(),
        load_balancer_class: Some("internal".to_owned()),
        load_balancer_source_ranges: ["10.0.0.0/8".to_owned()].into(),
        ..RemoteControlPlane::default()
    };
    accepted(|east| east.remote_control_plane = Some(settings.clone()));
    let mut mesh = mesh();
    let east = mesh.primaries.get_mut("east").unwrap();
    east.remote_control_plane = Some(settings);
    east.member.east_west_gateway = Some(gateway(None));
    let fields: Vec<String> = mesh.validate().unwrap_err().iter().map(|it| it.field.to_string()).collect();
    let of = |attribute: &str| format!("east.remote_control_plane.{attribute}");
    let expected = ["service_annotations", "load_balancer_class", "load_balancer_source_ranges"].map(of);
    assert_eq!(fields, expected);
    let bad = RemoteControlPlane {
        load_balancer_source_ranges: ["10.0.0.0".to_owned()].into(),
        ..RemoteControlPlane::default()
    };
    assert_eq!(refused(|east| east.remote_control_plane = Some(bad)).0, of("load_balancer_source_ranges"));
}

#[test]
fn a_gateway_that_has_no_load_balancer_needs_a_host_name_for_istiod() {
    let gateway = |service_type: &str, addresses: &[&str]| EastWestGateway {
        service_type: Some(service_type.to_owned()),
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        ..EastWestGateway::default()
    };
    for gateway in [gateway("ClusterIP", &[]), gateway("NodePort", &["192.0.2.7"])] {
        let serving = |remote: RemoteControlPlane| {
            let gateway = gateway.clone();
            move |east: &mut Primary| {
                east.member.east_west_gateway = Some(gateway);
                east.remote_control_plane = Some(remote);
            }
        };
        let field = "east.remote_control_plane.hostname";
        assert_eq!(refused(serving(RemoteControlPlane::default())).0, field);
        accepted(serving(remote("istiod.example")));
    }
}

#[test]
fn values_of_the_gateway_decide_too_whether_it_leads_to_istiod() {
    let gateway = |values: serde_json::Value| EastWestGateway { values, ..EastWestGateway::default() };
    let serving = |gateway: EastWestGateway| {
        move |east: &mut Primary| {
            east.member.east_west_gateway = Some(gateway);
            east.remote_control_plane = Some(RemoteControlPlane::default());
        }
    };
    for values in [
        json!({"service": {"type": "ClusterIP"}}),
        json!({"service": {"type": "NodePort", "annotations": {"traffic.istio.io/nodeSelector": "{}"}}}),
    ] {
        assert_eq!(refused(serving(gateway(values))).0, "east.remote_control_plane.hostname");
    }
    for kind in ["ClusterIP", "NodePort", "LoadBalancer"] {
        accepted(serving(gateway(json!({"service": {"type": kind, "externalIPs": ["192.0.2.7"]}}))));
    }
}

#[test]
fn the_load_balancer_of_a_control_plane_has_a_class_and_annotations_that_kubernetes_takes() {
    let remote = |change: fn(&mut RemoteControlPlane)| {
        let mut block = RemoteControlPlane::default();
        change(&mut block);
        refused(|east| east.remote_control_plane = Some(block)).0
    };
    let block = "east.remote_control_plane";
    let class = remote(|it| it.load_balancer_class = Some(String::new()));
    assert_eq!(class, format!("{block}.load_balancer_class"));
    let annotation = remote(|it| it.service_annotations = [("a b".to_owned(), String::new())].into());
    assert_eq!(annotation, format!("{block}.service_annotations"));
}
