//! What a plan means for pods that already run.

use std::collections::BTreeSet;

use tfplugin::{AttributePath, Diagnostic};

use super::model::RemoteClusterModel;
use super::remove::proxies;
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::mesh::Injector;

/// What another injector means.
pub fn of_injector(prior: &RemoteClusterModel, planned: &RemoteClusterModel) -> Option<Diagnostic> {
    if prior.injector() == planned.injector() || planned.injector.is_unknown() {
        return None;
    }
    let meanwhile = match planned.injector() {
        Injector::Local => {
            "Until istiod in this cluster is ready, new pods with a proxy may be rejected; their controllers retry. Proxies that already run \
             keep their connection to istiod of the primaries, but when it ends, they connect to the istiod in this cluster, which reads no \
             other cluster."
        }
        Injector::Primary => {
            "The istiod in this cluster and the Service istiod-remote are deleted, through which proxies that already run reach istiod of \
             the primaries. They keep their last configuration until their certificates expire, a day at most, and then lose every \
             connection."
        }
    };
    let detail = format!(
        "{meanwhile} Restart their workloads after the apply, for example with kubectl rollout restart. The apply restarts the cluster's \
         own east-west gateway."
    );
    let summary = format!(
        "Cluster {:?}: pods that already run must be restarted, because injector changes",
        planned.label()
    );
    Some(Diagnostic::warning(summary, detail).at(AttributePath::new("injector")))
}

/// What another network means for pods that have proxies of the mesh. The gateway of the resource itself is restarted by the apply.
pub async fn of_network(
    prior: &RemoteClusterModel,
    planned: &RemoteClusterModel,
    reachable: &[Cluster],
) -> Option<Diagnostic> {
    let (before, after) = (prior.network.as_str()?, planned.network.as_str()?);
    let cluster =
        reachable.iter().find(|cluster| cluster.name() == planned.label()).filter(|_| before != after)?;
    let pods = proxies(cluster, prior, &prior.recorded()).await.ok()?;
    (!pods.is_empty()).then(|| stay_behind(planned.label(), before, &pods))
}

fn stay_behind(label: &str, before: &str, pods: &BTreeSet<String>) -> Diagnostic {
    let (noun, they) = if pods.len() == 1 { ("pod keeps", "it is") } else { ("pods keep", "they are") };
    let detail = format!(
        "{}\n\nA proxy has the network that it was injected with. Until these pods are recreated, proxies of other clusters call them as if \
         they were still on network {before:?}: at their own addresses, or through a gateway of that network. Restart their workloads \
         after the apply, for example with kubectl rollout restart.",
        diagnostics::lines(pods.iter().map(String::as_str))
    );
    let summary =
        format!("Cluster {label:?}: {} {noun} network {before:?} until {they} restarted", pods.len());
    Diagnostic::warning(summary, detail).at(AttributePath::new("network"))
}

#[cfg(test)]
mod tests {
    use tfplugin::Field;

    use super::*;

    #[test]
    fn pods_that_keep_a_network_are_listed() {
        let pods = |number: usize| (0..number).map(|number| format!("web/echo-{number}")).collect();
        let one = stay_behind("edge", "flat", &pods(1));
        assert_eq!(one.summary, "Cluster \"edge\": 1 pod keeps network \"flat\" until it is restarted");
        let seven = stay_behind("edge", "flat", &pods(7));
        assert!(seven.summary.contains("7 pods keep network \"flat\" until they are restarted"));
        assert!(seven.detail.starts_with("web/echo-0\n") && seven.detail.contains("and 2 more"), "{seven:?}");
    }

    fn injecting(injector: Field<String>) -> RemoteClusterModel {
        RemoteClusterModel { cluster: "edge".into(), injector, ..RemoteClusterModel::default() }
    }

    #[test]
    fn another_injector_is_said_with_what_must_be_restarted() {
        let (none, primary, local) =
            (injecting(Field::Null), injecting("primary".into()), injecting("local".into()));
        for (before, after, text) in [
            (&none, &local, "Until istiod in this cluster is ready"),
            (&local, &primary, "the Service istiod-remote are deleted"),
            (&local, &none, "the Service istiod-remote are deleted"),
        ] {
            let said = of_injector(before, after).unwrap();
            assert!(!said.is_error() && said.summary.starts_with("Cluster \"edge\": pods that already run"));
            assert!(
                said.detail.contains(text) && said.detail.contains("kubectl rollout restart"),
                "{said:?}"
            );
        }
        assert!(of_injector(&none, &primary).is_none());
        assert!(of_injector(&local, &local).is_none());
        assert!(of_injector(&local, &injecting(Field::Unknown)).is_none());
    }
}
