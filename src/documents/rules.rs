//! What each member of a peer document may be. It comes from another organisation, so nothing of it is taken on trust.

use core::net::IpAddr;
use std::str::FromStr;

use super::member_error::MemberError;
use crate::mesh::{
    DEFAULT_TRUST_DOMAIN, InvalidName, MeshId, Namespace, TrustDomain, elsewhere, is_dns_label,
    is_dns_subdomain,
};
use crate::trust;

/// The longest name: that of a DNS name, and of most objects of Kubernetes.
const LONGEST: usize = 253;
/// The longest namespace and the longest name of a `ServiceAccount`, with a slash between them.
const LONGEST_IDENTITY: usize = 63 + 1 + LONGEST;
/// Each root is a certificate that every proxy of the importing mesh keeps. A rotation needs two.
const MOST_ROOTS: usize = 16;
/// The longest bundle, in bytes: as many roots as those, each with an RSA key of 8192 bits.
const LONGEST_BUNDLE: usize = 1 << 16;
/// The most entries of any other list or map.
pub(super) const MOST: usize = 1000;
/// The largest integer that every program keeps exactly which handles JSON (RFC 8259, section 6).
const LARGEST: i64 = (1 << 53) - 1;
/// How the bundle is called in errors.
const BUNDLE: &str = "the bundle";

/// What Istio calls protocols in a port of a `ServiceEntry`, without UDP, which no gateway routes (`pkg/config/protocol`).
pub(super) const PROTOCOLS: [&str; 10] =
    ["GRPC", "GRPC-WEB", "HTTP", "HTTP2", "HTTPS", "MONGO", "MYSQL", "REDIS", "TCP", "TLS"];

type Kept = Result<(), MemberError>;

/// The identity of a mesh, as the provider draws it.
pub(super) fn identity_of_mesh(text: &str) -> Kept {
    short(text)?;
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let is_identity = text.len() == 32 && text.chars().all(is_digit);
    named(is_identity, text, "identity of a mesh", "32 lower-case hexadecimal digits")
}

/// A name that has a type of its own.
pub(super) fn name<T: FromStr<Err = InvalidName>>(text: &str) -> Kept {
    short(text)?;
    text.parse::<T>().map(drop).map_err(MemberError::Name)
}

/// The ID of a mesh. One that sets none has its trust domain as ID.
pub(super) fn mesh_id(text: &str) -> Kept {
    name::<TrustDomain>(text).or_else(|_| name::<MeshId>(text))
}

/// The name of an export, a port or a Service.
pub(super) fn label(text: &str) -> Kept {
    short(text)?;
    let rule = "1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends (a DNS-1123 label)";
    named(is_dns_label(text), text, "name", rule)
}

/// A name as DNS has it.
pub(super) fn dns_name(text: &str) -> Kept {
    short(text)?;
    let rule =
        "DNS-1123 labels joined by dots, 253 characters at most, such as \"orders.web.svc.cluster.local\"";
    named(is_dns_subdomain(text), text, "DNS name", rule)
}

/// A trust domain to which certificates can be bound.
pub(super) fn trust_domain(text: &str) -> Kept {
    name::<TrustDomain>(text)?;
    if text == DEFAULT_TRUST_DOMAIN {
        return Err(MemberError::SharedTrustDomain { domain: DEFAULT_TRUST_DOMAIN });
    }
    match text.parse::<IpAddr>() {
        Ok(_) => Err(MemberError::TrustDomainIsAddress { address: text.to_owned() }),
        Err(_) => Ok(()),
    }
}

/// PEM, all of which is certificates of authorities: istiod drops the whole list of roots for one that is bad.
pub(super) fn roots(text: &str) -> Kept {
    if text.len() > LONGEST_BUNDLE {
        return Err(MemberError::TooLong { most: LONGEST_BUNDLE });
    }
    within(text.matches("-----BEGIN ").count(), MOST_ROOTS)?;
    trust::anchors(BUNDLE, text.as_bytes()).map(drop).map_err(MemberError::Roots)
}

/// An IP address or a DNS name (`ValidateLoadBalancerStatus` of Kubernetes) that means the same machine everywhere.
pub(super) fn address(text: &str) -> Kept {
    short(text)?;
    let is_address = text.parse::<IpAddr>().is_ok() || is_dns_subdomain(text);
    named(is_address, text, "address", "an IP address or a DNS name in lower case")?;
    elsewhere::unusable(text).map_or(Ok(()), |reason| Err(MemberError::Address { reason }))
}

/// The number of a TCP port.
pub(super) fn port(number: i64) -> Kept {
    between(number, 1, 65535)
}

/// The serial of a document.
pub(super) fn serial(number: i64) -> Kept {
    between(number, 0, LARGEST)
}

/// A protocol of Istio.
pub(super) fn protocol(text: &str) -> Kept {
    short(text)?;
    let is_known = PROTOCOLS.contains(&text);
    is_known.then_some(()).ok_or_else(|| MemberError::Protocol { found: text.to_owned() })
}

/// Namespace and name of a `ServiceAccount`. The trust domain is always the document's, so no document can name an identity of another mesh.
pub(super) fn identity(text: &str) -> Kept {
    if text.len() > LONGEST_IDENTITY {
        return Err(MemberError::TooLong { most: LONGEST_IDENTITY });
    }
    let (namespace, account) = text.split_once('/').unwrap_or_default();
    let is_identity = Namespace::from_str(namespace).is_ok() && is_dns_subdomain(account);
    named(is_identity, text, "identity", "<namespace>/<service account>, such as \"web/orders\"")
}

/// Where TLS can end. Later releases may know more places, so any word is one.
pub(super) fn tls(text: &str) -> Kept {
    short(text)?;
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    named(is_word, text, "place where TLS ends", "a word such as \"end_to_end\" or \"gateway\"")
}

/// Not more entries than these.
pub(super) fn within(count: usize, most: usize) -> Kept {
    if count > most { Err(MemberError::TooMany { count, most }) } else { Ok(()) }
}

fn between(found: i64, least: i64, most: i64) -> Kept {
    if (least..=most).contains(&found) { Ok(()) } else { Err(MemberError::Range { found, least, most }) }
}

/// Errors quote a text, so it must not be long.
fn short(text: &str) -> Kept {
    if text.len() > LONGEST { Err(MemberError::TooLong { most: LONGEST }) } else { Ok(()) }
}

fn named(is_one: bool, text: &str, kind: &'static str, rule: &'static str) -> Kept {
    let invalid = || MemberError::Name(InvalidName { kind, text: text.to_owned(), rule });
    is_one.then_some(()).ok_or_else(invalid)
}
