use serde_json::{Map, Value, json};

/// Whether Kubernetes' own defaulting writes `value` into member `name` of an `object` of this type that lacks it.
///
/// These are the defaults that the published schema does not mention (`pkg/apis/*/*/defaults.go` of Kubernetes). They are
/// needed where a value is compared as a whole, and where a field of ours is taken out of a manifest.
pub(crate) fn has(type_name: &str, object: &Map<String, Value>, name: &str, value: &Value) -> bool {
    let short = type_name.strip_prefix("io.k8s.api.").unwrap_or(type_name);
    if let Some(constant) = constant(short, name) {
        return *value == constant;
    }
    match (short, name) {
        ("core.v1.Container" | "core.v1.EphemeralContainer", "imagePullPolicy") => {
            object.get("image").and_then(Value::as_str).is_some_and(|image| *value == pull_policy(image))
        }
        ("core.v1.ResourceRequirements" | "core.v1.VolumeResourceRequirements", "requests") => {
            is_within(value, object.get("limits"))
        }
        ("core.v1.ServicePort", "targetPort") => Some(value) == object.get("port"),
        ("core.v1.PodSpec", "serviceAccount") => Some(value) == object.get("serviceAccountName"),
        ("rbac.v1.Subject", "apiGroup") => match object.get("kind").and_then(Value::as_str) {
            Some("User" | "Group") => value == "rbac.authorization.k8s.io",
            _ => value == "",
        },
        _ => false,
    }
}

/// The tag decides; a digest alone counts as a fixed image.
fn pull_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let is_fixed = name.contains('@') || name.split_once(':').is_some_and(|(_, tag)| tag != "latest");
    if is_fixed { "IfNotPresent" } else { "Always" }
}

fn is_within(value: &Value, limits: Option<&Value>) -> bool {
    let (Some(value), Some(limits)) = (value.as_object(), limits.and_then(Value::as_object)) else {
        return false;
    };
    value.iter().all(|(name, quantity)| limits.get(name) == Some(quantity))
}

fn constant(type_name: &str, name: &str) -> Option<Value> {
    Some(match (type_name, name) {
        ("core.v1.ObjectFieldSelector", "apiVersion") => json!("v1"),
        ("core.v1.Probe", "timeoutSeconds" | "successThreshold") => json!(1),
        ("core.v1.Probe", "periodSeconds") => json!(10),
        ("core.v1.Probe", "failureThreshold") => json!(3),
        ("core.v1.HTTPGetAction", "path") => json!("/"),
        ("core.v1.HTTPGetAction", "scheme") => json!("HTTP"),
        ("core.v1.Container" | "core.v1.EphemeralContainer", "terminationMessagePath") => {
            json!("/dev/termination-log")
        }
        ("core.v1.Container" | "core.v1.EphemeralContainer", "terminationMessagePolicy") => json!("File"),
        ("core.v1.ContainerPort" | "core.v1.ServicePort" | "networking.v1.NetworkPolicyPort", "protocol") => {
            json!("TCP")
        }
        ("core.v1.PodSpec", "dnsPolicy") => json!("ClusterFirst"),
        ("core.v1.PodSpec", "restartPolicy") => json!("Always"),
        ("core.v1.PodSpec", "terminationGracePeriodSeconds") => json!(30),
        ("core.v1.PodSpec", "schedulerName") => json!("default-scheduler"),
        ("core.v1.PodSpec", "securityContext") => json!({}),
        ("core.v1.PodSpec" | "core.v1.PodTemplateSpec", "enableServiceLinks") => json!(true),
        (
            "core.v1.SecretVolumeSource"
            | "core.v1.ConfigMapVolumeSource"
            | "core.v1.DownwardAPIVolumeSource"
            | "core.v1.ProjectedVolumeSource",
            "defaultMode",
        ) => json!(420),
        ("core.v1.ServiceAccountTokenProjection", "expirationSeconds") => json!(3600),
        ("core.v1.HostPathVolumeSource", "type") => json!(""),
        ("core.v1.PersistentVolumeClaimSpec", "volumeMode") => json!("Filesystem"),
        ("core.v1.ServiceSpec", "sessionAffinity") => json!("None"),
        ("core.v1.ServiceSpec", "type") => json!("ClusterIP"),
        ("core.v1.ServiceSpec", "internalTrafficPolicy" | "externalTrafficPolicy") => json!("Cluster"),
        ("core.v1.ServiceSpec", "ipFamilyPolicy") => json!("SingleStack"),
        ("core.v1.ServiceSpec", "allocateLoadBalancerNodePorts") => json!(true),
        ("core.v1.Secret", "type") => json!("Opaque"),
        ("apps.v1.DeploymentSpec" | "apps.v1.StatefulSetSpec" | "apps.v1.ReplicaSetSpec", "replicas") => {
            json!(1)
        }
        (
            "apps.v1.DeploymentSpec" | "apps.v1.StatefulSetSpec" | "apps.v1.DaemonSetSpec",
            "revisionHistoryLimit",
        ) => {
            json!(10)
        }
        ("apps.v1.DeploymentSpec", "progressDeadlineSeconds") => json!(600),
        ("apps.v1.DeploymentSpec", "strategy") => {
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
        }
        (
            "apps.v1.DeploymentStrategy"
            | "apps.v1.DaemonSetUpdateStrategy"
            | "apps.v1.StatefulSetUpdateStrategy",
            "type",
        ) => {
            json!("RollingUpdate")
        }
        ("apps.v1.RollingUpdateDeployment", "maxSurge" | "maxUnavailable") => json!("25%"),
        ("apps.v1.RollingUpdateDaemonSet", "maxSurge") => json!(0),
        ("apps.v1.RollingUpdateDaemonSet", "maxUnavailable") => json!(1),
        ("apps.v1.DaemonSetSpec", "updateStrategy") => {
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}})
        }
        ("apps.v1.StatefulSetSpec", "podManagementPolicy") => json!("OrderedReady"),
        ("apps.v1.StatefulSetSpec", "updateStrategy") => {
            json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
        }
        ("autoscaling.v2.HorizontalPodAutoscalerSpec", "minReplicas") => json!(1),
        ("batch.v1.JobSpec", "parallelism" | "completions") => json!(1),
        ("batch.v1.JobSpec", "backoffLimit") => json!(6),
        ("batch.v1.JobSpec", "completionMode") => json!("NonIndexed"),
        ("batch.v1.JobSpec", "suspend") => json!(false),
        (
            "admissionregistration.v1.MutatingWebhook" | "admissionregistration.v1.ValidatingWebhook",
            "namespaceSelector" | "objectSelector",
        ) => json!({}),
        (
            "admissionregistration.v1.MutatingWebhook" | "admissionregistration.v1.ValidatingWebhook",
            "failurePolicy",
        ) => {
            json!("Fail")
        }
        (
            "admissionregistration.v1.MutatingWebhook" | "admissionregistration.v1.ValidatingWebhook",
            "matchPolicy",
        ) => {
            json!("Equivalent")
        }
        (
            "admissionregistration.v1.MutatingWebhook" | "admissionregistration.v1.ValidatingWebhook",
            "timeoutSeconds",
        ) => {
            json!(10)
        }
        ("admissionregistration.v1.MutatingWebhook", "reinvocationPolicy") => json!("Never"),
        ("admissionregistration.v1.RuleWithOperations", "scope") => json!("*"),
        ("admissionregistration.v1.ServiceReference", "port") => json!(443),
        ("rbac.v1.RoleRef", "apiGroup") => json!("rbac.authorization.k8s.io"),
        (
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec",
            "conversion",
        ) => json!({"strategy": "None"}),
        _ => return None,
    })
}
