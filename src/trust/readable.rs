//! Which certificates Go does not read at all (`crypto/x509/parser.go`), and which critical extensions are unknown to whom.
//!
//! istiod does not start with an authority that Go does not read, and passes over such a root without a word.

use core::net::IpAddr;
use std::collections::BTreeSet;

use num_bigint::BigUint;
use x509_parser::asn1_rs::{Any, Class, FromDer as _, Tag};
use x509_parser::der_parser::oid;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::X509Name;

use super::der::elements;
use super::names::Name;

/// The curves of Go.
const CURVES: [&str; 4] = ["1.3.132.0.33", "1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];
/// The largest modulus that `BoringSSL` takes (`OPENSSL_RSA_MAX_MODULUS_BITS`), in bits. Go has no limit, but checking a signature takes time
/// that grows with the cube of it.
const LARGEST_MODULUS: u64 = 16384;
/// The largest exponent that Go takes (`checkPublicKeySize` in `crypto/rsa`), in bits.
const LARGEST_EXPONENT: u64 = 31;
/// How deep elements may be in each other. Certificates need about ten levels, and each takes a part of the stack.
const DEEPEST: usize = 32;
/// Critical extensions that Go handles (`processExtensions`), each below 2.5.29.
const HANDLED_BY_GO: [&str; 9] = [
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.37",
];
/// The same of `BoringSSL` (`X509_supported_extension`).
const HANDLED_BY_BORING: [&str; 9] = [
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.37",
    "2.5.29.54",
];
/// `inhibitAnyPolicy`, the last one that Go handles.
const INHIBIT_ANY_POLICY: &str = "2.5.29.54";

/// That Go reads the certificate; why not otherwise.
pub(super) fn check(certificate: &X509Certificate<'_>) -> Result<(), String> {
    let known =
        certificate.extensions().iter().filter(|extension| !extension.parsed_extension().unsupported());
    if !is_der(certificate.as_raw(), 0)
        || !is_tagged(certificate.as_raw())
        || !known.map(|extension| extension.value).all(|value| is_der(value, 0))
    {
        return Err("it is not valid DER".to_owned());
    }
    if certificate.version().0 > 2 {
        return Err("it is of an unknown version of X.509".to_owned());
    }
    if certificate.raw_serial().first().is_some_and(|first| *first >= 0x80) {
        return Err("its serial number is negative, which istiod does not accept".to_owned());
    }
    check_name(certificate.subject())?;
    check_name(certificate.issuer())?;
    check_key(certificate)?;
    let mut seen = BTreeSet::new();
    for extension in certificate.extensions() {
        if !seen.insert(extension.oid.to_id_string()) {
            return Err(format!("it has the extension {} twice", shown(&extension.oid)));
        }
        check_extension(extension)?;
    }
    Ok(())
}

/// Whether sequences and sets are marked as what has elements, and nothing else is; other readers do not look at that mark.
fn is_der(mut content: &[u8], depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    while !content.is_empty() {
        let Ok((rest, element)) = Any::from_der(content) else { return false };
        let has_elements = element.header.constructed();
        let should_have = matches!(element.tag(), Tag::Sequence | Tag::Set);
        // The last octet of an object identifier does not announce another one.
        let is_whole = element.tag() != Tag::Oid || element.data.last().is_some_and(|last| *last < 0x80);
        let is_good = element.class() != Class::Universal || (has_elements == should_have && is_whole);
        if !is_good || (has_elements && !is_der(element.data, depth + 1)) {
            return false;
        }
        content = rest;
    }
    true
}

/// Whether the parts of the certificate have the tags that they must have, and name its algorithm twice in the same way.
fn is_tagged(certificate: &[u8]) -> bool {
    let whole = elements(certificate);
    let Some([(0x30, content, _)]) = whole.as_deref() else { return false };
    let parts = elements(content);
    let Some([(0x30, body, _), (0x30, _, algorithm), (0x03, ..)]) = parts.as_deref() else { return false };
    let body = elements(body).unwrap_or_default();
    // A certificate of version 1 does not say so.
    let fields = &body[usize::from(body.first().is_some_and(|(tag, ..)| *tag == 0xa0))..];
    let [(0x02, ..), (0x30, _, signature), (0x30, ..), (0x30, ..), (0x30, ..), (0x30, key, _), rest @ ..] =
        fields
    else {
        return false;
    };
    let has_key = matches!(elements(key).as_deref(), Some([(0x30, ..), (0x03, ..)]));
    has_key
        && signature == algorithm
        && rest.iter().all(|(tag, ..)| matches!(tag, 0x81 | 0x82 | 0xa1 | 0xa2 | 0xa3))
}

fn check_name(name: &X509Name<'_>) -> Result<(), String> {
    let known = [
        Tag::T61String,
        Tag::PrintableString,
        Tag::Utf8String,
        Tag::BmpString,
        Tag::Ia5String,
        Tag::NumericString,
    ];
    match name.iter_attributes().find(|attribute| !known.contains(&attribute.attr_value().tag())) {
        None => Ok(()),
        Some(attribute) => {
            let tag = attribute.attr_value().tag();
            Err(format!("its name has a kind of string that istiod does not read ({tag})"))
        }
    }
}

fn check_key(certificate: &X509Certificate<'_>) -> Result<(), String> {
    let algorithm = &certificate.public_key().algorithm;
    if algorithm.algorithm == oid!(1.2.840.10045.2.1) {
        let curve = algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        return match curve.map(|curve| curve.to_id_string()) {
            Some(curve) if CURVES.contains(&curve.as_str()) => Ok(()),
            Some(curve) => Err(format!("its key is on a curve that istiod does not know ({curve})")),
            None => Err("its key has explicit curve parameters, which istiod does not read".to_owned()),
        };
    }
    let is_rsa = algorithm.algorithm == oid!(1.2.840.113549.1.1.1);
    let has_null = algorithm.parameters.as_ref().is_some_and(|parameters| parameters.tag() == Tag::Null);
    if is_rsa && !has_null {
        return Err("its RSA key lacks the parameter NULL, without which istiod does not read it".to_owned());
    }
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => check_rsa(&key),
        _ => Ok(()),
    }
}

fn check_rsa(key: &RSAPublicKey<'_>) -> Result<(), String> {
    let (modulus, exponent) = (BigUint::from_bytes_be(key.modulus), BigUint::from_bytes_be(key.exponent));
    if modulus.bits() > LARGEST_MODULUS {
        return Err("its RSA key has more than 16384 bits, which Envoy does not accept".to_owned());
    }
    if exponent.bits() > LARGEST_EXPONENT {
        return Err(
            "its RSA key has an exponent of more than 31 bits, which istiod does not accept".to_owned()
        );
    }
    Ok(())
}

fn check_extension(extension: &X509Extension<'_>) -> Result<(), String> {
    let marked = |name: &str| Err(format!("its {name} is critical, which istiod does not accept"));
    match extension.parsed_extension() {
        ParsedExtension::ParseError { .. } => {
            Err(format!("its extension {} cannot be read", shown(&extension.oid)))
        }
        ParsedExtension::AuthorityKeyIdentifier(_) if extension.critical => marked("authorityKeyIdentifier"),
        ParsedExtension::SubjectKeyIdentifier(_) if extension.critical => marked("subjectKeyIdentifier"),
        ParsedExtension::AuthorityInfoAccess(_) if extension.critical => marked("authorityInfoAccess"),
        ParsedExtension::CertificatePolicies(policies) => {
            let different: BTreeSet<String> =
                policies.iter().map(|policy| policy.policy_id.to_id_string()).collect();
            let is_good = different.len() == policies.len();
            is_good.then_some(()).ok_or_else(|| "it has a certificate policy twice".to_owned())
        }
        ParsedExtension::SubjectAlternativeName(names) => {
            names.general_names.iter().try_for_each(check_alternative)
        }
        ParsedExtension::NameConstraints(constraints) => {
            let subtrees =
                || constraints.permitted_subtrees.iter().chain(&constraints.excluded_subtrees).flatten();
            if subtrees().next().is_none() {
                return Err("its nameConstraints are empty".to_owned());
            }
            subtrees().map(|subtree| &subtree.base).try_for_each(check_constraint)
        }
        _ => Ok(()),
    }
}

fn check_alternative(name: &GeneralName<'_>) -> Result<(), String> {
    let is_good = match name {
        GeneralName::IPAddress(octets) => matches!(octets.len(), 4 | 16),
        GeneralName::Invalid(..) => false,
        _ => true,
    };
    is_good.then_some(()).ok_or_else(|| format!("istiod does not read {name} in its subjectAltName"))
}

/// A constraint that Go cannot parse makes the whole certificate unreadable.
fn check_constraint(base: &GeneralName<'_>) -> Result<(), String> {
    let is_good = match base {
        GeneralName::DNSName(name) => is_domain(name),
        GeneralName::URI(host) => is_domain(host) && host.parse::<IpAddr>().is_err(),
        GeneralName::RFC822Name(address) => match address.rsplit_once('@') {
            Some((local, domain)) => !local.is_empty() && !domain.is_empty() && is_domain(domain),
            None => is_domain(address),
        },
        GeneralName::IPAddress(octets) => is_network(octets),
        GeneralName::Invalid(..) => false,
        _ => true,
    };
    is_good.then_some(()).ok_or_else(|| format!("istiod does not read {base} in its nameConstraints"))
}

/// `domainNameValid` of a constraint.
fn is_domain(name: &str) -> bool {
    let labels = name.strip_prefix('.').unwrap_or(name);
    let is_printable = name.bytes().all(|letter| (33..=126).contains(&letter));
    name.is_empty() || (is_printable && labels.split('.').all(|label| !label.is_empty()))
}

fn is_network(octets: &[u8]) -> bool {
    if !matches!(octets.len(), 8 | 32) {
        return false;
    }
    let mask =
        octets[octets.len() / 2..].iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1));
    mask.collect::<Vec<_>>().is_sorted_by(|one, next| one >= next)
}

/// Critical extensions that Go and `BoringSSL` do not handle.
pub(super) fn unknown_critical(certificate: &X509Certificate<'_>) -> (Vec<String>, Vec<String>) {
    let critical = || certificate.iter_extensions().filter(|extension| extension.critical);
    let names = |extension: &X509Extension<'_>| shown(&extension.oid);
    let to_go = critical().filter(|extension| !is_handled_by_go(extension)).map(names);
    let is_handled_by_boring =
        |extension: &&X509Extension<'_>| HANDLED_BY_BORING.contains(&extension.oid.to_id_string().as_str());
    let to_boring = critical().filter(|extension| !is_handled_by_boring(extension)).map(names);
    (to_go.collect(), to_boring.collect())
}

fn is_handled_by_go(extension: &X509Extension<'_>) -> bool {
    let known = |name: &GeneralName<'_>| Name::of(name).is_known_to_go();
    let identifier = extension.oid.to_id_string();
    if identifier != INHIBIT_ANY_POLICY && !HANDLED_BY_GO.contains(&identifier.as_str()) {
        return false;
    }
    match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => names.general_names.iter().any(known),
        ParsedExtension::NameConstraints(constraints) => {
            let subtrees = constraints.permitted_subtrees.iter().chain(&constraints.excluded_subtrees);
            subtrees.flatten().all(|subtree| known(&subtree.base))
        }
        _ => true,
    }
}

/// An extension as openssl's configuration calls it.
fn shown(identifier: &Oid<'_>) -> String {
    let identifier = identifier.to_id_string();
    let names = [
        ("2.5.29.17", "subjectAltName"),
        ("2.5.29.18", "issuerAltName"),
        ("2.5.29.30", "nameConstraints"),
        ("2.5.29.31", "crlDistributionPoints"),
        ("2.16.840.1.113730.1.1", "nsCertType"),
    ];
    names.iter().find(|(known, _)| *known == identifier).map_or(identifier, |(_, name)| (*name).to_owned())
}
