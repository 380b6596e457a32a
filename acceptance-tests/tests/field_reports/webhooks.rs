use std::time::Duration;

use acceptance_tests::admin::Admin;
use acceptance_tests::mesh::{ADDRESS, Mesh};
use acceptance_tests::unserved_webhook::{NAME, SERVICE, UnservedWebhook};
use acceptance_tests::{Fixture, until};

use crate::configuration::{SYSTEM, configure, workspace};

/// Enough to apply everything but what the webhook is called for.
const SHORT: u64 = 15;

pub fn a_webhook_of_another_controller_is_waited_for_and_named(fixture: &Fixture) {
    let east = Admin::of(fixture.lab, "east");
    let webhook = UnservedWebhook::of(&east);
    let mesh = |create: u64, update: u64| {
        let timeouts = format!("timeouts {{\n    create = \"{create}s\"\n    update = \"{update}s\"\n  }}");
        Mesh::of("shop", &["east"]).with(&timeouts)
    };
    let workspace = workspace(fixture, &mesh(SHORT, SHORT));
    let began = std::time::Instant::now();
    let refused = workspace.apply().failed_with(&[
        &format!("failed calling webhook \"{NAME}\""),
        &format!(
            "The API server must call the webhook \"{NAME}\" of another controller, served by the Service {SERVICE}"
        ),
        "The request was repeated until timeouts ended",
        "wait until that controller is ready (kubectl -n kube-system get endpointslices",
        "run terraform untaint istio_mesh.<name>",
    ]);
    let took = began.elapsed();
    // An operation ends a little before its time is over, to say how far it has come, and the last requests are five seconds apart: what
    // would come too late is not sent.
    assert!(took > Duration::from_secs(SHORT - 6) && took < Duration::from_secs(3 * SHORT), "{took:?}");
    assert!(!refused.story().contains("permission"), "{}", refused.story());

    // The way out that the message names; the webhook works once its controller has come.
    workspace.run(&["untaint", ADDRESS]).succeeded();
    configure(fixture, &workspace, &mesh(SHORT, 300));
    let apply = workspace.start_apply();
    until("a wait of some length", || apply.has_printed("Still modifying..."));
    let services = format!("/api/v1/namespaces/{SYSTEM}/services");
    assert_eq!(east.get(&services).expect("a list")["items"], serde_json::json!([]));
    drop(webhook);
    apply.finished().succeeded();
    workspace.assert_well();
}
