use std::collections::BTreeMap;

use super::super::model::StatusModel;
use super::super::remote_control_plane_block::RemoteControlPlaneModel;
use super::*;

const SERVICE: &str = "east//Service/istio-system-federation/istio-federationgateway";

fn known(addresses: &[&str]) -> Texts {
    texts(addresses.iter().map(|address| (*address).to_owned()))
}

fn mesh(primary: PrimaryModel) -> MeshModel {
    MeshModel {
        namespace: "istio-system".into(),
        primary: Field::Known([("east".to_owned(), primary)].into()),
        manifests: Field::Known(BTreeMap::new()),
        ..MeshModel::default()
    }
}

fn with_federation_gateway(gateway: GatewayModel) -> MeshModel {
    mesh(PrimaryModel { federation_gateway: Field::Known(gateway), ..PrimaryModel::default() })
}

fn serving(hostname: Field<String>) -> PrimaryModel {
    let remote = RemoteControlPlaneModel { hostname, ..RemoteControlPlaneModel::default() };
    PrimaryModel { remote_control_plane: Field::Known(remote), ..PrimaryModel::default() }
}

/// The mesh after an apply that has found these addresses.
fn applied(mut mesh: MeshModel, status: ClusterStatusModel, services: &[&str]) -> MeshModel {
    let clusters = Field::Known([("east".to_owned(), status)].into());
    mesh.status = Field::Known(StatusModel { clusters, links: Field::Null });
    let objects = services.iter().map(|id| ((*id).to_owned(), Field::Known(BTreeMap::new())));
    mesh.manifests = Field::Known(objects.collect());
    mesh
}

fn gateway(addresses: &[&str]) -> Gateway {
    Gateway {
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        network: None,
        namespace_network: None,
        pods: GatewayPods::Ready,
    }
}

fn status_of(mesh: &MeshModel, seen: &Seen) -> ClusterStatusModel {
    ClusterStatusModel::default().with_entrances(mesh.primary("east").unwrap(), seen, None)
}

#[test]
fn a_federation_gateway_is_where_its_load_balancer_is() {
    let mesh = with_federation_gateway(GatewayModel::default());
    let seen = Seen { federation_gateway: Some(gateway(&["192.0.2.1", "lb.example"])), ..Seen::default() };
    let status = status_of(&mesh, &seen);
    assert_eq!(status.federation_gateway.as_str(), Some(READY));
    let state = applied(mesh, status, &[SERVICE]);
    let status = state.status.as_known().unwrap().cluster("east").unwrap();
    assert_eq!(status.federation_gateway_addresses, known(&["192.0.2.1", "lb.example"]));
    assert_eq!(federation_gateway_port(&state, "east"), Some(Field::Known(15443)));
}

#[test]
fn typed_addresses_of_a_federation_gateway_hold_with_their_port() {
    let declared = GatewayModel {
        service_type: "NodePort".into(),
        node_port: Field::Known(31443),
        addresses: Field::Known(["203.0.113.7".into()].into()),
        ..GatewayModel::default()
    };
    let mesh = with_federation_gateway(declared);
    let entrance = planned_federation_gateway(&mesh, None, "east").unwrap();
    assert_eq!(entrance, Entrance { addresses: known(&["203.0.113.7"]), port: Field::Known(31443) });
    let status = status_of(&mesh, &Seen { federation_gateway: Some(gateway(&[])), ..Seen::default() });
    assert_eq!(status.federation_gateway.as_str(), Some(READY));
    assert_eq!(status.federation_gateway_addresses, known(&["203.0.113.7"]));
}

#[test]
fn a_plan_keeps_addresses_exactly_while_their_service_stays() {
    let mesh = with_federation_gateway(GatewayModel::default());
    let addresses = |entrance: Option<Entrance>| entrance.unwrap().addresses;
    assert_eq!(addresses(planned_federation_gateway(&mesh, None, "east")), Field::Unknown);
    let status = |addresses: &[&str]| ClusterStatusModel {
        federation_gateway_addresses: known(addresses),
        ..ClusterStatusModel::default()
    };
    let prior = applied(mesh.clone(), status(&["192.0.2.1"]), &[SERVICE]);
    assert_eq!(addresses(planned_federation_gateway(&prior, Some(&prior), "east")), known(&["192.0.2.1"]));
    let mut changed = prior.clone();
    let fields = [("spec.type".to_owned(), "ClusterIP".into())];
    changed.manifests = Field::Known([(SERVICE.to_owned(), Field::Known(fields.into()))].into());
    assert_eq!(addresses(planned_federation_gateway(&changed, Some(&prior), "east")), Field::Unknown);
    let pending = applied(mesh, status(&[]), &[SERVICE]);
    assert_eq!(addresses(planned_federation_gateway(&pending, Some(&pending), "east")), Field::Unknown);
}

#[test]
fn a_cluster_without_such_blocks_has_no_entrances() {
    let mesh = mesh(PrimaryModel::default());
    assert_eq!(planned_federation_gateway(&mesh, None, "east"), None);
    assert_eq!(federation_gateway_port(&mesh, "east"), None);
    assert_eq!(planned_remote_control_plane(&mesh, None, "east", &known(&["192.0.2.1"])), None);
    let status = status_of(&mesh, &Seen::default());
    assert!(status.federation_gateway.is_null() && status.remote_control_plane.is_null());
    assert_eq!(status.entrance_problems("east").len(), 0);
}

#[test]
fn istiod_is_reached_by_its_host_name_else_its_load_balancer_else_the_gateway() {
    let east_west = known(&["192.0.2.9"]);
    let planned =
        |primary: PrimaryModel| planned_remote_control_plane(&mesh(primary), None, "east", &east_west);
    assert_eq!(planned(serving("istiod.example".into())), Some(known(&["istiod.example"])));
    assert_eq!(planned(serving(Field::Unknown)), Some(Field::Unknown));
    assert_eq!(planned(serving(Field::Null)), Some(Field::Unknown));
    let through_gateway =
        PrimaryModel { east_west_gateway: Field::Known(GatewayModel::default()), ..serving(Field::Null) };
    assert_eq!(planned(through_gateway.clone()), Some(east_west));

    let own = Seen { load_balancer: Some(vec!["192.0.2.5".to_owned()]), ..Seen::default() };
    let status = status_of(&mesh(serving(Field::Null)), &own);
    assert_eq!(status.remote_control_plane_addresses, known(&["192.0.2.5"]));
    let known_gateway = ClusterStatusModel { gateway_addresses: known(&["192.0.2.9"]), ..Default::default() };
    let status = known_gateway.with_entrances(&through_gateway, &Seen::default(), None);
    assert_eq!(status.remote_control_plane_addresses, known(&["192.0.2.9"]));
    assert_eq!(status.remote_control_plane.as_str(), Some(READY));
}

#[test]
fn whatever_keeps_others_out_is_a_problem_with_a_remedy() {
    let mesh = with_federation_gateway(GatewayModel::default());
    let labelled = Gateway { network: Some("net".to_owned()), ..gateway(&["192.0.2.1"]) };
    let stuck = Gateway { pods: GatewayPods::NotInjected, ..gateway(&["192.0.2.1"]) };
    let down = Gateway { pods: GatewayPods::NotReady, ..gateway(&["192.0.2.1"]) };
    for (gateway, state) in [
        (None, "absent"),
        (Some(gateway(&[])), "no_address"),
        (Some(labelled), "labelled"),
        (Some(stuck), "not_injected"),
        (Some(down), "not_ready"),
    ] {
        let status = status_of(&mesh, &Seen { federation_gateway: gateway, ..Seen::default() });
        assert_eq!(status.federation_gateway.as_str(), Some(state));
        assert_eq!(status.entrance_problems("east").len(), 1, "{state}");
    }
    for (load_balancer, state) in [(None, "absent"), (Some(Vec::new()), "no_address")] {
        let seen = Seen { load_balancer, ..Seen::default() };
        let status = status_of(&super::tests::mesh(serving(Field::Null)), &seen);
        assert_eq!(status.remote_control_plane.as_str(), Some(state));
        assert_eq!(status.entrance_problems("east").len(), 1, "{state}");
    }
}

#[test]
fn what_cannot_be_seen_of_the_trust_list_stays_as_it_was() {
    let mesh = mesh(PrimaryModel::default());
    let declared = mesh.primary("east").unwrap();
    let state = |trust_list, before: Option<&ClusterStatusModel>| {
        let seen = Seen { trust_list, ..Seen::default() };
        ClusterStatusModel::default().with_entrances(declared, &seen, before).shared_mesh_config
    };
    let before = ClusterStatusModel { shared_mesh_config: "changed".into(), ..ClusterStatusModel::default() };
    assert_eq!(state(None, None).as_str(), Some(UNKNOWN));
    assert_eq!(state(None, Some(&before)).as_str(), Some("changed"));
    assert_eq!(state(Some(READY), Some(&before)).as_str(), Some(READY));
}
