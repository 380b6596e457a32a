use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;

/// Whether the pod is there to stay and says that it is ready.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// How many pods a Deployment has, if these are as many as it wants, all of them up to date and ready: then nothing more is to be
/// learned of how far they are.
pub(super) fn rolled_out(deployment: &Deployment) -> Option<i32> {
    let wanted = deployment.spec.as_ref()?.replicas.unwrap_or(1);
    let status = deployment.status.as_ref()?;
    let is_seen = status.observed_generation >= deployment.metadata.generation;
    let counts = [status.replicas, status.ready_replicas, status.updated_replicas];
    (wanted > 0 && is_seen && counts.iter().all(|count| *count == Some(wanted))).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_is_rolled_out_when_all_its_pods_are_up_to_date_and_ready() {
        let of = |generation: i64, [wanted, all, ready, updated]: [i32; 4]| {
            let status = json!({"observedGeneration": 2, "replicas": all, "readyReplicas": ready, "updatedReplicas": updated});
            let metadata = json!({"generation": generation});
            let spec = json!({"replicas": wanted, "selector": {}, "template": {}});
            let deployment = json!({"metadata": metadata, "spec": spec, "status": status});
            rolled_out(&serde_json::from_value(deployment).unwrap())
        };
        assert_eq!(of(2, [2, 2, 2, 2]), Some(2));
        assert_eq!(of(3, [2, 2, 2, 2]), None, "its controller has not seen the last change");
        assert_eq!(of(2, [2, 3, 2, 2]), None, "there is an old pod");
        assert_eq!(of(2, [2, 2, 1, 2]), None);
        assert_eq!(of(2, [2, 2, 2, 1]), None);
        assert_eq!(of(2, [0, 0, 0, 0]), None);
    }
}
