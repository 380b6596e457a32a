//! How control planes of other clusters reach the API server of a cluster: what its block says, else what the provider itself uses.

use tfplugin::{AttributePath, Diagnostic};

use crate::clusters::{self, OnUnreachable};
use crate::diagnostics;
use crate::mesh::{ApiServer, ApiServerAddresses, ClusterName, DeclaredAddress, Member};
use crate::provider_data::ProviderData;

/// How the control planes of `readers` reach the API server of this member, whose declaration is at `place`. `None` for a cluster whose
/// connection is not known yet, and for one that does not answer and may not.
///
/// # Errors
/// Addresses that no other cluster can use.
pub async fn api_server_addresses(
    member: &Member,
    readers: &[&ClusterName],
    place: &AttributePath,
    data: &ProviderData,
) -> Result<Option<ApiServerAddresses>, Diagnostic> {
    let (name, declared) = (member.name(), member.api_server());
    let connection = match data.clusters.get(name.as_str()).await {
        Ok(cluster) => cluster,
        // Whoever needs the cluster itself says what is wrong with it.
        Err(clusters::Error::NotYetKnown { .. }) => return Ok(None),
        Err(error) if error.is_no_answer() && may_be_out_of_reach(name, data) => return Ok(None),
        Err(error) => return Err(diagnostics::cluster(&error, Some(place.clone()))),
    };
    let usual = merged(&declared.usual, connection.api_server());
    let own = |reader: &&ClusterName| {
        Some(((*reader).clone(), merged(declared.from.get(reader.as_str())?, &usual)))
    };
    let from = readers.iter().filter_map(own).collect();
    let addresses = ApiServerAddresses { usual, from };
    let used: Vec<&ApiServer> = readers.iter().map(|reader| addresses.seen_from(reader)).collect();
    if let Some(reason) = used.iter().find_map(|address| ApiServer::unusable(&address.url)) {
        return Err(unusable(name, &reason, place));
    }
    if connection.is_insecure() && used.iter().any(|address| address.cluster_ca_certificate.is_none()) {
        return Err(unchecked(name, place));
    }
    Ok(Some(addresses))
}

/// Whether the cluster's block says that it may be out of reach.
pub fn may_be_out_of_reach(name: &ClusterName, data: &ProviderData) -> bool {
    let block = data.clusters.block(name.as_str());
    block.is_some_and(|block| block.on_unreachable != OnUnreachable::Error)
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

fn unusable(name: &ClusterName, reason: &str, place: &AttributePath) -> Diagnostic {
    let summary =
        format!("Cluster {:?}: the other clusters cannot use the address of its API server", name.as_str());
    let block = place.clone().attribute("api_server");
    let detail = format!(
        "The provider itself uses this address, but {reason}.\n\n\
         The istiod of every other cluster reads this API server. Set url in {block} to an address that is reachable from there.",
    );
    Diagnostic::error(summary, detail).at(block.attribute("url"))
}

fn unchecked(name: &ClusterName, place: &AttributePath) -> Diagnostic {
    let summary = format!("Cluster {:?}: no CA certificate is configured for its API server", name.as_str());
    let block = place.clone().attribute("api_server");
    let detail = format!(
        "The provider's cluster block has insecure = true, but istiod of the other clusters connects only to API servers that it can \
         verify. Set cluster_ca_certificate in {block}."
    );
    Diagnostic::error(summary, detail).at(block.attribute("cluster_ca_certificate"))
}
