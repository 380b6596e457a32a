//! The rules of addresses of a gateway that single callers use.

use thiserror::Error;

use super::super::elsewhere;
use super::super::gateway::EastWestGateway;
use super::super::member::Member;
use super::super::release::GatewayRole;
use super::super::violation::{FieldPath, Violation};

/// What is wrong with where single callers find a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallerRule {
    /// It does not call itself.
    #[error("A cluster does not call its own east-west gateway.")]
    Itself,
    /// Nobody of this name calls it.
    #[error("The mesh has no primary {0:?} that could call this gateway.")]
    Nobody(String),
    /// Pods of one network reach each other.
    #[error(
        "Pods of cluster {caller:?} are on network {network:?} too, so they reach the pods of this cluster without the gateway."
    )]
    SameNetwork {
        /// The caller.
        caller: String,
        /// The network of both.
        network: String,
    },
    /// It finds nothing.
    #[error("The block has no addresses, so this caller would not find the gateway.")]
    NoAddresses,
    /// It cannot use this address.
    #[error("This caller cannot use an address of the gateway: {reason}.")]
    Address {
        /// Why.
        reason: String,
    },
    /// It is not a port.
    #[error("A port is a number from 1 to 65535.")]
    Port,
    /// Where addresses are typed for one, istiod looks at the Service for nobody.
    #[error(
        "With addresses for single callers, those of the Service are not used, so {} would not find the gateway.", listed(.0)
    )]
    NotForAll(Vec<String>),
}

fn listed(callers: &[String]) -> String {
    let quoted: Vec<String> = callers.iter().map(|caller| format!("{caller:?}")).collect();
    quoted.join(", ")
}

/// Whoever calls the gateway of `member` finds it, if addresses are typed for single callers; `primaries` are those of the mesh.
pub(in crate::mesh) fn callers(member: &Member, primaries: &[&Member]) -> Vec<Violation> {
    let Some(gateway) = member.gateway(GatewayRole::EastWest) else { return Vec::new() };
    let (settings, field) = (&gateway.settings, member.field().then(GatewayRole::EastWest.field()));
    let mut found = Vec::new();
    for (caller, addresses) in &settings.from {
        let field = field.then("from").key(caller);
        let broken = |field: FieldPath, rule| Violation::of_member(member.name.as_str(), field, rule);
        found.extend(caller_of(member, caller, primaries).map(|rule| broken(field.clone(), rule)));
        if addresses.addresses.is_empty() {
            found.push(broken(field.then("addresses"), CallerRule::NoAddresses));
        }
        let reasons = addresses.addresses.iter().filter_map(|address| elsewhere::unusable(address));
        found.extend(reasons.map(|reason| broken(field.then("addresses"), CallerRule::Address { reason })));
        if addresses.address_port.is_some_and(|port| !(1..=65535).contains(&port)) {
            found.push(broken(field.then("address_port"), CallerRule::Port));
        }
    }
    found.extend(
        is_for_all(member, settings, primaries)
            .map(|rule| Violation::of_member(member.name.as_str(), field.then("addresses"), rule)),
    );
    found
}

/// Why nobody of this name calls the gateway; `None` if somebody does.
fn caller_of(member: &Member, caller: &str, primaries: &[&Member]) -> Option<CallerRule> {
    if caller == member.name.as_str() {
        return Some(CallerRule::Itself);
    }
    let Some(other) = primaries.iter().find(|other| other.name.as_str() == caller) else {
        return Some(CallerRule::Nobody(caller.to_owned()));
    };
    (other.network == member.network)
        .then(|| CallerRule::SameNetwork { caller: caller.to_owned(), network: member.network.to_string() })
}

fn is_for_all(member: &Member, settings: &EastWestGateway, primaries: &[&Member]) -> Option<CallerRule> {
    if settings.from.is_empty() || !settings.addresses.is_empty() {
        return None;
    }
    let without = primaries
        .iter()
        .filter(|other| other.network != member.network && !settings.from.contains_key(other.name.as_str()));
    let without: Vec<String> = without.map(|other| other.name.to_string()).collect();
    (!without.is_empty()).then_some(CallerRule::NotForAll(without))
}
