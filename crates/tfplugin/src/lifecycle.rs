//! The life of a resource: what the framework does before and after it asks the provider. No word of a protocol
//! version here; values have the shape of the model.

pub(crate) mod identity;

use crate::erased::{AnyIdentity, AnyResource};
use crate::planning;
use crate::resource::{Create, MoveSource, PlanCreate, PlanUpdate, Planned, Update};
use crate::rules::{self, Violation};
use crate::schema::Block;
use crate::value::{Shape, decode_json};
use crate::{AttributePath, Context, Diagnostic, Diagnostics, Outcome, Validation, Value};

/// Whether core's consistency rules are checked on our side: in debug builds and tests.
const STRICT: bool = cfg!(debug_assertions);

/// A planned change as values.
pub(crate) struct PlannedChange {
    pub(crate) state: Value,
    pub(crate) requires_replace: Vec<AttributePath>,
}

/// Checks a configuration.
pub(crate) fn validate<D>(
    resource: &dyn AnyResource<D>,
    config: Value,
    validation: &Validation,
) -> Diagnostics {
    let block = &resource.schema().block;
    let mut diagnostics = planning::validate(block, &config);
    if !validation.write_only_allowed {
        diagnostics.extend(planning::refuse_write_only(block, &config));
    }
    diagnostics.extend(resource.validate(config, validation));
    diagnostics
}

/// Plans a change: a null `config` plans the end of the resource, a null `prior` its beginning.
pub(crate) async fn plan<D: Send + Sync>(
    resource: &dyn AnyResource<D>,
    prior: Value,
    config: Value,
    context: &Context<D>,
) -> Outcome<PlannedChange> {
    let block = &resource.schema().block;
    if let Some(reason) = context.deferral() {
        let state = if config == Value::Null {
            Value::Null
        } else {
            planning::planned(block, &config, Some(&prior).filter(|prior| !prior.is_null()))
        };
        return Outcome::deferred(PlannedChange { state, requires_replace: Vec::new() }, reason);
    }
    if config == Value::Null {
        let diagnostics = resource.plan_destroy(prior, context).await;
        let gone = PlannedChange { state: Value::Null, requires_replace: Vec::new() };
        return Outcome::new(gone).with(diagnostics);
    }
    let (kept_prior, kept_config) = (prior.clone(), config.clone());
    let outcome = if prior == Value::Null {
        let planned = planning::planned(block, &config, None);
        resource.plan_create(PlanCreate { config, planned }, context).await.map(Planned::from)
    } else {
        let planned = planning::planned(block, &config, Some(&prior));
        resource.plan_update(PlanUpdate { prior, config, planned }, context).await
    };
    let Outcome { value, diagnostics, deferred } = outcome;
    let diagnostics = answered(value.is_some(), diagnostics, "plan");
    let mut violations = Vec::new();
    let outcome = Outcome { value, diagnostics, deferred }.map(|planned| {
        let state = planning::without_write_only(block, planned.state);
        let mut requires_replace = planned.requires_replace;
        if kept_prior != Value::Null {
            requires_replace.extend(planning::requires_replace(block, &kept_prior, &state, &kept_config));
        }
        if STRICT {
            violations = rules::check_plan(block, &kept_prior, &kept_config, &state);
        }
        PlannedChange { state, requires_replace }
    });
    outcome.with(violations.into_iter().map(|violation| violation.diagnostic("plan")))
}

/// Makes a planned change. The value is the new state, null when the resource is gone; there always is one.
pub(crate) async fn apply<D: Send + Sync>(
    resource: &dyn AnyResource<D>,
    prior: Value,
    planned: Value,
    config: Value,
    context: &Context<D>,
) -> (Value, Diagnostics) {
    if planned == Value::Null {
        let (gone, diagnostics) = resource.delete(prior.clone(), context).await.into_parts();
        let is_gone = gone.is_some() && !diagnostics.has_errors();
        return (if is_gone { Value::Null } else { prior }, answered(is_gone, diagnostics, "delete"));
    }
    let kept_planned = planned.clone();
    let (state, diagnostics) = if prior == Value::Null {
        resource.create(Create { config, planned }, context).await.into_parts()
    } else {
        let update = Update { prior: prior.clone(), config, planned };
        resource.update(update, context).await.into_parts()
    };
    let mut diagnostics = answered(state.is_some(), diagnostics, "apply");
    let Some(state) = state else {
        return (prior, diagnostics);
    };
    let block = &resource.schema().block;
    let state = planning::without_write_only(block, state);
    // After a failure, what is still unknown was not made: core would report each as a fault of the provider.
    if !diagnostics.has_errors() {
        let mut violations = rules::check_state(&state);
        if STRICT {
            violations.extend(rules::check_apply(block, &kept_planned, &state));
        }
        diagnostics.extend(invalid(violations, "state"));
    }
    (state.unknown_as_null(), diagnostics)
}

/// Refreshes state; null when the resource is gone. A failure keeps the state.
pub(crate) async fn read<D: Send + Sync>(
    resource: &dyn AnyResource<D>,
    state: Value,
    context: &Context<D>,
) -> Outcome<Value> {
    if let Some(reason) = context.deferral() {
        return Outcome::deferred(state, reason);
    }
    let kept = state.clone();
    let Outcome { value, diagnostics, deferred } = resource.read(state, context).await;
    let diagnostics = answered(value.is_some(), diagnostics, "read");
    let value = match value {
        Some(Some(state)) => planning::without_write_only(&resource.schema().block, state),
        Some(None) => Value::Null,
        None => kept,
    };
    let violations = invalid(rules::check_state(&value), "state");
    Outcome { value: Some(value.unknown_as_null()), diagnostics, deferred }.with(violations)
}

/// What a first state is made of.
pub(crate) enum ImportBy<'a, D> {
    Id(String),
    Identity(&'a dyn AnyIdentity<D>, Value),
}

/// Makes a first state.
pub(crate) async fn import<D: Send + Sync>(
    resource: &dyn AnyResource<D>,
    by: ImportBy<'_, D>,
    context: &Context<D>,
) -> Outcome<Value> {
    if let Some(reason) = context.deferral() {
        return Outcome::deferred(Value::Unknown, reason);
    }
    let Outcome { value, diagnostics, deferred } = match by {
        ImportBy::Id(id) => resource.import(id, context).await,
        ImportBy::Identity(of, identity) => of.import(identity, context).await,
    };
    let diagnostics = answered(value.is_some(), diagnostics, "import");
    let value = value.map(|state| planning::without_write_only(&resource.schema().block, state));
    let violations = value.as_ref().map(rules::check_state).unwrap_or_default();
    let value = value.map(Value::unknown_as_null);
    Outcome { value, diagnostics, deferred }.with(invalid(violations, "state"))
}

/// Makes the configuration that would have led to a state.
pub(crate) fn generate_config<D>(resource: &dyn AnyResource<D>, state: Value) -> Result<Value, Diagnostics> {
    let block = &resource.schema().block;
    let config = resource.generate_config(planning::configuration(block, state))?;
    Ok(planning::without_write_only(block, config))
}

/// Brings saved state into the shape of the schema.
pub(crate) fn upgrade<D>(
    resource: &dyn AnyResource<D>,
    version: i64,
    json: &[u8],
) -> Result<Value, Diagnostics> {
    let schema = resource.schema();
    if version > schema.version {
        let detail = format!(
            "The state was saved with version {version} of the resource's schema; this release of the provider knows \
             versions up to {}. Use a newer release of the provider.",
            schema.version
        );
        return Err(Diagnostic::error("State of a newer provider", detail).into());
    }
    let malformed = |error: &dyn std::fmt::Display| {
        Diagnostic::error(
            "State cannot be read",
            format!("The saved state does not match the resource's schema: {error}."),
        )
    };
    let upgraded;
    let json = if version == schema.version {
        json
    } else {
        let state = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
        upgraded = resource.upgrade(version, state)?.to_string();
        upgraded.as_bytes()
    };
    let state =
        decode_json(json, &schema.block.wire_type(), Shape::Older).map_err(|error| malformed(&error))?;
    Ok(planning::without_write_only(&schema.block, schema.block.to_model_shape(state)))
}

/// Makes state of the state of another resource type.
pub(crate) fn move_from<D>(resource: &dyn AnyResource<D>, source: MoveSource) -> Result<Value, Diagnostics> {
    let described = format!("{} of the provider {}", source.type_name, source.provider);
    let Some(moved) = resource.move_from(source) else {
        let detail = format!("Resources of type {described} cannot be moved to this type.");
        return Err(Diagnostic::error("Move is not supported", detail).into());
    };
    found(&resource.schema().block, moved?)
}

/// What was found, in the shape that state has.
pub(crate) fn found(block: &Block, state: Value) -> Result<Value, Diagnostics> {
    let state = planning::without_write_only(block, state);
    let diagnostics: Diagnostics = invalid(rules::check_state(&state), "state").collect();
    diagnostics.into_result().map(|()| state)
}

/// What a reader is given: the configuration with the schema's defaults.
pub(crate) fn with_defaults(block: &Block, config: &Value) -> Value {
    planning::planned(block, config, None).unknown_as_null()
}

/// Checks what was read or opened against the configuration; `what` names it.
pub(crate) fn checked(
    block: &Block,
    config: &Value,
    result: Value,
    what: &str,
) -> Result<Value, Diagnostics> {
    let mut violations = rules::check_state(&result);
    if STRICT {
        violations.extend(rules::check_plan(block, &Value::Null, config, &result));
    }
    let diagnostics: Diagnostics = invalid(violations, what).collect();
    diagnostics.into_result().map(|()| result)
}

/// An operation must say something: a value, or an error that says why there is none.
pub(crate) fn answered(has_value: bool, mut diagnostics: Diagnostics, operation: &str) -> Diagnostics {
    if !has_value && !diagnostics.has_errors() {
        let detail =
            format!("The {operation} gave neither a result nor an error. This is a bug in the provider.");
        diagnostics.push(Diagnostic::error("Provider gave no result", detail));
    }
    diagnostics
}

fn invalid(violations: Vec<Violation>, what: &str) -> impl Iterator<Item = Diagnostic> {
    violations.into_iter().map(move |violation| violation.diagnostic(what))
}
