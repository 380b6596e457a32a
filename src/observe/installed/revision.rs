//! Which control plane of a namespace is read: that without a revision has fixed names, others have their revision in names and in the
//! label `istio.io/rev`.

use std::collections::BTreeMap;

use futures::future::try_join;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::ListParams;

use super::{INJECTOR, InstalledError, MESH};
use crate::clusters::Cluster;

const REVISION_LABEL: &str = "istio.io/rev";
/// What the label says of a control plane without a revision.
const DEFAULT: &str = "default";

/// The `ConfigMaps` of one control plane.
#[derive(Debug, PartialEq)]
pub(super) struct ConfigMaps {
    pub(super) injector: ConfigMap,
    pub(super) mesh: ConfigMap,
}

/// Those of the control plane of this revision. Without one, those of the control plane without a revision, else of the only one.
pub(super) async fn config_maps(
    cluster: &Cluster,
    namespace: &str,
    revision: Option<&str>,
) -> Result<ConfigMaps, InstalledError> {
    let config_maps = Api::<ConfigMap>::namespaced(cluster.client(), namespace);
    let injector = name(INJECTOR, revision.unwrap_or(DEFAULT));
    let mesh = name(MESH, revision.unwrap_or(DEFAULT));
    let reads = try_join(config_maps.get_opt(&injector), config_maps.get_opt(&mesh));
    if let (Some(injector), Some(mesh)) = reads.await.map_err(|error| cluster.error(error))? {
        return Ok(ConfigMaps { injector, mesh });
    }
    let all = config_maps.list(&ListParams::default().labels(REVISION_LABEL)).await;
    let all = match all {
        Ok(all) => all.items,
        // Whoever may read what has the usual names only does not see others.
        Err(kube::Error::Api(status)) if status.code == 403 => Vec::new(),
        Err(error) => return Err(cluster.error(error).into()),
    };
    chosen(by_revision(all), cluster.name(), namespace, revision)
}

/// The ConfigMap of this name and revision.
fn name(prefix: &str, revision: &str) -> String {
    if revision == DEFAULT { prefix.to_owned() } else { format!("{prefix}-{revision}") }
}

/// The control planes whose `ConfigMaps` are all there.
fn by_revision(config_maps: Vec<ConfigMap>) -> BTreeMap<String, ConfigMaps> {
    let mut by_name: BTreeMap<String, ConfigMap> = BTreeMap::new();
    let mut revisions = Vec::new();
    for config_map in config_maps {
        let labels = config_map.metadata.labels.as_ref();
        revisions.extend(labels.and_then(|labels| labels.get(REVISION_LABEL)).cloned());
        by_name.insert(config_map.metadata.name.clone().unwrap_or_default(), config_map);
    }
    revisions.sort_unstable();
    revisions.dedup();
    let mut whole = |revision: String| {
        let injector = by_name.remove(&name(INJECTOR, &revision))?;
        let mesh = by_name.remove(&name(MESH, &revision))?;
        Some((revision, ConfigMaps { injector, mesh }))
    };
    revisions.into_iter().filter_map(&mut whole).collect()
}

fn chosen(
    mut found: BTreeMap<String, ConfigMaps>,
    cluster: &str,
    namespace: &str,
    revision: Option<&str>,
) -> Result<ConfigMaps, InstalledError> {
    let (cluster, namespace) = (cluster.to_owned(), namespace.to_owned());
    if let Some(one) = revision.and_then(|revision| found.remove(revision)) {
        return Ok(one);
    }
    let names = found.keys().cloned().collect();
    match (revision, found.pop_first()) {
        (_, None) => Err(InstalledError::Absent { cluster, namespace }),
        (Some(revision), Some(_)) => {
            let revision = revision.to_owned();
            Err(InstalledError::NoRevision { cluster, namespace, revision, found: names })
        }
        (None, Some((_, only))) if found.is_empty() => Ok(only),
        (None, Some(_)) => Err(InstalledError::SeveralRevisions { cluster, namespace, found: names }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The `ConfigMaps` of these names, each with this label.
    fn config_maps(named: &[(&str, &str)]) -> BTreeMap<String, ConfigMaps> {
        let config_map = |(name, revision): &(&str, &str)| {
            serde_json::from_value(json!({"metadata": {"name": name, "labels": {REVISION_LABEL: revision}}}))
                .unwrap()
        };
        by_revision(named.iter().map(config_map).collect())
    }

    fn of(revision: &str) -> Vec<(String, &str)> {
        vec![
            (name(INJECTOR, revision), revision),
            (name(MESH, revision), revision),
            (name("values", revision), revision),
        ]
    }

    fn choose(revisions: &[&str], wanted: Option<&str>) -> Result<String, String> {
        let named: Vec<(String, &str)> = revisions.iter().flat_map(|revision| of(revision)).collect();
        let named: Vec<(&str, &str)> =
            named.iter().map(|(name, revision)| (name.as_str(), *revision)).collect();
        let chosen = chosen(config_maps(&named), "east", "istio-system", wanted);
        chosen.map(|chosen| chosen.mesh.metadata.name.unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_only_revision_is_read_unless_another_is_wanted() {
        assert_eq!(choose(&["canary"], None).unwrap(), "istio-canary");
        assert_eq!(choose(&["canary"], Some("canary")).unwrap(), "istio-canary");
        assert_eq!(choose(&["canary", "stable"], Some("stable")).unwrap(), "istio-stable");
        let error = choose(&["canary"], Some("stable")).unwrap_err();
        assert!(error.contains("revision \"stable\"") && error.ends_with("found: canary"), "{error}");
    }

    #[test]
    fn several_revisions_are_listed() {
        let error = choose(&["canary", "stable"], None).unwrap_err();
        assert!(
            error.ends_with("several revisions in namespace \"istio-system\": canary, stable"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_whole_control_plane_is_none() {
        let named =
            [("istio-sidecar-injector-a", "a"), ("istio-b", "b"), ("values-c", "c"), ("istio", "default")];
        assert!(config_maps(&named).is_empty());
        assert!(choose(&[], None).unwrap_err().contains("no Istio control plane in namespace"));
        assert!(choose(&[], Some("a")).unwrap_err().contains("no Istio control plane in namespace"));
    }
}
