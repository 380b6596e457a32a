//! Terraform core's consistency rules, checked on our side, where the message can name the rule and the attribute.
//!
//! Core's own checks are in its package `internal/plans/objchange`. Messages never repeat values: they may be secret.

use std::collections::BTreeMap;

use crate::path::Step;
use crate::schema::{Attribute, Block, NestedBlock, Nesting};
use crate::{AttributePath, Diagnostic, Type, Value};

/// A broken rule: a fault in the provider, not in the user's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) path: AttributePath,
    pub(crate) rule: &'static str,
}

impl Violation {
    /// The message for the provider's developers; `operation` is what the provider has just done.
    pub(crate) fn diagnostic(self, operation: &str) -> Diagnostic {
        let place = if self.path.is_root() { "the resource".to_owned() } else { self.path.to_string() };
        let detail = format!("At {place}: {}. This is a bug in the provider; please report it.", self.rule);
        Diagnostic::error(format!("Provider produced an invalid {operation}"), detail).at(self.path)
    }
}

/// Collects violations on a walk through a block.
#[derive(Default)]
struct Walk {
    violations: Vec<Violation>,
}

/// Checks a plan against the configuration and the prior state (both not null).
pub(crate) fn check_plan(block: &Block, prior: &Value, config: &Value, planned: &Value) -> Vec<Violation> {
    let mut walk = Walk::default();
    walk.plan_object(block, prior, config, planned, &AttributePath::root());
    walk.violations
}

/// Checks what an apply made against what was planned.
pub(crate) fn check_apply(block: &Block, planned: &Value, actual: &Value) -> Vec<Violation> {
    let mut walk = Walk::default();
    walk.apply_object(block, planned, actual, &AttributePath::root());
    walk.violations
}

/// Checks that nothing in state is unknown; names the attribute or block at the top.
pub(crate) fn check_state(state: &Value) -> Vec<Violation> {
    let rule = "a value in state is still unknown";
    match state {
        Value::Map(members) => members
            .iter()
            .filter(|(_, value)| !value.is_wholly_known())
            .map(|(name, _)| Violation { path: AttributePath::new(name), rule })
            .collect(),
        Value::Unknown => vec![Violation { path: AttributePath::root(), rule }],
        _ => Vec::new(),
    }
}

const NULL: &Value = &Value::Null;

fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    match value {
        Value::Map(members) => members.get(name).unwrap_or(NULL),
        _ => NULL,
    }
}

impl Walk {
    fn report(&mut self, path: &AttributePath, rule: &'static str) {
        self.violations.push(Violation { path: path.clone(), rule });
    }

    fn plan_object(
        &mut self,
        block: &Block,
        prior: &Value,
        config: &Value,
        planned: &Value,
        path: &AttributePath,
    ) {
        match (config, planned) {
            (Value::Null, Value::Null) => return,
            (Value::Null, _) => {
                return self.report(path, "the plan has a block that the configuration does not have");
            }
            (_, Value::Null) => {
                return self.report(path, "the plan drops a block that the configuration has");
            }
            _ => {}
        }
        for (name, attribute) in &block.attributes {
            let path = path.join(Step::Attribute(name.clone()));
            let values = [prior, config, planned].map(|value| member(value, name));
            if let Some(rule) = broken_attribute_rule(attribute, values) {
                self.report(&path, rule);
            }
        }
        for (name, nested) in &block.blocks {
            let path = path.join(Step::Attribute(name.clone()));
            let [prior, config, planned] = [prior, config, planned].map(|value| member(value, name));
            if config != planned {
                self.plan_nested(nested, prior, config, planned, &path);
            }
        }
    }

    fn plan_nested(
        &mut self,
        nested: &NestedBlock,
        prior: &Value,
        config: &Value,
        planned: &Value,
        path: &AttributePath,
    ) {
        if *config == Value::Unknown {
            return self
                .report(path, "blocks that are unknown in the configuration must be unknown in the plan");
        }
        if *planned == Value::Unknown {
            return self.report(path, "a block is never unknown itself, only the attributes in it");
        }
        match (nested.nesting, config, planned) {
            (Nesting::List, Value::List(configured), Value::List(elements)) => {
                if configured.len() != elements.len() {
                    return self.report(path, "the plan has another number of blocks than the configuration");
                }
                let before = |index: usize| match prior {
                    Value::List(elements) => elements.get(index).unwrap_or(NULL),
                    _ => NULL,
                };
                for (index, (config, planned)) in configured.iter().zip(elements).enumerate() {
                    let path = path.join(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)));
                    self.plan_object(&nested.block, before(index), config, planned, &path);
                }
            }
            (Nesting::Map, Value::Map(configured), Value::Map(elements)) => {
                if !configured.keys().eq(elements.keys()) {
                    return self.report(path, "the plan has other block labels than the configuration");
                }
                for (key, planned) in elements {
                    let path = path.join(Step::Key(key.clone()));
                    self.plan_object(&nested.block, member(prior, key), member(config, key), planned, &path);
                }
            }
            // Elements of a set cannot be told apart: core trusts the provider here, save that blocks are known.
            (Nesting::Set, _, Value::List(elements)) => {
                if elements.contains(&Value::Unknown) {
                    self.report(path, "a block is never unknown itself, only the attributes in it");
                }
            }
            (Nesting::Single | Nesting::Group, ..) => {
                self.plan_object(&nested.block, prior, config, planned, path);
            }
            _ => self.report(path, "a collection of blocks without blocks is empty, never null"),
        }
    }

    fn apply_object(&mut self, block: &Block, planned: &Value, actual: &Value, path: &AttributePath) {
        match (planned, actual) {
            (Value::Null | Value::Unknown, Value::Null) => return,
            (Value::Null, _) => return self.report(path, "was planned to be absent, and is present"),
            (_, Value::Null) => return self.report(path, "was planned to be present, and is absent"),
            (Value::Unknown, _) => return,
            _ => {}
        }
        for (name, attribute) in &block.attributes {
            let path = path.join(Step::Attribute(name.clone()));
            self.apply_value(&attribute.ty, member(planned, name), member(actual, name), &path);
        }
        for (name, nested) in &block.blocks {
            let path = path.join(Step::Attribute(name.clone()));
            self.apply_nested(nested, member(planned, name), member(actual, name), &path);
        }
    }

    fn apply_nested(&mut self, nested: &NestedBlock, planned: &Value, actual: &Value, path: &AttributePath) {
        match (nested.nesting, planned, actual) {
            (_, Value::Unknown, _) => {}
            (Nesting::List, Value::List(planned), Value::List(actual)) => {
                if planned.len() != actual.len() {
                    return self.report(path, "has another number of blocks than planned");
                }
                for ((index, planned), actual) in (0..).zip(planned).zip(actual) {
                    self.apply_object(&nested.block, planned, actual, &path.join(Step::Index(index)));
                }
            }
            (Nesting::Map, Value::Map(planned), Value::Map(actual)) => {
                if !planned.keys().eq(actual.keys()) {
                    return self.report(path, "has other block labels than planned");
                }
                for ((key, planned), actual) in planned.iter().zip(actual.values()) {
                    self.apply_object(&nested.block, planned, actual, &path.join(Step::Key(key.clone())));
                }
            }
            (Nesting::Set, Value::List(planned), Value::List(actual)) => {
                let fits =
                    |planned: &Value, actual: &Value| check_apply(&nested.block, planned, actual).is_empty();
                self.apply_set(planned, actual, fits, path);
            }
            _ => self.apply_object(&nested.block, planned, actual, path),
        }
    }

    fn apply_value(&mut self, ty: &Type, planned: &Value, actual: &Value, path: &AttributePath) {
        match (planned, actual) {
            // Unknown values that are left are reported once, by `check_state`.
            (Value::Unknown, _) | (_, Value::Unknown) | (Value::Null, Value::Null) => {}
            (Value::List(planned), Value::List(actual)) => match ty {
                Type::Set(element) => self.apply_set(planned, actual, |a, b| fits(element, a, b), path),
                _ => self.apply_list(ty, planned, actual, path),
            },
            (Value::Map(planned), Value::Map(actual)) => self.apply_map(ty, planned, actual, path),
            (Value::Dynamic(planned), Value::Dynamic(actual)) => {
                if planned.ty != actual.ty && !planned.ty.has_dynamic() {
                    return self.report(path, "has another type than planned");
                }
                self.apply_value(&planned.ty, &planned.value, &actual.value, path);
            }
            (Value::Null, _) => self.report(path, "was planned as null, and has a value"),
            (_, Value::Null) => self.report(path, "was planned with a value, and is null"),
            _ if planned != actual => self.report(path, "has another value than planned"),
            _ => {}
        }
    }

    fn apply_list(&mut self, ty: &Type, planned: &[Value], actual: &[Value], path: &AttributePath) {
        if planned.len() != actual.len() {
            return self.report(path, "has another number of elements than planned");
        }
        for (index, (planned, actual)) in planned.iter().zip(actual).enumerate() {
            let element = match ty {
                Type::Tuple(types) => types.get(index).unwrap_or(&Type::Dynamic),
                Type::List(element) => element,
                _ => &Type::Dynamic,
            };
            let path = path.join(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)));
            self.apply_value(element, planned, actual, &path);
        }
    }

    fn apply_map(
        &mut self,
        ty: &Type,
        planned: &BTreeMap<String, Value>,
        actual: &BTreeMap<String, Value>,
        path: &AttributePath,
    ) {
        let step = |key: &String| match ty {
            Type::Object(_) => path.join(Step::Attribute(key.clone())),
            _ => path.join(Step::Key(key.clone())),
        };
        for (key, planned) in planned {
            let element = match ty {
                Type::Object(members) => members.get(key).unwrap_or(&Type::Dynamic),
                Type::Map(element) => element,
                _ => &Type::Dynamic,
            };
            match actual.get(key) {
                Some(actual) => self.apply_value(element, planned, actual, &step(key)),
                None => self.report(&step(key), "was planned, and is not there"),
            }
        }
        for key in actual.keys().filter(|key| !planned.contains_key(*key)) {
            self.report(&step(key), "was not planned, and is there");
        }
    }

    /// Elements may coalesce once they are known, but each must have its like on the other side.
    fn apply_set(
        &mut self,
        planned: &[Value],
        actual: &[Value],
        fits: impl Fn(&Value, &Value) -> bool,
        path: &AttributePath,
    ) {
        let lost = planned.iter().any(|planned| !actual.iter().any(|actual| fits(planned, actual)));
        let new = actual.iter().any(|actual| !planned.iter().any(|planned| fits(planned, actual)));
        if lost {
            self.report(path, "a planned element of the set is missing");
        } else if new || planned.len() < actual.len() {
            self.report(path, "the set has an element that was not planned");
        }
    }
}

/// Whether an element of a set may have become the other one.
fn fits(ty: &Type, planned: &Value, actual: &Value) -> bool {
    let mut walk = Walk::default();
    walk.apply_value(ty, planned, actual, &AttributePath::root());
    walk.violations.is_empty()
}

/// `values` are prior state, configuration and plan.
fn broken_attribute_rule(attribute: &Attribute, values: [&Value; 3]) -> Option<&'static str> {
    let [prior, config, planned] = values;
    if attribute.write_only {
        let broken = !planned.is_null();
        return broken.then_some("a write-only attribute must be null in the plan");
    }
    let as_configured = planned == config;
    let as_before = planned == prior && !prior.is_null() && !config.is_null();
    let provider_may_choose = attribute.is_computed() && (!attribute.is_configurable() || config.is_null());
    if as_configured || as_before || provider_may_choose {
        None
    } else if config.is_null() {
        Some("a value is planned that is not configured, and the attribute is not computed")
    } else {
        Some("the planned value is neither the configured one nor the prior one")
    }
}

#[cfg(test)]
mod tests;
