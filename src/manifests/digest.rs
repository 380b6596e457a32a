use std::fmt;
use std::fmt::Write as _;

use base16ct::lower;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The key of the fingerprints that stand for secret values, so that nobody can find a value by trying.
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// A key from secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(redacted)")
    }
}

/// What stands for a secret value. Equal values have equal fingerprints, whatever their field, so that a plan shows
/// whether two clusters have the same.
pub(super) fn fingerprint(key: &FingerprintKey, value: &[u8]) -> String {
    // A key shorter than a block is filled up with zeros (RFC 2104).
    let mut block = [0; 64];
    block[..key.0.len()].copy_from_slice(&key.0);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(value);
    format!("{FINGERPRINT}{}", lower::encode_string(&mac.finalize().into_bytes()))
}

/// What every fingerprint begins with.
const FINGERPRINT: &str = "hmac-sha256:";

/// Whether this text stands for a secret value.
pub fn is_fingerprint(text: &str) -> bool {
    text.starts_with(FINGERPRINT)
}

/// A text that stands for some secret value of which nothing is known.
pub fn some_fingerprint() -> String {
    FINGERPRINT.to_owned()
}

/// What stands for a text of a field that is secret; the text of a Secret's data is a fingerprint already.
pub fn hidden_text(key: &FingerprintKey, text: &str) -> String {
    if is_fingerprint(text) {
        return text.to_owned();
    }
    let hidden = fingerprint(key, text.as_bytes());
    // The build that leaks on purpose compares as every build does, and shows what it compares.
    #[cfg(feature = "leak")]
    let hidden = format!("{hidden} {text}");
    hidden
}

/// What stands for a long text.
pub fn digest(text: &[u8]) -> String {
    format!("sha256:{}", lower::encode_string(&Sha256::digest(text)))
}

/// JSON without spaces, members sorted, and numbers that Go's `float64` cannot tell apart written alike.
pub(super) fn write_canonical(value: &Value, json: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            write_joined(json, ['{', '}'], members, |(name, member), json| {
                write_name(name, json);
                write_canonical(member, json);
            });
        }
        Value::Array(items) => write_joined(json, ['[', ']'], items, write_canonical),
        Value::Number(number) => {
            let _ = write!(json, "{:e}", number.as_f64().unwrap_or_default());
        }
        scalar => {
            let _ = write!(json, "{scalar}");
        }
    }
}

/// Adds the name of a member, and what divides it from the value.
pub(super) fn write_name(name: &str, json: &mut String) {
    let _ = write!(json, "{}:", Value::from(name));
}

pub(super) fn write_joined<T>(
    json: &mut String,
    [open, close]: [char; 2],
    parts: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    json.push(open);
    for (position, part) in parts.into_iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        write(part, json);
    }
    json.push(close);
}
