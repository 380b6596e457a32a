//! Random values. They work only as far as the caller's [`crate::Source`] gives random bytes.

use base64::Engine as _;

use super::arguments::{int, text};
use super::with_engine;
use crate::template::Templates;
use crate::template::exec::Engine;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::Value;

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
    with_engine("randBytes", &[Type::Int], |engine, _, arguments| {
        let bytes = random(engine, count(arguments)?)?;
        Ok(Value::from(base64::engine::general_purpose::STANDARD.encode(bytes)))
    }),
    with_engine("randInt", &[Type::Int, Type::Int], random_int),
    with_engine("shuffle", &[Type::String], shuffle),
    with_engine("uuidv4", &[], uuid),
];

/// As many random bytes.
pub(super) fn random(engine: &Engine<'_>, count: usize) -> Result<Vec<u8>, &'static str> {
    engine.spend(count)?;
    engine.source.and_then(|source| source.random(count)).filter(|bytes| bytes.len() == count).ok_or(
        "random values are not available: rendering must not depend on chance unless a source gives it",
    )
}

fn count(arguments: &[Value]) -> Result<usize, &'static str> {
    usize::try_from(int(arguments, 0)).map_err(|_| "runtime error: makeslice: len out of range")
}

/// A number below `limit`, from eight random bytes.
fn below(bytes: &[u8], limit: u64) -> u64 {
    bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)) % limit.max(1)
}

fn random_text(engine: &Engine<'_>, alphabet: &str, arguments: &[Value]) -> CallResult {
    let symbols: Vec<char> = alphabet.chars().collect();
    let bytes = random(engine, count(arguments)?.saturating_mul(8))?;
    let text: String = bytes
        .chunks_exact(8)
        .map(|chunk| symbols[usize::try_from(below(chunk, symbols.len() as u64)).unwrap_or(0)])
        .collect();
    Ok(Value::from(text))
}

fn random_int(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let (low, high) = (int(arguments, 0), int(arguments, 1));
    if high <= low {
        return Err("invalid argument to Intn".into());
    }
    Ok(Value::Int(low.saturating_add_unsigned(below(&random(engine, 8)?, high.abs_diff(low)))))
}

fn shuffle(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let mut characters: Vec<char> = text(arguments, 0).chars().collect();
    let bytes = random(engine, characters.len().saturating_mul(8))?;
    for (index, chunk) in bytes.chunks_exact(8).enumerate().rev() {
        let other = usize::try_from(below(chunk, index as u64 + 1)).unwrap_or(0);
        characters.swap(index, other);
    }
    Ok(Value::from(characters.into_iter().collect::<String>()))
}

fn uuid(engine: &Engine<'_>, _: &Templates<'_>, _: &[Value]) -> CallResult {
    let bytes = random(engine, 16)?;
    let number = bytes.iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    let number = number & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{number:032x}");
    Ok(Value::from(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])))
}
