//! `status` as a plan knows it, member by member: unknown is what this apply may change, and whatever is not good; all else stays as it
//! was. An apply that succeeds leaves nothing that is not good, so what is good may be promised.

use std::collections::BTreeMap;

use tfplugin::Field;

use super::entrances::Entrance;
use super::model::{ClusterStatusModel, MeshModel, PrimaryModel, StatusModel};
use super::unchanged;
use crate::blocks::good;
use crate::documents::{Texts, texts};
use crate::health::{
    AuthorityState, ControlPlaneState, GatewayState, LastApplyState, Link, LinkState,
    RemoteControlPlaneState, SharedMeshConfigState,
};
use crate::manifests::ObjectId;
use crate::mesh::well_known::INTERMEDIATE_SECRET;
use crate::mesh::{ClusterName, GatewayRole};

const EAST_WEST: Entrance = Entrance::Gateway(GatewayRole::EastWest);
const FEDERATION: Entrance = Entrance::Gateway(GatewayRole::Federation);

/// What `status` is planned as.
pub fn planned(planned: &MeshModel, prior: Option<&MeshModel>) -> Field<StatusModel> {
    let Some(primaries) = planned.primary.as_known() else { return Field::Unknown };
    let Some(before) = prior.and_then(|prior| prior.status.as_known()) else { return Field::Unknown };
    let clusters: BTreeMap<String, ClusterStatusModel> = primaries
        .keys()
        .map(|label| {
            let known = before.cluster(label).filter(|_| is_the_same_cluster(planned, prior, label));
            let entry = known.map_or_else(unknown, |known| cluster(planned, prior, label, known));
            (label.clone(), entry)
        })
        .collect();
    let links = links(planned, prior, before, &clusters);
    Field::Known(StatusModel { clusters: Field::Known(clusters), links })
}

/// Whether state knows the cluster, and the plan no other one in its place.
fn is_the_same_cluster(planned: &MeshModel, prior: Option<&MeshModel>, label: &str) -> bool {
    let uid = |model: &MeshModel| model.cluster_uids.as_known()?.get(label)?.as_known().cloned();
    let before = prior.and_then(uid);
    before.is_some() && before == uid(planned)
}

/// The entry of a cluster of which nothing is known.
fn unknown() -> ClusterStatusModel {
    ClusterStatusModel {
        control_plane: Field::Unknown,
        root_fingerprints: Field::Unknown,
        root_expires: Field::Unknown,
        authority: Field::Unknown,
        authority_expires: Field::Unknown,
        gateway: Field::Unknown,
        gateway_addresses: Field::Unknown,
        federation_gateway: Field::Unknown,
        federation_gateway_addresses: Field::Unknown,
        remote_control_plane: Field::Unknown,
        remote_control_plane_addresses: Field::Unknown,
        shared_mesh_config: Field::Unknown,
        last_apply: Field::Unknown,
    }
}

fn cluster(
    planned: &MeshModel,
    prior: Option<&MeshModel>,
    label: &str,
    before: &ClusterStatusModel,
) -> ClusterStatusModel {
    let keeps_its_roots = unchanged::keeps_its_roots(planned, prior) && is_set(&before.root_fingerprints);
    let keeps_its_authority = keeps_its_authority(planned, prior, label);
    let roots = |field: &Field<String>| if keeps_its_roots { field.clone() } else { Field::Unknown };
    let entry = ClusterStatusModel {
        control_plane: good::<ControlPlaneState>(&before.control_plane),
        root_fingerprints: if keeps_its_roots { before.root_fingerprints.clone() } else { Field::Unknown },
        root_expires: roots(&before.root_expires),
        authority: if keeps_its_authority {
            good::<AuthorityState>(&before.authority)
        } else {
            Field::Unknown
        },
        authority_expires: if keeps_its_authority {
            before.authority_expires.clone()
        } else {
            Field::Unknown
        },
        gateway: state(planned, prior, label, EAST_WEST, before),
        federation_gateway: state(planned, prior, label, FEDERATION, before),
        remote_control_plane: state(planned, prior, label, Entrance::Istiod, before),
        shared_mesh_config: good::<SharedMeshConfigState>(&before.shared_mesh_config),
        last_apply: good::<LastApplyState>(&before.last_apply),
        ..before.clone()
    };
    let addresses = |entrance: Entrance| addresses(planned, prior, label, entrance, before, &entry);
    let (gateway, federation) = (addresses(EAST_WEST), addresses(FEDERATION));
    let istiod = match planned.primary(label).map(leads_to_istiod) {
        Some(Lead::Name(hostname)) => texts([hostname.clone()]),
        Some(Lead::Gateway) => gateway.clone(),
        Some(Lead::Service) | None => addresses(Entrance::Istiod),
    };
    ClusterStatusModel {
        gateway_addresses: gateway,
        federation_gateway_addresses: federation,
        remote_control_plane_addresses: istiod,
        ..entry
    }
}

/// What leads clusters without a control plane to istiod.
enum Lead<'a> {
    /// A name of the user's.
    Name(&'a String),
    /// The east-west gateway, at its addresses.
    Gateway,
    /// A Service of its own, or what is not known yet.
    Service,
}

fn leads_to_istiod(primary: &PrimaryModel) -> Lead<'_> {
    let Some(remote) = primary.remote_control_plane.as_known() else { return Lead::Service };
    match &remote.hostname {
        Field::Known(hostname) => Lead::Name(hostname),
        Field::Null if primary.east_west_gateway.is_known() => Lead::Gateway,
        _ => Lead::Service,
    }
}

/// The state of an entrance. One that is not declared has none, and one that comes or goes is unknown.
fn state(
    planned: &MeshModel,
    prior: Option<&MeshModel>,
    label: &str,
    entrance: Entrance,
    before: &ClusterStatusModel,
) -> Field<String> {
    match stays(planned, prior, label, entrance) {
        Some(true) => match entrance {
            Entrance::Gateway(_) => good::<GatewayState>(entrance.state(before)),
            Entrance::Istiod => good::<RemoteControlPlaneState>(entrance.state(before)),
        },
        Some(false) => entrance.state(before).clone(),
        None => Field::Unknown,
    }
}

/// The addresses of an entrance, where it and what it is reached by stay.
fn addresses(
    planned: &MeshModel,
    prior: Option<&MeshModel>,
    label: &str,
    entrance: Entrance,
    before: &ClusterStatusModel,
    entry: &ClusterStatusModel,
) -> Texts {
    let addresses = entrance.addresses(before);
    match stays(planned, prior, label, entrance) {
        Some(true) => unchanged::addresses(planned, prior, label, entrance, Some(addresses), Some(entry)),
        Some(false) => addresses.clone(),
        None => Field::Unknown,
    }
}

/// Whether an entrance is declared, before and after; `None` if it comes, goes or is not known.
fn stays(planned: &MeshModel, prior: Option<&MeshModel>, label: &str, entrance: Entrance) -> Option<bool> {
    let is_declared = |mesh: &MeshModel| declares(mesh.primary(label)?, entrance).into_known();
    is_declared(planned).filter(|is| prior.and_then(is_declared) == Some(*is))
}

/// Whether a primary has the block of an entrance.
fn declares(primary: &PrimaryModel, entrance: Entrance) -> Field<bool> {
    fn has<T>(block: &Field<T>) -> Field<bool> {
        if block.is_unknown() { Field::Unknown } else { Field::Known(block.is_known()) }
    }
    match entrance {
        Entrance::Gateway(role) => has(&primary.gateway(role)),
        Entrance::Istiod => has(&primary.remote_control_plane),
    }
}

/// Whether istiod of a cluster goes on signing with what it has.
fn keeps_its_authority(planned: &MeshModel, prior: Option<&MeshModel>, label: &str) -> bool {
    let mode =
        |mesh: &MeshModel| mesh.certificate_authority.as_known().map(|authority| authority.mode.clone());
    if prior.is_none_or(|prior| mode(prior) != mode(planned)) {
        return false;
    }
    let secret = |mesh: &MeshModel| {
        let objects = mesh.manifests.as_known()?.iter();
        let mut secrets = objects.filter(|(id, _)| {
            id.parse().is_ok_and(|id: ObjectId| {
                id.cluster == label && id.kind == "Secret" && id.name == INTERMEDIATE_SECRET
            })
        });
        Some(secrets.next().map(|(_, fields)| fields.clone()))
    };
    match (secret(planned), prior.and_then(secret)) {
        (Some(Some(planned)), before) => {
            let is_known = |fields: &BTreeMap<String, Field<String>>| fields.values().all(Field::is_known);
            planned.as_known().is_some_and(is_known) && before == Some(Some(planned))
        }
        (Some(None), before) => before == Some(None),
        (None, _) => false,
    }
}

/// Every ordered pair of clusters. A link between clusters that stay is what it was if that is good.
fn links(
    planned: &MeshModel,
    prior: Option<&MeshModel>,
    before: &StatusModel,
    clusters: &BTreeMap<String, ClusterStatusModel>,
) -> Field<BTreeMap<String, Field<String>>> {
    let drain = |mesh: &MeshModel, label: &str| mesh.primary(label).map(|primary| primary.drain);
    let changes = |read: &str| prior.is_none_or(|prior| drain(prior, read) != drain(planned, read));
    // A label that is no name has been refused already.
    let names: Vec<ClusterName> = clusters.keys().filter_map(|label| label.parse().ok()).collect();
    let is_new = |name: &ClusterName| clusters.get(name.as_str()) == Some(&unknown());
    let links = Link::between(&names).into_iter().map(|link| {
        let key = link.to_string();
        let state = before.links.as_known().and_then(|links| links.get(&key));
        let stays = !is_new(&link.reader) && !is_new(&link.read) && !changes(link.read.as_str());
        (key, state.filter(|_| stays).map_or(Field::Unknown, good::<LinkState>))
    });
    Field::Known(links.collect())
}

fn is_set(list: &Field<Vec<Field<String>>>) -> bool {
    list.as_known().is_some_and(|list| !list.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::{GatewayModel, RemoteControlPlaneModel};
    use crate::lifecycle::kept_promise;
    use crate::manifests::secret_field;
    use crate::trust::ROOT_CERT;

    fn map<T>(items: impl IntoIterator<Item = (&'static str, T)>) -> Field<BTreeMap<String, T>> {
        Field::Known(items.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    fn list(items: &[&str]) -> Texts {
        Field::Known(items.iter().map(|item| Field::from(*item)).collect())
    }

    fn primary(network: &str) -> PrimaryModel {
        let east_west_gateway = Field::Known(GatewayModel::default());
        PrimaryModel { network: network.into(), east_west_gateway, ..PrimaryModel::default() }
    }

    fn authority() -> Field<BTreeMap<String, Field<String>>> {
        let fields = [secret_field(ROOT_CERT), secret_field("ca-cert.pem")];
        Field::Known(fields.into_iter().map(|field| (field, Field::from("1"))).collect())
    }

    fn good_cluster() -> ClusterStatusModel {
        ClusterStatusModel {
            control_plane: "ready".into(),
            root_fingerprints: list(&["f"]),
            root_expires: "2036".into(),
            authority: "ready".into(),
            authority_expires: "2028".into(),
            gateway: "ready".into(),
            gateway_addresses: list(&["192.0.2.1"]),
            federation_gateway: Field::Null,
            federation_gateway_addresses: list(&[]),
            remote_control_plane: Field::Null,
            remote_control_plane_addresses: list(&[]),
            shared_mesh_config: "ready".into(),
            last_apply: "complete".into(),
        }
    }

    fn state() -> MeshModel {
        let service = || map([("spec.type", Field::from("LoadBalancer"))]);
        MeshModel {
            namespace: "istio-system".into(),
            cluster_uids: map([("east", Field::from("u-east")), ("west", Field::from("u-west"))]),
            primary: map([("east", primary("net-east")), ("west", primary("net-west"))]),
            manifests: map([
                ("east//Service/istio-system/istio-eastwestgateway", service()),
                ("west//Service/istio-system/istio-eastwestgateway", service()),
                ("east//Secret/istio-system/cacerts", authority()),
                ("west//Secret/istio-system/cacerts", authority()),
                ("east/apps/Deployment/istio-system/istiod", map([("spec.replicas", Field::from("1"))])),
            ]),
            status: Field::Known(StatusModel {
                clusters: map([("east", good_cluster()), ("west", good_cluster())]),
                links: map([("east->west", Field::from("ready")), ("west->east", Field::from("ready"))]),
            }),
            ..MeshModel::default()
        }
    }

    fn changed(change: impl FnOnce(&mut MeshModel)) -> StatusModel {
        let mut plan = state();
        change(&mut plan);
        planned(&plan, Some(&state())).into_known().unwrap()
    }

    fn links(status: &StatusModel) -> Vec<(&str, Option<&str>)> {
        let links = status.links.as_known().unwrap().iter();
        links.map(|(key, state)| (key.as_str(), state.as_str())).collect()
    }

    #[test]
    fn a_change_of_one_request_leaves_the_whole_status_as_it_is() {
        let before = state().status.into_known().unwrap();
        let planned = changed(|mesh| {
            let objects = mesh.manifests.as_known_mut().unwrap();
            let istiod = objects.get_mut("east/apps/Deployment/istio-system/istiod").unwrap();
            *istiod = map([("spec.replicas", Field::from("2"))]);
        });
        assert_eq!(planned, before);
    }

    #[test]
    fn what_is_not_good_is_unknown_and_nothing_else() {
        let mut prior = state();
        let status = prior.status.as_known_mut().unwrap();
        status.links.as_known_mut().unwrap().insert("east->west".to_owned(), "syncing".into());
        status.clusters.as_known_mut().unwrap().get_mut("west").unwrap().control_plane = "not_ready".into();
        let status = planned(&prior, Some(&prior)).into_known().unwrap();
        assert_eq!(links(&status), [("east->west", None), ("west->east", Some("ready"))]);
        assert_eq!(status.cluster("east"), Some(&good_cluster()));
        let west = ClusterStatusModel { control_plane: Field::Unknown, ..good_cluster() };
        assert_eq!(status.cluster("west"), Some(&west));
    }

    #[test]
    fn a_cluster_that_comes_is_unknown_with_its_links_and_one_that_goes_has_none() {
        let status = changed(|mesh| {
            mesh.primary.as_known_mut().unwrap().insert("north".to_owned(), primary("net-north"));
            mesh.primary.as_known_mut().unwrap().remove("west");
            mesh.cluster_uids.as_known_mut().unwrap().insert("north".to_owned(), Field::Unknown);
        });
        assert_eq!(status.cluster("north"), Some(&unknown()));
        assert_eq!(status.cluster("west"), None);
        assert_eq!(links(&status), [("east->north", None), ("north->east", None)]);
        let replaced = changed(|mesh| {
            mesh.cluster_uids.as_known_mut().unwrap().insert("west".to_owned(), Field::Unknown);
        });
        assert_eq!(replaced.cluster("west"), Some(&unknown()));
        assert_eq!(replaced.cluster("east"), Some(&good_cluster()));
    }

    #[test]
    fn another_service_has_other_addresses_and_another_certificate_ends_at_another_time() {
        let status = changed(|mesh| {
            let objects = mesh.manifests.as_known_mut().unwrap();
            let service = objects.get_mut("east//Service/istio-system/istio-eastwestgateway").unwrap();
            *service = map([("spec.type", Field::from("NodePort"))]);
            let secret =
                objects.get_mut("west//Secret/istio-system/cacerts").unwrap().as_known_mut().unwrap();
            secret.insert(secret_field("ca-cert.pem"), Field::Unknown);
        });
        let east = ClusterStatusModel { gateway_addresses: Field::Unknown, ..good_cluster() };
        assert_eq!(status.cluster("east"), Some(&east));
        let west = ClusterStatusModel {
            authority: Field::Unknown,
            authority_expires: Field::Unknown,
            ..good_cluster()
        };
        assert_eq!(status.cluster("west"), Some(&west), "another intermediate of the same root");
    }

    #[test]
    fn istiod_that_is_reached_through_the_gateway_or_by_a_name_stays_where_it_is() {
        for (hostname, address) in [(Field::Null, "192.0.2.1"), ("istiod.example".into(), "istiod.example")] {
            let mut prior = state();
            let east = prior.primary.as_known_mut().unwrap().get_mut("east").unwrap();
            let remote = RemoteControlPlaneModel { hostname, ..RemoteControlPlaneModel::default() };
            east.remote_control_plane = Field::Known(remote);
            let clusters = prior.status.as_known_mut().unwrap().clusters.as_known_mut().unwrap();
            let status = ClusterStatusModel {
                remote_control_plane: "ready".into(),
                remote_control_plane_addresses: list(&[address]),
                ..good_cluster()
            };
            clusters.insert("east".to_owned(), status.clone());
            let planned = planned(&prior, Some(&prior)).into_known().unwrap();
            assert_eq!(planned.cluster("east"), Some(&status));
        }
    }

    #[test]
    fn a_gateway_that_comes_or_goes_is_unknown() {
        let status = changed(|mesh| {
            let primaries = mesh.primary.as_known_mut().unwrap();
            let east = primaries.get_mut("east").unwrap();
            east.federation_gateway = Field::Known(GatewayModel::default().into());
            east.east_west_gateway = Field::Null;
        });
        let east = status.cluster("east").unwrap();
        assert!(east.gateway.is_unknown() && east.gateway_addresses.is_unknown());
        assert!(east.federation_gateway.is_unknown() && east.federation_gateway_addresses.is_unknown());
        assert_eq!(status.cluster("west"), Some(&good_cluster()));
    }

    #[test]
    fn a_cluster_that_is_drained_changes_the_links_to_it() {
        let status = changed(|mesh| {
            mesh.primary.as_known_mut().unwrap().get_mut("west").unwrap().drain = Field::Known(true);
        });
        assert_eq!(links(&status), [("east->west", None), ("west->east", Some("ready"))]);
    }

    #[test]
    fn an_apply_returns_what_was_promised_and_otherwise_what_was_seen() {
        let seen = StatusModel {
            clusters: map([("east", ClusterStatusModel { root_expires: "2037".into(), ..good_cluster() })]),
            links: map([]),
        };
        let east = ClusterStatusModel { root_expires: Field::Unknown, ..good_cluster() };
        let promised = |east| Field::Known(StatusModel { clusters: map([("east", east)]), links: map([]) });
        assert_eq!(kept_promise(&promised(east), seen.clone()), seen);
        let applied = kept_promise(&promised(good_cluster()), seen);
        assert_eq!(applied.cluster("east"), Some(&good_cluster()));
    }
}
