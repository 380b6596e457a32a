//! Terraform's values: the type system of the language ("cty"), decoded against a schema.

mod error;
mod json;
mod model;
mod msgpack;
mod number;
mod shape;
mod types;

use std::collections::BTreeMap;

pub use error::ValueError;
pub(crate) use json::{Shape, decode as decode_json};
pub use model::{Mismatch, TerraformValue};
#[doc(hidden)]
pub use model::{expect_object, fields_conform, take_field};
pub(crate) use msgpack::{decode as decode_msgpack, encode as encode_msgpack};
pub use number::{Number, ParseNumberError};
pub use types::{ParseTypeError, Type};

/// A value of a known [`Type`]. The value does not carry its type: the schema knows it, save for [`Dynamic`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Not set.
    Null,
    /// Known after apply.
    Unknown,
    /// `bool`.
    Bool(bool),
    /// `number`.
    Number(Number),
    /// `string`.
    String(String),
    /// `list(…)`, `set(…)` or `tuple([…])`.
    List(Vec<Value>),
    /// `map(…)` or `object({…})`.
    Map(BTreeMap<String, Value>),
    /// A value of an attribute of type `dynamic`, with the type it has.
    Dynamic(Box<Dynamic>),
}

/// A value with the type that it brings along: what an attribute of type `dynamic` holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dynamic {
    /// The type of `value`; not `dynamic` itself.
    pub ty: Type,
    /// The value, which may be null or unknown.
    pub value: Value,
}

impl Value {
    /// Reads a value of the type `ty` from MessagePack, the form that Terraform and providers exchange. Sets come sorted
    /// and without doubles.
    pub fn from_msgpack(bytes: &[u8], ty: &Type) -> Result<Self, ValueError> {
        msgpack::decode(bytes, ty)
    }

    /// Writes a value of the type `ty` as MessagePack.
    pub fn to_msgpack(&self, ty: &Type) -> Result<Vec<u8>, ValueError> {
        msgpack::encode(self, ty)
    }

    /// Reads a value of the type `ty` from JSON, the form in which Terraform keeps state.
    pub fn from_json(text: &[u8], ty: &Type) -> Result<Self, ValueError> {
        json::decode(text, ty, Shape::Exact)
    }

    /// Writes a value of the type `ty` as JSON; unknown values have no JSON form.
    pub fn to_json(&self, ty: &Type) -> Result<Vec<u8>, ValueError> {
        json::encode(self, ty)
    }

    /// Whether the value and everything in it is known.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(dynamic) => dynamic.value.is_wholly_known(),
        }
    }

    /// Whether the value is null, also a null that has a type.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(dynamic) => dynamic.value.is_null(),
            _ => false,
        }
    }

    /// The same value with null in place of everything unknown.
    #[must_use]
    pub fn unknown_as_null(self) -> Self {
        match self {
            Self::Unknown => Self::Null,
            Self::List(elements) => Self::List(elements.into_iter().map(Self::unknown_as_null).collect()),
            Self::Map(elements) => {
                Self::Map(elements.into_iter().map(|(key, value)| (key, value.unknown_as_null())).collect())
            }
            Self::Dynamic(dynamic) => {
                Self::Dynamic(Box::new(Dynamic { ty: dynamic.ty, value: dynamic.value.unknown_as_null() }))
            }
            other => other,
        }
    }

    /// What kind of value this is, in Terraform's words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "a value known after apply",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Dynamic(_) => "a value of any type",
        }
    }
}

/// Brings the elements of a set into the one order that makes equal sets equal values. Two unknown elements may turn
/// out to differ, so only known doubles are dropped.
pub(crate) fn canonical_set(elements: &mut Vec<Value>) {
    elements.sort();
    elements.dedup_by(|a, b| a == b && a.is_wholly_known());
}
