//! How the clusters of a mesh reach each other's API servers.

use tfplugin::{AttributePath, Diagnostic, Diagnostics};

use super::plan::primary;
use super::seals::ApiServers;
use crate::clusters;
use crate::mesh::{ApiServer, ClusterName, ValidatedMesh, ValidatedPrimary};
use crate::provider::ProviderData;

/// The address of every cluster that others read: what its block says, else what the provider itself uses. A cluster whose
/// connection is not known yet is left out.
///
/// # Errors
/// Addresses that no other cluster can use.
pub async fn api_servers(mesh: &ValidatedMesh, data: &ProviderData) -> Result<ApiServers, Diagnostics> {
    let mut known = ApiServers::new();
    let mut errors = Diagnostics::new();
    for (name, primary) in mesh.primaries() {
        if mesh.read_by(name).next().is_none() {
            continue;
        }
        match api_server(name, primary, data).await {
            Ok(Some(api_server)) => drop(known.insert(name.clone(), api_server)),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    errors.into_result().map(|()| known)
}

async fn api_server(
    name: &ClusterName,
    declared: &ValidatedPrimary,
    data: &ProviderData,
) -> Result<Option<ApiServer>, Diagnostic> {
    let declared = declared.api_server();
    let connection = match data.clusters.get(name.as_str()).await {
        Ok(cluster) => cluster,
        // Whoever needs the cluster itself says what is wrong with it.
        Err(clusters::Error::NotYetKnown { .. }) => return Ok(None),
        Err(error) => return Err(crate::diagnostics::cluster(&error, Some(primary(name.as_str())))),
    };
    let own = connection.api_server();
    let api_server = ApiServer {
        url: declared.url.clone().unwrap_or_else(|| own.url.clone()),
        cluster_ca_certificate: declared
            .cluster_ca_certificate
            .clone()
            .or_else(|| own.cluster_ca_certificate.clone()),
        tls_server_name: declared.tls_server_name.clone().or_else(|| own.tls_server_name.clone()),
    };
    if let Some(reason) = ApiServer::unusable(&api_server.url) {
        return Err(unusable(name, &reason));
    }
    if connection.is_insecure() && api_server.cluster_ca_certificate.is_none() {
        return Err(unchecked(name));
    }
    Ok(Some(api_server))
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
