//! Whether a certificate was signed with a key, for every kind of signature that istiod and Envoy accept.
//!
//! ring has no P-521, no SHA-512 for the smaller curves, and no RSA below 2048 bits, all of which Go and `BoringSSL` have: those are
//! computed with the crates of the curves, and with plain arithmetic, since nothing here is secret.

use num_bigint::BigUint;
use rustls::pki_types::SignatureVerificationAlgorithm;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use webpki::ring as algorithms;
use x509_parser::der_parser::oid;
use x509_parser::oid_registry::Oid;
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// What became of checking one certificate's signature with another's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    Good,
    /// By another key, or the certificate was changed.
    Bad,
    /// Of a kind that Go does not accept (SHA-1, for instance); a root's own signature may be.
    Retired(String),
    /// Of a kind that Go and `BoringSSL` accept, and this module cannot compute.
    Unchecked(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Ecdsa(Hash),
    Rsa(Hash),
    Pss(Hash),
    Ed25519,
}

/// The smallest modulus that Go takes (`checkKeySize` in `crypto/rsa`).
const SMALLEST_RSA: usize = 1024;
/// What ring takes.
const RSA_OF_RING: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Checks a signature of `message`.
pub(super) fn check(
    algorithm: &AlgorithmIdentifier<'_>,
    key: &SubjectPublicKeyInfo<'_>,
    message: &[u8],
    signature: &[u8],
) -> Signature {
    let Some(scheme) = Scheme::of(algorithm) else {
        return Signature::Retired(named(&algorithm.algorithm));
    };
    match (scheme, key.parsed()) {
        (Scheme::Ecdsa(hash), _) if key.algorithm.algorithm == oid!(1.2.840.10045.2.1) => {
            ecdsa(hash, key, message, signature)
        }
        (Scheme::Rsa(_) | Scheme::Pss(_), Ok(PublicKey::RSA(rsa))) => {
            let size = rsa.key_size();
            // The crate counts whole octets.
            let modulus = BigUint::from_bytes_be(rsa.modulus);
            let exact = usize::try_from(modulus.bits()).unwrap_or(size);
            match (scheme, RSA_OF_RING.contains(&exact)) {
                (_, true) => by_ring(rsa_of_ring(scheme), key, message, signature),
                (Scheme::Rsa(hash), false) if exact >= SMALLEST_RSA => {
                    let is_good =
                        pkcs1(&modulus, &BigUint::from_bytes_be(rsa.exponent), hash, message, signature);
                    if is_good { Signature::Good } else { Signature::Bad }
                }
                _ if exact < SMALLEST_RSA => Signature::Retired(format!("RSA with {exact} bits")),
                _ => Signature::Unchecked(format!("RSASSA-PSS with {exact} bits")),
            }
        }
        (Scheme::Ed25519, _) if key.algorithm.algorithm == oid!(1.3.101.112) => {
            by_ring(algorithms::ED25519, key, message, signature)
        }
        _ => Signature::Bad,
    }
}

impl Scheme {
    /// `None` is what Go calls unknown or insecure (`getSignatureAlgorithmFromAI` and `checkSignature` in `crypto/x509`).
    fn of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Self> {
        let known = [
            (oid!(1.2.840.10045.4.3.2), Self::Ecdsa(Hash::Sha256)),
            (oid!(1.2.840.10045.4.3.3), Self::Ecdsa(Hash::Sha384)),
            (oid!(1.2.840.10045.4.3.4), Self::Ecdsa(Hash::Sha512)),
            (oid!(1.2.840.113549.1.1.11), Self::Rsa(Hash::Sha256)),
            (oid!(1.2.840.113549.1.1.12), Self::Rsa(Hash::Sha384)),
            (oid!(1.2.840.113549.1.1.13), Self::Rsa(Hash::Sha512)),
            (oid!(1.3.101.112), Self::Ed25519),
        ];
        if let Some((_, scheme)) = known.into_iter().find(|(known, _)| *known == algorithm.algorithm) {
            return (scheme != Self::Ed25519 || algorithm.parameters.is_none()).then_some(scheme);
        }
        (algorithm.algorithm == oid!(1.2.840.113549.1.1.10)).then(|| Self::pss(algorithm))?
    }

    /// One hash in all places, and a salt as long as it.
    fn pss(algorithm: &AlgorithmIdentifier<'_>) -> Option<Self> {
        let parameters = RsaSsaPssParams::try_from(algorithm.parameters.as_ref()?).ok()?;
        let of_mask = parameters.mask_gen_algorithm().ok()?;
        let hash = parameters.hash_algorithm_oid();
        let of_mask = of_mask.hash == *hash && of_mask.mgf == oid!(1.2.840.113549.1.1.8);
        let hashes = [
            (oid!(2.16.840.1.101.3.4.2.1), Hash::Sha256, 32),
            (oid!(2.16.840.1.101.3.4.2.2), Hash::Sha384, 48),
            (oid!(2.16.840.1.101.3.4.2.3), Hash::Sha512, 64),
        ];
        let (_, hash, salt) = hashes.into_iter().find(|(known, ..)| known == hash)?;
        let is_plain = of_mask && parameters.salt_length() == salt && parameters.trailer_field() == 1;
        is_plain.then_some(Self::Pss(hash))
    }
}

fn ecdsa(hash: Hash, key: &SubjectPublicKeyInfo<'_>, message: &[u8], signature: &[u8]) -> Signature {
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let Some(curve) = curve else { return Signature::Unchecked("ECDSA on an unnamed curve".to_owned()) };
    let (bits, digest) = (&*key.subject_public_key.data, hash.digest(message));
    let is_good = if curve == oid!(1.2.840.10045.3.1.7) {
        match hash {
            Hash::Sha256 => return by_ring(algorithms::ECDSA_P256_SHA256, key, message, signature),
            Hash::Sha384 => return by_ring(algorithms::ECDSA_P256_SHA384, key, message, signature),
            Hash::Sha512 => p256(bits, &digest, signature),
        }
    } else if curve == oid!(1.3.132.0.34) {
        match hash {
            Hash::Sha256 => return by_ring(algorithms::ECDSA_P384_SHA256, key, message, signature),
            Hash::Sha384 => return by_ring(algorithms::ECDSA_P384_SHA384, key, message, signature),
            Hash::Sha512 => p384(bits, &digest, signature),
        }
    } else if curve == oid!(1.3.132.0.35) {
        p521(bits, &digest, signature)
    } else {
        return Signature::Unchecked(format!("ECDSA on {}", named(&curve)));
    };
    if is_good.is_some() { Signature::Good } else { Signature::Bad }
}

fn p256(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
    let key = VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(digest, &Signature::from_der(signature).ok()?).ok()
}

fn p384(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    use p384::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
    let key = VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(digest, &Signature::from_der(signature).ok()?).ok()
}

fn p521(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    use p521::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
    let key = VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(digest, &Signature::from_der(signature).ok()?).ok()
}

fn rsa_of_ring(scheme: Scheme) -> &'static dyn SignatureVerificationAlgorithm {
    match scheme {
        Scheme::Pss(Hash::Sha256) => algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        Scheme::Pss(Hash::Sha384) => algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        Scheme::Pss(Hash::Sha512) => algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        Scheme::Rsa(Hash::Sha384) => algorithms::RSA_PKCS1_2048_8192_SHA384,
        Scheme::Rsa(Hash::Sha512) => algorithms::RSA_PKCS1_2048_8192_SHA512,
        Scheme::Rsa(Hash::Sha256) | Scheme::Ecdsa(_) | Scheme::Ed25519 => {
            algorithms::RSA_PKCS1_2048_8192_SHA256
        }
    }
}

fn by_ring(
    algorithm: &dyn SignatureVerificationAlgorithm,
    key: &SubjectPublicKeyInfo<'_>,
    message: &[u8],
    signature: &[u8],
) -> Signature {
    match algorithm.verify_signature(&key.subject_public_key.data, message, signature) {
        Ok(()) => Signature::Good,
        Err(_) => Signature::Bad,
    }
}

/// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2).
fn pkcs1(modulus: &BigUint, exponent: &BigUint, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let length = usize::try_from(modulus.bits().div_ceil(8)).unwrap_or_default();
    let suffix = [hash.info(), &hash.digest(message)].concat();
    let Some(padding) = length.checked_sub(suffix.len() + 3).filter(|padding| *padding >= 8) else {
        return false;
    };
    let encoded = [&[0, 1], vec![0xff; padding].as_slice(), &[0], &suffix].concat();
    let signature_number = BigUint::from_bytes_be(signature);
    signature.len() == length
        && signature_number < *modulus
        && signature_number.modpow(exponent, modulus) == BigUint::from_bytes_be(&encoded)
}

impl Hash {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// What precedes the digest in the `DigestInfo` of RFC 8017, 9.2.
    fn info(self) -> &'static [u8] {
        match self {
            Self::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            Self::Sha384 => b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
            Self::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
        }
    }
}

/// An algorithm as people know it, or else its identifier.
pub(super) fn named(identifier: &Oid<'_>) -> String {
    let names = [
        (oid!(1.2.840.10045.3.1.7), "ecdsa-p256"),
        (oid!(1.3.132.0.34), "ecdsa-p384"),
        (oid!(1.3.132.0.35), "ecdsa-p521"),
        (oid!(1.3.132.0.33), "ecdsa-p224"),
        (oid!(1.3.101.112), "ed25519"),
        (oid!(1.2.840.113549.1.1.4), "RSA with MD5"),
        (oid!(1.2.840.113549.1.1.5), "RSA with SHA-1"),
        (oid!(1.2.840.113549.1.1.14), "RSA with SHA-224"),
        (oid!(1.2.840.113549.1.1.10), "RSASSA-PSS with other parameters than the usual ones"),
        (oid!(1.2.840.10045.4.1), "ECDSA with SHA-1"),
        (oid!(1.2.840.10045.4.3.1), "ECDSA with SHA-224"),
    ];
    let known = names.iter().find(|(known, _)| known == identifier);
    known.map_or_else(|| identifier.to_id_string(), |(_, name)| (*name).to_owned())
}
