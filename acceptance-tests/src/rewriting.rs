//! What a platform changes in objects when they are written.

use serde_json::json;

use crate::admin::Admin;
use crate::temporary::Temporary;

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings";
/// An object that nobody makes; it is rewritten from the moment on at which the policy counts.
const PROBE: &str = "rewritten-probe";

/// What is rewritten.
pub struct Rewrite<'a> {
    /// The API group; empty for the core's.
    pub group: &'a str,
    /// Its kind as in URLs, such as `deployments`.
    pub resource: &'a str,
    /// Which objects, in CEL.
    pub of: &'a str,
    /// What becomes of them, a list of `JSONPatch` in CEL.
    pub patch: &'a str,
}

/// A cluster rewrites objects until this goes.
pub struct Rewriting<'a> {
    _policy: Temporary<'a>,
}

impl<'a> Rewriting<'a> {
    /// Rewrites these objects from now on.
    pub fn of(admin: &'a Admin<'a>, name: &str, rewrite: &Rewrite) -> Self {
        let Rewrite { group, resource, of, patch } = rewrite;
        let rule = |group: &str, resource: &str| json!({"apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "operations": ["CREATE", "UPDATE"]});
        let is_probe = format!("(has(request.name) && request.name == '{PROBE}')");
        let labelled = "[JSONPatch{op: 'add', path: '/metadata/labels', value: {'rewritten': 'true'}}]";
        let policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "matchConstraints": {"resourceRules": [rule(group, resource), rule("", "configmaps")]},
                "matchConditions": [{"name": "of", "expression": format!("{is_probe} || (request.resource.resource == '{resource}' && ({of}))")}],
                "mutations": [{
                    "patchType": "JSONPatch",
                    "jsonPatch": {"expression": format!("{is_probe} ? {labelled} : {patch}")},
                }],
            },
        });
        let binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": name}, "spec": {"policyName": name},
        });
        let mut objects = Temporary::of(admin);
        objects.make(POLICIES, &policy);
        objects.make(BINDINGS, &binding);
        let probe = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": PROBE}});
        objects.wait_until("a rewrite", ("configmaps", &probe), |answer| {
            let answer = answer.expect("a ConfigMap may be made").unwrap_or_default();
            answer["metadata"]["labels"]["rewritten"] == "true"
        });
        Self { _policy: objects }
    }
}
