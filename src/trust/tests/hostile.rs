//! Certificates that are written to cost whoever reads them.

use super::super::der::{self, BIT_STRING, SEQUENCE};
use super::*;

const SET: u8 = 0x31;
const UTC_TIME: u8 = 0x17;
/// 2.5.4.3, the common name.
const COMMON_NAME: &[u8] = b"\x06\x03\x55\x04\x03";
/// 1.2.840.113549.1.1.1 with the parameter NULL.
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// 1.2.840.113549.1.1.11 with the parameter NULL.
const RSA_WITH_SHA256: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";

fn name(value: &[u8]) -> Vec<u8> {
    let attribute = der::tagged(SEQUENCE, &[COMMON_NAME, value].concat());
    der::tagged(SEQUENCE, &der::tagged(SET, &attribute))
}

/// A certificate with this name that has this key and names it as its issuer's, too, so that its signature would be checked with it.
fn certificate(name: &[u8], modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let algorithm = der::tagged(SEQUENCE, RSA_WITH_SHA256);
    let time = der::tagged(UTC_TIME, b"270101000000Z");
    let key = der::tagged(SEQUENCE, &[der::unsigned(modulus), der::unsigned(exponent)].concat());
    let key = der::tagged(BIT_STRING, &[&[0], key.as_slice()].concat());
    let key = der::tagged(SEQUENCE, &[der::tagged(SEQUENCE, RSA), key].concat());
    // The extensions subjectKeyIdentifier and authorityKeyIdentifier.
    let own = der::tagged(SEQUENCE, b"\x06\x03\x55\x1d\x0e\x04\x03\x04\x01\x07");
    let issuer = der::tagged(SEQUENCE, b"\x06\x03\x55\x1d\x23\x04\x05\x30\x03\x80\x01\x07");
    let extensions = der::tagged(0xa3, &der::tagged(SEQUENCE, &[own, issuer].concat()));
    let parts = [
        der::tagged(0xa0, b"\x02\x01\x02"),
        der::unsigned(&[1]),
        algorithm.clone(),
        name.to_vec(),
        der::tagged(SEQUENCE, &[time.clone(), time].concat()),
        name.to_vec(),
        key,
        extensions,
    ];
    let signature = der::tagged(BIT_STRING, &[&[0], vec![1; modulus.len()].as_slice()].concat());
    der::tagged(SEQUENCE, &[der::tagged(SEQUENCE, &parts.concat()), algorithm, signature].concat())
}

/// Why it cannot be used.
fn reason(certificate: &[u8]) -> String {
    let text = pem::encode(&pem::Pem::new("CERTIFICATE", certificate));
    match Certificate::parse_all(ROOT_CERT, text.as_bytes()) {
        Err(TrustError::Certificate { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn elements_too_deep_inside_each_other_are_refused() {
    let nested =
        |depth: usize| (0..depth).fold(vec![0x0c, 1, b'a'], |inner, _| der::tagged(SEQUENCE, &inner));
    let with = |depth| certificate(&name(&nested(depth)), &[0x81; 256], &[1, 0, 1]);
    assert_eq!(reason(&with(40)), "it is not valid DER");
    // A few levels more than usual are another fault.
    assert!(reason(&with(5)).contains("kind of string"), "{}", reason(&with(5)));
}

#[test]
fn a_key_whose_signature_takes_long_to_check_is_refused_at_once() {
    let subject = name(&[0x0c, 1, b'a']);
    let with =
        |modulus: usize, exponent: &[u8]| reason(&certificate(&subject, &vec![0x81; modulus], exponent));
    assert!(with(2049, &[1, 0, 1]).contains("more than 16384 bits"));
    assert!(with(256, &[0x80, 0, 0, 1]).contains("exponent of more than 31 bits"));
    // One that fits is looked at.
    for (modulus, exponent) in [(2048, &[1, 0, 1][..]), (256, &[0x7f, 0xff, 0xff, 0xff][..])] {
        assert!(with(modulus, exponent).contains("its signature is not by its own key"));
    }
}
