//! What is fuzzed: decoders of what comes from outside. Whatever is read must survive being written and read again.
//!
//! `tests/decoders.rs` runs the same functions over a seeded share of inputs.
#![allow(dead_code)]

use tfplugin::{Number, Timeout, Type, Value};

/// Reads a value whose type stands before it: one byte with the length of the type's JSON form, that form, the value.
pub fn decode(input: &[u8]) {
    let Some((length, rest)) = input.split_first() else { return };
    let Some((ty, value)) = rest.split_at_checked(usize::from(*length)) else { return };
    let Ok(ty) = Type::from_json(ty) else { return };
    if let Ok(read) = Value::from_msgpack(value, &ty) {
        let written = read.to_msgpack(&ty).expect("what was read can be written");
        assert_eq!(Value::from_msgpack(&written, &ty).as_ref(), Ok(&read), "{ty}");
        if read.is_wholly_known() {
            let written = read.to_json(&ty).expect("what is known has a JSON form");
            assert_eq!(Value::from_json(&written, &ty), Ok(read), "{ty}");
        }
    }
    if let Ok(read) = Value::from_json(value, &ty) {
        let written = read.to_msgpack(&ty).expect("what was read can be written");
        assert_eq!(Value::from_msgpack(&written, &ty), Ok(read), "{ty}");
    }
}

/// Reads text in the notations that stand inside values and schemas.
pub fn text(input: &[u8]) {
    if let Ok(ty) = Type::from_json(input) {
        let again = Type::from_json(ty.to_json().to_string().as_bytes());
        assert_eq!(again.expect("what was written can be read"), ty);
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(number) = text.parse::<Number>() {
        assert_eq!(number.to_string().parse(), Ok(number.clone()));
        if let Some(integer) = number.as_i64() {
            assert_eq!(Number::from(integer), number);
        }
        if let Some(float) = number.as_f64_exactly() {
            assert_eq!(Number::from_f64_exactly(float), Some(number));
        }
    }
    if let Ok(timeout) = Timeout::parse(text) {
        assert!(!timeout.duration().is_zero());
    }
}
