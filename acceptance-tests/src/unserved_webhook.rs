//! The webhook of a controller that is not there yet: every create of a Service fails.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::admin::Admin;

const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
/// Its name.
pub const NAME: &str = "services.controller.example";
/// The Service behind it, as `namespace/name`; there is none.
pub const SERVICE: &str = "kube-system/controller";
/// How long it may take to count.
const EFFECTIVE: Duration = Duration::from_secs(30);

/// The webhook, until this goes.
pub struct UnservedWebhook<'a> {
    admin: &'a Admin<'a>,
}

impl<'a> UnservedWebhook<'a> {
    /// Has the API server call it from now on.
    pub fn of(admin: &'a Admin<'a>) -> Self {
        let (namespace, service) = SERVICE.split_once('/').expect("two parts");
        let webhook = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": NAME},
            "webhooks": [{
                "name": NAME, "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "failurePolicy": "Fail", "timeoutSeconds": 5,
                "clientConfig": {"service": {"namespace": namespace, "name": service}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["services"]}],
            }],
        });
        admin.create(WEBHOOKS, &webhook);
        let probe = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"generateName": "probe-"}, "spec": {"ports": [{"port": 1}]},
        });
        let path = "/api/v1/namespaces/default/services?dryRun=All";
        let began = Instant::now();
        while admin.try_request(&Method::POST, path, "application/json", &probe).is_ok() {
            assert!(began.elapsed() < EFFECTIVE, "the webhook does not count");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { admin }
    }
}

impl Drop for UnservedWebhook<'_> {
    fn drop(&mut self) {
        let path = format!("{WEBHOOKS}/{NAME}");
        // The cluster may be gone with the test that has failed.
        let _ = self.admin.try_request(&Method::DELETE, &path, "application/json", &Value::Null);
    }
}
