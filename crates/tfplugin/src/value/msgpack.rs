//! Values as MessagePack, the form that Terraform and providers exchange.
//!
//! The rules stand in Terraform's `docs/plugin-protocol/object-wire-format.md`.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::decode::{self, bytes::Bytes};
use rmp::encode::{self, ByteBuf};

use super::{Dynamic, Number, Type, Value, ValueError};
use crate::path::Step;

/// How deep values of type `dynamic` may nest; beyond that the message is refused.
const MAX_DEPTH: usize = 200;

/// Reads one value of the type `ty`; nothing may follow it.
pub(crate) fn decode(bytes: &[u8], ty: &Type) -> Result<Value, ValueError> {
    let mut input = Bytes::new(bytes);
    let value = read(&mut input, ty, 0)?;
    if input.remaining_slice().is_empty() {
        Ok(value)
    } else {
        Err(ValueError::new("bytes follow the value"))
    }
}

/// Writes a value of the type `ty`.
pub(crate) fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, ValueError> {
    let mut output = ByteBuf::new();
    write(&mut output, value, ty)?;
    Ok(output.into_vec())
}

fn truncated<E>(_: E) -> ValueError {
    ValueError::new("the MessagePack data ends too early or is malformed")
}

fn read(input: &mut Bytes<'_>, ty: &Type, depth: usize) -> Result<Value, ValueError> {
    if depth > MAX_DEPTH {
        return Err(ValueError::new(format!("the value is nested deeper than {MAX_DEPTH} levels")));
    }
    match peek(input)? {
        Marker::Null => {
            decode::read_marker(input).map_err(truncated)?;
            return Ok(Value::Null);
        }
        marker if is_extension(marker) => {
            let meta = decode::read_ext_meta(input).map_err(truncated)?;
            // Extension 12 carries refinements of the unknown value. They are promises about the final value; a
            // plain unknown promises less, so forgetting them is always right.
            take(input, meta.size)?;
            return Ok(Value::Unknown);
        }
        _ => {}
    }
    match ty {
        Type::Bool => {
            decode::read_bool(input).map(Value::Bool).map_err(|_| ValueError::new("a bool is needed"))
        }
        Type::Number => read_number(input).map(Value::Number),
        Type::String => read_string(input).map(Value::String),
        Type::Dynamic => read_dynamic(input, depth),
        Type::List(element) => read_list(input, element, depth).map(Value::List),
        Type::Set(element) => read_set(input, element, depth).map(Value::List),
        Type::Map(element) => read_map(input, element, depth).map(Value::Map),
        Type::Tuple(elements) => read_tuple(input, elements, depth).map(Value::List),
        Type::Object(attributes) => read_object(input, attributes, depth).map(Value::Map),
    }
}

fn peek(input: &Bytes<'_>) -> Result<Marker, ValueError> {
    input.remaining_slice().first().map(|byte| Marker::from_u8(*byte)).ok_or(()).map_err(truncated)
}

fn is_extension(marker: Marker) -> bool {
    matches!(
        marker,
        Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32
    )
}

/// Takes the next `len` bytes.
fn take<'a>(input: &mut Bytes<'a>, len: u32) -> Result<&'a [u8], ValueError> {
    let len = usize::try_from(len).map_err(truncated)?;
    let rest = input.remaining_slice();
    let (taken, rest) = rest.split_at_checked(len).ok_or(()).map_err(truncated)?;
    *input = Bytes::new(rest);
    Ok(taken)
}

fn read_string(input: &mut Bytes<'_>) -> Result<String, ValueError> {
    let len = decode::read_str_len(input).map_err(|_| ValueError::new("a string is needed"))?;
    let text =
        std::str::from_utf8(take(input, len)?).map_err(|_| ValueError::new("the string is not UTF-8"))?;
    Ok(text.to_owned())
}

fn read_number(input: &mut Bytes<'_>) -> Result<Number, ValueError> {
    let not_finite = || ValueError::new("a finite number is needed");
    let marker = peek(input)?;
    match marker {
        Marker::F32 => {
            let value = decode::read_f32(input).map_err(truncated)?;
            Number::from_f64_exactly(value.into()).ok_or_else(not_finite)
        }
        Marker::F64 => {
            let value = decode::read_f64(input).map_err(truncated)?;
            Number::from_f64_exactly(value).ok_or_else(not_finite)
        }
        Marker::U64 => decode::read_int::<u64, _>(input).map(Number::from).map_err(truncated),
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            read_string(input)?.parse().map_err(|error| ValueError::new(format!("the number is {error}")))
        }
        _ => decode::read_int::<i64, _>(input)
            .map(Number::from)
            .map_err(|_| ValueError::new("a number is needed")),
    }
}

/// A pair: the type as JSON in a binary, then the value.
fn read_dynamic(input: &mut Bytes<'_>, depth: usize) -> Result<Value, ValueError> {
    let pair = decode::read_array_len(input);
    if !matches!(pair, Ok(2)) {
        return Err(ValueError::new("a pair of type and value is needed"));
    }
    // A short binary may also come as a string: both are bytes here.
    let len = match peek(input)? {
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => decode::read_bin_len(input).map_err(truncated)?,
        _ => decode::read_str_len(input).map_err(|_| ValueError::new("the type of the value is missing"))?,
    };
    let ty = Type::from_json(take(input, len)?).map_err(|error| ValueError::new(error.to_string()))?;
    let value = read(input, &ty, depth + 1)?;
    Ok(if ty == Type::Dynamic { value } else { Value::Dynamic(Box::new(Dynamic { ty, value })) })
}

fn read_list(input: &mut Bytes<'_>, element: &Type, depth: usize) -> Result<Vec<Value>, ValueError> {
    let len = decode::read_array_len(input).map_err(|_| ValueError::new("a list is needed"))?;
    (0..i64::from(len))
        .map(|index| read(input, element, depth + 1).map_err(|error| error.inside(Step::Index(index))))
        .collect()
}

/// Elements of a set have no address, so an error names the set. Sets are kept sorted and without doubles.
fn read_set(input: &mut Bytes<'_>, element: &Type, depth: usize) -> Result<Vec<Value>, ValueError> {
    let len = decode::read_array_len(input).map_err(|_| ValueError::new("a set is needed"))?;
    let mut elements = (0..len).map(|_| read(input, element, depth + 1)).collect::<Result<Vec<_>, _>>()?;
    super::canonical_set(&mut elements);
    Ok(elements)
}

fn read_map(
    input: &mut Bytes<'_>,
    element: &Type,
    depth: usize,
) -> Result<BTreeMap<String, Value>, ValueError> {
    let len = decode::read_map_len(input).map_err(|_| ValueError::new("a map is needed"))?;
    (0..len)
        .map(|_| {
            let key = read_string(input)?;
            match read(input, element, depth + 1) {
                Ok(value) => Ok((key, value)),
                Err(error) => Err(error.inside(Step::Key(key))),
            }
        })
        .collect()
}

fn read_tuple(input: &mut Bytes<'_>, elements: &[Type], depth: usize) -> Result<Vec<Value>, ValueError> {
    let len = decode::read_array_len(input).map_err(|_| ValueError::new("a tuple is needed"))?;
    if usize::try_from(len) != Ok(elements.len()) {
        return Err(ValueError::new(format!(
            "a tuple of {} elements is needed, found {len}",
            elements.len()
        )));
    }
    (0..)
        .zip(elements)
        .map(|(index, ty)| read(input, ty, depth + 1).map_err(|error| error.inside(Step::Index(index))))
        .collect()
}

fn read_object(
    input: &mut Bytes<'_>,
    attributes: &BTreeMap<String, Type>,
    depth: usize,
) -> Result<BTreeMap<String, Value>, ValueError> {
    let len = decode::read_map_len(input).map_err(|_| ValueError::new("an object is needed"))?;
    let mut members = BTreeMap::new();
    for _ in 0..len {
        let name = read_string(input)?;
        let Some(ty) = attributes.get(&name) else {
            return Err(ValueError::new("is not in the schema").inside(Step::Attribute(name)));
        };
        match read(input, ty, depth + 1) {
            Ok(value) => members.insert(name, value),
            Err(error) => return Err(error.inside(Step::Attribute(name))),
        };
    }
    match attributes.keys().find(|name| !members.contains_key(*name)) {
        Some(name) => Err(ValueError::new("is missing").inside(Step::Attribute(name.clone()))),
        None => Ok(members),
    }
}

/// Lengths are bounded by the size of a gRPC message, far below 32 bits.
fn length(len: usize) -> Result<u32, ValueError> {
    u32::try_from(len).map_err(|_| ValueError::new("the value has more than 2^32 elements or bytes"))
}

// Writing to memory cannot fail, so the patterns below leave nothing out.

fn write(output: &mut ByteBuf, value: &Value, ty: &Type) -> Result<(), ValueError> {
    match (value, ty) {
        (Value::Null, _) => {
            let Ok(()) = encode::write_nil(output);
        }
        (Value::Unknown, _) => output.as_mut_vec().extend_from_slice(&[0xd4, 0, 0]),
        (Value::Bool(value), Type::Bool) => {
            let Ok(()) = encode::write_bool(output, *value);
        }
        (Value::Number(value), Type::Number) => write_number(output, value),
        (Value::String(value), Type::String) => {
            let Ok(()) = encode::write_str(output, value);
        }
        (Value::Dynamic(dynamic), Type::Dynamic) => write_dynamic(output, dynamic)?,
        (Value::List(elements), Type::List(element)) => {
            let Ok(_) = encode::write_array_len(output, length(elements.len())?);
            for (index, value) in (0..).zip(elements) {
                write(output, value, element).map_err(|error| error.inside(Step::Index(index)))?;
            }
        }
        (Value::List(elements), Type::Set(element)) => {
            let mut elements: Vec<_> = elements.iter().collect();
            elements.sort();
            elements.dedup_by(|a, b| a == b && a.is_wholly_known());
            let Ok(_) = encode::write_array_len(output, length(elements.len())?);
            for value in elements {
                write(output, value, element)?;
            }
        }
        (Value::List(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            let Ok(_) = encode::write_array_len(output, length(elements.len())?);
            for ((index, value), ty) in (0..).zip(elements).zip(types) {
                write(output, value, ty).map_err(|error| error.inside(Step::Index(index)))?;
            }
        }
        (Value::Map(elements), Type::Map(element)) => {
            let Ok(_) = encode::write_map_len(output, length(elements.len())?);
            for (key, value) in elements {
                let Ok(()) = encode::write_str(output, key);
                write(output, value, element).map_err(|error| error.inside(Step::Key(key.clone())))?;
            }
        }
        (Value::Map(members), Type::Object(attributes)) => write_object(output, members, attributes)?,
        _ => return Err(ValueError::expected(&format!("a value of type {ty}"), value)),
    }
    Ok(())
}

/// As go-cty does. It keeps no more than 53 bits of what comes as a float, and writes such a whole number rounded to
/// decimal digits later: so floats are for fractions only.
fn write_number(output: &mut ByteBuf, number: &Number) {
    if let Some(integer) = number.as_i64() {
        let Ok(_) = encode::write_sint(output, integer);
    } else if let Some(float) = number.as_f64_exactly().filter(|_| !number.is_whole()) {
        let Ok(()) = encode::write_f64(output, float);
    } else {
        let Ok(()) = encode::write_str(output, &number.to_string());
    }
}

fn write_dynamic(output: &mut ByteBuf, dynamic: &Dynamic) -> Result<(), ValueError> {
    if dynamic.ty == Type::Dynamic {
        return write(output, &dynamic.value, &Type::Dynamic);
    }
    let Ok(_) = encode::write_array_len(output, 2);
    let Ok(()) = encode::write_bin(output, dynamic.ty.to_json().to_string().as_bytes());
    write(output, &dynamic.value, &dynamic.ty)
}

fn write_object(
    output: &mut ByteBuf,
    members: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
) -> Result<(), ValueError> {
    if let Some(name) = members.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(ValueError::new("is not in the schema").inside(Step::Attribute(name.clone())));
    }
    let Ok(_) = encode::write_map_len(output, length(attributes.len())?);
    for (name, ty) in attributes {
        let value = members.get(name).unwrap_or(&Value::Null);
        let Ok(()) = encode::write_str(output, name);
        write(output, value, ty).map_err(|error| error.inside(Step::Attribute(name.clone())))?;
    }
    Ok(())
}
