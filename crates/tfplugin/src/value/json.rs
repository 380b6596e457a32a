//! Values as JSON, the form in which Terraform keeps them in state.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Dynamic, Type, Value, ValueError};
use crate::path::Step;

/// How deep values of type `dynamic` may nest; beyond that the message is refused.
const MAX_DEPTH: usize = 200;

/// What to do with attributes that the type does not have, and with those that the text does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The text must have exactly the attributes of the type.
    Exact,
    /// State of an older provider: unknown attributes are dropped, missing ones are null.
    Older,
}

/// Reads a value of the type `ty`. JSON has no form for unknown values.
pub(crate) fn decode(text: &[u8], ty: &Type, shape: Shape) -> Result<Value, ValueError> {
    let text: &RawValue = serde_json::from_slice(text).map_err(|error| malformed(&error))?;
    Reader { shape }.read(text, ty, 0)
}

fn malformed(error: &serde_json::Error) -> ValueError {
    ValueError::new(format!("the JSON is malformed (line {}, column {})", error.line(), error.column()))
}

struct Reader {
    shape: Shape,
}

impl Reader {
    fn read(&self, text: &RawValue, ty: &Type, depth: usize) -> Result<Value, ValueError> {
        if depth > MAX_DEPTH {
            return Err(ValueError::new(format!("the value is nested deeper than {MAX_DEPTH} levels")));
        }
        if text.get() == "null" {
            return Ok(Value::Null);
        }
        match ty {
            Type::Bool => parse(text, "a bool").map(Value::Bool),
            Type::Number => read_number(text),
            Type::String => parse(text, "a string").map(Value::String),
            Type::Dynamic => Self::read_dynamic(text, depth),
            Type::List(element) => self.read_list(text, element, depth).map(Value::List),
            Type::Set(element) => {
                let texts: Vec<&RawValue> = parse(text, "a set")?;
                let mut elements = texts
                    .into_iter()
                    .map(|text| self.read(text, element, depth + 1))
                    .collect::<Result<Vec<_>, _>>()?;
                super::canonical_set(&mut elements);
                Ok(Value::List(elements))
            }
            Type::Map(element) => self.read_map(text, element, depth).map(Value::Map),
            Type::Tuple(elements) => self.read_tuple(text, elements, depth).map(Value::List),
            Type::Object(attributes) => self.read_object(text, attributes, depth).map(Value::Map),
        }
    }

    fn read_list(&self, text: &RawValue, element: &Type, depth: usize) -> Result<Vec<Value>, ValueError> {
        let texts: Vec<&RawValue> = parse(text, "a list")?;
        (0..)
            .zip(texts)
            .map(|(index, text)| {
                self.read(text, element, depth + 1).map_err(|error| error.inside(Step::Index(index)))
            })
            .collect()
    }

    fn read_map(
        &self,
        text: &RawValue,
        element: &Type,
        depth: usize,
    ) -> Result<BTreeMap<String, Value>, ValueError> {
        let texts: BTreeMap<String, &RawValue> = parse(text, "a map")?;
        texts
            .into_iter()
            .map(|(key, text)| match self.read(text, element, depth + 1) {
                Ok(value) => Ok((key, value)),
                Err(error) => Err(error.inside(Step::Key(key))),
            })
            .collect()
    }

    fn read_tuple(&self, text: &RawValue, elements: &[Type], depth: usize) -> Result<Vec<Value>, ValueError> {
        let texts: Vec<&RawValue> = parse(text, "a tuple")?;
        if texts.len() != elements.len() {
            let (needed, found) = (elements.len(), texts.len());
            return Err(ValueError::new(format!("a tuple of {needed} elements is needed, found {found}")));
        }
        (0..)
            .zip(texts.into_iter().zip(elements))
            .map(|(index, (text, ty))| {
                self.read(text, ty, depth + 1).map_err(|error| error.inside(Step::Index(index)))
            })
            .collect()
    }

    fn read_object(
        &self,
        text: &RawValue,
        attributes: &BTreeMap<String, Type>,
        depth: usize,
    ) -> Result<BTreeMap<String, Value>, ValueError> {
        let mut texts: BTreeMap<String, &RawValue> = parse(text, "an object")?;
        let mut members = BTreeMap::new();
        for (name, ty) in attributes {
            let value = match texts.remove(name) {
                Some(text) => self.read(text, ty, depth + 1),
                None if self.shape == Shape::Older => Ok(Value::Null),
                None => Err(ValueError::new("is missing")),
            };
            members.insert(name.clone(), value.map_err(|error| error.inside(Step::Attribute(name.clone())))?);
        }
        match texts.into_keys().next() {
            Some(name) if self.shape == Shape::Exact => {
                Err(ValueError::new("is not in the schema").inside(Step::Attribute(name)))
            }
            _ => Ok(members),
        }
    }

    /// An object of the type and the value.
    fn read_dynamic(text: &RawValue, depth: usize) -> Result<Value, ValueError> {
        let mut texts: BTreeMap<String, &RawValue> = parse(text, "an object of type and value")?;
        let (Some(ty), Some(value)) = (texts.remove("type"), texts.remove("value")) else {
            return Err(ValueError::new("an object of type and value is needed"));
        };
        let ty = Type::from_json(ty.get().as_bytes()).map_err(|error| ValueError::new(error.to_string()))?;
        // The type came with the value, so the value must fit it whatever the provider's age.
        let value = Self { shape: Shape::Exact }.read(value, &ty, depth + 1)?;
        Ok(if ty == Type::Dynamic { value } else { Value::Dynamic(Box::new(Dynamic { ty, value })) })
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a RawValue, what: &str) -> Result<T, ValueError> {
    serde_json::from_str(text.get()).map_err(|_| ValueError::new(format!("{what} is needed")))
}

/// Numbers also come as text where a float of JSON would lose digits.
fn read_number(text: &RawValue) -> Result<Value, ValueError> {
    let quoted;
    let digits = if text.get().starts_with('"') {
        quoted = parse::<String>(text, "a number")?;
        &quoted
    } else {
        text.get()
    };
    digits.parse().map(Value::Number).map_err(|error| ValueError::new(format!("the number is {error}")))
}

/// Writes a wholly known value of the type `ty`.
pub(crate) fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, ValueError> {
    let mut output = String::new();
    write(&mut output, value, ty)?;
    Ok(output.into_bytes())
}

fn quote(output: &mut String, text: &str) {
    output.push_str(&serde_json::Value::from(text).to_string());
}

fn write(output: &mut String, value: &Value, ty: &Type) -> Result<(), ValueError> {
    match (value, ty) {
        (Value::Null, _) => output.push_str("null"),
        (Value::Unknown, _) => return Err(ValueError::new("an unknown value has no JSON form")),
        (Value::Bool(value), Type::Bool) => output.push_str(if *value { "true" } else { "false" }),
        (Value::Number(value), Type::Number) => output.push_str(&value.to_string()),
        (Value::String(value), Type::String) => quote(output, value),
        (Value::Dynamic(dynamic), Type::Dynamic) => {
            output.push_str(r#"{"type":"#);
            output.push_str(&dynamic.ty.to_json().to_string());
            output.push_str(r#","value":"#);
            write(output, &dynamic.value, &dynamic.ty)?;
            output.push('}');
        }
        (Value::List(elements), Type::List(element) | Type::Set(element)) => {
            write_list(output, elements.iter().zip(std::iter::repeat(&**element)))?;
        }
        (Value::List(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            write_list(output, elements.iter().zip(types))?;
        }
        (Value::Map(elements), Type::Map(element)) => {
            write_map(output, elements.iter().map(|(key, value)| (key, value, &**element)), Step::Key)?;
        }
        (Value::Map(members), Type::Object(attributes)) => {
            if let Some(name) = members.keys().find(|name| !attributes.contains_key(*name)) {
                return Err(ValueError::new("is not in the schema").inside(Step::Attribute(name.clone())));
            }
            let members =
                attributes.iter().map(|(name, ty)| (name, members.get(name).unwrap_or(&Value::Null), ty));
            write_map(output, members, Step::Attribute)?;
        }
        _ => return Err(ValueError::expected(&format!("a value of type {ty}"), value)),
    }
    Ok(())
}

fn write_list<'a>(
    output: &mut String,
    elements: impl Iterator<Item = (&'a Value, &'a Type)>,
) -> Result<(), ValueError> {
    output.push('[');
    for (index, (value, ty)) in (0..).zip(elements) {
        if index > 0 {
            output.push(',');
        }
        write(output, value, ty).map_err(|error| error.inside(Step::Index(index)))?;
    }
    output.push(']');
    Ok(())
}

fn write_map<'a>(
    output: &mut String,
    elements: impl Iterator<Item = (&'a String, &'a Value, &'a Type)>,
    step: fn(String) -> Step,
) -> Result<(), ValueError> {
    output.push('{');
    for (position, (key, value, ty)) in elements.enumerate() {
        if position > 0 {
            output.push(',');
        }
        quote(output, key);
        output.push(':');
        write(output, value, ty).map_err(|error| error.inside(step(key.clone())))?;
    }
    output.push('}');
    Ok(())
}
