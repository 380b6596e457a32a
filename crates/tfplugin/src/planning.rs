//! The plan that the schema alone makes of a configuration, and what else follows from the schema.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::Step;
use crate::schema::{Attribute, Block, NestedBlock, Nesting, Replacement};
use crate::value::canonical_set;
use crate::{AttributePath, Diagnostic, Diagnostics, Value};

/// What stands for computed values that the configuration leaves null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    /// The prior value: right when nothing changes.
    Prior,
    /// "Known after apply", save where the schema keeps the prior value.
    Unknown,
}

/// Configuration, defaults and computed values, all derived from what the configuration leaves null. Without `prior`
/// it is the plan of a new resource. When nothing else differs from `prior`, the plan is `prior`.
pub(crate) fn planned(block: &Block, config: &Value, prior: Option<&Value>) -> Value {
    let unchanged = plan_object(block, config, prior, Fill::Prior);
    if prior == Some(&unchanged) { unchanged } else { plan_object(block, config, prior, Fill::Unknown) }
}

fn plan_object(block: &Block, config: &Value, prior: Option<&Value>, fill: Fill) -> Value {
    let Value::Map(members) = config else {
        return config.clone();
    };
    let prior = prior.and_then(members_of);
    let plan = |(name, value): (&String, &Value)| {
        let prior = prior.and_then(|prior| prior.get(name));
        let planned = match (block.attributes.get(name), block.blocks.get(name)) {
            (Some(attribute), _) => plan_attribute(attribute, value, prior, fill),
            (_, Some(nested)) => plan_nested(nested, value, prior, fill),
            _ => value.clone(),
        };
        (name.clone(), planned)
    };
    Value::Map(members.iter().map(plan).collect())
}

fn members_of(value: &Value) -> Option<&BTreeMap<String, Value>> {
    match value {
        Value::Map(members) => Some(members),
        _ => None,
    }
}

fn plan_attribute(attribute: &Attribute, config: &Value, prior: Option<&Value>, fill: Fill) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    if !config.is_null() {
        return config.clone();
    }
    if let Some(default) = &attribute.default {
        return default.clone();
    }
    if !attribute.is_computed() {
        return config.clone();
    }
    match (prior, fill) {
        (Some(prior), Fill::Prior) => prior.clone(),
        (Some(prior), Fill::Unknown) if attribute.keep_prior && !prior.is_null() => prior.clone(),
        _ => Value::Unknown,
    }
}

fn plan_nested(nested: &NestedBlock, config: &Value, prior: Option<&Value>, fill: Fill) -> Value {
    let block = &nested.block;
    match (config, nested.nesting) {
        (Value::List(elements), Nesting::Set) => {
            let prior = prior.map_or(&[][..], elements_of);
            let mut planned: Vec<_> = elements
                .iter()
                .map(|element| plan_object(block, element, same(block, element, prior), fill))
                .collect();
            canonical_set(&mut planned);
            Value::List(planned)
        }
        (Value::List(elements), _) => {
            let prior = prior.map_or(&[][..], elements_of);
            let planned = elements
                .iter()
                .enumerate()
                .map(|(index, element)| plan_object(block, element, prior.get(index), fill));
            Value::List(planned.collect())
        }
        (Value::Map(elements), Nesting::Map) => {
            let prior = prior.and_then(members_of);
            let plan = |(key, element): (&String, &Value)| {
                let prior = prior.and_then(|prior| prior.get(key));
                (key.clone(), plan_object(block, element, prior, fill))
            };
            Value::Map(elements.iter().map(plan).collect())
        }
        _ => plan_object(block, config, prior, fill),
    }
}

fn elements_of(value: &Value) -> &[Value] {
    match value {
        Value::List(elements) => elements,
        _ => &[],
    }
}

/// The prior element of a set that the configured one describes: the one that it would leave unchanged.
fn same<'a>(block: &Block, config: &Value, prior: &'a [Value]) -> Option<&'a Value> {
    prior.iter().find(|prior| plan_object(block, config, Some(prior), Fill::Prior) == **prior)
}

/// The same value with null for every write-only attribute.
pub(crate) fn without_write_only(block: &Block, value: Value) -> Value {
    let Value::Map(members) = value else {
        return value;
    };
    let strip = |(name, value): (String, Value)| {
        let value = match (block.attributes.get(&name), block.blocks.get(&name)) {
            (Some(attribute), _) if attribute.write_only => Value::Null,
            (_, Some(nested)) => {
                map_blocks(nested, value, &|element| without_write_only(&nested.block, element))
            }
            _ => value,
        };
        (name, value)
    };
    Value::Map(members.into_iter().map(strip).collect())
}

/// The configuration that would have led to a state: without what the user cannot set, what is deprecated, and values
/// that are there by default.
pub(crate) fn configuration(block: &Block, state: Value) -> Value {
    let Value::Map(members) = state else {
        return state;
    };
    let configured = |(name, value): (String, Value)| {
        let value = match (block.attributes.get(&name), block.blocks.get(&name)) {
            (Some(attribute), _) => {
                let left_out = !attribute.is_configurable()
                    || attribute.write_only
                    || attribute.deprecated.is_some()
                    || attribute.default.as_ref() == Some(&value);
                if left_out { Value::Null } else { value }
            }
            (_, Some(nested)) if nested.block.deprecated.is_some() => nested.absent(),
            (_, Some(nested)) => map_blocks(nested, value, &|element| configuration(&nested.block, element)),
            _ => value,
        };
        (name, value)
    };
    Value::Map(members.into_iter().map(configured).collect())
}

/// Changes every block of a kind.
fn map_blocks(nested: &NestedBlock, value: Value, change: &dyn Fn(Value) -> Value) -> Value {
    match value {
        Value::List(elements) => Value::List(elements.into_iter().map(change).collect()),
        Value::Map(elements) if nested.nesting == Nesting::Map => {
            Value::Map(elements.into_iter().map(|(key, element)| (key, change(element))).collect())
        }
        object => change(object),
    }
}

/// Attributes whose change from `prior` to `planned` replaces the resource. What is inside a block that only one of
/// them has counts as added or removed, not as changed.
pub(crate) fn requires_replace(
    block: &Block,
    prior: &Value,
    planned: &Value,
    config: &Value,
) -> Vec<AttributePath> {
    let mut paths = Vec::new();
    replace_in_object(block, [prior, planned, config], &AttributePath::root(), &mut paths);
    paths
}

/// `values` are prior state, plan and configuration.
fn replace_in_object(
    block: &Block,
    values: [&Value; 3],
    path: &AttributePath,
    paths: &mut Vec<AttributePath>,
) {
    let [Some(prior), Some(planned), Some(config)] = values.map(members_of) else {
        return;
    };
    for (name, attribute) in &block.attributes {
        let (Some(prior), Some(planned)) = (prior.get(name), planned.get(name)) else {
            continue;
        };
        // A computed value that only the apply will tell is not a change that anybody asked for.
        let asked = *planned != Value::Unknown || config.get(name).is_some_and(|config| !config.is_null());
        let replaces = match &attribute.replacement {
            Replacement::Never => false,
            Replacement::Always => true,
            Replacement::If(condition) => condition(prior, planned),
        };
        if prior != planned && asked && replaces {
            paths.push(path.join(Step::Attribute(name.clone())));
        }
    }
    for (name, nested) in &block.blocks {
        if let (Some(prior), Some(planned), Some(config)) =
            (prior.get(name), planned.get(name), config.get(name))
        {
            let path = path.join(Step::Attribute(name.clone()));
            replace_in_nested(nested, [prior, planned, config], &path, paths);
        }
    }
}

fn replace_in_nested(
    nested: &NestedBlock,
    values: [&Value; 3],
    path: &AttributePath,
    paths: &mut Vec<AttributePath>,
) {
    let [prior, planned, config] = values;
    let block = &nested.block;
    let same_blocks = match (prior, planned, nested.nesting) {
        (Value::List(before), Value::List(after), Nesting::Set) => {
            if replacing_parts(block, before) != replacing_parts(block, after) {
                paths.push(path.clone());
                return;
            }
            before.len() == after.len()
        }
        (Value::List(before), Value::List(after), _) => {
            for ((index, (before, after)), config) in
                (0..).zip(before.iter().zip(after)).zip(elements_of(config))
            {
                replace_in_object(block, [before, after, config], &path.join(Step::Index(index)), paths);
            }
            before.len() == after.len()
        }
        (Value::Map(before), Value::Map(after), Nesting::Map) => {
            for (key, element) in after {
                if let (Some(before), Some(config)) =
                    (before.get(key), members_of(config).and_then(|c| c.get(key)))
                {
                    replace_in_object(
                        block,
                        [before, element, config],
                        &path.join(Step::Key(key.clone())),
                        paths,
                    );
                }
            }
            before.keys().eq(after.keys())
        }
        (Value::Map(_), Value::Map(_), _) => {
            replace_in_object(block, values, path, paths);
            true
        }
        _ => prior == planned,
    };
    if nested.requires_replace && !same_blocks {
        paths.push(path.clone());
    }
}

/// Elements of a set cannot be told apart: what matters of them is the set of their values that replace on a change.
fn replacing_parts<'a>(block: &Block, elements: &'a [Value]) -> BTreeSet<Vec<&'a Value>> {
    let part = |element: &'a Value| {
        let members = members_of(element)?;
        let attributes = block.attributes.iter().filter(|(_, attribute)| attribute.replaces());
        let blocks = block.blocks.iter().filter(|(_, nested)| replaces_inside(nested));
        let names = attributes.map(|(name, _)| name).chain(blocks.map(|(name, _)| name));
        Some(names.filter_map(|name| members.get(name)).collect())
    };
    elements.iter().filter_map(part).filter(|part: &Vec<_>| !part.is_empty()).collect()
}

fn replaces_inside(nested: &NestedBlock) -> bool {
    nested.requires_replace
        || nested.block.attributes.values().any(Attribute::replaces)
        || nested.block.blocks.values().any(replaces_inside)
}

/// What the validators of the schema say of a configuration.
pub(crate) fn validate(block: &Block, config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    validate_object(block, config, &AttributePath::root(), &mut diagnostics);
    diagnostics
}

fn validate_object(block: &Block, config: &Value, path: &AttributePath, diagnostics: &mut Diagnostics) {
    let Some(members) = members_of(config) else {
        return;
    };
    for (name, attribute) in &block.attributes {
        let Some(value) = members.get(name).filter(|value| !value.is_null() && **value != Value::Unknown)
        else {
            continue;
        };
        let problems = attribute.validators.iter().filter_map(|validator| validator.check(value).err());
        let path = path.join(Step::Attribute(name.clone()));
        diagnostics.extend(problems.map(|problem| {
            Diagnostic::error("Invalid value", format!("The attribute {path} {problem}.")).at(path.clone())
        }));
    }
    for (name, nested) in &block.blocks {
        let path = path.join(Step::Attribute(name.clone()));
        match members.get(name) {
            Some(Value::List(elements)) if nested.nesting == Nesting::Set => {
                for element in elements {
                    validate_element_of_set(&nested.block, element, &path, diagnostics);
                }
            }
            Some(Value::List(elements)) => {
                for (index, element) in (0..).zip(elements) {
                    validate_object(&nested.block, element, &path.join(Step::Index(index)), diagnostics);
                }
            }
            Some(Value::Map(elements)) if nested.nesting == Nesting::Map => {
                for (key, element) in elements {
                    validate_object(&nested.block, element, &path.join(Step::Key(key.clone())), diagnostics);
                }
            }
            Some(object) => validate_object(&nested.block, object, &path, diagnostics),
            None => {}
        }
    }
}

/// Elements of a set have no address: what is wrong inside is reported at the set.
fn validate_element_of_set(
    block: &Block,
    element: &Value,
    set: &AttributePath,
    diagnostics: &mut Diagnostics,
) {
    let mut inside = Diagnostics::new();
    validate_object(block, element, &AttributePath::root(), &mut inside);
    diagnostics.extend(inside.into_iter().map(|diagnostic| diagnostic.at(set.clone())));
}

/// Refuses write-only values of a client that does not know what they are: it would store them.
pub(crate) fn refuse_write_only(block: &Block, config: &Value) -> Diagnostics {
    let mut given = Vec::new();
    write_only_paths(block, config, &AttributePath::root(), &mut given);
    let refused = given.into_iter().map(|path| {
        let detail = format!(
            "{path} is write-only: it must not be stored in state. This client does not support that. Use Terraform 1.11, OpenTofu 1.11 or \
             later, or remove the attribute."
        );
        Diagnostic::error("Write-only attributes are not supported by this version of the client", detail).at(path)
    });
    refused.collect()
}

fn write_only_paths(block: &Block, config: &Value, path: &AttributePath, given: &mut Vec<AttributePath>) {
    let Some(members) = members_of(config) else { return };
    let is_given = |name: &String| members.get(name).is_some_and(|value| !value.is_null());
    let write_only = block.attributes.iter().filter(|(_, attribute)| attribute.write_only);
    let names = write_only.map(|(name, _)| name).filter(|name| is_given(name));
    given.extend(names.map(|name| path.join(Step::Attribute(name.clone()))));
    for (name, nested) in &block.blocks {
        let path = path.join(Step::Attribute(name.clone()));
        match members.get(name) {
            Some(Value::List(elements)) => {
                for (index, element) in (0..).zip(elements) {
                    write_only_paths(&nested.block, element, &path.join(Step::Index(index)), given);
                }
            }
            Some(Value::Map(elements)) if nested.nesting == Nesting::Map => {
                for (key, element) in elements {
                    write_only_paths(&nested.block, element, &path.join(Step::Key(key.clone())), given);
                }
            }
            Some(object) => write_only_paths(&nested.block, object, &path, given),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;
