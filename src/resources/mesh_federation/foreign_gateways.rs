//! Gateways of the federation that others open, too.

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics};

use super::place::cluster as place;
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::mesh::{Federation, GatewayRole};
use crate::observe;

/// `Gateway` resources of others that select the federation gateways of these primaries: they would open to other meshes whatever they say,
/// beside what is exported. What cannot be seen is a warning.
pub async fn check(federation: &Federation, clusters: &[&Cluster]) -> Diagnostics {
    let looks = clusters.iter().map(async |cluster| {
        let own = federation.mesh.primaries.get(cluster.name())?.gateway.as_ref()?;
        match observe::selecting_gateways(cluster, GatewayRole::Federation, &own.namespace).await {
            Ok(gateways) if gateways.is_empty() => None,
            Ok(gateways) => Some(selected(cluster.name(), &gateways)),
            Err(error) => {
                let consequence = "Could not check whether something else opens the federation gateway.";
                Some(diagnostics::cluster_skipped(&error, Some(place(cluster.name())), consequence))
            }
        }
    });
    join_all(looks).await.into_iter().flatten().collect()
}

fn selected(label: &str, gateways: &[String]) -> Diagnostic {
    let detail = format!(
        "{}\n\nThese Gateway resources of Istio select its pods, so they open their hosts and ports to other meshes, whatever the federation \
         exports. Change their selector (one without any selects every gateway), or delete them.",
        diagnostics::lines(gateways.iter().map(String::as_str))
    );
    Diagnostic::error(format!("Cluster {label:?}: something else opens the federation gateway"), detail)
        .at(AttributePath::new("mesh"))
}
