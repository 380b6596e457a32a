//! Where control planes on other networks are to find the east-west gateway of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::Field;

use super::model::MeshModel;
use crate::blocks::{CallerModel, GatewayModel};
use crate::health::{Door, WantedGateway};
use crate::mesh::{CallerAddresses, ClusterName, EastWestGateway};
use crate::observe::Gateway;

/// The gateway of cluster `read` as control plane `reader` shall know it; `seen` is what there is of it.
pub fn wanted<'a>(
    mesh: &MeshModel,
    networks: &'a BTreeMap<ClusterName, String>,
    reader: &ClusterName,
    read: &'a ClusterName,
    seen: Option<&Gateway>,
) -> Option<WantedGateway<'a>> {
    let network = networks.get(read)?;
    let on_network = networks.iter().filter(|(_, other)| *other == network);
    let typed_of_network = on_network.flat_map(|(name, _)| typed(mesh, reader, name)).collect();
    let typed = typed(mesh, reader, read);
    let primary = mesh.primary(read.as_str())?;
    let seen = seen.filter(|_| typed.is_empty() && primary.east_west_gateway.is_known());
    let found = seen.and_then(|seen| {
        let port = seen.port?;
        Some(seen.addresses.iter().map(|address| (address.clone(), port)).collect())
    });
    Some(WantedGateway {
        network,
        cluster: read.as_str(),
        found: found.unwrap_or_default(),
        typed,
        typed_of_network,
    })
}

/// Where the user says that `reader` finds the gateway of a cluster.
fn typed(mesh: &MeshModel, reader: &ClusterName, cluster: &ClusterName) -> BTreeSet<Door> {
    let primary = mesh.primary(cluster.as_str());
    let gateway = primary.and_then(|primary| primary.east_west_gateway.as_known());
    let Some(gateway) = gateway.and_then(|gateway| places(gateway).into_known()) else {
        return BTreeSet::new();
    };
    let place = gateway.seen_from(reader.as_str());
    place.addresses.iter().map(|address| (address.clone(), place.port)).collect()
}

/// The settings that decide where the gateway is and at which ports; unknown as long as one of them is. Of addresses, it has those that
/// are known.
pub fn places(gateway: &GatewayModel) -> Field<EastWestGateway> {
    let GatewayModel { port, node_port, address_port, service_type, addresses, from, .. } = gateway;
    if [port, node_port, address_port].into_iter().any(Field::is_unknown)
        || service_type.is_unknown()
        || addresses.is_unknown()
        || from.is_unknown()
    {
        return Field::Unknown;
    }
    let known = |addresses: &Field<BTreeSet<Field<String>>>| -> BTreeSet<String> {
        let addresses = addresses.as_known().into_iter().flatten();
        addresses.filter_map(|address| address.as_known().cloned()).collect()
    };
    let caller = |(label, caller): (&String, &CallerModel)| {
        let addresses = known(&caller.addresses);
        (label.clone(), CallerAddresses { addresses, address_port: caller.address_port.into_known() })
    };
    Field::Known(EastWestGateway {
        port: port.into_known(),
        node_port: node_port.into_known(),
        address_port: address_port.into_known(),
        service_type: service_type.as_known().cloned(),
        addresses: known(addresses),
        from: from.as_known().into_iter().flatten().map(caller).collect(),
        ..EastWestGateway::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{AddressSource, GatewayPods};
    use crate::resources::mesh::model::PrimaryModel;

    fn texts(texts: &[&str]) -> Field<BTreeSet<Field<String>>> {
        Field::Known(texts.iter().map(|text| (*text).into()).collect())
    }

    fn doors(doors: &[(&str, i64)]) -> BTreeSet<Door> {
        doors.iter().map(|(address, port)| ((*address).to_owned(), *port)).collect()
    }

    /// How `reader` is to know the gateway of `west`, whose Service has an address and a port of its own.
    fn of_west(gateway: GatewayModel, reader: &str) -> (BTreeSet<Door>, BTreeSet<Door>) {
        let primary = |network: &str, gateway: GatewayModel| PrimaryModel {
            network: network.into(),
            east_west_gateway: Field::Known(gateway),
            ..PrimaryModel::default()
        };
        let primaries = [
            ("east".to_owned(), primary("net-east", GatewayModel::default())),
            ("middle".to_owned(), primary("net-middle", GatewayModel::default())),
            ("west".to_owned(), primary("net-west", gateway)),
        ];
        let mesh = MeshModel { primary: Field::Known(primaries.into()), ..MeshModel::default() };
        let networks = ["east", "middle", "west"].map(|name| (name.parse().unwrap(), format!("net-{name}")));
        let seen = Gateway {
            addresses: vec!["192.0.2.1".to_owned()],
            port: Some(15443),
            source: AddressSource::LoadBalancer,
            network: None,
            namespace_network: None,
            pods: GatewayPods::Ready,
        };
        let networks = networks.into();
        let west = "west".parse().unwrap();
        let wanted = wanted(&mesh, &networks, &reader.parse().unwrap(), &west, Some(&seen)).unwrap();
        assert_eq!(wanted.typed_of_network, wanted.typed);
        (wanted.found, wanted.typed)
    }

    #[test]
    fn typed_addresses_replace_those_of_the_service() {
        assert_eq!(of_west(GatewayModel::default(), "east"), (doors(&[("192.0.2.1", 15443)]), doors(&[])));
        let typed = GatewayModel {
            service_type: "NodePort".into(),
            node_port: Field::Known(31443),
            addresses: texts(&["203.0.113.7"]),
            ..GatewayModel::default()
        };
        assert_eq!(of_west(typed, "east"), (doors(&[]), doors(&[("203.0.113.7", 31443)])));
    }

    #[test]
    fn each_caller_has_addresses_of_its_own() {
        let caller = CallerModel { addresses: texts(&["10.9.0.7"]), address_port: Field::Known(443) };
        let gateway = GatewayModel {
            addresses: texts(&["203.0.113.7"]),
            from: Field::Known([("east".to_owned(), caller)].into()),
            ..GatewayModel::default()
        };
        assert_eq!(of_west(gateway.clone(), "east"), (doors(&[]), doors(&[("10.9.0.7", 443)])));
        assert_eq!(of_west(gateway, "middle"), (doors(&[]), doors(&[("203.0.113.7", 15443)])));
    }
}
