//! How the clusters of a mesh reach each other's API servers.

use std::collections::BTreeSet;

use tfplugin::{AttributePath, Diagnostic, Diagnostics};

use super::plan::primary;
use super::seals::ApiServers;
use crate::clusters;
use crate::mesh::{
    ApiServer, ApiServerAddresses, ClusterName, DeclaredAddress, ValidatedMesh, ValidatedPrimary,
};
use crate::provider::ProviderData;

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
        match addresses(mesh, name, primary, data).await {
            Ok(Some(addresses)) => drop(known.insert(name.clone(), addresses)),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    errors.into_result().map(|()| known)
}

async fn addresses(
    mesh: &ValidatedMesh,
    name: &ClusterName,
    declared: &ValidatedPrimary,
    data: &ProviderData,
) -> Result<Option<ApiServerAddresses>, Diagnostic> {
    let declared = declared.api_server();
    let connection = match data.clusters.get(name.as_str()).await {
        Ok(cluster) => cluster,
        // Whoever needs the cluster itself says what is wrong with it.
        Err(clusters::Error::NotYetKnown { .. }) => return Ok(None),
        Err(error) => return Err(crate::diagnostics::cluster(&error, Some(primary(name.as_str())))),
    };
    let usual = merged(&declared.usual, connection.api_server());
    let own =
        |reader: &ClusterName| Some((reader.clone(), merged(declared.from.get(reader.as_str())?, &usual)));
    let from = mesh.readers_of(name).filter_map(own).collect();
    let addresses = ApiServerAddresses { usual, from };
    let used: Vec<&ApiServer> = mesh.readers_of(name).map(|reader| addresses.seen_from(reader)).collect();
    if let Some(reason) = used.iter().find_map(|address| ApiServer::unusable(&address.url)) {
        return Err(unusable(name, &reason));
    }
    if connection.is_insecure() && used.iter().any(|address| address.cluster_ca_certificate.is_none()) {
        return Err(unchecked(name));
    }
    Ok(Some(addresses))
}

/// What is declared, and for the rest what is used otherwise.
fn merged(declared: &DeclaredAddress, otherwise: &ApiServer) -> ApiServer {
    let DeclaredAddress { url, cluster_ca_certificate, tls_server_name } = declared;
    ApiServer {
        url: url.clone().unwrap_or_else(|| otherwise.url.clone()),
        cluster_ca_certificate: cluster_ca_certificate
            .clone()
            .or_else(|| otherwise.cluster_ca_certificate.clone()),
        tls_server_name: tls_server_name.clone().or_else(|| otherwise.tls_server_name.clone()),
    }
}

fn unusable(name: &ClusterName, reason: &str) -> Diagnostic {
    let summary =
        format!("Cluster {:?}: the other clusters cannot use the address of its API server", name.as_str());
    let detail = format!(
        "The provider itself uses it, but here {reason}.\n\nThe istiod of every other cluster reads this API server. Set url in \
         primary[{:?}].api_server to an address that works from there.",
        name.as_str()
    );
    Diagnostic::error(summary, detail).at(field(name, "url"))
}

fn unchecked(name: &ClusterName) -> Diagnostic {
    let summary = format!("Cluster {:?}: nothing says which certificate its API server has", name.as_str());
    let detail = "The provider's cluster block says insecure = true, and istiod of the other clusters connects to no API server \
                  that it cannot check. Set cluster_ca_certificate in the api_server block of this primary.";
    Diagnostic::error(summary, detail).at(field(name, "cluster_ca_certificate"))
}

fn field(name: &ClusterName, attribute: &'static str) -> AttributePath {
    primary(name.as_str()).attribute("api_server").attribute(attribute)
}
