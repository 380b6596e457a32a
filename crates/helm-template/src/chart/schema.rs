//! `values.schema.json`.

mod report;
mod violation;

use std::fmt::Write as _;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::Chart;

/// The schema of a chart's values. It is compiled when it is first needed, once for all renderings of a chart.
pub(crate) struct Schema {
    text: Vec<u8>,
    validator: OnceLock<Result<Validator, String>>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Schema {
    pub(super) fn new(text: &[u8]) -> Self {
        Self { text: text.to_vec(), validator: OnceLock::new() }
    }

    fn compiled(&self) -> Result<&Validator, String> {
        let compile = || {
            let schema: Value = serde_json::from_slice(&self.text).map_err(|error| error.to_string())?;
            jsonschema::validator_for(&schema).map_err(|error| format!("unable to validate schema: {error}"))
        };
        self.validator.get_or_init(compile).as_ref().map_err(String::clone)
    }

    fn check(&self, values: &Map<String, Value>) -> Result<(), String> {
        let instance = Value::Object(values.clone());
        let errors: Vec<_> = self.compiled()?.iter_errors(&instance).collect();
        if errors.is_empty() { Ok(()) } else { Err(report::report(&errors)) }
    }
}

/// Checks the values against the schemas of a chart and its subcharts; the text names all violations, as Helm's does.
pub(crate) fn validate(chart: &Chart, values: &Map<String, Value>) -> Result<(), String> {
    let mut report = String::new();
    check(chart, values, &mut report);
    if report.is_empty() { Ok(()) } else { Err(report) }
}

fn check(chart: &Chart, values: &Map<String, Value>, report: &mut String) {
    if let Some(schema) = &chart.schema
        && let Err(message) = schema.check(values)
    {
        let _ = write!(report, "{}:\n{message}\n", chart.name());
    }
    for subchart in &chart.dependencies {
        match values.get(subchart.name()) {
            None | Some(Value::Null) => {}
            Some(Value::Object(own)) => check(subchart, own, report),
            Some(other) => {
                let _ = writeln!(
                    report,
                    "{}:\ninvalid type for values: expected object (map), got {}",
                    subchart.name(),
                    go_type(other)
                );
            }
        }
    }
}

/// The Go type of a value.
fn go_type(value: &Value) -> &'static str {
    crate::value::Value::from_values(value).type_name()
}
