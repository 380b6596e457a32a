//! Which fields of the charts' objects are not ours, though the charts write them.
//!
//! Found in istiod's source: `pkg/webhooks/webhookpatch.go` writes the `caBundle` of every webhook of its revision's
//! `MutatingWebhookConfiguration`; `pkg/webhooks/validation/controller` writes the `caBundle` of every
//! `ValidatingWebhookConfiguration` of its revision, and turns `failurePolicy` from `Ignore` to `Fail` once it answers.
//! It writes nothing else of what the charts install: `istio-ca-root-cert`, leases and leader records are its own.

/// A field that is written at creation, and no longer sent or compared once another manager owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YieldedField {
    /// API group of the objects.
    pub group: &'static str,
    /// Kind of the objects.
    pub kind: &'static str,
    /// Path of the field; `[*]` is any item of a list.
    pub field: &'static str,
}

const ADMISSION: &str = "admissionregistration.k8s.io";

/// All fields that istiod takes over.
pub const YIELDED: [YieldedField; 3] = [
    YieldedField {
        group: ADMISSION,
        kind: "MutatingWebhookConfiguration",
        field: "webhooks[*].clientConfig.caBundle",
    },
    YieldedField {
        group: ADMISSION,
        kind: "ValidatingWebhookConfiguration",
        field: "webhooks[*].clientConfig.caBundle",
    },
    YieldedField {
        group: ADMISSION,
        kind: "ValidatingWebhookConfiguration",
        field: "webhooks[*].failurePolicy",
    },
];

/// Whether a field is one that others take over.
pub fn is_yielded(group: &str, kind: &str, path: &str) -> bool {
    YIELDED.iter().any(|field| field.group == group && field.kind == kind && covers(field.field, path))
}

fn covers(pattern: &str, path: &str) -> bool {
    match pattern.split_once("[*]") {
        Some((before, after)) => path
            .strip_prefix(before)
            .and_then(|rest| rest.strip_prefix('['))
            .is_some_and(|rest| rest.match_indices(']').any(|(end, _)| covers(after, &rest[end + 1..]))),
        None => pattern == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn istiod_owns_the_ca_bundle_of_every_webhook() {
        for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
            assert!(is_yielded(ADMISSION, kind, "webhooks[name=a.istio.io].clientConfig.caBundle"));
            assert!(is_yielded(ADMISSION, kind, "webhooks[0].clientConfig.caBundle"));
        }
    }

    #[test]
    fn the_failure_policy_is_istiods_only_where_it_validates() {
        let path = "webhooks[name=a].failurePolicy";
        assert!(is_yielded(ADMISSION, "ValidatingWebhookConfiguration", path));
        assert!(!is_yielded(ADMISSION, "MutatingWebhookConfiguration", path));
    }

    #[test]
    fn everything_else_is_ours() {
        let kind = "ValidatingWebhookConfiguration";
        assert!(!is_yielded(ADMISSION, kind, "webhooks[name=a].clientConfig.service.name"));
        assert!(!is_yielded(ADMISSION, kind, "webhooks[name=a].namespaceSelector"));
        assert!(!is_yielded("", kind, "webhooks[name=a].failurePolicy"));
        assert!(!is_yielded("", "Secret", "data.caBundle"));
    }
}
