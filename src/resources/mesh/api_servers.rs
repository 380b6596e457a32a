//! How the clusters of a mesh reach each other's API servers.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{AttributePath, Diagnostic, Diagnostics};

use super::place::primary;
use crate::lifecycle::{ApiServers, Facts, KnownFacts, api_server_addresses, may_be_out_of_reach};
use crate::mesh::{ClusterName, ValidatedMesh};
use crate::provider_data::ProviderData;

/// The addresses of every cluster that others read: what its block says, else what the provider itself uses. A cluster whose
/// connection is not known yet is left out, and so are those in `unknown`.
///
/// # Errors
/// Addresses that no other cluster can use.
pub async fn api_servers(
    mesh: &ValidatedMesh,
    unknown: &BTreeSet<String>,
    data: &ProviderData,
) -> Result<ApiServers, Diagnostics> {
    let mut known = ApiServers::new();
    let mut errors = Diagnostics::new();
    for (name, primary) in mesh.primaries() {
        if unknown.contains(name.as_str()) || mesh.readers_of(name).next().is_none() {
            continue;
        }
        let readers: Vec<&ClusterName> = mesh.readers_of(name).collect();
        match api_server_addresses(primary.member(), &readers, &primary_place(name), data).await {
            Ok(Some(addresses)) => drop(known.insert(name.clone(), addresses)),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    errors.extend(ambiguous(&known).map(|(one, other, address)| same_address(&one, &other, &address)));
    errors.into_result().map(|()| known)
}

/// Two clusters that some control plane would reach at one address, itself among them: it would read one of them twice.
fn ambiguous(known: &ApiServers) -> Option<(ClusterName, ClusterName, String)> {
    for reader in known.keys() {
        let mut clusters: BTreeMap<(&str, Option<&str>), &ClusterName> = BTreeMap::new();
        for (name, addresses) in known {
            let address = if name == reader { &addresses.usual } else { addresses.seen_from(reader) };
            let place = (address.url.trim_end_matches('/'), address.tls_server_name.as_deref());
            if let Some(other) = clusters.insert(place, name) {
                return Some((name.clone(), other.clone(), address.url.clone()));
            }
        }
    }
    None
}

/// The clusters that may be out of reach, and have no client or another cluster in their place: what others know of them stays.
pub async fn out_of_reach(mesh: &ValidatedMesh, facts: &Facts, data: &ProviderData) -> BTreeSet<ClusterName> {
    let mut names = BTreeSet::new();
    for name in mesh.primaries().keys().filter(|name| may_be_out_of_reach(name, data)) {
        let is_elsewhere = matches!(facts.get(name), Some(KnownFacts::Elsewhere(_)));
        if is_elsewhere || data.clusters.get(name.as_str()).await.is_err_and(|error| error.is_no_answer()) {
            names.insert(name.clone());
        }
    }
    names
}

fn same_address(name: &ClusterName, other: &ClusterName, url: &str) -> Diagnostic {
    let (name_text, other) = (name.as_str(), other.as_str());
    let summary = format!("Cluster {name_text:?}: its API server has the same address as that of {other:?}");
    let detail = format!(
        "The other control planes would reach both at {url}, and would read one of them twice and the other not at all. Set url \
         in primary[{name_text:?}].api_server or primary[{other:?}].api_server to a different address, or tls_server_name if one \
         address leads to several API servers."
    );
    Diagnostic::error(summary, detail).at(field(name, "url"))
}

fn primary_place(name: &ClusterName) -> AttributePath {
    primary(name.as_str())
}

fn field(name: &ClusterName, attribute: &'static str) -> AttributePath {
    primary(name.as_str()).attribute("api_server").attribute(attribute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{ApiServer, ApiServerAddresses};

    fn at(url: &str, tls_server_name: Option<&str>) -> ApiServer {
        let tls_server_name = tls_server_name.map(str::to_owned);
        ApiServer { url: url.to_owned(), tls_server_name, ..ApiServer::default() }
    }

    fn known(east: ApiServer, west: ApiServer, west_from_east: Option<ApiServer>) -> ApiServers {
        let name = |name: &str| name.parse::<ClusterName>().unwrap();
        let from = west_from_east.into_iter().map(|address| (name("east"), address)).collect();
        let east = ApiServerAddresses { usual: east, ..ApiServerAddresses::default() };
        [(name("east"), east), (name("west"), ApiServerAddresses { usual: west, from })].into()
    }

    #[test]
    fn two_clusters_at_one_address_are_refused() {
        let (east, west) = (|| at("https://east.example", None), || at("https://west.example", None));
        assert_eq!(ambiguous(&known(east(), west(), None)), None);
        assert!(ambiguous(&known(east(), at("https://east.example/", None), None)).is_some());
        assert!(ambiguous(&known(east(), west(), Some(east()))).is_some());
        let shared = |name| at("https://proxy.example", Some(name));
        assert_eq!(ambiguous(&known(shared("east"), shared("west"), None)), None);
    }

    #[test]
    fn the_refusal_names_both_clusters_and_the_address() {
        let one = || at("https://one.example", None);
        let (name, other, url) = ambiguous(&known(one(), one(), None)).unwrap();
        let refusal = same_address(&name, &other, &url);
        assert_eq!(refusal.path.unwrap().to_string(), "primary[\"west\"].api_server.url");
        assert!(refusal.detail.contains("https://one.example") && refusal.detail.contains("\"east\""));
    }
}
