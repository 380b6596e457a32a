//! Versions and their constraints as Masterminds' `semver` reads them.

use super::arguments::text;
use super::pure;
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

fn parse(arguments: &[Value]) -> CallResult {
    let version = Version::parse(&text(arguments, 0)).map_err(|error| error.to_string())?;
    Ok(Value::Object(std::rc::Rc::new(SemVer(version))))
}

/// `*semver.Version` with the methods that templates use.
struct SemVer(Version);

impl SemVer {
    fn number(number: u64) -> Value {
        Value::Int64(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl crate::object::Object for SemVer {
    fn type_name(&self) -> &'static str {
        "*semver.Version"
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(match name {
            "Major" => Self::number(self.0.major),
            "Minor" => Self::number(self.0.minor),
            "Patch" => Self::number(self.0.patch),
            "Prerelease" => Value::from(self.0.prerelease.as_str()),
            "Metadata" => Value::from(self.0.metadata.as_str()),
            "Original" => Value::from(self.0.original.as_str()),
            "String" => Value::from(self.0.to_string()),
            _ => return None,
        })
    }

    fn method(&self, name: &str) -> Option<crate::object::Method> {
        let own = self.0.clone();
        (name == "Compare").then(|| crate::object::Method {
            parameters: &[Type::Any],
            call: Box::new(move |arguments| {
                let other =
                    Version::parse(&crate::golang::fmt::to_text(&super::arguments::any(arguments, 0)));
                Value::Int(other.map_or(0, |other| own.cmp_precedence(&other) as i64))
            }),
        })
    }

    fn plain(&self) -> Value {
        Value::from(self.0.to_string())
    }

    fn is_true(&self) -> bool {
        true
    }
}
