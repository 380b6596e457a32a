//! Names and documents that have the form that their place needs.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

use super::super::chart::ChartName;
use super::super::names::InvalidName;
use super::super::violation::{Checked, FieldPath, Rule, Violation, Violations};

/// The name that a text is.
pub(in crate::mesh) fn name<T: FromStr<Err = InvalidName>>(
    text: &str,
    field: FieldPath,
    member: Option<&str>,
) -> Checked<T> {
    text.parse().map_err(|invalid| {
        Box::new(Violation { field, member: member.map(str::to_owned), rule: Rule::Name(invalid) })
    })
}

/// A document is a mapping, or empty.
pub(in crate::mesh) fn document(values: &Value, field: FieldPath, member: Option<&str>) -> Checked<()> {
    if values.is_object() || values.is_null() {
        return Ok(());
    }
    Err(Box::new(Violation { field, member: member.map(str::to_owned), rule: Rule::NotAMapping }))
}

/// The values of charts that there are, below `base`.
pub(in crate::mesh) fn charts(
    charts: &BTreeMap<String, Value>,
    base: &FieldPath,
    member: Option<&str>,
    found: &mut Violations,
) -> BTreeMap<ChartName, Value> {
    let mut known = BTreeMap::new();
    for (text, values) in charts {
        let field = base.then("chart").key(text);
        found.take(document(values, field.then("values"), member));
        if let Some(chart) = found.take(name(text, field, member)) {
            known.insert(chart, values.clone());
        }
    }
    known
}
