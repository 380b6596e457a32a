//! What is exported, and to whom.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::federation::{DeclaredExport, DeclaredIdentity, Federation, export_field};
use super::super::super::violation::Violation;
use super::{ShareRule, broken, peer_names};

/// Exports are for peers that there are.
pub(super) fn are_for_peers(federation: &Federation) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, export) in &federation.exports {
        let field = || export_field(name).then("to");
        if export.to.is_empty() {
            found.push(broken(field(), ShareRule::ForNobody));
        }
        let unknown = export.to.iter().filter(|peer| !federation.peers.contains_key(*peer));
        found.extend(unknown.map(|peer| {
            let rule = ShareRule::NoPeer { name: peer.clone(), choices: peer_names(federation) };
            broken(field(), rule)
        }));
    }
    found
}

/// There is a gateway through which they are called.
pub(super) fn have_a_gateway(federation: &Federation) -> Vec<Violation> {
    let is_open = federation.mesh.primaries.values().any(|primary| primary.gateway.is_some());
    let exports = federation.exports.keys().filter(|_| !is_open);
    exports.map(|name| broken(export_field(name), ShareRule::NoOwnGateway)).collect()
}

/// They have ports, each once.
pub(super) fn have_ports(federation: &Federation) -> Vec<Violation> {
    let exports = federation.exports.iter();
    exports
        .filter_map(|(name, export)| {
            let rule = super::imports::ports(&export.ports)?;
            Some(broken(export_field(name).then("port"), rule))
        })
        .collect()
}

/// It is known which pods serve them.
pub(super) fn have_pods(federation: &Federation) -> Vec<Violation> {
    let exports = federation.exports.iter().filter(|(_, export)| export.selector.is_empty());
    exports.map(|(name, _)| broken(export_field(name).then("service"), ShareRule::NoSelector)).collect()
}

/// No pods are exported twice: policies are about pods, so of two with different callers each denies those of the other.
pub(super) fn share_no_pods(federation: &Federation) -> Vec<Violation> {
    let is_shared = |one: &DeclaredExport, namespace: &str, labels: &BTreeMap<String, String>| {
        one.namespace == namespace && !one.selector.is_empty() && one.selector == *labels
    };
    of_exports(federation, |name, export| {
        let mut others = federation.exports.iter().filter(|(other, _)| *other != name);
        let here = others.find(|(_, other)| {
            is_shared(export, &other.namespace, &other.selector)
                && export.shown() != other.shown()
                && export.allow != other.allow
        });
        let here = here.map(|(other, _)| format!("{other:?}"));
        let elsewhere = || {
            federation.other_federations().find_map(|(federation, record)| {
                let (service, _) = record.exports.iter().find(|(service, labels)| {
                    let namespace = service.split('/').next().unwrap_or_default();
                    is_shared(export, namespace, labels) && **service != export.shown()
                })?;
                Some(format!("{service} of federation {federation:?}"))
            })
        };
        here.or_else(elsewhere).map(ShareRule::SharedPods)
    })
}

/// No Service is exported twice, for the same reason.
pub(super) fn are_exported_once(federation: &Federation) -> Vec<Violation> {
    of_exports(federation, |name, export| {
        let mut others = federation.exports.iter().filter(|(other, _)| *other != name);
        let here = others.find(|(_, other)| export.shown() == other.shown());
        let here = here.map(|(other, _)| format!("export {other:?}"));
        let elsewhere = || {
            let mut others = federation.other_federations();
            let (other, _) = others.find(|(_, record)| record.exports.contains_key(&export.shown()))?;
            Some(format!("federation {other:?}"))
        };
        let other = here.or_else(elsewhere)?;
        Some(ShareRule::ExportedTwice { service: export.shown(), other })
    })
}

/// Callers of other meshes may call them, and only those of peers for which they are. While a document is awaited, an identity may
/// be that peer's.
pub(super) fn are_for_somebody(federation: &Federation) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, export) in &federation.exports {
        let field = || export_field(name).then("allow");
        if export.allow.is_empty() {
            found.push(broken(field(), ShareRule::NobodyAllowed));
        }
        let peers: Vec<_> = export.to.iter().filter_map(|peer| federation.peers.get(peer)).collect();
        let is_awaited = peers.iter().any(|peer| peer.document.is_none());
        if is_awaited || export.to.is_empty() || peers.len() < export.to.len() {
            continue;
        }
        let documents = peers.iter().filter_map(|peer| peer.document.as_ref());
        let expected: BTreeSet<&str> = documents.map(|document| document.trust_domain.as_str()).collect();
        let foreign = export.allow.iter().filter(|text| {
            let trust_domain = DeclaredIdentity::parse(text).and_then(|identity| identity.trust_domain);
            trust_domain.is_some_and(|trust_domain| !expected.contains(trust_domain.as_str()))
        });
        found.extend(foreign.map(|identity| {
            let expected = expected.iter().map(|&text| text.to_owned()).collect();
            broken(field(), ShareRule::ForeignIdentity { identity: identity.clone(), expected })
        }));
    }
    found
}

/// A rule about the Service of each export.
fn of_exports(
    federation: &Federation,
    rule: impl Fn(&String, &DeclaredExport) -> Option<ShareRule>,
) -> Vec<Violation> {
    let broken = |(name, export): (&String, &DeclaredExport)| {
        Some(broken(export_field(name).then("service"), rule(name, export)?))
    };
    federation.exports.iter().filter_map(broken).collect()
}
