//! What a platform changes in objects when they are written.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::admin::Admin;

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings";
/// An object that nobody makes; it is rewritten from the moment on at which the policy counts.
const PROBE: &str = "rewritten-probe";
/// How long a policy may take to count.
const EFFECTIVE: Duration = Duration::from_secs(30);

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
    admin: &'a Admin<'a>,
    name: String,
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
        admin.create(POLICIES, &policy);
        admin.create(BINDINGS, &binding);
        let rewriting = Self { admin, name: name.to_owned() };
        rewriting.wait();
        rewriting
    }

    fn wait(&self) {
        let probe = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": PROBE}});
        let path = "/api/v1/namespaces/default/configmaps?dryRun=All";
        let began = Instant::now();
        while self.admin.create(path, &probe)["metadata"]["labels"]["rewritten"] != "true" {
            assert!(began.elapsed() < EFFECTIVE, "the policy {} does not count", self.name);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Rewriting<'_> {
    fn drop(&mut self) {
        for collection in [BINDINGS, POLICIES] {
            let path = format!("{collection}/{}", self.name);
            // The cluster may be gone with the test that has failed.
            let _ = self.admin.try_request(&Method::DELETE, &path, "application/json", &Value::Null);
        }
    }
}
