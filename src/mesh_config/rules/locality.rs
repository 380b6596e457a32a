//! `ValidateLocalityLbSetting` and `ValidateZoneAwareLbSetting`.

use super::node::Node;
use crate::mesh_config::finding::{Finding, Invalid};

/// Labels that Envoy orders by itself (`istio.io/api/label`, and Kubernetes').
const TOPOLOGY: [&str; 3] =
    ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];

pub(super) fn check(mesh: &Node<'_>, broken: &mut Vec<Finding>) {
    if let Some(setting) = mesh.get("localityLbSetting") {
        check_locality(&setting, broken);
    }
    if let Some(setting) = mesh.get("zoneAwareLbSetting") {
        check_failover(&setting, broken);
        broken.extend(topology_label(&setting).map(|label| label.breaks(Invalid::Unsupported)));
    }
}

fn check_locality(setting: &Node<'_>, broken: &mut Vec<Finding>) {
    if setting.has("distribute") && setting.has("failover") {
        broken.push(setting.breaks(Invalid::Together("distribute and failover")));
        return;
    }
    if setting.has("failover") {
        broken.extend(topology_label(setting).map(|label| label.breaks(Invalid::Together("failover"))));
    }
    for distribute in setting.items_of("distribute") {
        let Some(to) = distribute.get("to") else {
            broken.push(distribute.breaks(Invalid::Weights));
            continue;
        };
        let weights: Vec<i64> = to.entries().map(|(_, weight)| weight.number()).collect();
        let is_whole = weights.iter().sum::<i64>() == 100 && weights.iter().all(|it| (1..=100).contains(it));
        broken.extend((!is_whole).then(|| to.breaks(Invalid::Weights)));
        let places: Vec<&str> = to.entries().map(|(place, _)| place).collect();
        // Their order is not that of the document.
        let is_random = places.len() > 1 && places.contains(&"*");
        broken.extend((is_random || !are_apart(&places)).then(|| to.breaks(Invalid::Localities)));
    }
    let from: Vec<&str> = setting.items_of("distribute").map(|it| it.text_of("from")).collect();
    if let Some(distribute) = setting.get("distribute").filter(|_| !are_apart(&from)) {
        broken.push(distribute.breaks(Invalid::Localities));
    }
    check_failover(setting, broken);
}

fn topology_label<'a>(setting: &Node<'a>) -> Option<Node<'a>> {
    setting.items_of("failoverPriority").find(|label| TOPOLOGY.contains(&label.text()))
}

fn check_failover(setting: &Node<'_>, broken: &mut Vec<Finding>) {
    for failover in setting.items_of("failover") {
        let (from, to) = (failover.text_of("from"), failover.text_of("to"));
        if from == to || [from, to].iter().any(|region| region.contains(['/', '*'])) {
            broken.push(failover.breaks(Invalid::Failover));
        }
    }
}

/// `validateLocalities`: region, region/zone or region/zone/subzone, none of which is part of another.
fn are_apart(places: &[&str]) -> bool {
    let mut seen: Vec<Vec<&str>> = Vec::new();
    for place in places {
        let is_wild = place.contains('*');
        let parts: Vec<&str> = place.splitn(3, '/').collect();
        if (is_wild && (place.matches('*').count() > 1 || !place.ends_with('*'))) || parts.contains(&"") {
            return false;
        }
        let includes = |one: &[&str], other: &[&str]| {
            one.len() <= other.len() && one.iter().zip(other).all(|(one, other)| one == other || *one == "*")
        };
        let is_everything = parts == ["*"];
        let overlaps =
            |other: &Vec<&str>| includes(other, &parts) || (!is_everything && includes(&parts, other));
        if seen.iter().any(overlaps) {
            return false;
        }
        seen.push(parts);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localities_that_include_each_other_are_found() {
        for apart in [vec!["a", "b"], vec!["a/b", "a/c"], vec!["a/b/c", "a/b/d"], vec!["a/*"], vec!["a", "*"]]
        {
            assert!(are_apart(&apart), "{apart:?}");
        }
        for not in [
            vec!["a", "a"],
            vec!["a", "a/b"],
            vec!["a/b", "a"],
            vec!["a/b/c", "a/b"],
            vec!["*", "a"],
            vec!["a//b"],
            vec![""],
            vec!["a*/b"],
            vec!["**"],
        ] {
            assert!(!are_apart(&not), "{not:?}");
        }
    }
}
