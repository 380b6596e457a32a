//! What admission says of an object: a webhook that cannot be called, or a policy that denies it.

use std::error::Error as StdError;

use super::chain::{of_objects, status_of};

/// A webhook that the API server could not call.
#[derive(Debug, PartialEq, Eq)]
struct Webhook<'a> {
    name: &'a str,
    /// `namespace/name` of the Service behind it; `None` if it has an address of its own.
    service: Option<(&'a str, &'a str)>,
}

impl<'a> Webhook<'a> {
    /// The one that an answer of the API server names.
    fn in_message(message: &'a str) -> Option<Self> {
        let (_, rest) = message.split_once("failed calling webhook \"")?;
        let (name, rest) = rest.split_once('"')?;
        let service = rest.split_once("\"https://").and_then(|(_, url)| {
            let host = url.split(['/', ':', '?', '"']).next()?;
            let (service, host) = host.split_once('.')?;
            let (namespace, host) = host.split_once('.')?;
            (host == "svc").then_some((namespace, service))
        });
        Some(Self { name, service })
    }

    fn is_istios(&self) -> bool {
        self.name.ends_with(".istio.io")
    }
}

/// What to do about an error that comes from admission, if it does.
pub(super) fn way_out(error: &(dyn StdError + 'static)) -> Option<String> {
    let message = denial_or_webhook(error)?;
    match Webhook::in_message(&message) {
        Some(webhook) if webhook.is_istios() => Some(way_out_of_injection(&message).to_owned()),
        Some(webhook) => Some(wait_for(&webhook)),
        None => Some(DENIED.to_owned()),
    }
}

const DENIED: &str = "A policy or an admission webhook of the cluster denies the object, which no repetition changes. Change the \
                      configuration so that the object has what its words demand (labels and annotations of namespaces are set \
                      with namespace_labels and namespace_annotations, all else with the values of the charts), or change the \
                      policy, and apply again.";

fn wait_for(webhook: &Webhook) -> String {
    let Webhook { name, service } = webhook;
    let (served, look) = match service {
        Some((namespace, service)) => (
            format!("served by the Service {namespace}/{service}"),
            format!(
                "wait until that controller is ready (kubectl -n {namespace} get endpointslices -l \
                 kubernetes.io/service-name={service}), and apply again"
            ),
        ),
        None => ("outside the cluster".to_owned(), "wait until it answers, and apply again".to_owned()),
    };
    format!(
        "The API server must call the webhook {name:?} of another controller, {served}, before it accepts the object, and cannot. \
         The request was repeated until timeouts ended. Fix or {look}; to make it come first, let this resource depend on it \
         with depends_on. If that controller is gone, delete its webhook configuration."
    )
}

/// The words of the first answer below that are a denial or name a webhook that could not be called.
fn denial_or_webhook(error: &(dyn StdError + 'static)) -> Option<String> {
    let says = |message: &&str| {
        ["denied the request", "denied request", "failed calling webhook"]
            .iter()
            .any(|words| message.contains(words))
    };
    let own = status_of(error).map(|status| status.message.as_str()).filter(says).map(str::to_owned);
    own.or_else(|| error.source().and_then(denial_or_webhook))
        .or_else(|| of_objects(error).into_iter().find_map(denial_or_webhook))
}

/// Of pods that istiod's webhook of another cluster has not completed.
pub(super) const INJECTED_FROM_ELSEWHERE: &str = "The API server calls istiod's webhook of a primary for every new pod: at port 15017 of the addresses in the EndpointSlices of the \
     Service istiod in the mesh's namespace, or of hostname in the remote_control_plane block of the primary. Open the firewall between \
     the network of the API server and that port, and check that the addresses lead to istiod of the primary and that it is ready; if \
     not, correct hostname. Then apply again.";

/// Of pods that istiod's webhook has not completed.
pub(super) fn way_out_of_injection(reason: &str) -> &'static str {
    // The second is what kube-proxy makes of a Service without endpoints.
    if reason.contains("no endpoints available") || reason.contains("connection refused") {
        "No pod of the Deployment istiod is ready to inject the gateway's pod. Check the events of istiod's pods and the number \
         of replicas, fix the cause, and apply again."
    } else {
        "The API server calls istiod's webhook for every new pod, from its own network to port 15017 of istiod's pods: open the \
         firewall between them (on EKS and private GKE clusters it is closed by default), and apply again. A label \
         istio-injection or istio.io/rev on the gateway's namespace can also prevent the webhook from being called: remove it."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNREACHABLE: &str = "Internal error occurred: failed calling webhook \"mservice.elbv2.k8s.aws\": failed to call webhook: \
                               Post \"https://aws-webhook.kube-system.svc:443/mutate?timeout=10s\": no endpoints available for \
                               service \"aws-webhook\"";

    #[derive(Debug, thiserror::Error)]
    #[error("cannot apply")]
    struct Outer(#[source] Box<kube::core::Status>);

    fn outer(message: &str, code: u16) -> Outer {
        Outer(kube::core::Status::failure(message, "InternalError").with_code(code).boxed())
    }

    #[test]
    fn a_webhook_without_endpoints_is_named_with_its_service() {
        let way_out = way_out(&outer(UNREACHABLE, 500)).unwrap();
        for part in [
            "\"mservice.elbv2.k8s.aws\"",
            "Service kube-system/aws-webhook",
            "wait until that controller is ready",
        ] {
            assert!(way_out.contains(part), "{way_out}");
        }
        assert!(!way_out.contains("permission"), "{way_out}");
    }

    #[test]
    fn a_webhook_outside_the_cluster_has_no_service() {
        let message = "failed calling webhook \"a.example\": Post \"https://hooks.example/a\": EOF";
        assert_eq!(Webhook::in_message(message), Some(Webhook { name: "a.example", service: None }));
    }

    #[test]
    fn istiods_own_webhook_is_not_another_controllers() {
        let message = "failed calling webhook \"rev.namespace.sidecar-injector.istio.io\": Post \
                       \"https://istiod.istio-system.svc:443/inject\": no endpoints available for service \"istiod\"";
        assert!(way_out(&outer(message, 500)).unwrap().contains("Deployment istiod"));
    }

    #[test]
    fn a_denial_is_no_missing_permission() {
        let message =
            "admission webhook \"policy.example\" denied the request: a namespace needs the label team";
        let way_out = way_out(&outer(message, 403)).unwrap();
        assert!(way_out.contains("namespace_labels") && !way_out.contains("permission"), "{way_out}");
    }

    #[test]
    fn what_does_not_come_from_admission_has_no_way_out_here() {
        assert_eq!(way_out(&outer("services is forbidden: User \"ci\" cannot patch", 403)), None);
    }
}
