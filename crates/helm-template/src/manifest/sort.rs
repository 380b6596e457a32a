//! The order in which Helm installs kinds.

use std::cmp::Ordering;

use crate::release::Helm;

/// Helm's `InstallOrder`; the last two are known from Helm 4 on.
const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Known kinds by their place, then unknown ones by name.
pub(super) fn compare(first: &str, second: &str, helm: Helm) -> Ordering {
    match (place(first, helm), place(second, helm)) {
        (Some(first), Some(second)) => first.cmp(&second),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => first.cmp(second),
    }
}

fn place(kind: &str, helm: Helm) -> Option<usize> {
    let known = match helm {
        Helm::V3 => &INSTALL_ORDER[..36],
        Helm::V4 => &INSTALL_ORDER[..],
    };
    known.iter().position(|candidate| *candidate == kind)
}
