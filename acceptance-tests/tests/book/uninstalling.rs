//! In which order a mesh goes.

use std::thread;
use std::time::{Duration, Instant};

use acceptance_tests::admin::Admin;
use acceptance_tests::audited::audited_provider;
use acceptance_tests::mesh::Mesh;
use acceptance_tests::{Workspace, until};
use lab::api_server::audit::Request;
use serde_json::json;

use crate::clusters::{Clusters, SYSTEM, mesh, path_of};

const GATEWAY: &str = "istio-eastwestgateway";
const SLOW: &str = "test.example/slow-load-balancer";
/// How long the cloud takes to remove the load balancer.
const REMOVAL: Duration = Duration::from_secs(30);

/// What goes first stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Link,
    Gateway,
    Webhook,
    Istiod,
}

pub fn a_control_plane_stays_until_the_load_balancer_is_gone(clusters: &Clusters) {
    // A namespace that was there before: all that is left in it is somebody else's.
    clusters.west.kubectl(&["create", "namespace", SYSTEM]);
    let shop = Mesh::of("shop", &["east", "west"]).primary("east", "east_west_gateway {}");
    let workspace = Workspace::new(&(audited_provider(clusters.lab) + &shop.hcl()));
    workspace.apply().succeeded();
    let east = &clusters.east;
    hold_load_balancer(east);

    let mut log = clusters.lab.cluster("east").api_server().audit();
    log.news().expect("read the audit log");
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| remove_load_balancer(clusters.lab));
        workspace.destroy().succeeded();
    });
    assert!(
        began.elapsed() > REMOVAL,
        "the destroy did not wait for the load balancer: {:?}",
        began.elapsed()
    );
    assert!(mesh(&workspace).is_null());

    let deleted: Vec<Request> =
        log.news().expect("read the audit log").into_iter().filter(is_deletion).collect();
    let story = || deleted.iter().map(line).collect::<Vec<_>>().join("\n");
    let parts: Vec<(Part, &Request)> = deleted.iter().filter_map(|it| Some((part(it)?, it))).collect();
    for kind in [Part::Link, Part::Gateway, Part::Webhook, Part::Istiod] {
        assert!(parts.iter().any(|(part, _)| *part == kind), "no {kind:?} was deleted:\n{}", story());
    }
    assert!(parts.is_sorted_by_key(|(part, _)| *part), "not in the order of the parts:\n{}", story());
    nothing_of_istiod_is_left(&clusters.west);
}

fn hold_load_balancer(admin: &Admin) {
    let path = path_of("services", SYSTEM, GATEWAY);
    // The list is one value, and the cloud's own mark is in it.
    let service = admin.get(&path).expect("the gateway has a Service");
    let mut finalizers = service["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    finalizers.push(json!(SLOW));
    admin.merge(&path, "slow-cloud", &json!({"metadata": {"finalizers": finalizers}}));
}

/// The cloud notices that the Service is to go, and takes its time.
fn remove_load_balancer(lab: &lab::Lab) {
    let admin = Admin::of(lab, "east");
    let path = path_of("services", SYSTEM, GATEWAY);
    let service = || admin.get(&path).expect("the Service is held");
    until("the deletion of the gateway's Service", || service()["metadata"]["deletionTimestamp"].is_string());
    thread::sleep(REMOVAL);
    let finalizers = service()["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let others: Vec<_> = finalizers.into_iter().filter(|it| it != SLOW).collect();
    admin.merge(&path, "slow-cloud", &json!({"metadata": {"finalizers": others}}));
}

fn is_deletion(request: &Request) -> bool {
    request.verb == "delete" && request.is_write()
}

fn line(request: &Request) -> String {
    let Request { received, object, .. } = request;
    format!("{received} {} {}/{}", object.resource, object.namespace, object.name)
}

/// Which part of a mesh a deletion is about; `None` for what has no place in this order.
fn part(request: &Request) -> Option<Part> {
    let object = &request.object;
    let name = object.name.as_str();
    match object.resource.as_str() {
        "secrets" if name.starts_with("istio-remote-secret-") => Some(Part::Link),
        "deployments" | "services" if name == GATEWAY => Some(Part::Gateway),
        "mutatingwebhookconfigurations" | "validatingwebhookconfigurations" => Some(Part::Webhook),
        "deployments" | "services" | "serviceaccounts" if name == "istiod" => Some(Part::Istiod),
        _ => None,
    }
}

/// What istiod has written by itself goes with it.
fn nothing_of_istiod_is_left(admin: &Admin) {
    let kinds = "secrets,configmaps,leases,serviceaccounts,roles,rolebindings,services,deployments";
    let left = admin.kubectl(&["-n", SYSTEM, "get", kinds, "-o", "name"]);
    let left: Vec<&str> = left.lines().filter(|name| name.contains("istio")).collect();
    assert!(left.is_empty(), "{left:?}");
}
