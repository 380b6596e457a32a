//! Writes that a cluster refuses for a while: the moment at which a run is stopped, chosen by what it writes.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::admin::Admin;

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
/// An object that nobody makes; it is refused from the moment on at which the policy counts.
const PROBE: &str = "held-back-probe";
/// How long a policy may take to count.
const EFFECTIVE: Duration = Duration::from_secs(30);

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
    admin: &'a Admin<'a>,
    name: String,
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
        admin.create(POLICIES, &policy);
        admin.create(BINDINGS, &binding);
        let hold = Self { admin, name: name.to_owned() };
        hold.wait(true);
        hold
    }

    /// Lets the writes through again.
    pub fn end(self) {
        self.lift();
        self.wait(false);
    }

    fn lift(&self) {
        for collection in [BINDINGS, POLICIES] {
            let path = format!("{collection}/{}", self.name);
            // The cluster may be gone with the test that has failed.
            let _ = self.admin.try_request(&Method::DELETE, &path, "application/json", &Value::Null);
        }
    }

    fn wait(&self, refuses: bool) {
        let probe = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": PROBE}});
        let path = "/api/v1/namespaces/default/configmaps?dryRun=All";
        let began = Instant::now();
        while self.admin.try_request(&Method::POST, path, "application/json", &probe).is_err() != refuses {
            assert!(began.elapsed() < EFFECTIVE, "the policy {} does not count", self.name);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.lift();
    }
}
