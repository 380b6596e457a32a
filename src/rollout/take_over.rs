//! Fields of our objects that are taken back from other managers.

use serde_json::Value;
use ssa::{ObjectId, ObjectPattern, TakeOver};

use crate::desired::ManifestSet;

/// The field managers of people at a command line. What they changed is drift, which the plan has shown and the user has
/// approved to undo; what a controller owns is a conflict, and stays its own.
const BY_HAND: &str = "kubectl*";
/// Under this name an autoscaler sets the number of replicas, and owns it still when the autoscaler is gone.
const AUTOSCALER: &str = "kube-controller-manager";
/// The number of replicas.
const REPLICAS: &str = "spec.replicas";

/// What an apply of this set takes from others.
pub fn take_over(set: &ManifestSet) -> Vec<TakeOver> {
    of_objects(&set.manifests().iter().map(|manifest| manifest.object.as_ref()).collect::<Vec<_>>())
}

fn of_objects(objects: &[&Value]) -> Vec<TakeOver> {
    let by_hand = TakeOver { manager: BY_HAND.into(), objects: ObjectPattern::any(), fields: None };
    let from_autoscaler = |id: ObjectId| {
        let fields = Some(REPLICAS.parse().ok()?);
        Some(TakeOver { manager: AUTOSCALER.into(), objects: ObjectPattern::object(&id), fields })
    };
    let fixed = objects.iter().filter(|object| is_fixed(object, objects)).filter_map(|object| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let metadata = &object["metadata"];
        let (namespace, name) = (text(&metadata["namespace"])?, text(&metadata["name"])?);
        from_autoscaler(ObjectId::new("apps", &text(&object["kind"])?, &namespace, &name))
    });
    [by_hand].into_iter().chain(fixed).collect()
}

/// Whether the set says how many replicas there are, rather than an autoscaler of the set.
fn is_fixed(workload: &Value, objects: &[&Value]) -> bool {
    let scales = |object: &&Value| {
        let target = &object["spec"]["scaleTargetRef"];
        object["kind"] == "HorizontalPodAutoscaler"
            && object["metadata"]["namespace"] == workload["metadata"]["namespace"]
            && target["kind"] == workload["kind"]
            && target["name"] == workload["metadata"]["name"]
    };
    workload["spec"]["replicas"].is_number() && !objects.iter().any(scales)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allows(objects: &[Value], name: &str, manager: &str, field: &str) -> bool {
        let id = ObjectId::new("apps", "Deployment", "mesh", name);
        let rules = of_objects(&objects.iter().collect::<Vec<_>>());
        rules.iter().any(|rule| rule.allows(&id, manager, &field.parse().unwrap()))
    }

    fn deployment(name: &str) -> Value {
        json!({"kind": "Deployment", "metadata": {"namespace": "mesh", "name": name}, "spec": {"replicas": 3}})
    }

    #[test]
    fn replicas_are_taken_from_an_autoscaler_that_the_set_no_longer_has() {
        let scaler = json!({
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"namespace": "mesh", "name": "gateway"},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gateway"}},
        });
        let fixed = [deployment("gateway")];
        assert!(allows(&fixed, "gateway", AUTOSCALER, "spec.replicas"));
        assert!(!allows(&fixed, "gateway", AUTOSCALER, "spec.template"));
        assert!(!allows(&fixed, "gateway", "argocd", "spec.replicas"));
        assert!(!allows(&fixed, "other", AUTOSCALER, "spec.replicas"));
        let resized = [deployment("gateway"), scaler, deployment("other")];
        assert!(!allows(&resized, "gateway", AUTOSCALER, "spec.replicas"));
        assert!(allows(&resized, "other", AUTOSCALER, "spec.replicas"));
    }

    #[test]
    fn what_people_have_changed_by_hand_is_taken_back() {
        assert!(allows(&[], "gateway", "kubectl-edit", "spec.template"));
        assert!(!allows(&[], "gateway", "argocd", "spec.template"));
    }
}
