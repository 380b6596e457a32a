//! What may be repeated of an answer about a Secret, or another object that holds secrets. The API server and whoever else judges a
//! request (admission webhooks, policies) may quote what they were sent, so only words that cannot hold data of the object are kept.

use kube::core::Status;
use kube::core::response::StatusDetails;

/// How the API server begins the words of a webhook that denies.
const DENIES: &str = "admission webhook \"";
/// How it begins its own words about a webhook that does not answer as it should.
const FAILS: &str = "failed calling webhook \"";
/// The cause that names a field which another manager owns.
const FIELD_CONFLICT: &str = "FieldManagerConflict";

/// The answer in words that hold no data of the Secret, whatever its code.
pub(crate) fn redacted(mut status: Status) -> Status {
    if !status.reason.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ') {
        status.reason = String::new();
    }
    let kept = if is_of_authorizer(&status.message) { status.message.clone() } else { words(&status) };
    let is_webhooks = status.message.starts_with(DENIES);
    status.details = status.details.filter(|_| !is_webhooks).map(field_conflicts).filter(has_causes);
    status.message = kept;
    status
}

/// What the authorizers say, which never see an object: `secrets "a" is forbidden: User "b" cannot get resource "secrets" …`.
fn is_of_authorizer(message: &str) -> bool {
    let Some((object, reason)) = message.split_once(" is forbidden: ") else { return false };
    let (resource, name) = object.split_once(' ').unwrap_or((object, ""));
    let is_resource =
        resource.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
    let is_name = name.is_empty()
        || name.strip_prefix('"').and_then(quoted).is_some_and(|it| it.len() + 2 == name.len());
    is_resource && is_name && reason.starts_with("User \"") && reason.contains(" cannot ")
}

/// The reason, the webhook or the fields.
fn words(status: &Status) -> String {
    let reason = if status.reason.is_empty() { "Refused" } else { status.reason.as_str() };
    let subject = if let Some(webhook) = status.message.strip_prefix(DENIES).and_then(quoted) {
        format!("admission webhook {webhook:?} denied the request")
    } else if let Some((_, rest)) = status.message.split_once(FAILS) {
        format!("{reason}: failed calling webhook {:?}", quoted(rest).unwrap_or_default())
    } else {
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let fields: Vec<String> = causes.map(|cause| format!("{}: {}", cause.field, cause.reason)).collect();
        if fields.is_empty() { reason.to_owned() } else { format!("{reason} ({})", fields.join(", ")) }
    };
    format!("{subject}; the rest of the response is omitted because it may quote secret data")
}

/// What stands before the next quotation mark, if it is a name.
fn quoted(rest: &str) -> Option<&str> {
    let (name, _) = rest.split_once('"')?;
    let is_name = name.len() <= 253 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    is_name.then_some(name)
}

/// Managers and fields of a conflict, in the API server's own words.
fn field_conflicts(mut details: StatusDetails) -> StatusDetails {
    details.causes.retain(|cause| cause.reason == FIELD_CONFLICT);
    details
}

fn has_causes(details: &StatusDetails) -> bool {
    !details.causes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(reason: &str, message: &str, causes: &serde_json::Value) -> Status {
        let status = serde_json::json!({
            "status": "Failure", "reason": reason, "message": message, "details": {"causes": causes},
        });
        redacted(serde_json::from_value(status).unwrap())
    }

    fn message(reason: &str, message: &str) -> String {
        answer(reason, message, &serde_json::json!([])).message
    }

    #[test]
    fn nothing_that_could_be_data_is_repeated_whatever_the_reason() {
        for (reason, text) in [
            (
                "Forbidden",
                "admission webhook \"validate.kyverno.svc\" denied the request: data.key is planted",
            ),
            (
                "Forbidden",
                "secrets \"keys\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: planted",
            ),
            ("Forbidden", "secrets \"keys\" is forbidden: planted: User \"x\" cannot get resource"),
            ("Forbidden", "the key planted is forbidden: User \"x\" cannot get resource"),
            ("Invalid", "Secret \"keys\" is invalid: data[k]: Invalid value: \"planted\""),
            ("BadRequest", "Secret in version \"v1\" cannot be handled: illegal base64 data \"planted\""),
            ("InternalError", "Internal error occurred: failed calling webhook \"a.b\": got planted"),
            ("Conflict", "Operation cannot be fulfilled on secrets \"keys\": planted"),
            ("", "planted"),
            ("key=planted", "no"),
        ] {
            let said = message(reason, text);
            assert!(!said.contains("planted"), "{said}");
            assert!(said.contains("may quote secret data"), "{said}");
        }
    }

    #[test]
    fn who_denies_or_fails_is_still_named() {
        let denied =
            message("Forbidden", "admission webhook \"validate.kyverno.svc\" denied the request: planted");
        assert!(
            denied.starts_with("admission webhook \"validate.kyverno.svc\" denied the request;"),
            "{denied}"
        );
        let failed =
            message("InternalError", "Internal error occurred: failed calling webhook \"a.b\": planted");
        assert!(failed.starts_with("InternalError: failed calling webhook \"a.b\";"), "{failed}");
    }

    #[test]
    fn a_right_that_is_missing_is_still_named() {
        let text = "secrets \"keys\" is forbidden: User \"ci\" cannot patch resource \"secrets\" in API group \"\" in the \
                    namespace \"istio-system\"";
        assert_eq!(message("Forbidden", text), text);
        let list = "secrets is forbidden: User \"ci\" cannot list resource \"secrets\" in API group \"\" at the cluster scope";
        assert_eq!(message("Forbidden", list), list);
    }

    #[test]
    fn whose_fields_conflict_is_still_known() {
        let causes = serde_json::json!([
            {"reason": "FieldManagerConflict", "field": ".data.a", "message": "conflict with \"kubectl\" using v1"},
            {"reason": "FieldValueInvalid", "field": "data.b", "message": "planted"},
        ]);
        let status = answer("Conflict", "Apply failed with 1 conflict: planted", &causes);
        let kept = status.details.unwrap().causes;
        assert_eq!(kept.iter().map(|cause| cause.field.as_str()).collect::<Vec<_>>(), [".data.a"]);
        assert!(
            status.message.contains(".data.a") && !status.message.contains("planted"),
            "{}",
            status.message
        );
    }

    #[test]
    fn causes_of_a_webhook_are_not_kept() {
        let causes =
            serde_json::json!([{"reason": "FieldManagerConflict", "field": ".data.a", "message": "planted"}]);
        let status = answer("Conflict", "admission webhook \"a\" denied the request: planted", &causes);
        assert_eq!(status.details, None);
    }
}
