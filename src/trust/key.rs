//! Private keys: made here or given.

mod public;

use std::fmt;
use std::sync::Arc;

use rcgen::{KeyPair, PublicKeyData, SignatureAlgorithm};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::{Signer, SigningKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::encoding::{self, Source};
use super::error::TrustError;
use crate::mesh::KeyType;

/// Given keys may also be RSA.
fn algorithm(key_type: KeyType) -> &'static SignatureAlgorithm {
    match key_type {
        KeyType::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyType::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
    }
}

/// A private key. `Debug` shows nothing of it, its text is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct PrivateKey {
    text: SecretString,
    /// `None` if only istiod can sign with it.
    signing: Option<Signing>,
    /// `SubjectPublicKeyInfo` in DER.
    public: Vec<u8>,
    /// Where in `public` the bits of the key begin.
    bits: usize,
}

#[derive(Clone)]
struct Signing {
    key: Arc<dyn SigningKey>,
    scheme: SignatureScheme,
}

impl PrivateKey {
    /// A new key from the system's random numbers.
    pub(super) fn generate(key_type: KeyType) -> Result<Self, TrustError> {
        let pair = KeyPair::generate_for(algorithm(key_type))
            .map_err(|source| TrustError::Make { what: "a private key", source })?;
        let content = Zeroizing::new(pair.serialize_der());
        Self::load(super::CA_KEY, "PRIVATE KEY", &content)
    }

    /// Reads a file with a key: PKCS#8, PKCS#1 (RSA) or SEC1 (EC), the kinds that istiod reads. Like istiod, it looks at the first
    /// block only (`security/pkg/pki/util/crypto.go`, `ParsePemEncodedKey`).
    pub(super) fn parse(source: Source<'_>, content: &[u8]) -> Result<Self, TrustError> {
        let file = source.file;
        let Some(block) = encoding::blocks(source, content)?.into_iter().next() else {
            return Err(TrustError::NotPem { file: file.to_owned() });
        };
        let (kind, encrypted) = (block.tag().to_owned(), block.headers().iter().next().is_some());
        let content = Zeroizing::new(block.into_contents());
        if encrypted || kind == "ENCRYPTED PRIVATE KEY" {
            return Err(TrustError::EncryptedKey { file: file.to_owned() });
        }
        Self::load(file, &kind, &content)
    }

    fn load(file: &str, kind: &str, content: &[u8]) -> Result<Self, TrustError> {
        let der = match kind {
            "PRIVATE KEY" => PrivateKeyDer::Pkcs8(content.into()),
            "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(content.into()),
            "EC PRIVATE KEY" => PrivateKeyDer::Sec1(content.into()),
            found => {
                let (file, found) = (file.to_owned(), found.to_owned());
                return Err(TrustError::Kind { file, found, wanted: "PRIVATE KEY" });
            }
        };
        let text = encoding::encode(kind, content).into();
        let of_ring = any_supported_type(&der).ok().and_then(|key| {
            let scheme = signer(&*key)?.scheme();
            let public = key.public_key()?.to_vec();
            Some((Some(Signing { key, scheme }), public))
        });
        let known = of_ring.or_else(|| Some((None, public::of(&der)?)));
        let (signing, public) = known.ok_or_else(|| TrustError::Key { file: file.to_owned() })?;
        let bits = public.len() - key_bits(&public).map_or(0, <[u8]>::len);
        Ok(Self { text, signing, public, bits })
    }

    /// Whether certificates can be signed with it here. istiod can with more kinds of keys.
    pub(super) fn can_sign(&self) -> bool {
        self.signing.is_some()
    }

    /// The key as PEM: PKCS#8 if it was made here, else of the kind that was given.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    pub(super) fn text(&self) -> &SecretString {
        &self.text
    }

    /// Whether this is the key of the certificate that has this `SubjectPublicKeyInfo`.
    pub(super) fn fits(&self, public_key_info: &[u8]) -> bool {
        self.public == public_key_info
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(redacted)")
    }
}

impl PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public[self.bits..]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.signing.as_ref().map(|signing| signing.scheme) {
            Some(SignatureScheme::ECDSA_NISTP256_SHA256) => &rcgen::PKCS_ECDSA_P256_SHA256,
            Some(SignatureScheme::ECDSA_NISTP384_SHA384) => &rcgen::PKCS_ECDSA_P384_SHA384,
            Some(SignatureScheme::ED25519) => &rcgen::PKCS_ED25519,
            _ => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signer = self.signing.as_ref().and_then(|signing| signer(&*signing.key));
        signer.and_then(|signer| signer.sign(message).ok()).ok_or(rcgen::Error::RingUnspecified)
    }
}

/// Signs as certificates of each kind of key are signed.
fn signer(key: &dyn SigningKey) -> Option<Box<dyn Signer>> {
    key.choose_scheme(&[
        SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureScheme::ECDSA_NISTP384_SHA384,
        SignatureScheme::ED25519,
        SignatureScheme::RSA_PKCS1_SHA256,
    ])
}

/// The bits of a public key: the end of its `SubjectPublicKeyInfo`.
fn key_bits(public_key_info: &[u8]) -> Option<&[u8]> {
    let (_, info) = SubjectPublicKeyInfo::from_der(public_key_info).ok()?;
    let length = info.subject_public_key.data.len();
    public_key_info.get(public_key_info.len() - length..)
}
