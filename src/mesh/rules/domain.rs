//! How the names of Services end.

use super::super::identity::MeshIdentity;
use super::super::member::Member;
use super::super::names::is_dns_subdomain;
use super::super::violation::Violation;
use super::super::well_known::DEFAULT_DOMAIN_SUFFIX;
use super::values::ValueRule;

/// Names of Services end alike in all members: gateways tell services of other clusters by them.
pub(in crate::mesh) fn domains_are_alike(identity: &MeshIdentity, members: &[&Member]) -> Vec<Violation> {
    let mut broken = Vec::new();
    for member in members {
        let Some(said) = identity.said_domain_suffix(member) else { continue };
        let rule = |rule| Violation::of_member(member.name.as_str(), said.field.clone(), rule);
        let Some(found) = said.value.as_str().filter(|domain| is_dns_subdomain(domain)) else {
            broken.push(rule(ValueRule::Domain { path: said.place }));
            continue;
        };
        let other = members.iter().find_map(|other| {
            let said = identity.said_domain_suffix(other);
            let theirs = said.as_ref().map_or(Some(DEFAULT_DOMAIN_SUFFIX), |said| said.value.as_str())?;
            (theirs != found).then(|| (other.name.to_string(), theirs.to_owned()))
        });
        if let Some((other, theirs)) = other {
            broken.push(rule(ValueRule::OtherDomain {
                path: said.place,
                found: found.to_owned(),
                other,
                theirs,
            }));
        }
    }
    broken
}
