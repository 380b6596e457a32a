//! `values.schema.json`.

use std::fmt::Write as _;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use super::Chart;

/// Checks the values against the schemas of a chart and its subcharts; the text names all violations, as Helm's does.
pub(crate) fn validate(chart: &Chart, values: &Map<String, Value>) -> Result<(), String> {
    let mut report = String::new();
    check(chart, values, &mut report);
    if report.is_empty() { Ok(()) } else { Err(report) }
}

fn check(chart: &Chart, values: &Map<String, Value>, report: &mut String) {
    if let Some(schema) = &chart.schema
        && let Err(message) = check_one(schema, values)
    {
        let _ = write!(report, "{}:\n{message}\n", chart.name());
    }
    for subchart in &chart.dependencies {
        match values.get(subchart.name()) {
            None | Some(Value::Null) => {}
            Some(Value::Object(own)) => check(subchart, own, report),
            Some(other) => {
                let kind = type_name(other);
                let _ = writeln!(
                    report,
                    "{}:\ninvalid type for values: expected object (map), got {kind}",
                    subchart.name()
                );
            }
        }
    }
}

fn check_one(schema: &[u8], values: &Map<String, Value>) -> Result<(), String> {
    let schema: Value = serde_json::from_slice(schema).map_err(|error| error.to_string())?;
    let validator =
        jsonschema::validator_for(&schema).map_err(|error| format!("unable to validate schema: {error}"))?;
    let instance = Value::Object(values.clone());
    let mut violations: Vec<String> =
        validator.iter_errors(&instance).map(|error| describe(&error)).collect();
    violations.sort();
    violations.dedup();
    match violations.as_slice() {
        [] => Ok(()),
        [single] => Err(single.clone()),
        several => Err(format!("- at '': validation failed\n  {}", several.join("\n  "))),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// One violation: where, and what.
fn describe(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().as_str();
    let quoted =
        |names: &[String]| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let what = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("additional properties {} not allowed", quoted(unexpected))
        }
        ValidationErrorKind::Required { property } => {
            format!("missing property '{}'", property.as_str().unwrap_or_default())
        }
        ValidationErrorKind::Type { kind } => {
            format!("got {}, want {}", type_name(error.instance()), wanted_types(kind))
        }
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let shown: Vec<String> = options.iter().map(shown).collect();
            format!("value must be one of {}", shown.join(", "))
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!("{} does not match pattern '{pattern}'", shown(error.instance()))
        }
        kind => limit(kind, error.instance()).unwrap_or_else(|| error.to_string()),
    };
    format!("- at '{at}': {what}")
}

/// Violations of a limit.
fn limit(kind: &ValidationErrorKind, instance: &Value) -> Option<String> {
    let length = instance.as_str().map_or(0, |text| text.chars().count());
    let items = instance.as_array().map_or(0, Vec::len);
    let properties = instance.as_object().map_or(0, Map::len);
    Some(match kind {
        ValidationErrorKind::Minimum { limit } => format!("minimum: got {instance}, want {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("maximum: got {instance}, want {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            format!("exclusiveMinimum: got {instance}, want {limit}")
        }
        ValidationErrorKind::ExclusiveMaximum { limit } => {
            format!("exclusiveMaximum: got {instance}, want {limit}")
        }
        ValidationErrorKind::MinLength { limit } => format!("minLength: got {length}, want {limit}"),
        ValidationErrorKind::MaxLength { limit } => format!("maxLength: got {length}, want {limit}"),
        ValidationErrorKind::MinItems { limit } => format!("minItems: got {items}, want {limit}"),
        ValidationErrorKind::MaxItems { limit } => format!("maxItems: got {items}, want {limit}"),
        ValidationErrorKind::MinProperties { limit } => {
            format!("minProperties: got {properties}, want {limit}")
        }
        ValidationErrorKind::MaxProperties { limit } => {
            format!("maxProperties: got {properties}, want {limit}")
        }
        ValidationErrorKind::Constant { expected_value } => {
            format!("value must be {}", shown(expected_value))
        }
        _ => return None,
    })
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

fn wanted_types(kind: &jsonschema::error::TypeKind) -> String {
    match kind {
        jsonschema::error::TypeKind::Single(single) => single.to_string(),
        jsonschema::error::TypeKind::Multiple(several) => {
            let names: Vec<String> = several.iter().map(|kind| kind.to_string()).collect();
            names.join(" or ")
        }
    }
}
