//! DER elements.

use x509_parser::asn1_rs::{Any, FromDer as _};

pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// A DER element.
pub(super) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut element = vec![tag];
    match significant {
        [] => element.push(0),
        [short @ 0..=0x7f] => element.push(*short),
        long => {
            // At most eight octets.
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(content);
    element
}

/// A number that is not negative, from its octets without leading zeros.
pub(super) fn unsigned(octets: &[u8]) -> Vec<u8> {
    let is_padded = octets.first().is_none_or(|first| *first >= 0x80);
    tagged(INTEGER, &[&[0][..usize::from(is_padded)], octets].concat())
}

/// Tag, content and the whole of an element.
pub(super) type Element<'a> = (u8, &'a [u8], &'a [u8]);

/// The elements one after the other; `None` if they are not DER.
pub(super) fn elements(mut content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while let Some(tag) = content.first() {
        let (rest, element) = Any::from_der(content).ok()?;
        found.push((*tag, element.data, &content[..content.len() - rest.len()]));
        content = rest;
    }
    Some(found)
}
