//! Single values, as Go's JSON package reads them into the types of protocol buffers.

use prost_reflect::{EnumDescriptor, Kind as FieldKind};
use serde_json::Value;

use super::finding::{Kind, Problem, Wanted};
use super::nearest::nearest;

/// The value in its own type, or what is wrong with it. Enumerations become numbers.
pub(super) fn read(kind: &FieldKind, value: &Value) -> Result<Value, Problem> {
    let wanted = match kind {
        FieldKind::Bool => Wanted::Bool,
        FieldKind::String | FieldKind::Bytes => Wanted::Text,
        FieldKind::Int32 | FieldKind::Sint32 | FieldKind::Sfixed32 => range(i32::MIN, i32::MAX),
        FieldKind::Int64 | FieldKind::Sint64 | FieldKind::Sfixed64 => range(i64::MIN, i64::MAX),
        FieldKind::Uint32 | FieldKind::Fixed32 => range(u32::MIN, u32::MAX),
        FieldKind::Uint64 | FieldKind::Fixed64 => range(u64::MIN, u64::MAX),
        FieldKind::Double | FieldKind::Float => Wanted::Number,
        FieldKind::Enum(descriptor) => return enumeration(descriptor, value),
        // Its reader is another.
        FieldKind::Message(_) => return Ok(value.clone()),
    };
    let read = match (&wanted, value) {
        (Wanted::Bool, Value::Bool(_))
        | (Wanted::Text, Value::String(_))
        | (Wanted::Number, Value::Number(_)) => Some(value.clone()),
        (Wanted::Integer(from, to), _) => {
            integer(value, *from == 0).filter(|it| (from..=to).contains(&it)).and_then(number)
        }
        // Not a number and the infinities are numbers to protocol buffers, and none to JSON.
        (Wanted::Number, Value::String(text))
            if ["NaN", "Infinity", "-Infinity"].contains(&text.as_str()) =>
        {
            Some(value.clone())
        }
        (Wanted::Number, Value::String(text)) => float(text),
        _ => None,
    };
    read.ok_or_else(|| Problem::WrongKind { wanted, found: kind_of(value) })
}

/// What a value is.
pub(super) fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(value) => Kind::Bool(*value),
        Value::Number(number) => Kind::Number(number.to_string()),
        Value::String(_) => Kind::Text(None),
        Value::Array(_) => Kind::List,
        Value::Object(_) => Kind::Mapping,
    }
}

fn range(from: impl Into<i128>, to: impl Into<i128>) -> Wanted {
    Wanted::Integer(from.into(), to.into())
}

fn number(number: i128) -> Option<Value> {
    i64::try_from(number).map(Value::from).or_else(|_| u64::try_from(number).map(Value::from)).ok()
}

/// A number without a fraction, however it is written, or its decimal digits as text.
fn integer(value: &Value, is_unsigned: bool) -> Option<i128> {
    match value {
        Value::Number(number) => {
            let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            whole.or_else(|| number.as_f64().and_then(whole_float))
        }
        Value::String(text) => {
            let text = text.trim_matches([' ', '\t', '\r', '\n']);
            // The quotes are taken off and the rest is read as JSON, where null changes nothing.
            if text == "null" {
                return Some(0);
            }
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_signed = digits.len() < text.len();
            let is_json = digits == "0" || (!digits.starts_with('0') && !digits.is_empty());
            let is_number = is_json && digits.bytes().all(|it| it.is_ascii_digit());
            text.parse().ok().filter(|_| is_number && !(is_signed && is_unsigned))
        }
        _ => None,
    }
}

/// From here on Go writes powers of ten, which its integers do not take.
const POWERS_OF_TEN: f64 = 1e21;

#[allow(clippy::cast_possible_truncation, reason = "it is whole, and in range")]
fn whole_float(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() < POWERS_OF_TEN).then_some(number as i128)
}

/// A number in JSON's notation.
fn float(text: &str) -> Option<Value> {
    let read = serde_json::from_str::<Value>(text).ok();
    match read? {
        Value::Null => Some(Value::from(0)),
        number @ Value::Number(_) => Some(number),
        _ => None,
    }
}

fn enumeration(descriptor: &EnumDescriptor, value: &Value) -> Result<Value, Problem> {
    let known = value.as_str().and_then(|name| descriptor.get_value_by_name(name));
    if let Some(known) = known {
        return Ok(Value::from(known.number()));
    }
    let by_number = integer(value, false).filter(|_| value.is_number());
    if let Some(number) = by_number.and_then(|number| i32::try_from(number).ok()) {
        return Ok(Value::from(number));
    }
    let names: Vec<String> = descriptor.values().map(|value| value.name().to_owned()).collect();
    let found = match value {
        Value::String(text) => Kind::Text(nearest(text, names.iter().map(String::as_str)).map(str::to_owned)),
        other => kind_of(other),
    };
    Err(Problem::WrongKind { wanted: Wanted::Name(names), found })
}
