//! Single settings.

use super::super::super::federation::{
    DeclaredImport, DeclaredPeer, DnsMode, Protocol, TlsMode, TrustBinding,
};
use super::super::super::violation::{Checked, FieldPath, Rule, Violation};
use super::{PeerRule, ShareRule, broken};

/// The most that a count can be: more would only delay what it is there to notice.
const MOST: u32 = 100;

/// What the roots of a peer may issue.
pub(in crate::mesh) fn trust_binding(peer: &DeclaredPeer, field: &FieldPath) -> Checked<TrustBinding> {
    let Some(text) = peer.trust_binding.as_deref() else { return Ok(TrustBinding::default()) };
    TrustBinding::from_setting(text)
        .ok_or_else(|| refused(field.then("trust_binding"), PeerRule::TrustBinding(text.to_owned())))
}

/// Where TLS ends.
pub(in crate::mesh) fn tls_mode(peer: &DeclaredPeer, field: &FieldPath) -> Checked<TlsMode> {
    let Some(text) = peer.tls.as_deref() else { return Ok(TlsMode::default()) };
    match TlsMode::from_setting(text) {
        Some(TlsMode::EndToEnd) => Ok(TlsMode::EndToEnd),
        Some(TlsMode::Gateway) => Err(refused(field.then("tls"), PeerRule::TlsAtGateway)),
        None => Err(refused(field.then("tls"), PeerRule::Tls(text.to_owned()))),
    }
}

/// How clients find an import.
pub(in crate::mesh) fn dns_mode(import: &DeclaredImport, field: &FieldPath) -> Checked<DnsMode> {
    let Some(text) = import.dns.as_deref() else { return Ok(DnsMode::default()) };
    DnsMode::from_setting(text).ok_or_else(|| refused(field.then("dns"), ShareRule::Dns(text.to_owned())))
}

/// The number of a port.
pub(in crate::mesh) fn port_number(number: i64, field: &FieldPath) -> Checked<u16> {
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    port.ok_or_else(|| refused(field.then("number"), ShareRule::Port(number)))
}

/// What is spoken at a port.
pub(in crate::mesh) fn protocol(name: &str, field: &FieldPath) -> Checked<Protocol> {
    Protocol::from_name(name)
        .ok_or_else(|| refused(field.then("protocol"), ShareRule::Protocol(name.to_owned())))
}

/// A duration of at least a millisecond, as the API server accepts it in Istio's resources: a whole number with one unit.
pub(in crate::mesh) fn duration(text: &str, field: &FieldPath) -> Checked<String> {
    let unit = ["ms", "s", "m", "h"].into_iter().find(|unit| {
        let number = text.strip_suffix(unit).unwrap_or_default();
        number.len() <= 9 && number.parse::<u32>().is_ok_and(|number| number > 0) && !number.starts_with('+')
    });
    match unit {
        Some(_) => Ok(text.to_owned()),
        None => Err(refused(field.clone(), ShareRule::Duration(text.to_owned()))),
    }
}

/// A count of probes or failures.
pub(in crate::mesh) fn count(number: i64, field: &FieldPath) -> Checked<u32> {
    let count = u32::try_from(number).ok().filter(|count| (1..=MOST).contains(count));
    count.ok_or_else(|| refused(field.clone(), ShareRule::Count(number)))
}

fn refused(field: FieldPath, rule: impl Into<Rule>) -> Box<Violation> {
    Box::new(broken(field, rule))
}
