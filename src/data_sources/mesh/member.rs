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

/// Which control plane is read.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The label of its cluster.
    pub label: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its revision, if the configuration names one.
    pub revision: Option<&'a str>,
    /// Whether no other cluster is read, so that nothing needs to tell it from others.
    pub is_alone: bool,
}

/// Reads one cluster; `at` is where the configuration names it.
pub async fn read(wanted: Wanted<'_>, data: &ProviderData, at: AttributePath) -> Result<Member, Diagnostic> {
    let Wanted { label, namespace, revision, is_alone } = wanted;
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
    let installed = observe::installed(&cluster, namespace, revision).await;
    let installed = installed.map_err(|error| diagnostics::installed(&error, at.clone()))?;
    if let Some(error) = other_name(label, installed.cluster.as_deref(), is_alone) {
        return Err(error.at(at));
    }
    let trust_domain = trust_domain(&installed).map_err(|error| {
        let summary =
            format!("Cluster {label:?}: cannot read the mesh configuration in namespace {namespace:?}");
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

/// The trust domain by what the `ConfigMaps` say, in istiod's order: the shared configuration holds where the cluster's own says nothing.
fn trust_domain(installed: &Installed) -> Result<String, helm_template::yaml::Error> {
    for text in [&installed.mesh_config, &installed.shared_mesh_config] {
        let config = helm_template::yaml::parse(text)?;
        if let Some(trust_domain) = config["trustDomain"].as_str().filter(|name| !name.is_empty()) {
            return Ok(trust_domain.to_owned());
        }
    }
    Ok(DEFAULT_TRUST_DOMAIN.to_owned())
}

/// Why a cluster cannot be read under this label. A control plane that was not given a name has Istio's default, which says nothing as
/// long as there is no other cluster.
fn other_name(label: &str, name: Option<&str>, is_alone: bool) -> Option<Diagnostic> {
    let detail = match name {
        Some(name) if name == label => return None,
        Some(name) => format!(
            "The other clusters of the mesh know it as {name:?}, so give its block in the provider that label: cluster {name:?} {{ … }}."
        ),
        None if is_alone || label == Installed::DEFAULT_CLUSTER => return None,
        None => format!(
            "Its control plane was installed without a cluster name, so istiod uses its default. The clusters of a mesh need different \
             names: set global.multiCluster.clusterName = {label:?} where it is installed, or read it alone."
        ),
    };
    let name = name.unwrap_or(Installed::DEFAULT_CLUSTER);
    Some(Diagnostic::error(format!("Cluster {label:?}: Istio calls it {name:?}"), detail))
}

/// The lowest release of all control planes: a cluster that joins must not run a later one.
pub fn lowest_version(members: &[Member]) -> Option<String> {
    let versions = members.iter().map(|member| &member.installed.version);
    versions.min_by_key(|version| Version::parse(version).ok()).cloned()
}

impl Member {
    /// Istio's ID of the mesh: what the control plane was given, else its trust domain, as in the environment of proxies.
    pub fn mesh_id(&self) -> &str {
        self.installed.mesh_id.as_deref().unwrap_or(&self.trust_domain)
    }

    /// Why two clusters cannot be of one mesh, and what to do.
    pub fn difference(&self, other: &Self) -> Option<(String, String)> {
        let facts = [
            ("mesh IDs", self.mesh_id(), other.mesh_id()),
            ("trust domains", self.trust_domain.as_str(), other.trust_domain.as_str()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(mesh_config: &str, shared_mesh_config: &str) -> Installed {
        Installed {
            mesh_config: mesh_config.to_owned(),
            shared_mesh_config: shared_mesh_config.to_owned(),
            ..Installed::default()
        }
    }

    #[test]
    fn the_shared_mesh_configuration_holds_where_the_own_one_says_nothing() {
        let (own, shared) = ("trustDomain: own.example\n", "trustDomain: shared.example\n");
        for (mesh_config, shared_mesh_config, expected) in [
            (own, shared, "own.example"),
            ("", shared, "shared.example"),
            ("trustDomain: null", shared, "shared.example"),
            ("", "", DEFAULT_TRUST_DOMAIN),
        ] {
            assert_eq!(trust_domain(&installed(mesh_config, shared_mesh_config)).unwrap(), expected);
        }
    }

    #[test]
    fn a_control_plane_without_a_cluster_name_can_be_read_alone() {
        let said = |label, name, is_alone| other_name(label, name, is_alone).map(|error| error.detail);
        assert_eq!(said("east", None, true), None);
        assert_eq!(said("Kubernetes", None, false), None);
        assert_eq!(said("east", Some("east"), false), None);
        assert!(said("east", None, false).unwrap().contains("clusterName = \"east\""));
        assert!(said("east", Some("west"), true).unwrap().contains("cluster \"west\" { … }"));
    }
}
