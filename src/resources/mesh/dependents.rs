//! Who still depends on the control plane of a cluster that it is to be taken from.

use std::collections::BTreeSet;

use futures::future::join_all;
use tfplugin::{Diagnostic, Diagnostics};

use super::place::primary;
use super::recorded::Leave;
use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::lifecycle::Recorded;
use crate::observe::{self, ControlPlaneName, Workload};
use crate::provider_data::ProviderData;

/// How proxies go on once their control plane is gone.
const MOVE: &str = "Remove these workloads, or disable injection for them (the label istio-injection or istio.io/rev of their \
                    namespace) and restart them. To keep other clusters from calling into this one meanwhile, set drain = true \
                    in its primary block and apply, move the workloads, then remove the block and apply again. To remove the \
                    control plane anyway, first set force_destroy = true and apply.";

/// The pods in this cluster, `<namespace>/<name>`, whose proxies depend on the control plane of the mesh that state knows. The
/// pods of the mesh's own workloads do not count, wherever they are; everybody else's do, wherever they are.
pub async fn of(
    cluster: &Cluster,
    recorded: &Recorded,
    leave: &Leave,
) -> Result<BTreeSet<String>, clusters::Error> {
    let control_plane =
        ControlPlaneName { namespace: &recorded.namespace, mesh_id: &leave.mesh_id, cluster: cluster.name() };
    observe::proxies(cluster, control_plane, &own_workloads(recorded, cluster.name())).await
}

/// What the mesh itself runs in a cluster, as state knows it.
fn own_workloads(recorded: &Recorded, label: &str) -> BTreeSet<Workload> {
    let own = recorded.objects.keys().filter(|id| id.cluster == label);
    let workload = |id: &crate::manifests::ObjectId| Workload {
        kind: id.kind.clone(),
        namespace: id.namespace.clone(),
        name: id.name.clone(),
    };
    own.map(workload).collect()
}

/// Whether the control plane may be taken from this cluster. What cannot be seen is a warning.
///
/// # Errors
/// Somebody still needs it.
pub async fn check(
    cluster: &Cluster,
    recorded: &Recorded,
    leave: &Leave,
) -> Result<Option<Diagnostic>, Diagnostic> {
    if leave.is_forced {
        return Ok(None);
    }
    match of(cluster, recorded, leave).await {
        Ok(pods) if pods.is_empty() => Ok(None),
        Ok(pods) => Err(still_used(cluster.name(), &pods)),
        Err(error) => {
            let consequence = "Could not check whether pods in it still have proxies of the mesh.";
            Ok(Some(diagnostics::cluster_skipped(&error, Some(primary(cluster.name())), consequence)))
        }
    }
}

/// What a plan says of clusters that lose their control plane: the apply will refuse that, or whose proxies it takes it from. A
/// cluster that cannot be read is what refresh and apply speak of.
pub async fn warnings(
    labels: impl IntoIterator<Item = &str>,
    recorded: &Recorded,
    leave: &Leave,
    data: &ProviderData,
) -> Diagnostics {
    let looks = labels.into_iter().map(async |label| {
        let cluster = data.clusters.get(label).await.ok()?;
        let known = recorded.cluster_uids.get(label)?;
        if cluster.uid().await.ok()? != *known {
            return None;
        }
        let pods = of(&cluster, recorded, leave).await.ok().filter(|pods| !pods.is_empty())?;
        Some(warning(label, &pods, leave.is_forced))
    });
    join_all(looks).await.into_iter().flatten().collect()
}

fn warning(label: &str, pods: &BTreeSet<String>, is_forced: bool) -> Diagnostic {
    let consequence = if is_forced {
        "Because force_destroy is set, they lose their control plane: they keep their last configuration until their \
         certificates expire, a day at most, and then lose every connection."
            .to_owned()
    } else {
        format!("The apply will refuse to remove their control plane. {MOVE}")
    };
    let detail = format!("{}\n\n{consequence}", diagnostics::lines(pods.iter().map(String::as_str)));
    Diagnostic::warning(summary(label, pods), detail)
}

fn still_used(label: &str, pods: &BTreeSet<String>) -> Diagnostic {
    let detail = format!(
        "{}\n\n{MOVE} Nothing was changed in any cluster.",
        diagnostics::lines(pods.iter().map(String::as_str))
    );
    Diagnostic::error(summary(label, pods), detail).at(primary(label))
}

fn summary(label: &str, pods: &BTreeSet<String>) -> String {
    let noun = if pods.len() == 1 { "pod still has a proxy" } else { "pods still have proxies" };
    format!("Cluster {label:?}: {} {noun} of the mesh", pods.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lifecycle::Objects;

    fn pods(number: usize) -> BTreeSet<String> {
        (0..number).map(|number| format!("web/echo-{number}")).collect()
    }

    #[test]
    fn only_the_meshs_own_workloads_are_left_out_and_only_in_their_cluster() {
        let ids = ["east/apps/Deployment/gateways/istio-eastwestgateway", "west/apps/Deployment/web/echo"];
        let objects: Objects = ids.iter().map(|id| (id.parse().unwrap(), BTreeMap::default())).collect();
        let own = own_workloads(&Recorded { objects, ..Recorded::default() }, "east");
        let [gateway] = <[Workload; 1]>::try_from(own.into_iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(
            (gateway.namespace.as_str(), gateway.name.as_str()),
            ("gateways", "istio-eastwestgateway")
        );
    }

    #[test]
    fn a_plan_says_whether_the_apply_will_refuse() {
        assert!(warning("west", &pods(1), false).detail.contains("will refuse"));
        let forced = warning("west", &pods(1), true).detail;
        assert!(forced.contains("lose every connection") && !forced.contains("refuse"), "{forced}");
    }

    #[test]
    fn the_first_pods_are_named_one_a_line() {
        let refusal = still_used("west", &pods(7));
        assert_eq!(refusal.summary, "Cluster \"west\": 7 pods still have proxies of the mesh");
        let lines: Vec<&str> = refusal.detail.lines().take(6).collect();
        assert_eq!(
            lines,
            ["web/echo-0", "web/echo-1", "web/echo-2", "web/echo-3", "web/echo-4", "and 2 more"]
        );
    }
}
