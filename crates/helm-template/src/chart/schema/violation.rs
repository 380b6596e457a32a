//! One violation in the words of `santhosh-tekuri/jsonschema`, which Helm uses.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::{Map, Value};

use crate::golang::number::format_g;
use crate::golang::quote::quote;

/// What is wrong; `missing` are all properties that are required at this place.
pub(super) fn describe(error: &ValidationError<'_>, missing: &[&str]) -> String {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("additional properties {} not allowed", joined(unexpected.iter().map(String::as_str)))
        }
        ValidationErrorKind::Required { .. } if missing.len() > 1 => {
            format!("missing properties {}", joined(missing.iter().copied()))
        }
        ValidationErrorKind::Required { property } => {
            format!("missing property {}", quoted(property.as_str().unwrap_or_default()))
        }
        ValidationErrorKind::Type { kind } => {
            format!("got {}, want {}", type_name(error.instance()), wanted_types(kind))
        }
        ValidationErrorKind::Enum { options } => enumeration(options),
        ValidationErrorKind::Constant { expected_value }
            if expected_value.is_array() || expected_value.is_object() =>
        {
            "'const' failed".to_owned()
        }
        ValidationErrorKind::Constant { expected_value } => {
            format!("value must be {}", shown(expected_value))
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!("{} does not match pattern {}", shown(error.instance()), quoted(pattern))
        }
        ValidationErrorKind::FalseSchema => "false schema".to_owned(),
        ValidationErrorKind::Not { .. } => "'not' failed".to_owned(),
        ValidationErrorKind::AnyOf { .. } => "'anyOf' failed".to_owned(),
        ValidationErrorKind::OneOfNotValid { .. } => "'oneOf' failed, none matched".to_owned(),
        ValidationErrorKind::OneOfMultipleValid { context } => {
            let matched: Vec<String> = context
                .iter()
                .enumerate()
                .filter(|(_, errors)| errors.is_empty())
                .map(|(index, _)| index.to_string())
                .take(2)
                .collect();
            format!("'oneOf' failed, subschemas {} matched", matched.join(", "))
        }
        ValidationErrorKind::Contains => "no items match contains schema".to_owned(),
        ValidationErrorKind::UniqueItems => {
            let (first, second) = duplicates(error.instance());
            format!("items at {first} and {second} are equal")
        }
        kind => limit(kind, error.instance()).unwrap_or_else(|| error.to_string()),
    }
}

/// Violations of a limit.
fn limit(kind: &ValidationErrorKind, instance: &Value) -> Option<String> {
    let length = instance.as_str().map_or(0, |text| text.chars().count());
    let items = instance.as_array().map_or(0, Vec::len);
    let properties = instance.as_object().map_or(0, Map::len);
    let (name, got, want) = match kind {
        ValidationErrorKind::Minimum { limit } => ("minimum", number(instance), number(limit)),
        ValidationErrorKind::Maximum { limit } => ("maximum", number(instance), number(limit)),
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            ("exclusiveMinimum", number(instance), number(limit))
        }
        ValidationErrorKind::ExclusiveMaximum { limit } => {
            ("exclusiveMaximum", number(instance), number(limit))
        }
        ValidationErrorKind::MultipleOf { multiple_of } => {
            ("multipleOf", number(instance), number(&Value::from(*multiple_of)))
        }
        ValidationErrorKind::MinLength { limit } => ("minLength", grouped(length), grouped(*limit)),
        ValidationErrorKind::MaxLength { limit } => ("maxLength", grouped(length), grouped(*limit)),
        ValidationErrorKind::MinItems { limit } => ("minItems", grouped(items), grouped(*limit)),
        ValidationErrorKind::MaxItems { limit } => ("maxItems", grouped(items), grouped(*limit)),
        ValidationErrorKind::MinProperties { limit } => {
            ("minProperties", grouped(properties), grouped(*limit))
        }
        ValidationErrorKind::MaxProperties { limit } => {
            ("maxProperties", grouped(properties), grouped(*limit))
        }
        _ => return None,
    };
    Some(format!("{name}: got {got}, want {want}"))
}

fn enumeration(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    if options.iter().any(|option| option.is_array() || option.is_object()) {
        return "'enum' failed".to_owned();
    }
    let options: Vec<String> = options.iter().map(shown).collect();
    match options.as_slice() {
        [single] => format!("value must be {single}"),
        several => format!("value must be one of {}", several.join(", ")),
    }
}

fn duplicates(instance: &Value) -> (usize, usize) {
    let items = instance.as_array().map(Vec::as_slice).unwrap_or_default();
    for (second, item) in items.iter().enumerate() {
        if let Some(first) = items[..second].iter().position(|earlier| earlier == item) {
            return (first, second);
        }
    }
    (0, 0)
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

fn wanted_types(kind: &TypeKind) -> String {
    const ORDER: [&str; 7] = ["null", "boolean", "number", "integer", "string", "array", "object"];
    let mut names: Vec<String> = match kind {
        TypeKind::Single(single) => vec![single.to_string()],
        TypeKind::Multiple(several) => several.iter().map(|kind| kind.to_string()).collect(),
    };
    names.sort_by_key(|name| ORDER.iter().position(|known| known == name));
    names.join(" or ")
}

/// A value as `%v` prints it, text in quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Null => "<nil>".to_owned(),
        Value::Number(number) if number.is_f64() => format_g(number.as_f64().unwrap_or_default()),
        Value::Array(_) | Value::Object(_) => "value".to_owned(),
        other => other.to_string(),
    }
}

/// A Go string in single quotes.
pub(super) fn quoted(text: &str) -> String {
    let quoted = quote(text.as_bytes()).replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{}'", &quoted[1..quoted.len() - 1])
}

fn joined<'t>(names: impl Iterator<Item = &'t str>) -> String {
    names.map(quoted).collect::<Vec<_>>().join(", ")
}

/// A number for English readers: 65,535.
fn number(value: &Value) -> String {
    let text = value.as_f64().map_or_else(|| value.to_string(), |float| float.to_string());
    let (sign, magnitude) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", with_commas(whole))
}

fn grouped(count: impl TryInto<u64>) -> String {
    with_commas(&count.try_into().unwrap_or(u64::MAX).to_string())
}

fn with_commas(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
