use acceptance_tests::Fixture;
use serde_json::json;

use crate::entrance::{example, names_at, set_variables, status};

const HOSTNAME: &str = "istiod.east.shop.example";

pub fn istiod_answers_at_a_load_balancer_of_its_own_by_its_host_name(fixture: &Fixture) {
    let workspace =
        example(fixture, "remote-control-plane", &json!({"service_annotations": {"scheme": "internal"}}));
    workspace.apply().succeeded();
    workspace.assert_well();
    let seen = status(&workspace);
    assert_eq!(seen["remote_control_plane"], "ready");
    let address = seen["remote_control_plane_addresses"][0].as_str().unwrap().to_owned();
    let joined =
        |member: &str| workspace.resource("istio_mesh.shop")["join"]["clusters"]["east"][member].clone();
    assert_eq!(joined("istiod_addresses"), json!([address]));
    assert_eq!((joined("istiod_port"), joined("istiod_webhook_port")), (json!(15012), json!(15017)));
    for port in [15012, 15017] {
        let names = names_at(&format!("{address}:{port}"), "istiod.istio-system.svc");
        assert!(names.contains("istiod.istio-system.svc") && !names.contains(HOSTNAME), "{names}");
    }

    set_variables(fixture, &workspace, &json!({"hostname": HOSTNAME}));
    workspace.apply().succeeded();
    workspace.assert_well();
    assert_eq!(joined("istiod_addresses"), json!([HOSTNAME]));
    for port in [15012, 15017] {
        for name in [HOSTNAME, "istiod.istio-system.svc"] {
            let names = names_at(&format!("{address}:{port}"), name);
            assert!(names.contains(&format!("DNS:{HOSTNAME}")), "{names}");
            assert!(names.contains("DNS:istiod.istio-system.svc"), "{names}");
        }
    }

    workspace.destroy().succeeded();
    fixture.assert_only_crds_remain("east");
}
