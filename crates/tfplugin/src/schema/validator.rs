//! Checks of single attributes.

use std::fmt;
use std::sync::Arc;

use crate::{Number, Value};

type Check = dyn Fn(&Value) -> Result<(), String> + Send + Sync;

/// A check of a known value. Terraform validates often and early, so it must be pure.
#[derive(Clone)]
pub struct Validator(Arc<Check>);

impl Validator {
    /// A check; its error says what the value must be.
    pub fn new(check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        (self.0)(value)
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator")
    }
}

/// The string must be one of these.
pub fn one_of<S: Into<String>>(allowed: impl IntoIterator<Item = S>) -> Validator {
    let allowed: Vec<String> = allowed.into_iter().map(Into::into).collect();
    Validator::new(move |value| match value {
        Value::String(text) if !allowed.contains(text) => {
            let names: Vec<_> = allowed.iter().map(|name| format!("{name:?}")).collect();
            Err(format!("must be one of {}", names.join(", ")))
        }
        _ => Ok(()),
    })
}

/// The string, list, set or map must have something in it.
pub fn not_empty() -> Validator {
    Validator::new(|value| {
        let empty = match value {
            Value::String(text) => text.is_empty(),
            Value::List(elements) => elements.is_empty(),
            Value::Map(elements) => elements.is_empty(),
            _ => false,
        };
        if empty { Err("must not be empty".to_owned()) } else { Ok(()) }
    })
}

/// The number must be at least `least` and at most `most`.
pub fn between(least: impl Into<Number>, most: impl Into<Number>) -> Validator {
    let (least, most) = (least.into(), most.into());
    Validator::new(move |value| match value {
        Value::Number(number) if *number < least || *number > most => {
            Err(format!("must be between {least} and {most}"))
        }
        _ => Ok(()),
    })
}
