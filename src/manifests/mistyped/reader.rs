//! Reads an object as its kind's type. Where a value has the wrong type, it is noted and one of the right type stands in for it, so
//! that all are found. Only types are looked at: of a text in base64 or of a time, it is enough that it is a text.

use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::Type;
use super::error::Error;
use super::found::Context;
use super::number::{Whole, whole};
use crate::manifests::place::Place;

/// What stands in for times.
const ANY_TIME: &str = "1970-01-01T00:00:00Z";

static NOTHING: Value = Value::Null;

/// One value of an object.
#[derive(Clone, Copy)]
pub(super) struct Reader<'v, 'p> {
    value: &'v Value,
    place: Place<'p>,
    context: Context<'p>,
}

impl<'v, 'p> Reader<'v, 'p> {
    /// A reader of an object.
    pub(super) fn new(object: &'v Value, context: Context<'p>) -> Self {
        Self { value: object, place: Place::Root, context }
    }

    fn note(&self, takes: Type) {
        self.context.note(self.value, &self.place, takes);
    }

    fn integer<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value.as_number().and_then(whole) {
            Some(Whole::Signed(number)) => visitor.visit_i64(number),
            Some(Whole::Unsigned(number)) => visitor.visit_u64(number),
            None => {
                self.note(Type::Integer);
                visitor.visit_i64(0)
            }
        }
    }

    fn items<V: Visitor<'v>>(self, items: &'v [Value], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Items { list: &self.place, values: items, position: 0, context: self.context })
    }

    fn members<V: Visitor<'v>>(
        self,
        members: impl Iterator<Item = (&'v String, &'v Value)>,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Members {
            mapping: &self.place,
            entries: members,
            next: None,
            context: self.context,
        })
    }
}

impl<'v> Deserializer<'v> for Reader<'v, '_> {
    type Error = Error;

    /// Of what takes several types.
    fn deserialize_any<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        let read: Result<V::Value, Error> = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (whole(number), number.as_f64()) {
                (Some(Whole::Signed(number)), _) => visitor.visit_i64(number),
                (Some(Whole::Unsigned(number)), _) => visitor.visit_u64(number),
                (None, float) => visitor.visit_f64(float.unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            // Errors in these are noted where they are.
            Value::Array(items) => return self.items(items, visitor),
            Value::Object(members) => return self.members(members.iter(), visitor),
        };
        if read.as_ref().is_err_and(|error| error.is_type) {
            self.note(Type::NumberOrText);
        }
        read
    }

    fn deserialize_bool<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.value.is_boolean() {
            self.note(Type::Bool);
        }
        visitor.visit_bool(self.value.as_bool().unwrap_or_default())
    }

    fn deserialize_i8<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        self.integer(visitor)
    }

    fn deserialize_i16<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        self.integer(visitor)
    }

    fn deserialize_i32<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        self.integer(visitor)
    }

    fn deserialize_i64<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        self.integer(visitor)
    }

    fn deserialize_f32<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.value.is_number() {
            self.note(Type::Number);
        }
        visitor.visit_f64(self.value.as_f64().unwrap_or_default())
    }

    /// Of a text with a form of its own.
    fn deserialize_str<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.value.is_string() {
            self.note(Type::Text);
        }
        visitor.visit_str("")
    }

    fn deserialize_string<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.value.is_string() {
            self.note(Type::Text);
        }
        visitor.visit_borrowed_str(self.value.as_str().unwrap_or_default())
    }

    fn deserialize_option<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'v>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if !matches!(name, "Time" | "MicroTime") {
            return visitor.visit_newtype_struct(self);
        }
        if !self.value.is_string() {
            self.note(Type::Text);
        }
        visitor.visit_newtype_struct(ANY_TIME.into_deserializer())
    }

    fn deserialize_seq<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.value.is_array() {
            self.note(Type::List);
        }
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        self.items(items, visitor)
    }

    fn deserialize_map<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.value.is_object() {
            self.note(Type::Mapping);
        }
        self.members(self.value.as_object().into_iter().flat_map(Map::iter), visitor)
    }

    fn deserialize_struct<V: Visitor<'v>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        <V: Visitor<'v>>
        i128 u8 u16 u32 u64 u128 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

struct Items<'v, 'p> {
    list: &'p Place<'p>,
    values: &'v [Value],
    position: usize,
    context: Context<'p>,
}

impl<'v> SeqAccess<'v> for Items<'v, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'v>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(value) = self.values.get(self.position) else { return Ok(None) };
        let place = Place::Item(self.list, self.values, self.position);
        self.position += 1;
        seed.deserialize(Reader { value, place, context: self.context }).map(Some)
    }
}

struct Members<'v, 'p, I> {
    mapping: &'p Place<'p>,
    entries: I,
    next: Option<(&'v str, &'v Value)>,
    context: Context<'p>,
}

impl<'v, I: Iterator<Item = (&'v String, &'v Value)>> MapAccess<'v> for Members<'v, '_, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'v>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.entries.next() else { return Ok(None) };
        self.next = Some((name.as_str(), value));
        seed.deserialize(name.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'v>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let (name, value) = self.next.take().unwrap_or(("", &NOTHING));
        let place = Place::Member(self.mapping, name);
        seed.deserialize(Reader { value, place, context: self.context })
    }
}
