//! Functions that templates can call, and how arguments are checked against their parameters.

use super::Templates;
use super::error::CallError;
use super::exec::{Engine, Evaluated};
use crate::funcs::crypto::CERTIFICATE_TYPE;
use crate::funcs::date::TIME_TYPE;
use crate::funcs::semver::VERSION_TYPE;
use crate::value::{INTERFACE_SLICE, Value};

/// The Go type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// `interface{}`.
    Any,
    /// `reflect.Value`: the built-in functions take any value, even a missing one.
    Reflect,
    Bool,
    Int,
    Float,
    String,
    /// `map[string]interface{}`.
    Map,
    /// `[]interface{}`.
    List,
    /// `time.Time`.
    Time,
    /// `uint32`, which only a literal is.
    Uint32,
    /// sprig's certificates.
    Certificate,
    /// `*semver.Version`.
    Version,
}

impl Type {
    /// As `reflect` spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float64",
            Self::String => "string",
            Self::Map => "map[string]interface {}",
            Self::List => "[]interface {}",
            Self::Time => TIME_TYPE,
            Self::Uint32 => "uint32",
            Self::Certificate => CERTIFICATE_TYPE,
            Self::Version => VERSION_TYPE,
        }
    }

    pub(crate) fn can_be_nil(self) -> bool {
        matches!(self, Self::Any | Self::Reflect | Self::Map | Self::List)
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Any | Self::Reflect => true,
            Self::Bool => matches!(value, Value::Bool(_)),
            Self::Int => matches!(value, Value::Int(_)),
            Self::Float => matches!(value, Value::Float(_)),
            Self::String => matches!(value, Value::String(_) | Value::RawString(_)),
            Self::Map => matches!(value, Value::Map(map) if map.holds_interfaces()),
            Self::List => matches!(value, Value::List(list) if list.type_name == INTERFACE_SLICE),
            Self::Time => matches!(value, Value::Object(object) if object.type_name() == TIME_TYPE),
            Self::Uint32 => false,
            Self::Certificate => {
                matches!(value, Value::Object(object) if object.type_name() == CERTIFICATE_TYPE)
            }
            Self::Version => matches!(value, Value::Object(object) if object.type_name() == VERSION_TYPE),
        }
    }

    /// Go's `validateType`: the value, or why the parameter does not take it.
    pub(crate) fn validate(self, argument: Evaluated) -> Result<Value, String> {
        let Evaluated { value, boxed } = argument;
        if value.is_nil() && !boxed && !self.can_be_nil() {
            return Err(format!("invalid value; expected {}", self.name()));
        }
        let accepted = if value.is_nil() {
            matches!(self, Self::Any | Self::Reflect) || !boxed
        } else {
            self.takes(&value)
        };
        if accepted {
            return Ok(value);
        }
        let got = if value.is_nil() { "interface {}" } else { value.type_name() };
        Err(format!("wrong type for value; expected {}; got {got}", self.name()))
    }
}

/// What a function returns.
pub(crate) type CallResult = Result<Value, CallError>;

/// What a function does.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// `and` and `or`, which do not evaluate what they do not need.
    And,
    Or,
    /// Depends on its arguments only.
    Pure(fn(&[Value]) -> CallResult),
    /// Needs the engine: `include`, `tpl`, `lookup` and all that ask the caller's source.
    Engine(fn(&Engine<'_>, &Templates<'_>, &[Value]) -> CallResult),
}

/// A function that templates can call.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Type],
    /// The type of any further arguments.
    pub(crate) variadic: Option<Type>,
    pub(crate) body: Body,
}
