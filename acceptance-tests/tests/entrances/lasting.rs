use std::time::Duration;

use acceptance_tests::Fixture;
use serde_json::json;

use crate::entrance::example;

/// Longer than a run holds a mesh.
const A_WHILE: Duration = Duration::from_secs(130);
/// Longer than anything in a cluster takes that comes back by itself.
const LONG: Duration = Duration::from_mins(5);

pub fn nothing_changes_with_time(fixture: &Fixture) {
    let workspace = example(fixture, "federation-gateway", &json!({}));
    workspace.apply().succeeded();
    let is_long = std::env::var_os("FULL_WHILE").is_some_and(|value| value == "1");
    std::thread::sleep(if is_long { LONG } else { A_WHILE });
    workspace.assert_no_changes();
    fixture.kubectl("east", &["-n", "istio-system", "rollout", "restart", "deploy/istiod"]);
    fixture.kubectl("east", &["-n", "istio-system", "rollout", "status", "deploy/istiod", "--timeout=60s"]);
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
}
