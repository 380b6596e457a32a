//! `time.Duration` and Helm 4's functions on it.

use super::arguments::{any, strval, to_int64};
use super::pure;
use crate::golang::duration::parse_duration;
use crate::golang::number::{format_g, parse_float};
use crate::golang::quote::quote;
use crate::template::signature::{Function, Type};
use crate::value::Value;

const ONE: &[Type] = &[Type::Any];
const TWO: &[Type] = &[Type::Any, Type::Any];
const SECOND: i64 = 1_000_000_000;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("duration", ONE, |arguments| {
        Ok(Value::from(format(sprig_seconds(&any(arguments, 0)).wrapping_mul(SECOND))))
    }),
    pure("mustToDuration", ONE, |arguments| Ok(Value::Duration(of(&any(arguments, 0))?))),
    pure("durationSeconds", ONE, |arguments| Ok(float(arguments, 1e9))),
    pure("durationMinutes", ONE, |arguments| Ok(float(arguments, 60e9))),
    pure("durationHours", ONE, |arguments| Ok(float(arguments, 3600e9))),
    pure("durationDays", ONE, |arguments| Ok(scaled_hours(arguments, &[24.0]))),
    pure("durationWeeks", ONE, |arguments| Ok(scaled_hours(arguments, &[24.0, 7.0]))),
    pure("durationMilliseconds", ONE, |arguments| Ok(whole(arguments, 1_000_000))),
    pure("durationMicroseconds", ONE, |arguments| Ok(whole(arguments, 1_000))),
    pure("durationNanoseconds", ONE, |arguments| Ok(whole(arguments, 1))),
    pure("durationRoundTo", TWO, |arguments| Ok(to_multiple(arguments, round))),
    pure("durationTruncateTo", TWO, |arguments| {
        Ok(to_multiple(arguments, |d, m| if m <= 0 { d } else { d - d % m }))
    }),
];

/// `Duration.String`.
pub(crate) fn format(nanoseconds: i64) -> String {
    let magnitude = nanoseconds.unsigned_abs();
    if magnitude == 0 {
        return "0s".to_owned();
    }
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let with_fraction = |unit: u64, name: &str| {
        let fraction = format!("{:0width$}", magnitude % unit, width = unit.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        let point = if unit == 1 || fraction.is_empty() { String::new() } else { format!(".{fraction}") };
        format!("{sign}{}{point}{name}", magnitude / unit)
    };
    match magnitude {
        0..1_000 => return with_fraction(1, "ns"),
        1_000..1_000_000 => return with_fraction(1_000, "µs"),
        1_000_000..1_000_000_000 => return with_fraction(1_000_000, "ms"),
        _ => {}
    }
    let seconds = magnitude / 1_000_000_000;
    let fraction = format!("{:09}", magnitude % 1_000_000_000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{rest}{point}s"),
        (0, _) => format!("{sign}{minutes}m{rest}{point}s"),
        _ => format!("{sign}{hours}h{minutes}m{rest}{point}s"),
    }
}

/// The methods of `time.Duration`.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn method(nanoseconds: i64, name: &str) -> Option<Value> {
    Some(match name {
        "String" => Value::from(format(nanoseconds)),
        "Seconds" => Value::Float(nanoseconds as f64 / 1e9),
        "Minutes" => Value::Float(nanoseconds as f64 / 60e9),
        "Hours" => Value::Float(nanoseconds as f64 / 3600e9),
        "Milliseconds" => Value::Int64(nanoseconds / 1_000_000),
        "Microseconds" => Value::Int64(nanoseconds / 1_000),
        "Nanoseconds" => Value::Int64(nanoseconds),
        "Abs" => Value::Duration(nanoseconds.saturating_abs()),
        _ => return None,
    })
}

/// Helm's `asDuration`: numbers are seconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn of(value: &Value) -> Result<i64, String> {
    let from_float = |seconds: f64| {
        if !seconds.is_finite() {
            return Err(format!("invalid duration seconds: {}", format_g(seconds)));
        }
        if seconds.abs() > i64::MAX as f64 / 1e9 {
            return Err(format!("duration seconds overflow: {}", format_g(seconds)));
        }
        Ok((seconds * 1e9) as i64)
    };
    match value {
        Value::Duration(nanoseconds) => Ok(*nanoseconds),
        Value::String(text) => {
            let trimmed = super::strings::trim_space(text);
            if trimmed.is_empty() {
                return Err("empty duration".to_owned());
            }
            if let Some(nanoseconds) = parse_duration(trimmed) {
                return Ok(nanoseconds);
            }
            match parse_float(trimmed) {
                Some(seconds) => from_float(seconds),
                None => Err(format!("could not parse duration {}", quote(text.as_bytes()))),
            }
        }
        Value::Nil => Err("invalid duration".to_owned()),
        Value::Int(seconds) | Value::Int64(seconds) => {
            seconds.checked_mul(SECOND).ok_or_else(|| format!("duration seconds overflow: {seconds}"))
        }
        Value::Float(seconds) => from_float(*seconds),
        other => Err(format!("unsupported duration type {}", other.type_name())),
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn float(arguments: &[Value], unit: f64) -> Value {
    let nanoseconds = of(&any(arguments, 0)).unwrap_or(0);
    // Go adds whole units and the fraction, which rounds differently from one division.
    let whole_unit = unit as i64;
    Value::Float((nanoseconds / whole_unit) as f64 + (nanoseconds % whole_unit) as f64 / unit)
}

fn scaled_hours(arguments: &[Value], divisors: &[f64]) -> Value {
    match float(arguments, 3600e9) {
        Value::Float(hours) => Value::Float(divisors.iter().fold(hours, |value, divisor| value / divisor)),
        other => other,
    }
}

fn whole(arguments: &[Value], unit: i64) -> Value {
    Value::Int64(of(&any(arguments, 0)).unwrap_or(0) / unit)
}

fn to_multiple(arguments: &[Value], operation: fn(i64, i64) -> i64) -> Value {
    let Ok(duration) = of(&any(arguments, 0)) else { return Value::Duration(0) };
    match of(&any(arguments, 1)) {
        Ok(multiple) => Value::Duration(operation(duration, multiple)),
        Err(_) => Value::Duration(duration),
    }
}

/// `Duration.Round`: halves away from zero.
pub(super) fn round(duration: i64, multiple: i64) -> i64 {
    if multiple <= 0 {
        return duration;
    }
    let rest = duration % multiple;
    if rest.unsigned_abs() * 2 < multiple.unsigned_abs() {
        duration - rest
    } else {
        (duration - rest).saturating_add(multiple * duration.signum())
    }
}

/// sprig's `duration` takes seconds, as text or number.
fn sprig_seconds(value: &Value) -> i64 {
    match value {
        Value::String(text) => text.parse().unwrap_or(0),
        Value::Int64(seconds) => *seconds,
        _ => 0,
    }
}

/// sprig's `durationRound` of what is no time: text, or nanoseconds.
pub(super) fn sprig_round(value: &Value) -> String {
    largest_unit(match value {
        Value::String(_) => parse_duration(&String::from_utf8_lossy(&strval(value))).unwrap_or(0),
        Value::Int64(_) => to_int64(value),
        _ => 0,
    })
}

/// The largest unit only, `2h` for `2h13m`; a unit counts once there is more than one of it.
pub(super) fn largest_unit(nanoseconds: i64) -> String {
    let magnitude = nanoseconds.unsigned_abs();
    for (seconds, name) in
        [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")]
    {
        let unit = seconds * 1_000_000_000;
        if magnitude > unit {
            return format!("{}{name}", magnitude / unit);
        }
    }
    "0s".to_owned()
}
