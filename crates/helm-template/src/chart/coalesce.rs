//! Putting the user's values on top of the charts' defaults.

use serde_json::{Map, Value};

use super::Chart;
use crate::golang::fmt::sprintf;

/// A subchart's key in the values holds something that is not a map.
#[derive(Debug, thiserror::Error)]
#[error("type mismatch on {name}: {shown}")]
pub(crate) struct TypeMismatch {
    name: String,
    /// The value as Helm shows it: formatted with the wrong verb.
    shown: String,
}

/// How values meet defaults.
#[derive(Clone, Copy)]
pub(crate) struct Mode {
    /// Keep nulls instead of taking them for "remove the default".
    pub(crate) merge: bool,
    /// As Helm 3 does: defaults that are null stay.
    pub(crate) helm3: bool,
}

type Table = Map<String, Value>;

/// The values of a chart and its subcharts.
pub(crate) fn coalesce(chart: &Chart, values: &Table, mode: Mode) -> Result<Table, TypeMismatch> {
    let mut destination = values.clone();
    coalesce_into(chart, &mut destination, mode)?;
    Ok(destination)
}

fn coalesce_into(chart: &Chart, destination: &mut Table, mode: Mode) -> Result<(), TypeMismatch> {
    defaults(chart, destination, mode);
    for subchart in &chart.dependencies {
        let name = subchart.name();
        let entry = destination.entry(name).or_insert_with(|| Value::Object(Table::new()));
        if !entry.is_object() {
            let shown = sprintf("%t", &[crate::value::Value::from_json(entry)]);
            let shown = String::from_utf8_lossy(&shown).into_owned();
            return Err(TypeMismatch { name: name.to_owned(), shown });
        }
        let Value::Object(mut table) = entry.take() else { continue };
        globals(&mut table, destination);
        coalesce_into(subchart, &mut table, mode)?;
        destination.insert(name.to_owned(), Value::Object(table));
    }
    Ok(())
}

fn defaults(chart: &Chart, values: &mut Table, mode: Mode) {
    for (key, default) in &chart.values {
        match values.get_mut(key) {
            Some(Value::Null) if !mode.merge => {
                values.remove(key);
            }
            Some(Value::Object(table)) => {
                let Value::Object(default) = default else { continue };
                let is_subchart = chart.dependencies.iter().any(|subchart| subchart.name() == key);
                let merge = mode.merge || is_subchart;
                let mut source = default.clone();
                if !merge && !mode.helm3 {
                    remove_nulls(&mut source);
                }
                tables(table, source, merge);
            }
            Some(_) => {}
            None => {
                let mut default = default.clone();
                if !mode.merge && !mode.helm3 {
                    match &mut default {
                        Value::Null => continue,
                        Value::Object(table) => remove_nulls(table),
                        _ => {}
                    }
                }
                values.insert(key.clone(), default);
            }
        }
    }
}

/// Puts `source` under `destination`: what the destination has stays; a null in it removes the key, unless nulls are kept.
pub(super) fn tables(destination: &mut Table, source: Table, merge: bool) {
    for (key, value) in source {
        match destination.get_mut(&key) {
            Some(Value::Null) if !merge && !value.is_null() => {
                destination.remove(&key);
            }
            None => {
                destination.insert(key, value);
            }
            Some(Value::Object(table)) => {
                if let Value::Object(source) = value {
                    tables(table, source, merge);
                }
            }
            Some(_) => {}
        }
    }
}

fn remove_nulls(table: &mut Table) {
    table.retain(|_, value| !value.is_null());
    for value in table.values_mut() {
        if let Value::Object(inner) = value {
            remove_nulls(inner);
        }
    }
}

/// A parent's `global` goes to its subcharts; the parent wins.
fn globals(table: &mut Table, parent: &Table) {
    const GLOBAL: &str = "global";
    let empty = Table::new();
    let source = match parent.get(GLOBAL) {
        None => &empty,
        Some(Value::Object(source)) => source,
        Some(_) => return,
    };
    let destination = table.entry(GLOBAL).or_insert_with(|| Value::Object(Table::new()));
    let Value::Object(destination) = destination else { return };
    for (key, value) in source {
        match (value, destination.get_mut(key)) {
            (Value::Object(source), Some(Value::Object(own))) => {
                let mut merged = source.clone();
                tables(&mut merged, std::mem::take(own), true);
                destination.insert(key.clone(), Value::Object(merged));
            }
            (Value::Object(_), Some(_)) | (_, Some(Value::Object(_))) => {}
            (value, _) => {
                destination.insert(key.clone(), value.clone());
            }
        }
    }
}
