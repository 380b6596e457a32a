//! What the account by which istiod of another cluster reads this one may not do.
//!
//! Its role is an object of the set, which a refresh has read anyway: only what that no longer grants is asked of the API server, which may
//! know of another role.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, ResourceRule, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec, SubjectAccessReview, SubjectAccessReviewSpec,
    SubjectAccessReviewStatus,
};
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule};
use kube::Api;
use kube::api::PostParams;

use super::snapshot::{Scope, Snapshot};
use crate::clusters::Cluster;
use crate::mesh::well_known::READER_ACCOUNT;
use crate::mesh::{Injector, Permission, TOKEN_REVIEW, reader_cluster_role, serving_permissions};

/// A namespace in which accounts of Istio have no `Role`: what is granted there is granted everywhere.
const NO_ROLES: &str = "kube-node-lease";

/// What istiod may not do in a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forbidden {
    /// To have the tokens of proxies reviewed.
    pub is_review: bool,
    /// Something else without which it does not read the cluster, or does not serve it.
    pub is_else: bool,
}

/// Where the reader's role is.
pub(super) fn reader_scope(scope: Scope, namespace: &str) -> Scope {
    scope.and::<ClusterRole>("", &reader_cluster_role(namespace))
}

/// What istiod may not do in the cluster of a mesh in this namespace; where an istiod of its own injects, others serve nothing there. Who
/// may not create `SubjectAccessReview`s does not see it.
pub(super) async fn forbidden(
    cluster: &Snapshot,
    namespace: &str,
    injector: Injector,
) -> Result<Forbidden, kube::Error> {
    let is_review = is_forbidden(cluster.cluster(), namespace, &TOKEN_REVIEW).await?;
    let role = cluster.seen::<ClusterRole>("", &reader_cluster_role(namespace)).await;
    let role = role.filter(|_| injector == Injector::Primary);
    let rules = role.map(|role| role.rules.unwrap_or_default());
    let doubtful = rules.map(|rules| missing(&rules, serving_permissions(namespace))).unwrap_or_default();
    let mut is_else = false;
    for permission in doubtful {
        is_else = is_forbidden(cluster.cluster(), namespace, &permission).await?;
        if is_else {
            break;
        }
    }
    Ok(Forbidden { is_review, is_else })
}

/// Which of these whoever asks may not do in the cluster. Needs what every account has.
pub(super) async fn not_permitted(
    cluster: &Cluster,
    needed: Vec<Permission>,
) -> Result<Vec<Permission>, kube::Error> {
    let asked = SelfSubjectRulesReview {
        spec: SelfSubjectRulesReviewSpec { namespace: Some(NO_ROLES.to_owned()) },
        ..SelfSubjectRulesReview::default()
    };
    let reviews = Api::<SelfSubjectRulesReview>::all(cluster.client());
    let reviewed = reviews.create(&PostParams::default(), &asked).await?;
    let rules = reviewed.status.map(|status| status.resource_rules).unwrap_or_default();
    let rules: Vec<PolicyRule> = rules.into_iter().map(policy_rule).collect();
    let mut denied = Vec::new();
    // The list may be incomplete.
    for permission in missing(&rules, needed) {
        if is_denied(cluster, &permission).await? {
            denied.push(permission);
        }
    }
    Ok(denied)
}

fn policy_rule(rule: ResourceRule) -> PolicyRule {
    PolicyRule {
        api_groups: rule.api_groups,
        resources: rule.resources,
        resource_names: rule.resource_names,
        verbs: rule.verbs,
        ..PolicyRule::default()
    }
}

/// Whether the API server does not let whoever asks do this.
async fn is_denied(cluster: &Cluster, permission: &Permission) -> Result<bool, kube::Error> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes(permission)),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews = Api::<SelfSubjectAccessReview>::all(cluster.client());
    let reviewed = reviews.create(&PostParams::default(), &review).await?;
    Ok(reviewed.status.is_some_and(|status| !status.allowed))
}

fn attributes(permission: &Permission) -> ResourceAttributes {
    let Permission { group, resource, name, verb } = permission;
    ResourceAttributes {
        group: Some((*group).to_owned()),
        resource: Some((*resource).to_owned()),
        name: name.clone(),
        verb: Some((*verb).to_owned()),
        ..ResourceAttributes::default()
    }
}

/// What these rules do not grant.
fn missing(rules: &[PolicyRule], needed: Vec<Permission>) -> Vec<Permission> {
    let has = |texts: &[String], text: &str| texts.iter().any(|it| it == text || it == "*");
    let grants = |rule: &PolicyRule, permission: &Permission| {
        let names = rule.resource_names.as_deref().unwrap_or_default();
        let is_named = || permission.name.as_ref().is_some_and(|name| names.contains(name));
        has(rule.api_groups.as_deref().unwrap_or_default(), permission.group)
            && has(rule.resources.as_deref().unwrap_or_default(), permission.resource)
            && has(&rule.verbs, permission.verb)
            && (names.is_empty() || is_named())
    };
    let is_missing = |permission: &Permission| !rules.iter().any(|rule| grants(rule, permission));
    needed.into_iter().filter(is_missing).collect()
}

/// Whether the API server does not let the reader do this.
async fn is_forbidden(
    cluster: &Cluster,
    namespace: &str,
    permission: &Permission,
) -> Result<bool, kube::Error> {
    let account = format!("system:serviceaccount:{namespace}:{READER_ACCOUNT}");
    let groups = [
        "system:serviceaccounts".to_owned(),
        format!("system:serviceaccounts:{namespace}"),
        "system:authenticated".to_owned(),
    ];
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(account),
            groups: Some(groups.into()),
            resource_attributes: Some(attributes(permission)),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let reviews = Api::<SubjectAccessReview>::all(cluster.client());
    match reviews.create(&PostParams::default(), &review).await {
        Ok(reviewed) => Ok(reviewed.status.is_some_and(|SubjectAccessReviewStatus { allowed, .. }| !allowed)),
        Err(kube::Error::Api(status)) if status.is_forbidden() => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> PolicyRule {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        PolicyRule {
            api_groups: Some(texts(groups)),
            resources: Some(texts(resources)),
            verbs: texts(verbs),
            resource_names: (!names.is_empty()).then(|| texts(names)),
            ..PolicyRule::default()
        }
    }

    #[test]
    fn every_permission_that_is_taken_away_is_missed_and_no_other() {
        let needed = serving_permissions("istio-system");
        let granted = |permission: &Permission| {
            let names: Vec<&str> = permission.name.iter().map(String::as_str).collect();
            rule(&[permission.group], &[permission.resource], &[permission.verb], &names)
        };
        for (index, taken) in needed.iter().enumerate() {
            let others = needed.iter().enumerate().filter(|(other, _)| *other != index);
            let rules: Vec<PolicyRule> = others.map(|(_, permission)| granted(permission)).collect();
            assert_eq!(missing(&rules, needed.clone()), std::slice::from_ref(taken), "{taken:?}");
        }
    }

    #[test]
    fn a_rule_for_everything_grants_all_and_one_for_a_name_no_other_object() {
        let needed = || serving_permissions("istio-system");
        assert_eq!(missing(&[rule(&["*"], &["*"], &["*"], &[])], needed()), []);
        let missed = missing(&[rule(&["*"], &["*"], &["*"], &["istio"])], needed());
        assert_eq!(missed.len(), needed().len() - 2, "but for what is done to the ConfigMap of this name");
    }
}
