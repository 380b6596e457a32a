//! Encodings and digests: base64, base32, SHA, Adler, YAML, JSON.

use base16ct::lower as hex;
use base64::Engine as _;
use sha2::Digest as _;

use super::arguments::{any, bytes, text};
use super::{pure, with_engine};
use crate::golang::json::{COMPACT, Decoded, Style, decode, encode};
use crate::template::Templates;
use crate::template::exec::Engine;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::{Entries, INTERFACE_SLICE, List, Map, STRING_INTERFACE_MAP, Value};
use crate::yaml;

const TEXT: &[Type] = &[Type::String];
const ANY: &[Type] = &[Type::Any];
const PRETTY: Style = Style { escape_html: true, pretty: true };
const RAW: Style = Style { escape_html: false, pretty: false };

pub(super) const FUNCTIONS: &[Function] = &[
    pure("b64enc", TEXT, |arguments| {
        Ok(Value::from(base64::engine::general_purpose::STANDARD.encode(bytes(arguments, 0))))
    }),
    pure("b64dec", TEXT, b64dec),
    pure("b32enc", TEXT, |arguments| Ok(Value::from(b32enc(bytes(arguments, 0))))),
    pure("b32dec", TEXT, b32dec),
    pure("sha1sum", TEXT, |arguments| {
        Ok(Value::from(hex::encode_string(&sha1::Sha1::digest(bytes(arguments, 0)))))
    }),
    pure("sha256sum", TEXT, |arguments| {
        Ok(Value::from(hex::encode_string(&sha2::Sha256::digest(bytes(arguments, 0)))))
    }),
    pure("sha512sum", TEXT, |arguments| {
        Ok(Value::from(hex::encode_string(&sha2::Sha512::digest(bytes(arguments, 0)))))
    }),
    pure("adler32sum", TEXT, |arguments| Ok(Value::from(adler32(bytes(arguments, 0)).to_string()))),
    pure("toYaml", ANY, to_yaml),
    pure("mustToYaml", ANY, must_to_yaml),
    pure("toYamlPretty", ANY, to_yaml_pretty),
    with_engine("fromYaml", TEXT, from_yaml),
    pure("fromYamlArray", TEXT, from_yaml_array),
    pure("toJson", ANY, |arguments| Ok(Value::from(encode(&any(arguments, 0), COMPACT).unwrap_or_default()))),
    pure("mustToJson", ANY, |arguments| must_encode(arguments, COMPACT)),
    pure("toPrettyJson", ANY, |arguments| {
        Ok(Value::from(encode(&any(arguments, 0), PRETTY).unwrap_or_default()))
    }),
    pure("mustToPrettyJson", ANY, |arguments| must_encode(arguments, PRETTY)),
    pure("toRawJson", ANY, |arguments| must_encode(arguments, RAW)),
    pure("mustToRawJson", ANY, |arguments| must_encode(arguments, RAW)),
    pure("fromJson", TEXT, from_json),
    pure("mustFromJson", TEXT, must_from_json),
    pure("fromJsonArray", TEXT, from_json_array),
];

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    (b << 16) | a
}

fn b64dec(arguments: &[Value]) -> CallResult {
    Ok(match crate::golang::base64::decode(bytes(arguments, 0)) {
        Ok(decoded) => Value::bytes_as_string(decoded),
        Err(offset) => Value::from(format!("illegal base64 data at input byte {offset}")),
    })
}

const BASE_32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn b32enc(input: &[u8]) -> String {
    let mut out = String::new();
    for chunk in input.chunks(5) {
        let mut block = [0u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let number = u64::from_be_bytes(block);
        let used = (chunk.len() * 8).div_ceil(5);
        for position in 0..8 {
            let symbol = usize::try_from((number >> (35 - 5 * position)) & 31).unwrap_or(0);
            out.push(if position < used { char::from(BASE_32[symbol]) } else { '=' });
        }
    }
    out
}

fn b32dec(arguments: &[Value]) -> CallResult {
    let compact: Vec<u8> =
        bytes(arguments, 0).iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let illegal = |offset: usize| Ok(Value::from(format!("illegal base32 data at input byte {offset}")));
    if !compact.len().is_multiple_of(8) {
        return illegal(compact.len() - compact.len() % 8);
    }
    let mut out = Vec::new();
    for (block, chunk) in compact.chunks(8).enumerate() {
        let used = chunk.iter().position(|byte| *byte == b'=').unwrap_or(8);
        let mut number = 0u64;
        for (position, byte) in chunk.iter().enumerate() {
            let symbol = BASE_32.iter().position(|known| known == byte);
            match symbol {
                Some(symbol) if position < used => {
                    number |= u64::try_from(symbol).unwrap_or(0) << (35 - 5 * position);
                }
                None if position >= used && *byte == b'=' => {}
                _ => return illegal(block * 8 + position),
            }
        }
        out.extend_from_slice(&number.to_be_bytes()[3..3 + used * 5 / 8]);
    }
    Ok(Value::bytes_as_string(out))
}

fn to_yaml(arguments: &[Value]) -> CallResult {
    let text = yaml::marshal(&any(arguments, 0)).unwrap_or_default();
    Ok(Value::from(text.strip_suffix('\n').unwrap_or(&text)))
}

fn must_to_yaml(arguments: &[Value]) -> CallResult {
    let text = yaml::marshal(&any(arguments, 0)).map_err(|error| error.to_string())?;
    Ok(Value::from(text.strip_suffix('\n').unwrap_or(&text)))
}

fn to_yaml_pretty(arguments: &[Value]) -> CallResult {
    let text = yaml::pretty::marshal(&any(arguments, 0));
    Ok(Value::from(text.strip_suffix('\n').unwrap_or(&text)))
}

fn error_entry(message: String) -> Entries {
    Entries::from([(std::rc::Rc::from("Error"), Value::from(message))])
}

/// Charts decode the same text twice in a row, first to look at one part of it, so the last result is kept for a second call.
/// Each call gets a map of its own, since templates change them: the result is given out again only if the first caller has
/// let go of all of it and changed nothing.
fn from_yaml(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let source = text(arguments, 0);
    if let Some((known, value)) = engine.last_yaml.take()
        && *known == *source
        && value.is_untouched()
    {
        return Ok(value);
    }
    let value = match yaml::parse_value(&source) {
        Ok(value @ Value::Map(_)) => value,
        Ok(Value::Nil) => Value::map(Entries::new()),
        Ok(other) => {
            let kind = json_kind(&other);
            Value::map(error_entry(yaml::mismatch_of(kind, "Go value of type map[string]interface {}")))
        }
        Err(error) => Value::map(error_entry(format!("error converting YAML to JSON: {error}"))),
    };
    engine.last_yaml.replace(Some((std::rc::Rc::from(&*source), value.clone())));
    Ok(value)
}

/// What `encoding/json` calls the kind of a decoded value.
fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Float(_) | Value::Int(_) | Value::Int64(_) => "number",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        Value::Nil => "null",
        _ => "string",
    }
}

fn from_yaml_array(arguments: &[Value]) -> CallResult {
    Ok(match yaml::parse(&text(arguments, 0)) {
        Ok(value @ serde_json::Value::Array(_)) => Value::from_json(&value),
        Ok(serde_json::Value::Null) => Value::list(Vec::new()),
        Ok(other) => {
            Value::list(vec![Value::from(yaml::mismatch(&other, "Go value of type []interface {}"))])
        }
        Err(error) => Value::list(vec![Value::from(format!("error converting YAML to JSON: {error}"))]),
    })
}

fn must_encode(arguments: &[Value], style: Style) -> CallResult {
    encode(&any(arguments, 0), style).map(Value::from).map_err(|error| error.to_string().into())
}

fn from_json(arguments: &[Value]) -> CallResult {
    let mismatch = |value: &Value| json_mismatch(value, STRING_INTERFACE_MAP);
    let (mut entries, problem) = match decode(&text(arguments, 0)) {
        Ok(Decoded { value: Value::Map(map), problem }) => (map.entries().clone(), problem),
        Ok(Decoded { value: Value::Nil, problem: None }) => {
            return Ok(Value::Map(Map::nil(STRING_INTERFACE_MAP)));
        }
        Ok(Decoded { value, .. }) => (Entries::new(), Some(mismatch(&value))),
        Err(message) => (Entries::new(), Some(message)),
    };
    entries.extend(problem.map(|problem| (std::rc::Rc::from("Error"), Value::from(problem))));
    Ok(Value::map(entries))
}

fn json_mismatch(value: &Value, target: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {target}", json_kind(value))
}

fn from_json_array(arguments: &[Value]) -> CallResult {
    let problem = match decode(&text(arguments, 0)) {
        Ok(Decoded { value: Value::Nil, problem: None }) => {
            return Ok(Value::List(List::nil(INTERFACE_SLICE)));
        }
        Ok(Decoded { value: value @ Value::List(_), problem: None }) => return Ok(value),
        Ok(Decoded { problem: Some(problem), .. }) => problem,
        Ok(Decoded { value, .. }) => json_mismatch(&value, INTERFACE_SLICE),
        Err(message) => message,
    };
    Ok(Value::list(vec![Value::from(problem)]))
}

fn must_from_json(arguments: &[Value]) -> CallResult {
    let decoded = decode(&text(arguments, 0))?;
    match decoded.problem {
        None => Ok(decoded.value),
        Some(problem) => Err(problem.into()),
    }
}
