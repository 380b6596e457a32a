//! The `timeouts` block that users know from other providers.

use std::fmt;
use std::time::Duration;

use crate::schema::{Attribute, Block, NestedBlock, Validator};
use crate::{Field, Mismatch, TerraformValue, Type, Value, ValueError};

/// The `timeouts` block: how long each operation may take, as in `create = "20m"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, tfplugin_derive::Model)]
pub struct Timeouts {
    /// For the first apply.
    pub create: Field<Timeout>,
    /// For reading during plan and refresh.
    pub read: Field<Timeout>,
    /// For later applies.
    pub update: Field<Timeout>,
    /// For destroy.
    pub delete: Field<Timeout>,
}

impl Timeouts {
    /// The block for a schema: `.block("timeouts", Timeouts::block())`, with `Field<Timeouts>` in the model.
    pub fn block() -> NestedBlock {
        let attribute = |operation: &str| {
            Attribute::string(format!("How long to {operation} may take, such as `30s`, `20m` or `1h30m`."))
                .optional()
                .validator(Validator::new(|value| match value {
                    Value::String(text) => {
                        Timeout::parse(text).map(|_| ()).map_err(|error| error.to_string())
                    }
                    _ => Ok(()),
                }))
        };
        NestedBlock::single(
            Block::new("How long operations may take.")
                .attribute("create", attribute("create"))
                .attribute("read", attribute("read"))
                .attribute("update", attribute("update"))
                .attribute("delete", attribute("delete")),
        )
    }
}

/// Picks the timeout of one operation out of a `timeouts` block that may be missing.
impl Field<Timeouts> {
    /// The time to create, or `default`.
    pub fn create_or(&self, default: Duration) -> Duration {
        self.pick(|timeouts| &timeouts.create, default)
    }

    /// The time to read, or `default`.
    pub fn read_or(&self, default: Duration) -> Duration {
        self.pick(|timeouts| &timeouts.read, default)
    }

    /// The time to update, or `default`.
    pub fn update_or(&self, default: Duration) -> Duration {
        self.pick(|timeouts| &timeouts.update, default)
    }

    /// The time to delete, or `default`.
    pub fn delete_or(&self, default: Duration) -> Duration {
        self.pick(|timeouts| &timeouts.delete, default)
    }

    fn pick(&self, operation: fn(&Timeouts) -> &Field<Timeout>, default: Duration) -> Duration {
        self.as_known().and_then(|timeouts| operation(timeouts).as_known()).map_or(default, Timeout::duration)
    }
}

/// A duration as the user wrote it (state must hold the same text), in the notation of Go: `1h30m`, `1.5s`, `300ms`.
#[derive(Clone, PartialEq, Eq)]
pub struct Timeout {
    text: String,
    duration: Duration,
}

/// Text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a positive duration such as \"30s\", \"20m\" or \"1h30m\"")]
pub struct ParseTimeoutError;

impl Timeout {
    /// Reads Go's notation of durations; zero and negative ones make no sense here.
    pub fn parse(text: &str) -> Result<Self, ParseTimeoutError> {
        let mut rest = text;
        let mut nanoseconds = 0_u128;
        while !rest.is_empty() {
            let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(ParseTimeoutError)?;
            let (number, tail) = rest.split_at(unit_at);
            let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_end);
            let part = part(number, unit).ok_or(ParseTimeoutError)?;
            nanoseconds = nanoseconds.checked_add(part).ok_or(ParseTimeoutError)?;
            rest = tail;
        }
        let nanoseconds = u64::try_from(nanoseconds).map_err(|_| ParseTimeoutError)?;
        let duration = Duration::from_nanos(nanoseconds);
        if duration.is_zero() { Err(ParseTimeoutError) } else { Ok(Self { text: text.to_owned(), duration }) }
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

/// So many units in nanoseconds, less what is below one.
fn part(number: &str, unit: &str) -> Option<u128> {
    let unit: u128 = match unit {
        "h" => 3_600_000_000_000,
        "m" => 60_000_000_000,
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" | "µs" => 1_000,
        "ns" => 1,
        _ => return None,
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && decimals.is_empty() {
        return None;
    }
    let digits: u128 = format!("{whole}{decimals}").parse().ok()?;
    let scale = 10_u128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    Some(digits.checked_mul(unit)? / scale)
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timeout({})", self.text)
    }
}

impl TerraformValue for Timeout {
    fn from_value(value: Value) -> Result<Self, ValueError> {
        Self::parse(&String::from_value(value)?).map_err(|error| ValueError::new(error.to_string()))
    }

    fn into_value(self) -> Value {
        Value::String(self.text)
    }

    fn conforms(ty: &Type) -> Result<(), Mismatch> {
        String::conforms(ty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_notation_is_read_and_given_back_as_written() {
        for (text, seconds) in
            [("20m", 1200.0), ("1h30m", 5400.0), ("1.5s", 1.5), ("300ms", 0.3), ("90m0s", 5400.0)]
        {
            let timeout = Timeout::parse(text).unwrap();
            assert!((timeout.duration().as_secs_f64() - seconds).abs() < 1e-9, "{text}");
            assert_eq!(timeout.into_value(), Value::String(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "20", "m", "1d", "-5m", "0s", "1h 30m", "..s", "9999999999999999999999h"] {
            assert_eq!(Timeout::parse(text), Err(ParseTimeoutError), "{text}");
        }
    }

    #[test]
    fn a_missing_block_gives_the_default() {
        let minute = Duration::from_mins(1);
        assert_eq!(Field::<Timeouts>::Null.create_or(minute), minute);
        let timeouts =
            Field::Known(Timeouts { create: Timeout::parse("2m").unwrap().into(), ..Timeouts::default() });
        assert_eq!(timeouts.create_or(minute), Duration::from_mins(2));
        assert_eq!(timeouts.delete_or(minute), minute);
    }
}
