//! Functions that depend on a clock, on randomness or on keys made at random. They are known to the parser, and they work only
//! as far as the caller's [`crate::Source`] gives them what they need.

use super::arguments::int;
use super::{pure, with_engine};
use crate::template::Templates;
use crate::template::exec::Engine;
use crate::template::signature::{Body, CallResult, Function, Type};
use crate::value::Value;

macro_rules! refused {
    ($name:literal, $need:literal) => {
        Function {
            name: $name,
            parameters: &[],
            variadic: Some(Type::Any),
            body: Body::Pure(|_| Err(concat!($name, " is not available: ", $need).into())),
        }
    };
}

const DIGITS: &str = "0123456789";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(super) const FUNCTIONS: &[Function] = &[
    with_engine("randNumeric", &[Type::Int], |engine, _, arguments| random_text(engine, DIGITS, arguments)),
    with_engine("randAlpha", &[Type::Int], |engine, _, arguments| random_text(engine, LETTERS, arguments)),
    with_engine("randAlphaNum", &[Type::Int], |engine, _, arguments| {
        random_text(engine, &format!("{LETTERS}{DIGITS}"), arguments)
    }),
    with_engine("randAscii", &[Type::Int], |engine, _, arguments| {
        random_text(engine, &(' '..='~').collect::<String>(), arguments)
    }),
    with_engine("randBytes", &[Type::Int], random_bytes),
    with_engine("randInt", &[Type::Int, Type::Int], random_int),
    with_engine("uuidv4", &[], uuid),
    pure("hello", &[], |_| Ok(Value::from("Hello!"))),
    refused!("shuffle", "rendering must not depend on chance"),
    refused!("now", "rendering must not depend on the time"),
    refused!("ago", "rendering must not depend on the time"),
    refused!("date", "rendering must not depend on a time zone"),
    refused!("date_in_zone", "rendering must not depend on a time zone database"),
    refused!("dateInZone", "rendering must not depend on a time zone database"),
    refused!("date_modify", "rendering must not depend on the time"),
    refused!("dateModify", "rendering must not depend on the time"),
    refused!("must_date_modify", "rendering must not depend on the time"),
    refused!("mustDateModify", "rendering must not depend on the time"),
    refused!("htmlDate", "rendering must not depend on a time zone"),
    refused!("htmlDateInZone", "rendering must not depend on a time zone database"),
    refused!("toDate", "rendering must not depend on a time zone"),
    refused!("mustToDate", "rendering must not depend on a time zone"),
    refused!("unixEpoch", "rendering must not depend on the time"),
    refused!("bcrypt", "its salt is random"),
    refused!("htpasswd", "its salt is random"),
    refused!("derivePassword", "secrets are not derived while rendering"),
    refused!("genPrivateKey", "keys are not made while rendering"),
    refused!("buildCustomCert", "certificates are not made while rendering"),
    refused!("genCA", "certificates are not made while rendering"),
    refused!("genCAWithKey", "certificates are not made while rendering"),
    refused!("genSelfSignedCert", "certificates are not made while rendering"),
    refused!("genSelfSignedCertWithKey", "certificates are not made while rendering"),
    refused!("genSignedCert", "certificates are not made while rendering"),
    refused!("genSignedCertWithKey", "certificates are not made while rendering"),
    refused!("encryptAES", "its initialization vector is random"),
    refused!("decryptAES", "secrets are not decrypted while rendering"),
];

fn random(engine: &Engine<'_>, count: usize) -> Result<Vec<u8>, &'static str> {
    engine.spend(count)?;
    engine
        .source
        .and_then(|source| source.random(count))
        .filter(|bytes| bytes.len() == count)
        .ok_or("random values are not available: rendering must not depend on chance")
}

fn count(arguments: &[Value]) -> Result<usize, &'static str> {
    usize::try_from(int(arguments, 0)).map_err(|_| "runtime error: makeslice: len out of range")
}

/// As many characters of the alphabet, each from four random bytes.
fn random_text(engine: &Engine<'_>, alphabet: &str, arguments: &[Value]) -> CallResult {
    let symbols: Vec<char> = alphabet.chars().collect();
    let bytes = random(engine, count(arguments)?.saturating_mul(4))?;
    let text: String = bytes
        .chunks_exact(4)
        .map(|chunk| {
            let number = chunk.iter().fold(0usize, |number, byte| number << 8 | usize::from(*byte));
            symbols[number % symbols.len()]
        })
        .collect();
    Ok(Value::from(text))
}

fn random_bytes(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    use base64::Engine as _;
    let bytes = random(engine, count(arguments)?)?;
    Ok(Value::from(base64::engine::general_purpose::STANDARD.encode(bytes)))
}

fn random_int(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let (low, high) = (int(arguments, 0), int(arguments, 1));
    if high <= low {
        return Err("invalid argument to Intn".into());
    }
    let bytes = random(engine, 8)?;
    let number = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    Ok(Value::Int(low.saturating_add_unsigned(number % high.abs_diff(low))))
}

fn uuid(engine: &Engine<'_>, _: &Templates<'_>, _: &[Value]) -> CallResult {
    let bytes = random(engine, 16)?;
    let number = bytes.iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    let number = number & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{number:032x}");
    Ok(Value::from(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])))
}
