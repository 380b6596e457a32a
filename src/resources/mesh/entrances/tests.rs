use std::collections::BTreeMap;

use super::super::documents;
use super::super::model::StatusModel;
use super::super::status::Beside;
use super::*;
use crate::blocks::RemoteControlPlaneModel;
use crate::documents::{JoinModel, PeerModel};
use crate::observe::{AddressSource, GatewayPods};

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
    mesh(PrimaryModel { federation_gateway: Field::Known(gateway.into()), ..PrimaryModel::default() })
}

fn serving(hostname: Field<String>) -> PrimaryModel {
    let remote = RemoteControlPlaneModel { hostname, ..RemoteControlPlaneModel::default() };
    PrimaryModel { remote_control_plane: Field::Known(remote), ..PrimaryModel::default() }
}

/// Both documents of a plan.
fn planned(mesh: &MeshModel, prior: Option<&MeshModel>) -> (JoinModel, PeerModel) {
    let (join, peer) = documents::planned(mesh, prior);
    (join.into_known().unwrap(), peer.into_known().unwrap())
}

/// Both documents after this was seen of the cluster.
fn documents_of(mesh: &MeshModel, status: ClusterStatusModel) -> (JoinModel, PeerModel) {
    let status =
        StatusModel { clusters: Field::Known([("east".to_owned(), status)].into()), links: Field::Null };
    let (join, peer) = documents::observed(mesh, &status, &Beside::default());
    (join.into_known().unwrap(), peer.into_known().unwrap())
}

/// The mesh after an apply that has found these addresses.
fn applied(mut mesh: MeshModel, status: ClusterStatusModel, services: &[&str]) -> MeshModel {
    let (join, peer) = documents_of(&mesh, status.clone());
    (mesh.join, mesh.peer) = (Field::Known(join), Field::Known(peer));
    let clusters = Field::Known([("east".to_owned(), status)].into());
    mesh.status = Field::Known(StatusModel { clusters, links: Field::Null });
    let objects = services.iter().map(|id| ((*id).to_owned(), Field::Known(BTreeMap::new())));
    mesh.manifests = Field::Known(objects.collect());
    mesh
}

fn gateway(addresses: &[&str]) -> Gateway {
    Gateway {
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        port: Some(15443),
        source: AddressSource::LoadBalancer,
        network: None,
        namespace_network: None,
        pods: GatewayPods::Ready,
    }
}

/// How many problems a mesh has whose only cluster is like this.
fn problems(status: ClusterStatusModel) -> usize {
    let clusters = Field::Known([("east".to_owned(), status)].into());
    StatusModel { clusters, links: Field::Null }.problems().len()
}

fn status_of(mesh: &MeshModel, seen: &Seen) -> ClusterStatusModel {
    ClusterStatusModel::default().with_entrances(mesh.primary("east").unwrap(), seen, None)
}

#[test]
fn a_federation_gateway_is_where_its_load_balancer_is() {
    let mesh = with_federation_gateway(GatewayModel::default());
    let seen = Seen { federation_gateway: Some(gateway(&["192.0.2.1", "lb.example"])), ..Seen::default() };
    let status = status_of(&mesh, &seen);
    assert_eq!(status.federation_gateway.as_str(), Some("ready"));
    let (join, peer) = documents_of(&mesh, status);
    let cluster = &join.clusters.as_known().unwrap()["east"];
    assert_eq!(cluster.federation_gateway_addresses, known(&["192.0.2.1", "lb.example"]));
    assert_eq!(cluster.federation_gateway_port, Field::Known(15443));
    let gateways = peer.federation_gateways.as_known().unwrap();
    assert_eq!(gateways["east"].addresses, known(&["192.0.2.1", "lb.example"]));
    assert_eq!(peer.gateways.as_known().unwrap().len(), 0);
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
    let status = status_of(&mesh, &Seen { federation_gateway: Some(gateway(&[])), ..Seen::default() });
    assert_eq!(status.federation_gateway.as_str(), Some("ready"));
    assert_eq!(status.federation_gateway_addresses, known(&["203.0.113.7"]));
    let (_, peer) = planned(&mesh, None);
    let gateway = peer.federation_gateways.as_known().unwrap()["east"].clone();
    assert_eq!((gateway.addresses, gateway.port), (known(&["203.0.113.7"]), Field::Known(31443)));
}

#[test]
fn a_plan_keeps_addresses_exactly_while_their_service_stays() {
    let addresses = |planned_mesh: &MeshModel, prior: Option<&MeshModel>| {
        let (join, _) = planned(planned_mesh, prior);
        join.clusters.as_known().unwrap()["east"].federation_gateway_addresses.clone()
    };
    let mesh = with_federation_gateway(GatewayModel::default());
    assert_eq!(addresses(&mesh, None), Field::Unknown);
    let status = |addresses: &[&str]| ClusterStatusModel {
        federation_gateway: "ready".into(),
        federation_gateway_addresses: known(addresses),
        ..ClusterStatusModel::default()
    };
    let prior = applied(mesh.clone(), status(&["192.0.2.1"]), &[SERVICE]);
    assert_eq!(addresses(&prior, Some(&prior)), known(&["192.0.2.1"]));
    let mut changed = prior.clone();
    let fields = [("spec.type".to_owned(), "ClusterIP".into())];
    changed.manifests = Field::Known([(SERVICE.to_owned(), Field::Known(fields.into()))].into());
    assert_eq!(addresses(&changed, Some(&prior)), Field::Unknown);
}

#[test]
fn a_cluster_without_such_blocks_has_no_entrances() {
    let mesh = mesh(PrimaryModel::default());
    let (join, peer) = planned(&mesh, None);
    let cluster = &join.clusters.as_known().unwrap()["east"];
    assert_eq!((&cluster.istiod_addresses, cluster.istiod_port), (&known(&[]), Field::Null));
    assert_eq!(cluster.federation_gateway_port, Field::Null);
    assert_eq!(peer.federation_gateways.as_known().unwrap().len(), 0);
    let status = status_of(&mesh, &Seen::default());
    assert!(status.federation_gateway.is_null() && status.remote_control_plane.is_null());
    assert_eq!(problems(status), 0);
}

#[test]
fn istiod_is_reached_by_its_host_name_else_its_load_balancer_else_the_gateway() {
    let addresses = Field::Known(["192.0.2.9".into()].into());
    let east_west = GatewayModel { addresses, ..GatewayModel::default() };
    let istiod = |primary: PrimaryModel| {
        let (join, _) = planned(&mesh(primary), None);
        let cluster = join.clusters.as_known().unwrap()["east"].clone();
        let ports = (cluster.istiod_port, cluster.istiod_webhook_port);
        assert_eq!(ports, (Field::Known(15012), Field::Known(15017)));
        assert_eq!(cluster.serves_remote_clusters, Field::Known(true));
        cluster.istiod_addresses
    };
    assert_eq!(istiod(serving("istiod.example".into())), known(&["istiod.example"]));
    assert_eq!(istiod(serving(Field::Unknown)), Field::Unknown);
    assert_eq!(istiod(serving(Field::Null)), Field::Unknown);
    let through_gateway = PrimaryModel { east_west_gateway: Field::Known(east_west), ..serving(Field::Null) };
    assert_eq!(istiod(through_gateway.clone()), known(&["192.0.2.9"]));

    let own = Seen { load_balancer: Some(vec!["192.0.2.5".to_owned()]), ..Seen::default() };
    let status = status_of(&mesh(serving(Field::Null)), &own);
    assert_eq!(status.remote_control_plane_addresses, known(&["192.0.2.5"]));
    let pending = Seen { load_balancer: Some(Vec::new()), ..Seen::default() };
    let status = status_of(&mesh(serving("istiod.example".into())), &pending);
    assert_eq!(status.remote_control_plane.as_str(), Some("no_address"), "a host name leads nowhere then");
    let known_gateway = ClusterStatusModel { gateway_addresses: known(&["192.0.2.9"]), ..Default::default() };
    let status = known_gateway.with_entrances(&through_gateway, &Seen::default(), None);
    assert_eq!(status.remote_control_plane_addresses, known(&["192.0.2.9"]));
    assert_eq!(status.remote_control_plane.as_str(), Some("ready"));
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
        assert_eq!(problems(status), 1, "{state}");
    }
    for (load_balancer, state) in [(None, "absent"), (Some(Vec::new()), "no_address")] {
        let seen = Seen { load_balancer, ..Seen::default() };
        let status = status_of(&super::tests::mesh(serving(Field::Null)), &seen);
        assert_eq!(status.remote_control_plane.as_str(), Some(state));
        assert_eq!(problems(status), 1, "{state}");
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
    assert_eq!(state(None, None).as_str(), Some("unknown"));
    assert_eq!(state(None, Some(&before)).as_str(), Some("changed"));
    assert_eq!(state(Some(SharedMeshConfigState::Ready), Some(&before)).as_str(), Some("ready"));
}

#[test]
fn what_the_user_has_said_before_of_an_address_is_not_kept_as_that_of_the_service() {
    let typed =
        GatewayModel { addresses: Field::Known(["203.0.113.7".into()].into()), ..GatewayModel::default() };
    let status = ClusterStatusModel {
        federation_gateway_addresses: known(&["203.0.113.7"]),
        remote_control_plane_addresses: known(&["istiod.example"]),
        ..ClusterStatusModel::default()
    };
    let istiod = "east//Service/istio-system/istiod-load-balancer";
    let before =
        PrimaryModel { federation_gateway: Field::Known(typed.into()), ..serving("istiod.example".into()) };
    let prior = applied(mesh(before), status, &[SERVICE, istiod]);
    let cluster = |primary: PrimaryModel| {
        let plan =
            MeshModel { primary: Field::Known([("east".to_owned(), primary)].into()), ..prior.clone() };
        let (join, _) = planned(&plan, Some(&prior));
        join.clusters.as_known().unwrap()["east"].clone()
    };
    let after = || PrimaryModel {
        federation_gateway: Field::Known(GatewayModel::default().into()),
        ..serving(Field::Null)
    };
    assert_eq!(cluster(after()).federation_gateway_addresses, Field::Unknown);
    assert_eq!(cluster(after()).istiod_addresses, Field::Unknown);
    let open = GatewayModel { addresses: Field::Unknown, ..GatewayModel::default() };
    let open = PrimaryModel { federation_gateway: Field::Known(open.into()), ..serving(Field::Unknown) };
    assert_eq!(cluster(open.clone()).federation_gateway_addresses, Field::Unknown);
    assert_eq!(cluster(open).istiod_addresses, Field::Unknown);
}
