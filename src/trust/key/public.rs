//! The public halves of keys that ring does not take: ECDSA on P-521, and RSA of other sizes than 2048 to 4096 bits.

use num_bigint::BigUint;
use p521::SecretKey;
use p521::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use rustls::pki_types::PrivateKeyDer;
use x509_parser::asn1_rs::{Any, FromDer as _, Tag};

use super::super::der::{BIT_STRING, SEQUENCE, tagged, unsigned};

/// `AlgorithmIdentifier` of an RSA key.
const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// `SubjectPublicKeyInfo` in DER; `None` if the key is of another kind, or damaged.
pub(super) fn of(key: &PrivateKeyDer<'_>) -> Option<Vec<u8>> {
    match key {
        PrivateKeyDer::Pkcs1(content) => rsa(content.secret_pkcs1_der()),
        PrivateKeyDer::Sec1(content) => p521(&SecretKey::from_sec1_der(content.secret_sec1_der()).ok()?),
        PrivateKeyDer::Pkcs8(content) => {
            let content = content.secret_pkcs8_der();
            match SecretKey::from_pkcs8_der(content) {
                Ok(key) => p521(&key),
                Err(_) => rsa(rsa_in_pkcs8(content)?),
            }
        }
        _ => None,
    }
}

fn p521(key: &SecretKey) -> Option<Vec<u8>> {
    Some(key.public_key().to_public_key_der().ok()?.to_vec())
}

/// `PrivateKeyInfo` (RFC 5208): version, algorithm, key.
fn rsa_in_pkcs8(content: &[u8]) -> Option<&[u8]> {
    let (_, info) = Any::from_der(content).ok()?;
    let (rest, _version) = Any::from_der(info.data).ok()?;
    let key = rest.strip_prefix(RSA)?;
    let (_, key) = Any::from_der(key).ok()?;
    (key.tag() == Tag::OctetString).then_some(key.data)
}

/// `RSAPrivateKey` (RFC 8017, A.1.2), whose parts must fit together as Go wants them.
fn rsa(content: &[u8]) -> Option<Vec<u8>> {
    let (rest, key) = Any::from_der(content).ok()?;
    let mut numbers = Vec::new();
    let mut left = key.data;
    while !left.is_empty() {
        let (next, number) = Any::from_der(left).ok()?;
        numbers.push(BigUint::from_bytes_be(number.data));
        left = next;
    }
    let [version, modulus, public, private, prime, other, ..] = numbers.as_slice() else { return None };
    let one = BigUint::from(1_u8);
    let is_inverse = |prime: &BigUint| {
        let order = prime - &one;
        (public * private) % &order == one
    };
    let is_key = rest.is_empty()
        && *version == BigUint::ZERO
        && *prime > one
        && *other > one
        && prime * other == *modulus
        && is_inverse(prime)
        && is_inverse(other);
    let parts = [unsigned(&modulus.to_bytes_be()), unsigned(&public.to_bytes_be())].concat();
    let bits = [&[0], tagged(SEQUENCE, &parts).as_slice()].concat();
    is_key.then(|| tagged(SEQUENCE, &[RSA, &tagged(BIT_STRING, &bits)].concat()))
}
