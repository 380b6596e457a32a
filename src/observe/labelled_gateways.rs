//! The gateways that a cluster's Services are by their labels, whoever has made them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Service;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::gateway::{addresses_of, outer_port};
use crate::clusters::{Cluster, Error};
use crate::mesh::EastWestGateway;

/// Where calls of other networks come into a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkGateway {
    /// IP addresses and host names, sorted.
    pub addresses: Vec<String>,
    /// The port of all of them.
    pub port: i64,
}

/// All addresses at which the cluster's Services let calls into this network, with their ports. Needs to list Services in all namespaces.
pub async fn labelled_gateways(cluster: &Cluster, network: &str) -> Result<BTreeSet<(String, i64)>, Error> {
    let services = labelled_services(cluster).await?;
    let gateways = found_gateways(cluster, services, network).await?.into_iter();
    let doors = gateways.flat_map(|NetworkGateway { addresses, port }| {
        addresses.into_iter().map(move |address| (address, port))
    });
    Ok(doors.collect())
}

/// The Services with the label of any network.
pub(super) async fn labelled_services(cluster: &Cluster) -> Result<Vec<Service>, Error> {
    let labelled = ListParams::default().labels(EastWestGateway::NETWORK_LABEL);
    let services = Api::<Service>::all(cluster.client()).list(&labelled).await;
    Ok(services.map_err(|error| cluster.error(error))?.items)
}

/// Where these Services say that calls of the network come in, as istiod finds them.
pub(super) async fn found_gateways(
    cluster: &Cluster,
    services: Vec<Service>,
    network: &str,
) -> Result<Vec<NetworkGateway>, Error> {
    let is_of_network = |service: &Service| {
        service.labels().get(EastWestGateway::NETWORK_LABEL).is_some_and(|label| label == network)
    };
    let mut found = Vec::new();
    for service in services.into_iter().filter(is_of_network) {
        let Some(port) = outer_port(&service) else { continue };
        found.push(NetworkGateway { addresses: addresses_of(cluster, &service).await?, port });
    }
    Ok(found)
}
