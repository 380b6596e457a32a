//! Versions and their constraints as Masterminds' `semver` reads them.

use std::cmp::Ordering;
use std::rc::Rc;

use super::arguments::{any, text};
use super::pure;
use crate::golang::fmt::to_text;
use crate::object::{Method, MethodBody, Object};
use crate::template::signature::{CallResult, Function, Type};
use crate::value::Value;
use crate::version::{Constraint, Version};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("semver", &[Type::String], parse),
    pure("semverCompare", &[Type::String, Type::String], |arguments| {
        let constraint = Constraint::parse(&text(arguments, 0)).map_err(|error| error.to_string())?;
        let version = Version::parse(&text(arguments, 1)).map_err(|error| error.to_string())?;
        Ok(Value::Bool(constraint.check(&version)))
    }),
];

/// `*semver.Version` as `reflect` spells it.
pub(crate) const VERSION_TYPE: &str = "*semver.Version";

fn parse(arguments: &[Value]) -> CallResult {
    let version = Version::parse(&text(arguments, 0)).map_err(|error| error.to_string())?;
    Ok(Value::Object(Rc::new(SemVer { version, type_name: VERSION_TYPE })))
}

/// `*semver.Version`, and `semver.Version` without a pointer, with the methods that templates use.
struct SemVer {
    version: Version,
    type_name: &'static str,
}

impl SemVer {
    fn number(number: u64) -> Value {
        Value::Int64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// Some methods are those of the pointer only.
    fn is_pointer(&self) -> bool {
        self.type_name == VERSION_TYPE
    }

    /// The version with other numbers, and nothing but numbers.
    fn next(major: u64, minor: u64, patch: u64) -> Value {
        let (prerelease, metadata, original) = Default::default();
        let version = Version { major, minor, patch, prerelease, metadata, original };
        Value::Object(Rc::new(Self { version, type_name: "semver.Version" }))
    }
}

impl Object for SemVer {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn field(&self, name: &str) -> Option<Value> {
        let Version { major, minor, patch, prerelease, metadata, original } = &self.version;
        Some(match name {
            "Major" => Self::number(*major),
            "Minor" => Self::number(*minor),
            "Patch" => Self::number(*patch),
            "Prerelease" => Value::from(prerelease.as_str()),
            "Metadata" => Value::from(metadata.as_str()),
            "Original" if self.is_pointer() => Value::from(original.as_str()),
            "String" => self.plain(),
            "IncMajor" => Self::next(major.saturating_add(1), 0, 0),
            "IncMinor" => Self::next(*major, minor.saturating_add(1), 0),
            "IncPatch" if prerelease.is_empty() => Self::next(*major, *minor, patch.saturating_add(1)),
            "IncPatch" => Self::next(*major, *minor, *patch),
            _ => return None,
        })
    }

    fn method(&self, name: &str) -> Option<Method> {
        let tells: fn(Ordering) -> Value = match name {
            "Compare" => |ordering| Value::Int(ordering as i64),
            "Equal" => |ordering| Value::Bool(ordering.is_eq()),
            "LessThan" => |ordering| Value::Bool(ordering.is_lt()),
            "LessThanEqual" => |ordering| Value::Bool(ordering.is_le()),
            "GreaterThan" => |ordering| Value::Bool(ordering.is_gt()),
            "GreaterThanEqual" => |ordering| Value::Bool(ordering.is_ge()),
            _ => return None,
        };
        if !self.is_pointer() {
            return None;
        }
        let own = self.version.clone();
        let call: MethodBody = Box::new(move |arguments| {
            let other = Version::parse(&to_text(&any(arguments, 0)));
            other.map_or(Value::Nil, |other| tells(own.cmp_precedence(&other)))
        });
        Some(Method { parameters: &[Type::Version], call })
    }

    fn plain(&self) -> Value {
        Value::from(self.version.to_string())
    }

    fn is_true(&self) -> bool {
        true
    }
}
