//! Who may come with a static token, and what RBAC allows them.

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;

/// In `system:masters`: RBAC allows it everything.
pub const ADMIN: &str = "admin";
/// May get, list and watch everything, and change nothing.
pub const READER: &str = "reader";

/// Where the service accounts of identities on request live.
const NAMESPACE: &str = "default";
/// The group that they all are in.
pub(crate) const GROUP: &str = "system:serviceaccounts:default";
const MANAGER: &str = "lab";

/// The rules of [`READER`].
pub(super) fn read_everything() -> Vec<PolicyRule> {
    let verbs = vec!["get".to_owned(), "list".to_owned(), "watch".to_owned()];
    let everything = Some(vec!["*".to_owned()]);
    vec![
        PolicyRule {
            api_groups: everything.clone(),
            resources: everything.clone(),
            verbs: verbs.clone(),
            ..PolicyRule::default()
        },
        PolicyRule { non_resource_urls: everything, verbs: vec!["get".to_owned()], ..PolicyRule::default() },
    ]
}

/// Enough to begin with a mesh, and too little to grant its control plane anything.
pub fn without_rbac() -> Vec<PolicyRule> {
    let allowed = |resources: &[&str], verbs: &[&str]| PolicyRule {
        api_groups: Some(vec!["*".to_owned()]),
        resources: Some(resources.iter().map(|it| (*it).to_owned()).collect()),
        verbs: verbs.iter().map(|it| (*it).to_owned()).collect(),
        ..PolicyRule::default()
    };
    vec![
        allowed(&["*"], &["get", "list"]),
        allowed(&["namespaces", "configmaps", "serviceaccounts", "customresourcedefinitions"], &["*"]),
    ]
}

/// Allows the user `name` what `rules` say, in the whole cluster.
pub(super) async fn allow_user(client: &Client, name: &str, rules: &[PolicyRule]) -> kube::Result<()> {
    let subject = json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name});
    allow(client, name, subject, rules).await
}

/// Allows `subject` (`{"kind": "User", "name": …}` and the like) what `rules` say, in the whole cluster.
async fn allow(
    client: &Client,
    name: &str,
    subject: serde_json::Value,
    rules: &[PolicyRule],
) -> kube::Result<()> {
    let name = format!("lab:{name}");
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [subject],
    });
    let apply = PatchParams::apply(MANAGER).force();
    Api::<ClusterRole>::all(client.clone()).patch(&name, &apply, &Patch::Apply(role)).await?;
    Api::<ClusterRoleBinding>::all(client.clone()).patch(&name, &apply, &Patch::Apply(binding)).await?;
    Ok(())
}

/// A service account that may do what `rules` say, and a token of it that lives for `seconds`.
pub(super) async fn service_account(
    client: &Client,
    name: &str,
    rules: &[PolicyRule],
    seconds: i64,
) -> kube::Result<String> {
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), NAMESPACE);
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
    accounts.patch(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(account)).await?;
    let subject = json!({"kind": "ServiceAccount", "namespace": NAMESPACE, "name": name});
    allow(client, name, subject, rules).await?;
    let spec = TokenRequestSpec { expiration_seconds: Some(seconds), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
    let answer = accounts.create_token_request(name, &PostParams::default(), &request).await?;
    Ok(answer.status.and_then(|status| status.token).unwrap_or_default())
}
