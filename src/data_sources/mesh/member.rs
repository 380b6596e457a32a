//! One cluster of the mesh that is read.

use std::collections::BTreeMap;

use futures::future::{try_join_all, try_join3};
use semver::Version;
use tfplugin::{AttributePath, Diagnostic, Field};

use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::documents::{JoinClusterModel, Page, texts};
use crate::mesh::{ClusterFacts, DEFAULT_TRUST_DOMAIN, JOIN_PAGE};
use crate::observe::{self, Installed, Snapshot};
use crate::provider_data::ProviderData;

/// What was read of one cluster.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its label, which is Istio's name of it.
    pub label: String,
    pub facts: ClusterFacts,
    pub installed: Installed,
    pub trust_domain: String,
    /// What its proxies trust, as PEM.
    pub roots: Option<String>,
    /// What the provider has written there about the mesh; `None` if it has not installed it.
    pub page: Option<Page>,
    /// Addresses that its Services have now, by the member of `join` that has them.
    pub addresses: BTreeMap<String, Vec<String>>,
}

/// Reads one cluster; `at` is where the configuration names it.
pub async fn read(
    label: &str,
    namespace: &str,
    data: &ProviderData,
    at: AttributePath,
) -> Result<Member, Diagnostic> {
    let unusable = |error| diagnostics::cluster(&error, Some(at.clone()));
    let cluster = data.clusters.get(label).await.map_err(unusable)?;
    let snapshot = Snapshot::of(&cluster);
    let reads = try_join3(
        observe::known_facts(&cluster),
        observe::roots(&snapshot, namespace),
        observe::join_page(&cluster, namespace),
    );
    let (facts, roots, page) = reads.await.map_err(unusable)?;
    let page = page.map(|page| Page::from_data(&page)).transpose();
    let page = page.map_err(|error| {
        let summary = format!("Cluster {label:?}: ConfigMap {namespace}/{JOIN_PAGE} cannot be read");
        diagnostics::page(summary, &error, at.clone())
    })?;
    let installed = observe::installed(&cluster, namespace).await;
    let installed = installed.map_err(|error| diagnostics::installed(&error, at.clone()))?;
    if installed.cluster != label {
        return Err(other_name(label, &installed.cluster).at(at));
    }
    let trust_domain = trust_domain(&installed.mesh_config).map_err(|error| {
        let summary =
            format!("Cluster {label:?}: ConfigMap {namespace}/istio contains no mesh configuration");
        diagnostics::failure(summary, &error, "istiod reads the same text: fix it there.", Some(at.clone()))
    })?;
    let addresses = addresses(&cluster, page.as_ref()).await.map_err(unusable)?;
    Ok(Member { label: label.to_owned(), facts, installed, trust_domain, roots, page, addresses })
}

/// What the Services that the page names for this cluster have now.
async fn addresses(
    cluster: &Cluster,
    page: Option<&Page>,
) -> Result<BTreeMap<String, Vec<String>>, clusters::Error> {
    let services = page.and_then(|page| page.services.get(cluster.name()));
    let reads = services.into_iter().flatten().filter_map(|(member, service)| {
        let (namespace, name) = service.split_once('/')?;
        Some(async move {
            let addresses = observe::service_addresses(cluster, namespace, name).await?;
            Ok((member.clone(), addresses))
        })
    });
    try_join_all(reads).await.map(|addresses| addresses.into_iter().collect())
}

fn trust_domain(mesh_config: &str) -> Result<String, helm_template::yaml::Error> {
    let config = helm_template::yaml::parse(mesh_config)?;
    Ok(config["trustDomain"].as_str().unwrap_or(DEFAULT_TRUST_DOMAIN).to_owned())
}

fn other_name(label: &str, name: &str) -> Diagnostic {
    let detail = format!(
        "The other clusters of the mesh know it as {name:?}, so give its block in the provider that label: cluster {name:?} {{ … }}."
    );
    Diagnostic::error(format!("Cluster {label:?}: Istio calls it {name:?}"), detail)
}

/// The lowest release of all control planes: a cluster that joins must not run a later one.
pub fn lowest_version(members: &[Member]) -> Option<String> {
    let versions = members.iter().map(|member| &member.installed.version);
    versions.min_by_key(|version| Version::parse(version).ok()).cloned()
}

impl Member {
    /// Why two clusters cannot be of one mesh, and what to do.
    pub fn difference(&self, other: &Self) -> Option<(String, String)> {
        let facts = [
            ("mesh IDs", &self.installed.mesh_id, &other.installed.mesh_id),
            ("trust domains", &self.trust_domain, &other.trust_domain),
        ];
        let (what, one, two) = facts.into_iter().find(|(_, one, two)| one != two)?;
        let summary =
            format!("Clusters {:?} and {:?} do not belong to the same mesh", self.label, other.label);
        let detail = format!("Their {what} are {one:?} and {two:?}. List only clusters of one mesh.");
        Some((summary, detail))
    }

    /// What a control plane tells a cluster that joins. Null is what none does.
    pub fn described(&self) -> JoinClusterModel {
        let gateway = self.installed.gateway.as_ref();
        JoinClusterModel {
            uid: Field::Known(self.facts.uid.clone()),
            version: Field::Known(self.installed.version.clone()),
            network: Field::Known(self.installed.network.clone()),
            serves_remote_clusters: Field::Known(self.installed.serves_remote_clusters),
            gateway_addresses: texts(gateway.into_iter().flat_map(|gateway| gateway.addresses.clone())),
            gateway_port: gateway.map(|gateway| gateway.port).into(),
            ..JoinClusterModel::default()
        }
    }
}
