//! What a plan means for pods that already run.

use tfplugin::{AttributePath, Diagnostic};

use super::model::RemoteClusterModel;
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

#[cfg(test)]
mod tests {
    use tfplugin::Field;

    use super::*;

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
