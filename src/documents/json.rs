//! JSON as documents have it, read strictly: it may come from another organisation, by way of other programs.
//!
//! Of a name that an object has twice each program takes another one (RFC 8259, section 4), so such an object is refused. Depth is
//! bounded by `serde_json`, size by [`LONGEST`].

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use tfplugin::{AttributePath, Number, Step, Type, Value};

/// The longest text, in bytes: what a `ConfigMap` can hold.
pub(super) const LONGEST: usize = 1 << 20;
/// The longest name of a member, in bytes: that of a DNS name, which is the longest name that documents have.
const LONGEST_NAME: usize = 253;

/// The value that a text is, as Terraform's `jsondecode` makes it. The type only says what paths in errors look like.
pub(super) fn parse(text: &str, ty: &Type) -> Result<Value, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Place { above: None, ty: Some(ty) }.deserialize(&mut json)?;
    json.end().map(|()| value)
}

/// Where the reader is.
#[derive(Clone, Copy)]
struct Place<'a> {
    above: Option<(&'a Place<'a>, At<'a>)>,
    ty: Option<&'a Type>,
}

#[derive(Clone, Copy)]
enum At<'a> {
    Name(&'a str),
    Index(i64),
}

impl<'a> Place<'a> {
    fn element(&'a self, index: i64) -> Self {
        let ty = match self.ty {
            Some(Type::List(element)) => Some(&**element),
            _ => None,
        };
        Self { above: Some((self, At::Index(index))), ty }
    }

    fn member(&'a self, name: &'a str) -> Self {
        let ty = match self.ty {
            Some(Type::Object(attributes)) => attributes.get(name),
            Some(Type::Map(element)) => Some(&**element),
            _ => None,
        };
        Self { above: Some((self, At::Name(name))), ty }
    }

    fn path(&self) -> AttributePath {
        let Some((above, at)) = self.above else { return AttributePath::root() };
        above.path().step(match (at, above.ty) {
            (At::Index(index), _) => Step::Index(index),
            // A name that documents do not have may be any text, so it is quoted.
            (At::Name(name), Some(Type::Object(_))) if self.ty.is_some() => Step::Attribute(name.to_owned()),
            (At::Name(name), _) => Step::Key(name.to_owned()),
        })
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64_as_written(value).map(Value::Number);
        number.ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let mut index = 0;
        while let Some(element) = elements.next_element_seed(self.element(index))? {
            list.push(element);
            index += 1;
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            if name.len() > LONGEST_NAME {
                let place = self.path();
                let place = if place.is_root() { String::new() } else { format!(" in {place}") };
                return Err(A::Error::custom(format!(
                    "a name{place} has more than {LONGEST_NAME} characters"
                )));
            }
            let member = self.member(&name);
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!("{} is given twice", member.path())));
            }
            let value = members.next_value_seed(member)?;
            map.insert(name, value);
        }
        Ok(Value::Map(map))
    }
}
