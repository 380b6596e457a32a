//! sprig's functions on passwords, keys and certificates. Chance, keys and certificates come from the caller's
//! [`crate::Source`].

use std::rc::Rc;

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit as _, Mac as _};

use super::arguments::{any, bytes, int, text};
use super::random::random;
use super::{pure, with_engine};
use crate::golang::fmt::to_text;
use crate::object::Object;
use crate::source::{Certificate, CertificateRequest};
use crate::template::Templates;
use crate::template::error::CallError;
use crate::template::exec::Engine;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::Value;

const TEXTS: &[Type] = &[Type::String, Type::String];
const LEAF: &[Type] = &[Type::String, Type::List, Type::List, Type::Int];
const SIGNED: &[Type] = &[Type::String, Type::List, Type::List, Type::Int, Type::Certificate];

pub(super) const FUNCTIONS: &[Function] = &[
    with_engine("bcrypt", &[Type::String], |engine, _, arguments| {
        Ok(Value::from(bcrypt_hash(engine, bytes(arguments, 0))?))
    }),
    with_engine("htpasswd", TEXTS, htpasswd),
    pure(
        "derivePassword",
        &[Type::Uint32, Type::String, Type::String, Type::String, Type::String],
        derive_password,
    ),
    with_engine("encryptAES", TEXTS, encrypt_aes),
    pure("decryptAES", TEXTS, decrypt_aes),
    with_engine("genPrivateKey", &[Type::String], private_key),
    pure("buildCustomCert", TEXTS, custom_certificate),
    with_engine("genCA", &[Type::String, Type::Int], authority),
    with_engine("genCAWithKey", &[Type::String, Type::Int, Type::String], authority),
    with_engine("genSelfSignedCert", LEAF, leaf),
    with_engine(
        "genSelfSignedCertWithKey",
        &[Type::String, Type::List, Type::List, Type::Int, Type::String],
        leaf,
    ),
    with_engine("genSignedCert", SIGNED, leaf),
    with_engine(
        "genSignedCertWithKey",
        &[Type::String, Type::List, Type::List, Type::Int, Type::Certificate, Type::String],
        leaf,
    ),
];

/// The name of the Go type of certificates, which parameters of functions are checked against.
pub(crate) const CERTIFICATE_TYPE: &str = "sprig.certificate";

fn bcrypt_hash(engine: &Engine<'_>, password: &[u8]) -> Result<String, CallError> {
    const COST: u32 = 10;
    const LONGEST: usize = 72;
    if password.len() > LONGEST {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned()
        );
    }
    let salt: [u8; 16] = random(engine, 16)?.try_into().map_err(|_| "random values are not available")?;
    let parts = bcrypt::hash_with_salt(password, COST, salt).map_err(|error| error.to_string())?;
    Ok(parts.format_for_version(bcrypt::Version::TwoA))
}

fn htpasswd(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let user = text(arguments, 0);
    if user.contains(':') {
        return Ok(Value::from(format!("invalid username: {user}")));
    }
    Ok(Value::from(format!("{user}:{}", bcrypt_hash(engine, bytes(arguments, 1))?)))
}

/// The kinds of derived passwords: each template is a row of classes of characters.
const PASSWORD_TEMPLATES: [(&str, &[&str]); 6] = [
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

fn class(name: u8) -> &'static [u8] {
    match name {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// Lyndir's "master password": the same inputs give the same password.
fn derive_password(arguments: &[Value]) -> CallResult {
    const SEED: &[u8] = b"com.lyndir.masterpassword";
    let kind = text(arguments, 1);
    let Some((_, templates)) = PASSWORD_TEMPLATES.iter().find(|(name, _)| *name == kind) else {
        return Ok(Value::from(format!("cannot find password template {kind}")));
    };
    let with_length = |part: &[u8]| {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
        [SEED, &length, part].concat()
    };
    let mut key = [0u8; 64];
    let cost = scrypt::Params::new(15, 8, 2).map_err(|error| error.to_string())?;
    scrypt::scrypt(bytes(arguments, 2), &with_length(bytes(arguments, 3)), &cost, &mut key)
        .map_err(|error| format!("failed to derive password: {error}"))?;
    let counter = u32::try_from(int(arguments, 0)).unwrap_or_default().to_be_bytes();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    mac.update(&with_length(bytes(arguments, 4)));
    mac.update(&counter);
    let seed = mac.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let password: String = template
        .bytes()
        .zip(&seed[1..])
        .map(|(name, byte)| {
            let characters = class(name);
            char::from(characters[usize::from(*byte) % characters.len()])
        })
        .collect();
    Ok(Value::from(password))
}

/// The first 32 bytes of a password, padded with zeros.
fn aes_key(password: &[u8]) -> [u8; 32] {
    let mut key = [0u8; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    key
}

fn encrypt_aes(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let plain = bytes(arguments, 1);
    if plain.is_empty() {
        return Ok(Value::from(""));
    }
    let vector: [u8; 16] = random(engine, 16)?.try_into().map_err(|_| "random values are not available")?;
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&aes_key(bytes(arguments, 0)).into(), &vector.into());
    let encrypted = cipher.encrypt_padded_vec::<Pkcs7>(plain);
    Ok(Value::from(STANDARD.encode([vector.as_slice(), &encrypted].concat())))
}

fn decrypt_aes(arguments: &[Value]) -> CallResult {
    let encoded = bytes(arguments, 1);
    if encoded.is_empty() {
        return Ok(Value::from(""));
    }
    let encrypted = crate::golang::base64::decode(encoded)
        .map_err(|offset| format!("illegal base64 data at input byte {offset}"))?;
    let (vector, body) = encrypted.split_first_chunk::<16>().ok_or(
        "runtime error: slice bounds out of range: the text is shorter than an initialization vector",
    )?;
    let cipher = cbc::Decryptor::<aes::Aes256>::new(&aes_key(bytes(arguments, 0)).into(), &(*vector).into());
    let plain =
        cipher.decrypt_padded_vec::<NoPadding>(body).map_err(|_| "crypto/cipher: input not full blocks")?;
    let padding = plain.last().copied().map_or(0, usize::from);
    let length = plain.len().checked_sub(padding).ok_or("runtime error: slice bounds out of range")?;
    Ok(Value::bytes_as_string(plain[..length].to_vec()))
}

const NO_KEYS: &str = "keys are not available: rendering does not make them unless a source does";

fn private_key(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let kind = match &*text(arguments, 0) {
        "" => "rsa".to_owned(),
        kind @ ("rsa" | "dsa" | "ecdsa" | "ed25519") => kind.to_owned(),
        other => return Ok(Value::from(format!("Unknown type {other}"))),
    };
    let key = engine.source.and_then(|source| source.private_key(&kind)).ok_or(NO_KEYS)?;
    Ok(Value::from(key))
}

fn authority(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    made(
        engine,
        &CertificateRequest {
            common_name: text(arguments, 0).into_owned(),
            days_valid: int(arguments, 1),
            is_authority: true,
            key: key_at(arguments, 2),
            ..CertificateRequest::default()
        },
    )
}

fn leaf(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let signer = arguments.get(4).and_then(certificate);
    made(
        engine,
        &CertificateRequest {
            common_name: text(arguments, 0).into_owned(),
            ip_addresses: addresses(&any(arguments, 1))?,
            dns_names: names(&any(arguments, 2))?,
            days_valid: int(arguments, 3),
            is_authority: false,
            key: key_at(arguments, if signer.is_some() { 5 } else { 4 }),
            signer,
        },
    )
}

fn key_at(arguments: &[Value], index: usize) -> Option<String> {
    arguments.get(index).map(|_| text(arguments, index).into_owned())
}

fn made(engine: &Engine<'_>, request: &CertificateRequest) -> CallResult {
    const NO_CERTIFICATES: &str =
        "certificates are not available: rendering does not make them unless a source does";
    let certificate =
        engine.source.and_then(|source| source.certificate(request)).ok_or(NO_CERTIFICATES)??;
    Ok(Value::Object(Rc::new(CertificateObject(certificate))))
}

fn items(value: &Value) -> Vec<Value> {
    if let Value::List(list) = value { list.items.to_vec() } else { Vec::new() }
}

fn addresses(list: &Value) -> Result<Vec<std::net::IpAddr>, CallError> {
    let address = |item: &Value| match item {
        Value::String(text) => text.parse().map_err(|_| CallError::from(format!("error parsing ip: {text}"))),
        other => Err(format!("error parsing ip: {} is not a string", to_text(other)).into()),
    };
    items(list).iter().map(address).collect()
}

fn names(list: &Value) -> Result<Vec<String>, CallError> {
    let name = |item: &Value| match item {
        Value::String(text) => Ok(text.to_string()),
        other => {
            let shown = to_text(other);
            Err(CallError::from(format!("error processing alternate dns name: {shown} is not a string")))
        }
    };
    items(list).iter().map(name).collect()
}

/// A certificate and key that the chart brings along, both in Base64.
fn custom_certificate(arguments: &[Value]) -> CallResult {
    let decode = |index: usize, what: &str| {
        let decoded =
            STANDARD.decode(bytes(arguments, index)).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.ok_or_else(|| format!("unable to decode base64 {what}"))
    };
    let (certificate, key) = (decode(0, "certificate")?, decode(1, "private key")?);
    if !is_pem(&certificate) {
        return Err("unable to decode certificate".into());
    }
    if !is_pem(&key) {
        return Err("error parsing private key: no PEM data in input".into());
    }
    Ok(Value::Object(Rc::new(CertificateObject(Certificate { certificate, key }))))
}

fn is_pem(text: &str) -> bool {
    text.find("-----BEGIN ").is_some_and(|start| text[start..].contains("-----END "))
}

struct CertificateObject(Certificate);

/// The certificate that a value is, if it is one.
fn certificate(value: &Value) -> Option<Certificate> {
    let Value::Object(object) = value else { return None };
    if object.type_name() != CERTIFICATE_TYPE {
        return None;
    }
    let field = |name: &str| object.field(name).map(|value| to_text(&value));
    Some(Certificate { certificate: field("Cert")?, key: field("Key")? })
}

impl Object for CertificateObject {
    fn type_name(&self) -> &'static str {
        CERTIFICATE_TYPE
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::from(self.0.certificate.as_str())),
            "Key" => Some(Value::from(self.0.key.as_str())),
            _ => None,
        }
    }

    fn plain(&self) -> Value {
        Value::from(format!("{{{} {}}}", self.0.certificate, self.0.key))
    }

    fn marshalled(&self) -> Value {
        let pairs = [("Cert", &self.0.certificate), ("Key", &self.0.key)];
        Value::map(pairs.into_iter().map(|(key, text)| (Rc::from(key), Value::from(text.as_str()))).collect())
    }

    fn is_true(&self) -> bool {
        true
    }
}
