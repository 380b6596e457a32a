//! `validateMeshConfigDefaultTrafficPolicy`.

use super::names;
use super::node::Node;
use crate::mesh_config::finding::{Finding, Invalid};

const NUMBERS: [&str; 5] = [
    "http1MaxPendingRequests",
    "http2MaxRequests",
    "maxRequestsPerConnection",
    "maxRetries",
    "maxConcurrentStreams",
];
/// `UPGRADE` of `h2UpgradePolicy`.
const UPGRADE: i64 = 2;
const MILLISECOND: i64 = 1_000_000;

pub(super) fn check(policy: &Node<'_>, broken: &mut Vec<Finding>) {
    if let Some(pool) = policy.get("connectionPool") {
        check_pool(&pool, broken);
    }
    if let Some(detection) = policy.get("outlierDetection") {
        check_outliers(&detection, broken);
    }
}

fn durations(node: &Node<'_>, keys: &[&str], broken: &mut Vec<Finding>) {
    let given = keys.iter().filter_map(|key| node.get(key));
    broken.extend(given.filter_map(|it| Some(it.breaks(names::milliseconds(it.number())?))));
}

fn not_negative(node: &Node<'_>, keys: &[&str], broken: &mut Vec<Finding>) {
    let given = keys.iter().filter_map(|key| node.get(key)).filter(|it| it.number() < 0);
    broken.extend(given.map(|it| it.breaks(Invalid::Less(0))));
}

fn check_pool(pool: &Node<'_>, broken: &mut Vec<Finding>) {
    let (http, tcp) = (pool.get("http"), pool.get("tcp"));
    if http.is_none() && tcp.is_none() {
        broken.push(pool.breaks(Invalid::Missing("http or tcp")));
    }
    if let Some(http) = http {
        not_negative(&http, &NUMBERS, broken);
        durations(&http, &["idleTimeout"], broken);
        if http.number_of("h2UpgradePolicy") == UPGRADE && http.is_true("useClientProtocol") {
            broken.push(http.breaks(Invalid::Together("h2UpgradePolicy and useClientProtocol")));
        }
    }
    if let Some(tcp) = tcp {
        not_negative(&tcp, &["maxConnections"], broken);
        durations(&tcp, &["connectTimeout", "maxConnectionDuration"], broken);
        if tcp.number_of("idleTimeout") / MILLISECOND != 0 {
            durations(&tcp, &["idleTimeout"], broken);
        }
        if let Some(alive) = tcp.get("tcpKeepalive") {
            durations(&alive, &["time", "interval"], broken);
        }
    }
}

fn check_outliers(detection: &Node<'_>, broken: &mut Vec<Finding>) {
    durations(detection, &["baseEjectionTime", "interval"], broken);
    for key in ["maxEjectionPercent", "minHealthPercent"] {
        let percent = detection.get(key).filter(|it| !(0..=100).contains(&it.number()));
        broken.extend(percent.map(|it| it.breaks(Invalid::Percent)));
    }
    let local = detection.get("consecutiveLocalOriginFailures").filter(|it| it.number() > 0);
    if let Some(local) = local.filter(|_| !detection.is_true("splitExternalLocalOriginErrors")) {
        broken.push(local.breaks(Invalid::Together("splitExternalLocalOriginErrors = false")));
    }
}
