//! The text of single values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use super::digest::{digest, is_fingerprint};

/// The longest text that is shown, in bytes; a digest stands for a longer one.
const LONGEST_TEXT: usize = 512;

/// The text of a scalar or an empty list or object in a Kubernetes object, whose schema tells strings from numbers.
pub(super) fn typed(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text),
        Value::Number(number) => number_text(number),
        other => other.to_string(),
    }
}

/// The whole text of such a value: a string without quotes, whatever its length.
pub(super) fn whole(value: &Value) -> String {
    value.as_str().map_or_else(|| typed(value), str::to_owned)
}

/// The text of a scalar or an empty list or object in a document without a schema.
pub(super) fn untyped(value: &Value) -> String {
    match value {
        Value::String(text) if is_mistakable(text) => Value::from(text.as_str()).to_string(),
        value => typed(value),
    }
}

/// The text of bytes in base64, written as Kubernetes writes it; text that is no base64 stays as it is.
pub(super) fn base64(value: &Value) -> String {
    let decoded = value.as_str().and_then(decode_base64);
    decoded.map_or_else(|| typed(value), |bytes| shortened(&STANDARD.encode(bytes)))
}

/// Go's JSON decoder skips line breaks in base64.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.replace(['\r', '\n'], "")).ok()
}

fn shortened(text: &str) -> String {
    // A text that looks like a fingerprint must not be taken for one.
    if text.len() > LONGEST_TEXT || is_fingerprint(text) { digest(text.as_bytes()) } else { text.to_owned() }
}

/// Whether a string in an untyped document reads like another value, or like text that stands for one.
fn is_mistakable(text: &str) -> bool {
    text.is_empty() || text.starts_with("sha256:") || serde_json::from_str::<Value>(text).is_ok()
}

/// YAML has `1.0` where JSON has `1`; both mean the same number.
fn number_text(number: &Number) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}
