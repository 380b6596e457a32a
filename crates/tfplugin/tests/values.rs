//! Any value of any type survives both encodings.
#![allow(clippy::unwrap_used, clippy::panic)]

mod values_of;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use tfplugin::{Type, Value};
use values_of::{any_type, typed};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_survives_message_pack((ty, value) in typed(false)) {
        let bytes = value.to_msgpack(&ty).unwrap();
        prop_assert_eq!(Value::from_msgpack(&bytes, &ty).unwrap(), value);
    }

    #[test]
    fn a_known_value_survives_json((ty, value) in typed(true)) {
        let text = value.to_json(&ty).unwrap();
        prop_assert_eq!(Value::from_json(&text, &ty).unwrap(), value);
    }

    #[test]
    fn a_type_survives_its_json_form(ty in any_type()) {
        prop_assert_eq!(Type::from_json(ty.to_json().to_string().as_bytes()).unwrap(), ty);
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_a_crash(ty in any_type(), bytes in vec(any::<u8>(), 0..200)) {
        let _ = Value::from_msgpack(&bytes, &ty);
        let _ = Value::from_json(&bytes, &ty);
    }

    #[test]
    fn a_damaged_value_is_read_or_refused_without_a_crash(
        (ty, value) in typed(false),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = value.to_msgpack(&ty).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Value::from_msgpack(&bytes, &ty);
        let _ = Value::from_msgpack(&bytes[..at], &ty);
    }
}

fn read(bytes: &[u8], ty: &Type) -> Value {
    Value::from_msgpack(bytes, ty).unwrap()
}

#[test]
fn numbers_are_written_as_integer_float_or_text() {
    let packed = |text: &str| Value::Number(text.parse().unwrap()).to_msgpack(&Type::Number).unwrap();
    assert_eq!(packed("5"), [5]);
    assert_eq!(packed("-1"), [0xff]);
    assert_eq!(packed("1.5")[0], 0xcb);
    assert_eq!(packed("0.1"), [&[0xa3][..], b"0.1"].concat());
    assert_eq!(packed("18446744073709551615"), [&[0xb4][..], b"18446744073709551615"].concat());
    assert_eq!(
        packed("18446744073709551616")[0],
        0xb4,
        "2^64 is a float exactly, but go-cty would round its digits"
    );
}

#[test]
fn unknown_is_read_with_and_without_refinements_and_written_plain() {
    assert_eq!(read(&[0xd4, 0, 0], &Type::String), Value::Unknown);
    let refined = [&[0xc7, 8, 12, 0x82, 1, 0xc2, 2, 0xa3][..], b"abc"].concat();
    let refined = [&refined[..1], &[u8::try_from(refined.len() - 3).unwrap()], &refined[2..]].concat();
    assert_eq!(read(&refined, &Type::String), Value::Unknown);
    assert_eq!(Value::Unknown.to_msgpack(&Type::Bool).unwrap(), [0xd4, 0, 0]);
}

#[test]
fn every_error_has_the_path_of_the_value() {
    let ty = Type::object([("a", Type::list(Type::map(Type::Bool)))]);
    let wrong = Type::object([("a", Type::list(Type::map(Type::String)))]);
    let element = Value::Map(BTreeMap::from([("k".to_owned(), Value::String("v".to_owned()))]));
    let value = Value::Map(BTreeMap::from([("a".to_owned(), Value::List(vec![element]))]));
    let error = Value::from_msgpack(&value.to_msgpack(&wrong).unwrap(), &ty).unwrap_err();
    assert_eq!(error.to_string(), r#"a[0]["k"]: a bool is needed"#);
    let error = Value::from_json(&value.to_json(&wrong).unwrap(), &ty).unwrap_err();
    assert_eq!(error.to_string(), r#"a[0]["k"]: a bool is needed"#);
    assert_eq!(
        value.to_msgpack(&ty).unwrap_err().to_string(),
        r#"a[0]["k"]: a value of type bool is needed, found a string"#
    );
    let error = Value::from_json(br#"{"a":[],"b":1}"#, &ty).unwrap_err();
    assert_eq!(error.to_string(), "b: is not in the schema");
}
