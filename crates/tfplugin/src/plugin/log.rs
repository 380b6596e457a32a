//! Logs as Terraform reads them: one JSON object a line on stderr, as Go's hclog writes them.

use std::fmt;
use std::io::Write;
use std::time::SystemTime;

use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// The longest text in a line: Terraform reads lines of less than 64 KiB.
const MAX_TEXT: usize = 16 * 1024;

/// Installs the log of the provider `name` at the level that the environment asks for, if it asks at all.
pub(super) fn install(name: &'static str, targets: &'static [&'static str]) {
    let Some(level) = level(name, |variable| std::env::var(variable).ok()) else {
        return;
    };
    let log = Log { level, module: format!("provider.{name}"), targets };
    // Somebody else's subscriber, in a test say, may be there already: then it is the one to use.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(log));
}

/// The level from the most particular variable that is set; `None` is off.
fn level(name: &str, variable: impl Fn(&str) -> Option<String>) -> Option<Level> {
    let particular = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let asked = set(&particular).or_else(|| set("TF_LOG_PROVIDER")).or_else(|| set("TF_LOG"))?;
    match asked.to_uppercase().as_str() {
        "OFF" | "NONE" => None,
        "ERROR" => Some(Level::ERROR),
        "WARN" => Some(Level::WARN),
        "INFO" => Some(Level::INFO),
        "DEBUG" => Some(Level::DEBUG),
        // Terraform itself takes JSON and whatever it does not know for TRACE.
        _ => Some(Level::TRACE),
    }
}

struct Log {
    level: Level,
    module: String,
    targets: &'static [&'static str],
}

impl Log {
    /// Below INFO only crates that are known to log no secrets are heard.
    fn hears(&self, metadata: &Metadata<'_>) -> bool {
        let level = *metadata.level();
        let origin = metadata.target().split("::").next().unwrap_or_default();
        level <= self.level
            && (level <= Level::INFO || origin == "tfplugin" || self.targets.contains(&origin))
    }

    fn line(&self, event: &Event<'_>) -> String {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let Fields(mut line) = fields;
        // Terraform insists on a message that is text.
        line.entry("@message").or_insert_with(|| event.metadata().name().into());
        line.insert("@level".to_owned(), event.metadata().level().as_str().to_lowercase().into());
        line.insert("@module".to_owned(), self.module.clone().into());
        line.insert("@timestamp".to_owned(), timestamp(SystemTime::now()).into());
        Json::Object(line).to_string()
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.hears(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = self.line(event) + "\n";
        // One write a line, so that lines of several threads do not mix. Without a reader there is no log.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

/// The fields of an event as JSON.
struct Fields(Map<String, Json>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Json>) {
        let name = if field.name() == "message" { "@message" } else { field.name() };
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, shortened(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, shortened(&format!("{value:?}")));
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_TEXT)])
}

/// The one form that Terraform parses: six digits after the second.
fn timestamp(now: SystemTime) -> String {
    let now = time::OffsetDateTime::from(now);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
        now.microsecond()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_most_particular_variable_decides() {
        let with = |variables: &'static [(&str, &str)]| {
            level("my-cloud", |name| {
                variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(with(&[]), None);
        assert_eq!(with(&[("TF_LOG", "info")]), Some(Level::INFO));
        assert_eq!(with(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "warn")]), Some(Level::WARN));
        assert_eq!(with(&[("TF_LOG_PROVIDER", "TRACE"), ("TF_LOG_PROVIDER_MY_CLOUD", "off")]), None);
        assert_eq!(with(&[("TF_LOG", "JSON")]), Some(Level::TRACE));
    }

    #[test]
    fn timestamps_have_six_digits_after_the_second() {
        let moment = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 42_000);
        assert_eq!(timestamp(moment), "2023-11-14T22:13:20.000042Z");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ü".repeat(MAX_TEXT);
        assert!(shortened(&long).len() <= MAX_TEXT + '…'.len_utf8());
        assert_eq!(shortened("ü"), "ü");
    }
}
