//! Names, addresses and numbers.

use crate::mesh_config::finding::Invalid;
use crate::mesh_config::go_text::{host_and_port, is_ip_address};

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;

/// The longest label and name of the domain name system.
const LABEL: usize = 63;
const NAME: usize = 255;

pub(super) fn port(number: i64) -> Option<Invalid> {
    (!(1..=65535).contains(&number)).then_some(Invalid::Port)
}

/// `ValidateDuration`.
pub(super) fn milliseconds(nanoseconds: i64) -> Option<Invalid> {
    (nanoseconds < MILLISECOND || nanoseconds % MILLISECOND != 0).then_some(Invalid::Milliseconds)
}

/// `ValidateDrainDuration`.
pub(super) fn seconds(nanoseconds: i64) -> Option<Invalid> {
    (nanoseconds < SECOND || nanoseconds % SECOND != 0).then_some(Invalid::Seconds)
}

/// `IsDNS1123Label`, which is not about case here.
pub(super) fn is_label(text: &str) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    bytes.len() <= LABEL
        && bytes.first().copied().is_some_and(is_letter)
        && bytes.last().copied().is_some_and(is_letter)
        && bytes.iter().all(|it| is_letter(*it) || *it == b'-')
}

/// `ValidateTrustDomain`: labels, with or without a dot at the end.
pub(super) fn is_trust_domain(text: &str) -> bool {
    let labels = text.strip_suffix('.').filter(|rest| !rest.is_empty()).unwrap_or(text);
    !text.is_empty() && labels.split('.').all(is_label)
}

/// `ValidateFQDN`.
pub(super) fn is_host(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME && are_labels(text)
}

/// `ValidateDNS1123Labels`.
fn are_labels(text: &str) -> bool {
    let top = text.rsplit('.').next().unwrap_or_default();
    let labels = text.strip_suffix('.').unwrap_or(text);
    top.parse::<i64>().is_err() && labels.split('.').all(is_label)
}

/// `ValidateWildcardDomain`.
pub(super) fn is_wildcard_host(text: &str) -> bool {
    if text.is_empty() || text.len() > NAME {
        return false;
    }
    let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
    let named = first.strip_prefix("*-").or_else(|| first.strip_prefix('*')).unwrap_or(first);
    let is_first = first == "*" || (first.len() <= LABEL && is_label(named));
    is_first && rest.is_none_or(are_labels)
}

/// `ValidateProxyAddress`.
pub(super) fn address(text: &str) -> Option<Invalid> {
    let is_one = host_and_port(text).is_some_and(|(host, number)| {
        let is_port = number.parse().is_ok_and(|number| port(number).is_none());
        is_port && (is_host(host) || is_ip_address(host))
    });
    (!is_one).then_some(Invalid::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_istiod_accepts() {
        for text in ["shop.example", "shop.example.", "Shop", "a-b.c", "1.2"] {
            assert!(is_trust_domain(text), "{text:?}");
        }
        for text in ["", ".", "a..b", "a_b", "spiffe://a", "a/b", "-a", "a-"] {
            assert!(!is_trust_domain(text), "{text:?}");
        }
        for text in ["*", "*.a.example", "*-b.a", "a.example", "*a"] {
            assert!(is_wildcard_host(text), "{text:?}");
        }
        for text in ["", "a.*", "**", "a.1", "a_b"] {
            assert!(!is_wildcard_host(text), "{text:?}");
        }
        for text in ["a.example:80", "10.0.0.1:80", "[::1]:80", "a:65535"] {
            assert_eq!(address(text), None, "{text:?}");
        }
        for text in ["a.example", "a:0", "a:b", ":80", "a b:80", "http://a:80"] {
            assert!(address(text).is_some(), "{text:?}");
        }
    }
}
