//! Which answers are verdicts, and how long it is worth to ask again after all others.

use http::StatusCode;
use kube::core::Status;

/// What another attempt at the same request may be worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Nothing: the answer stays what it is until somebody changes the request or the cluster's rules.
    Nothing,
    /// It may pass, and nobody says so: it is tried for a short time.
    AWhile,
    /// It passes when something else in the cluster works again: it is tried as long as the operation may take.
    AsLongAsItTakes,
}

/// Words of an admission webhook, or of an admission policy, that has decided (`k8s.io/apiserver/pkg/admission`): the webhook chooses
/// the code, so that a denial can be a 500.
const DENIED: [&str; 2] = ["denied the request", "denied request"];
/// What the API server says, with code 500, of an applied object that does not fit the kind's schema.
const NOT_TYPED: &str = "failed to create typed";
/// An admission webhook that could not be called.
const WEBHOOK_FAILED: &str = "failed calling webhook";
/// The store behind the API server has no leader or is slow.
const STORE_FAILED: &str = "etcdserver:";
/// A quota that others use up at the same time, or that its controller has not counted yet.
const QUOTA_IN_USE: &str = "Operation cannot be fulfilled on resourcequotas";
const QUOTA_UNKNOWN: &str = "status unknown for quota";
/// A quota that is used up: others may free it.
const QUOTA_EXCEEDED: &str = "exceeded quota";

/// What an error answer leaves to hope for.
pub(crate) fn worth(code: StatusCode, status: &Status) -> Worth {
    let says = |words: &str| status.message.contains(words);
    if DENIED.into_iter().any(says) || says(NOT_TYPED) {
        return Worth::Nothing;
    }
    match code {
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Worth::AsLongAsItTakes,
        StatusCode::CONFLICT if says(QUOTA_IN_USE) => Worth::AsLongAsItTakes,
        StatusCode::FORBIDDEN if says(QUOTA_UNKNOWN) => Worth::AsLongAsItTakes,
        StatusCode::FORBIDDEN if says(QUOTA_EXCEEDED) => Worth::AWhile,
        StatusCode::NOT_IMPLEMENTED => Worth::Nothing,
        code if code.is_server_error() && (says(WEBHOOK_FAILED) || says(STORE_FAILED)) => {
            Worth::AsLongAsItTakes
        }
        code if code.is_server_error() => Worth::AWhile,
        _ => Worth::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u16, message: &str) -> Worth {
        let status = Status { message: message.to_owned(), code, ..Status::default() };
        worth(StatusCode::from_u16(code).unwrap(), &status)
    }

    #[test]
    fn a_verdict_ends_at_once_whatever_its_code() {
        for (code, message) in [
            (400, "admission webhook \"policy.example\" denied the request: no"),
            (500, "admission webhook \"policy.example\" denied the request: broken policy"),
            (429, "admission webhook \"policy.example\" denied the request: later"),
            (
                422,
                "namespaces \"mesh\" is forbidden: ValidatingAdmissionPolicy 'team' with binding 'team' denied request: no team",
            ),
            (422, "Service \"a\" is invalid: spec.ports: Required value"),
            (403, "services is forbidden: User \"ci\" cannot patch resource \"services\""),
            (409, "Apply failed with 1 conflict: conflict with \"k9s\" using v1: .data.a"),
            (404, "namespaces \"mesh\" not found"),
            (
                500,
                "failed to create typed patch object (mesh/istiod; /v1, Kind=Service): .metadata.annotations.a: expected string",
            ),
        ] {
            assert_eq!(of(code, message), Worth::Nothing, "{code} {message}");
        }
    }

    #[test]
    fn what_another_part_of_the_cluster_mends_is_tried_as_long_as_it_takes() {
        for (code, message) in [
            (
                500,
                "Internal error occurred: failed calling webhook \"mservice.elbv2.k8s.aws\": failed to call webhook: Post \
                   \"https://a.kube-system.svc:443/m?timeout=10s\": no endpoints available for service \"a\"",
            ),
            (500, "etcdserver: request timed out"),
            (429, "too many requests"),
            (503, "the server is currently unable to handle the request"),
            (504, "Timeout: request did not complete within the allotted timeout"),
            (409, "Operation cannot be fulfilled on resourcequotas \"q\": the object has been modified"),
            (403, "services \"a\" is forbidden: status unknown for quota: q, resources: services"),
        ] {
            assert_eq!(of(code, message), Worth::AsLongAsItTakes, "{code} {message}");
        }
    }

    #[test]
    fn what_may_pass_is_tried_for_a_while() {
        assert_eq!(of(500, "Internal error occurred"), Worth::AWhile);
        assert_eq!(of(403, "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1"), Worth::AWhile);
    }
}
