//! The identity of a resource along its life: derived from its state, and always the same once it is known.

use std::collections::BTreeMap;

use crate::erased::AnyIdentity;
use crate::rules::Violation;
use crate::schema::IdentitySchema;
use crate::value::{Shape, decode_json};
use crate::{AttributePath, Context, Diagnostic, Diagnostics, Value};

/// The identity of a planned state. What is there already (`prior`) keeps its identity, unless it is replaced.
pub(crate) fn planned<D>(
    identity: &dyn AnyIdentity<D>,
    state: &Value,
    prior: Option<Value>,
    replaced: bool,
    context: &Context<D>,
) -> Result<Option<Value>, Diagnostics> {
    if state.is_null() {
        return Ok(prior);
    }
    let planned = identity.of(state.clone(), context)?;
    match prior {
        Some(prior) if !replaced => unchanged(planned, prior, "plan").map(Some),
        _ => Ok(Some(planned)),
    }
}

/// The identity of a state that was made, read or imported; `prior` is what was known of it before. None while the state
/// does not tell it all.
pub(crate) fn of_state<D>(
    identity: &dyn AnyIdentity<D>,
    state: &Value,
    prior: Option<Value>,
    context: &Context<D>,
) -> Result<Option<Value>, Diagnostics> {
    if state.is_null() || *state == Value::Unknown {
        return Ok(None);
    }
    let now = identity.of(state.clone(), context)?.unknown_as_null();
    let whole = match prior {
        Some(prior) => unchanged(now, prior.unknown_as_null(), "identity")?,
        None => now,
    };
    Ok(Some(whole).filter(|whole| is_complete(identity.schema(), whole)))
}

/// Brings a saved identity into the shape of its schema.
pub(crate) fn upgraded<D>(
    identity: &dyn AnyIdentity<D>,
    version: i64,
    json: &[u8],
) -> Result<Value, Diagnostics> {
    let schema = identity.schema();
    if version > schema.version {
        let detail = format!(
            "The identity was saved with version {version} of its schema; this release of the provider knows versions \
             up to {}. Use a newer release of the provider.",
            schema.version
        );
        return Err(Diagnostic::error("Identity of a newer provider", detail).into());
    }
    let malformed = |error: &dyn std::fmt::Display| {
        let detail = format!("The saved identity does not match the resource's schema: {error}.");
        Diagnostic::error("Identity cannot be read", detail)
    };
    let mut saved = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    if version != schema.version {
        saved = identity.upgrade(version, saved)?;
    }
    decode_json(saved.to_string().as_bytes(), &schema.object_type(), Shape::Older)
        .map_err(|error| malformed(&error).into())
}

/// `prior` with what only `now` tells; an error when they contradict each other.
fn unchanged(now: Value, prior: Value, operation: &str) -> Result<Value, Diagnostics> {
    let (Value::Map(now), Value::Map(prior)) = (now, prior) else {
        return Ok(Value::Null);
    };
    let mut whole: BTreeMap<String, Value> = now;
    for (name, before) in
        prior.into_iter().filter(|(_, before)| before.is_wholly_known() && !before.is_null())
    {
        let now = whole.insert(name.clone(), before.clone()).unwrap_or(Value::Null);
        if !now.is_null() && now.is_wholly_known() && now != before {
            let rule = "the identity of a resource never changes while it exists";
            return Err(Violation { path: AttributePath::new(name), rule }.diagnostic(operation).into());
        }
    }
    Ok(Value::Map(whole))
}

fn is_complete(schema: &IdentitySchema, identity: &Value) -> bool {
    let Value::Map(attributes) = identity else {
        return false;
    };
    let required = schema.attributes.iter().filter(|(_, attribute)| attribute.required_for_import);
    required.map(|(name, _)| attributes.get(name)).all(|value| value.is_some_and(|value| !value.is_null()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(name: Value, uid: Value) -> Value {
        Value::Map(BTreeMap::from([("name".to_owned(), name), ("uid".to_owned(), uid)]))
    }

    fn text(value: &str) -> Value {
        Value::String(value.to_owned())
    }

    #[test]
    fn an_identity_may_become_known_but_never_another_one() {
        let known = identity(text("a"), text("1"));
        let part = identity(text("a"), Value::Null);
        let later = identity(text("a"), Value::Unknown);
        assert_eq!(unchanged(known.clone(), part.clone(), "plan"), Ok(known.clone()));
        assert_eq!(unchanged(later, known.clone(), "plan"), Ok(known.clone()));
        assert_eq!(unchanged(part, known.clone(), "plan"), Ok(known.clone()));
        let error = unchanged(identity(text("b"), Value::Null), known, "plan").unwrap_err();
        let error = error.iter().next().unwrap();
        assert_eq!(error.path, Some(AttributePath::new("name")));
        assert!(error.detail.contains("never changes"), "{}", error.detail);
    }
}
