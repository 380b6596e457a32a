//! Subcharts: which are switched on, under which name, and which of their values the parent imports.

use serde_json::{Map, Value};

use super::Chart;
use super::coalesce::{Mode, TypeMismatch, coalesce, tables};
use crate::golang::fmt::to_text;
use crate::version::{Constraint, Version};

type Table = Map<String, Value>;

/// Removes the subcharts that are switched off, renames those with an alias, and imports values.
pub(crate) fn process(chart: &mut Chart, values: &Table, helm3: bool) -> Result<(), TypeMismatch> {
    enable(chart, values, "", helm3)?;
    import_all(chart, helm3)
}

/// The first dependency of `Chart.yaml` that is not in the chart.
pub(crate) fn missing(chart: &Chart) -> Vec<&str> {
    let is_there = |name: &str| chart.dependencies.iter().any(|subchart| subchart.name() == name);
    chart
        .metadata
        .dependencies
        .iter()
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !is_there(name))
        .collect()
}

/// Whether a version lies in a range; what is neither a range nor a version does not.
pub(crate) fn is_compatible(range: &str, version: &str) -> bool {
    match (Constraint::parse(range), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.check(&version),
        _ => false,
    }
}

fn enable(chart: &mut Chart, values: &Table, path: &str, helm3: bool) -> Result<(), TypeMismatch> {
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    rename(chart);
    let coalesced = coalesce(chart, values, Mode { merge: false, helm3 })?;
    for dependency in &mut chart.metadata.dependencies {
        dependency.enabled = by_tags(&dependency.tags, &coalesced);
        if let Some(enabled) = by_condition(&dependency.condition, path, &coalesced) {
            dependency.enabled = enabled;
        }
    }
    let disabled: Vec<String> = chart
        .metadata
        .dependencies
        .iter()
        .filter(|dependency| !dependency.enabled)
        .map(|dependency| dependency.name.clone())
        .collect();
    chart.dependencies.retain(|subchart| !disabled.iter().any(|name| name == subchart.name()));
    chart.metadata.dependencies.retain(|dependency| dependency.enabled);
    for subchart in &mut chart.dependencies {
        let path = format!("{path}{}.", subchart.name());
        enable(subchart, &coalesced, &path, helm3)?;
    }
    Ok(())
}

/// Subcharts that `Chart.yaml` does not name come first, then those that it names, each under its alias.
fn rename(chart: &mut Chart) {
    let existing = std::mem::take(&mut chart.dependencies);
    let wanted = &mut chart.metadata.dependencies;
    let named = |subchart: &Chart| {
        wanted.iter().any(|dependency| {
            dependency.name == subchart.name()
                && is_compatible(&dependency.version, &subchart.metadata.version)
        })
    };
    let mut result: Vec<Chart> = existing.iter().filter(|subchart| !named(subchart)).cloned().collect();
    for dependency in wanted.iter_mut() {
        let found = existing.iter().find(|subchart| {
            subchart.name() == dependency.name
                && is_compatible(&dependency.version, &subchart.metadata.version)
        });
        if let Some(subchart) = found {
            let mut subchart = subchart.clone();
            if !dependency.alias.is_empty() {
                subchart.metadata.name.clone_from(&dependency.alias);
            }
            result.push(subchart);
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
    }
    chart.dependencies = result;
}

/// On, unless all of its tags that the values know are off.
fn by_tags(tags: &[String], values: &Table) -> bool {
    let Some(Value::Object(known)) = values.get("tags") else { return true };
    let states: Vec<bool> = tags.iter().filter_map(|tag| known.get(tag)?.as_bool()).collect();
    states.is_empty() || states.contains(&true)
}

/// The first path of the condition that leads to a boolean decides.
fn by_condition(condition: &str, prefix: &str, values: &Table) -> Option<bool> {
    condition
        .trim()
        .split(',')
        .filter(|path| !path.is_empty())
        .find_map(|path| at_path(values, &format!("{prefix}{path}"))?.as_bool())
}

fn at_path<'v>(values: &'v Table, path: &str) -> Option<&'v Value> {
    let mut parts = path.split('.');
    let first = values.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.as_object()?.get(part))
}

fn import_all(chart: &mut Chart, helm3: bool) -> Result<(), TypeMismatch> {
    for subchart in &mut chart.dependencies {
        import_all(subchart, helm3)?;
    }
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let own = coalesce(chart, &Table::new(), Mode { merge: true, helm3 })?;
    let mut imported = Table::new();
    for dependency in &chart.metadata.dependencies {
        for import in &dependency.import_values {
            if let Some(table) = imported_table(&dependency.name, import, &own) {
                tables(&mut imported, table, true);
            }
        }
    }
    let mut values = own;
    tables(&mut values, imported, true);
    chart.values = values;
    Ok(())
}

/// What one entry of `import-values` brings, at the place where the parent wants it.
fn imported_table(subchart: &str, import: &Value, values: &Table) -> Option<Table> {
    let text = |value: Option<&Value>| {
        to_text(&value.map_or(crate::value::Value::Nil, crate::value::Value::from_json))
    };
    let (child, parent) = match import {
        Value::String(name) => (format!("exports.{name}"), ".".to_owned()),
        Value::Object(pair) => (text(pair.get("child")), text(pair.get("parent"))),
        _ => return None,
    };
    let table = at_path(values, &format!("{subchart}.{child}"))?.as_object()?.clone();
    if parent == "." {
        return Some(table);
    }
    let nested = parent
        .rsplit('.')
        .fold(table, |inner, key| Table::from_iter([(key.to_owned(), Value::Object(inner))]));
    Some(nested)
}
