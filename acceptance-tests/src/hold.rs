//! Writes that a cluster refuses for a while: the moment at which a run is stopped, chosen by what it writes.

use serde_json::json;

use crate::admin::Admin;
use crate::temporary::Temporary;

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
/// An object that nobody makes; it is refused from the moment on at which the policy counts.
const PROBE: &str = "held-back-probe";

/// What is refused.
pub struct Writes<'a> {
    /// `CREATE`, `UPDATE`, `DELETE`.
    pub operations: &'a [&'a str],
    /// The API group; empty for the core's.
    pub group: &'a str,
    /// Its kind as in URLs, such as `secrets`.
    pub resource: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What must hold of the object, in CEL.
    pub unless: &'a str,
}

/// Writes that are refused until this goes.
pub struct Hold<'a> {
    policy: Temporary<'a>,
}

impl<'a> Hold<'a> {
    /// Refuses these writes from now on.
    pub fn of(admin: &'a Admin<'a>, name: &str, writes: &Writes) -> Self {
        let rule = |group: &str, resource: &str, name: &str, operations: &[&str]| {
            json!({"apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "resourceNames": [name],
                   "operations": operations})
        };
        let policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [
                    rule(writes.group, writes.resource, writes.name, writes.operations),
                    rule("", "configmaps", PROBE, &["CREATE"]),
                ]},
                "validations": [{
                    "expression": format!("request.name != '{PROBE}' && ({})", writes.unless),
                    "message": "held back by the test",
                    "reason": "Forbidden",
                }],
            },
        });
        let binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        });
        let mut objects = Temporary::of(admin);
        objects.make(POLICIES, &policy);
        objects.make(BINDINGS, &binding);
        let hold = Self { policy: objects };
        hold.wait_until("a refusal", true);
        hold
    }

    /// Lets the writes through again.
    pub fn end(mut self) {
        self.policy.remove();
        self.wait_until("a write that passes", false);
    }

    fn wait_until(&self, what: &str, refuses: bool) {
        let probe = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": PROBE}});
        self.policy.wait_until(what, ("configmaps", &probe), |answer| answer.is_err() == refuses);
    }
}
