//! `ValidateMeshConfig`.

use super::node::Node;
use super::{locality, names, proxy, traffic_policy};
use crate::mesh_config::finding::{Finding, Invalid, Problem};
use crate::mesh_config::selectors;

const HOUR: i64 = 3_600_000_000_000;
const MILLISECOND: i64 = 1_000_000;

pub(super) fn check(mesh: &Node<'_>, broken: &mut Vec<Finding>) {
    let mut value = |key: &str, rule: fn(&Node<'_>) -> Option<Invalid>| {
        broken.extend(mesh.get(key).and_then(|node| Some(node.breaks(rule(&node)?))));
    };
    value("proxyListenPort", |node| names::port(node.number()));
    value("connectTimeout", |node| connect_timeout(node.number()));
    value("protocolDetectionTimeout", |node| {
        (node.number() % MILLISECOND != 0).then_some(Invalid::Milliseconds)
    });
    value("trustDomain", |node| trust_domain(node.text()));
    for alias in mesh.items_of("trustDomainAliases") {
        broken.extend(trust_domain(alias.text()).map(|rule| alias.breaks(rule)));
    }
    for host in mesh.items_of("serviceSettings").flat_map(|settings| settings.items_of("hosts")) {
        broken.extend((!names::is_wildcard_host(host.text())).then(|| host.breaks(Invalid::Host)));
    }
    let curves = mesh.at(&["meshMTLS", "ecdhCurves"]).filter(|curves| !curves.is_empty());
    broken.extend(curves.map(|curves| curves.breaks(Invalid::Unsupported)));
    if let Some(policy) = mesh.get("outboundTrafficPolicy").filter(|policy| policy.get("mode").is_none()) {
        let (value, default) = ("REGISTRY_ONLY", "ALLOW_ANY");
        broken.push(policy.has_problem(Problem::LosesDefault { key: "mode", value, default }));
    }
    for selector in mesh.items_of("discoverySelectors") {
        broken.extend(selectors::check(selector.value).err().map(|_| selector.breaks(Invalid::Selector)));
    }
    if let Some(proxy) = mesh.get("defaultConfig") {
        proxy::check(&proxy, broken);
    }
    locality::check(mesh, broken);
    if let Some(policy) = mesh.get("defaultTrafficPolicy") {
        traffic_policy::check(&policy, broken);
    }
}

fn connect_timeout(nanoseconds: i64) -> Option<Invalid> {
    names::milliseconds(nanoseconds).or((nanoseconds > HOUR).then_some(Invalid::OverAnHour))
}

fn trust_domain(text: &str) -> Option<Invalid> {
    (!names::is_trust_domain(text)).then_some(Invalid::TrustDomain)
}
