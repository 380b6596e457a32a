//! The webhook of a controller that is not there yet: every create of a Service fails.

use serde_json::json;

use crate::admin::Admin;
use crate::temporary::Temporary;

const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
/// Its name.
pub const NAME: &str = "services.controller.example";
/// The Service behind it, as `namespace/name`; there is none.
pub const SERVICE: &str = "kube-system/controller";

/// The webhook, until this goes.
pub struct UnservedWebhook<'a> {
    _configuration: Temporary<'a>,
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
        let mut objects = Temporary::of(admin);
        objects.make(WEBHOOKS, &webhook);
        let probe = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"generateName": "probe-"}, "spec": {"ports": [{"port": 1}]},
        });
        objects.wait_until("a call of the webhook", ("services", &probe), |answer| answer.is_err());
        Self { _configuration: objects }
    }
}
