//! What a plan says of several primaries that serve one cluster.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::Value;
use tfplugin::{AttributePath, Diagnostic};

use crate::clusters::Cluster;
use crate::diagnostics;
use crate::mesh::ValidatedRemote;
use crate::observe;

/// What users have created in a primary, by kind and name.
type Resources = BTreeMap<String, Value>;

/// Whether the primaries that are to serve the cluster from now on have the same Istio resources, as far as that can be seen. Each istiod
/// reads those of its own cluster, and a proxy follows whichever it is connected to.
pub async fn different_resources(remote: &ValidatedRemote, reachable: &[Cluster]) -> Option<Diagnostic> {
    let serving = remote.serving();
    if serving.len() < 2 {
        return None;
    }
    let primaries = reachable.iter().filter(|it| serving.iter().any(|name| name.as_str() == it.name()));
    let looks =
        primaries.map(async |primary| Some((primary.name(), observe::istio_resources(primary).await.ok()?)));
    let seen: BTreeMap<&str, Resources> = join_all(looks).await.into_iter().flatten().collect();
    warning(remote.member().name().as_str(), &seen)
}

fn warning(label: &str, seen: &BTreeMap<&str, Resources>) -> Option<Diagnostic> {
    let objects: BTreeSet<&String> = seen.values().flat_map(BTreeMap::keys).collect();
    let differences: Vec<String> =
        objects.into_iter().filter_map(|object| difference(object, seen)).collect();
    if differences.is_empty() {
        return None;
    }
    let detail = format!(
        "{}\n\nistiod of each primary reads Istio resources from its own cluster only, and a proxy in cluster {label:?} follows the primary \
         that it is connected to. So proxies behave differently, and may change when they connect again. Create the same resources in \
         all primaries that serve the cluster, or let one primary serve it.",
        diagnostics::lines(differences.iter().map(String::as_str))
    );
    let summary = format!("Cluster {label:?}: the primaries that serve it have different Istio resources");
    Some(Diagnostic::warning(summary, detail).at(AttributePath::new("primaries")))
}

/// How an object is not the same in all of them.
fn difference(object: &String, seen: &BTreeMap<&str, Resources>) -> Option<String> {
    let having: Vec<&str> =
        seen.iter().filter(|(_, objects)| objects.contains_key(object)).map(|(name, _)| *name).collect();
    if having.len() < seen.len() {
        return Some(format!("{object}: only in {}", having.join(", ")));
    }
    let mut specs = seen.values().map(|objects| &objects[object]);
    let first = specs.next()?;
    specs.any(|spec| spec != first).then(|| format!("{object}: not the same in all"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resources(objects: &[(&str, i64)]) -> Resources {
        objects.iter().map(|(name, spec)| ((*name).to_owned(), json!({"weight": spec}))).collect()
    }

    #[test]
    fn what_is_missing_or_another_one_in_a_primary_is_named() {
        let east = resources(&[("Sidecar web/default", 1), ("VirtualService web/foo", 1)]);
        let west = resources(&[("VirtualService web/foo", 2)]);
        let said = warning("edge", &[("east", east.clone()), ("west", west)].into()).unwrap();
        let lines = "Sidecar web/default: only in east\nVirtualService web/foo: not the same in all\n\n";
        assert!(said.detail.starts_with(lines), "{}", said.detail);
        assert_eq!(warning("edge", &[("east", east.clone()), ("west", east)].into()), None);
        assert_eq!(warning("edge", &BTreeMap::new()), None);
    }
}
