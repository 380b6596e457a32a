use std::collections::BTreeMap;
use std::fmt::Write as _;

use base16ct::lower;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::manifest::Manifest;

/// Digest of a set of manifests, `sha256:` and 64 hexadecimal digits. It does not depend on the order of the manifests nor on that of members.
pub fn digest(manifests: &[Manifest]) -> String {
    let sorted: BTreeMap<_, _> = manifests.iter().map(|manifest| (manifest.id(), manifest)).collect();
    let mut text = String::new();
    for (id, manifest) in sorted {
        let _ = writeln!(text, "{id}");
        canonical(manifest.value(), &mut text);
        text.push('\n');
    }
    format!("sha256:{}", hex(text.as_bytes()))
}

/// SHA-256 in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    lower::encode_string(&Sha256::digest(bytes))
}

/// JSON with sorted members.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            text.push('{');
            for (name, member) in sorted {
                let _ = write!(text, "{}:", Value::String(name.clone()));
                canonical(member, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        scalar => {
            let _ = write!(text, "{scalar}");
        }
    }
}
