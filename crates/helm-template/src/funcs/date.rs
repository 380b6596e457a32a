//! sprig's functions on dates. The time and the rules of time zones come from the caller's [`crate::Source`].

use std::cmp::Ordering;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

use super::arguments::{any, int, text};
use super::{duration, pure, with_engine};
use crate::golang::duration::parse_duration;
use crate::golang::time::{Time, Zone, parse};
use crate::object::{Method, MethodBody, Object};
use crate::template::Templates;
use crate::template::error::CallError;
use crate::template::exec::Engine;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::Value;

const MODIFY: &[Type] = &[Type::String, Type::Time];
const TEXTS: &[Type] = &[Type::String, Type::String];

pub(super) const FUNCTIONS: &[Function] = &[
    with_engine("now", &[], |engine, _, _| Ok(value(now(engine)?))),
    with_engine("ago", &[Type::Any], ago),
    with_engine("date", &[Type::String, Type::Any], |engine, _, arguments| {
        in_zone(engine, &text(arguments, 0), &any(arguments, 1), LOCAL)
    }),
    with_engine("dateInZone", &[Type::String, Type::Any, Type::String], date_in_zone),
    with_engine("date_in_zone", &[Type::String, Type::Any, Type::String], date_in_zone),
    with_engine("htmlDate", &[Type::Any], |engine, _, arguments| {
        in_zone(engine, HTML, &any(arguments, 0), LOCAL)
    }),
    with_engine("htmlDateInZone", &[Type::Any, Type::String], |engine, _, arguments| {
        in_zone(engine, HTML, &any(arguments, 0), &text(arguments, 1))
    }),
    pure("dateModify", MODIFY, |arguments| Ok(modified(arguments).unwrap_or_else(|_| any(arguments, 1)))),
    pure("date_modify", MODIFY, |arguments| Ok(modified(arguments).unwrap_or_else(|_| any(arguments, 1)))),
    pure("mustDateModify", MODIFY, |arguments| Ok(modified(arguments)?)),
    pure("must_date_modify", MODIFY, |arguments| Ok(modified(arguments)?)),
    with_engine("toDate", TEXTS, |engine, _, arguments| {
        Ok(value(read(engine, arguments)?.unwrap_or_else(|_| Time::zero())))
    }),
    with_engine("mustToDate", TEXTS, |engine, _, arguments| Ok(value(read(engine, arguments)??))),
    pure("unixEpoch", &[Type::Time], |arguments| {
        Ok(Value::from(time(&any(arguments, 0)).map_or(0, |time| time.seconds).to_string()))
    }),
    with_engine("durationRound", &[Type::Any], |engine, _, arguments| {
        let given = any(arguments, 0);
        match time(&given) {
            Some(then) => Ok(Value::from(duration::largest_unit(since(engine, &then)?))),
            None => Ok(Value::from(duration::sprig_round(&given))),
        }
    }),
];

const HTML: &str = "2006-01-02";
const LOCAL: &str = "Local";

/// The name of the Go type, which parameters of functions are checked against.
pub(crate) const TIME_TYPE: &str = "time.Time";

fn now(engine: &Engine<'_>) -> Result<Time, CallError> {
    let now = engine
        .source
        .and_then(crate::Source::now)
        .ok_or("the time is not available: rendering must not depend on it unless a source gives it")?;
    let elapsed = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
    let zone = zone(engine, LOCAL, seconds)?;
    Ok(Time { seconds, nanoseconds: elapsed.subsec_nanos(), zone })
}

fn zone(engine: &Engine<'_>, name: &str, seconds: i64) -> Result<Zone, CallError> {
    match engine.source {
        Some(source) => source.zone(name, seconds),
        None => crate::source::universal(name),
    }
    .ok_or_else(|| format!("the time zone {name:?} is not available: a source must give it").into())
}

/// sprig takes times and integers; anything else stands for now.
fn instant(engine: &Engine<'_>, given: &Value) -> Result<Time, CallError> {
    match given {
        Value::Int(seconds) | Value::Int64(seconds) => {
            Ok(Time { seconds: *seconds, nanoseconds: 0, zone: Zone::utc() })
        }
        _ => time(given).map_or_else(|| now(engine), Ok),
    }
}

fn in_zone(engine: &Engine<'_>, layout: &str, given: &Value, name: &str) -> CallResult {
    let instant = instant(engine, given)?;
    let zone = zone(engine, name, instant.seconds)?;
    Ok(Value::from(Time { zone, ..instant }.format(layout)))
}

fn date_in_zone(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    in_zone(engine, &text(arguments, 0), &any(arguments, 1), &text(arguments, 2))
}

fn since(engine: &Engine<'_>, then: &Time) -> Result<i64, CallError> {
    let now = now(engine)?;
    let seconds = now.seconds.saturating_sub(then.seconds).saturating_mul(1_000_000_000);
    Ok(seconds.saturating_add(i64::from(now.nanoseconds) - i64::from(then.nanoseconds)))
}

fn ago(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let then = instant(engine, &any(arguments, 0))?;
    Ok(Value::from(duration::format(duration::round(since(engine, &then)?, 1_000_000_000))))
}

fn modified(arguments: &[Value]) -> Result<Value, String> {
    let given = text(arguments, 0);
    let nanoseconds = parse_duration(&given)
        .ok_or_else(|| format!("time: invalid duration {}", crate::golang::quote::quote(given.as_bytes())))?;
    Ok(value(time(&any(arguments, 1)).unwrap_or_else(Time::zero).add(nanoseconds)))
}

fn read(engine: &Engine<'_>, arguments: &[Value]) -> Result<Result<Time, String>, CallError> {
    let local = zone(engine, LOCAL, 0)?;
    Ok(parse(&text(arguments, 0), &text(arguments, 1), &local))
}

/// `time.Time` as templates see it.
struct TimeObject(Time);

fn value(time: Time) -> Value {
    Value::Object(Rc::new(TimeObject(time)))
}

/// The instant that a value is, if it is one.
fn time(value: &Value) -> Option<Time> {
    let Value::Object(object) = value else { return None };
    object.time()
}

impl Object for TimeObject {
    fn type_name(&self) -> &'static str {
        TIME_TYPE
    }

    fn field(&self, name: &str) -> Option<Value> {
        let civil = self.0.civil();
        Some(match name {
            "Unix" => Value::Int64(self.0.seconds),
            "UnixMilli" => Value::Int64(self.0.seconds * 1000 + i64::from(self.0.nanoseconds) / 1_000_000),
            "UnixNano" => {
                Value::Int64(self.0.seconds.wrapping_mul(1_000_000_000) + i64::from(self.0.nanoseconds))
            }
            "Year" => Value::Int(civil.year),
            "Month" => Value::from(self.0.month()),
            "Day" => Value::Int(i64::from(civil.day)),
            "Hour" => Value::Int(i64::from(civil.hour)),
            "Minute" => Value::Int(i64::from(civil.minute)),
            "Second" => Value::Int(i64::from(civil.second)),
            "Nanosecond" => Value::Int(i64::from(self.0.nanoseconds)),
            "YearDay" => Value::Int(self.0.year_day()),
            "Weekday" => Value::from(self.0.weekday()),
            "String" => self.plain(),
            "UTC" => value(Time { zone: Zone::utc(), ..self.0.clone() }),
            "IsZero" => Value::Bool(self.0.seconds == Time::zero().seconds && self.0.nanoseconds == 0),
            _ => return None,
        })
    }

    fn method(&self, name: &str) -> Option<Method> {
        let own = self.0.clone();
        let instant = |time: &Time| (time.seconds, time.nanoseconds);
        let (parameters, call): (&'static [Type], MethodBody) = match name {
            "Format" => {
                (&[Type::String], Box::new(move |arguments| Value::from(own.format(&text(arguments, 0)))))
            }
            "AddDate" => (
                &[Type::Int, Type::Int, Type::Int],
                Box::new(move |given| value(own.add_date(int(given, 0), int(given, 1), int(given, 2)))),
            ),
            "Before" | "After" | "Equal" => {
                let wanted = match name {
                    "Before" => Ordering::Less,
                    "After" => Ordering::Greater,
                    _ => Ordering::Equal,
                };
                let compare = move |arguments: &[Value]| {
                    let other = time(&any(arguments, 0)).unwrap_or_else(Time::zero);
                    Value::Bool(instant(&own).cmp(&instant(&other)) == wanted)
                };
                (&[Type::Time], Box::new(compare))
            }
            _ => return None,
        };
        Some(Method { parameters, call })
    }

    fn plain(&self) -> Value {
        Value::from(self.0.text())
    }

    fn marshalled(&self) -> Value {
        Value::from(self.0.format("2006-01-02T15:04:05.999999999Z07:00"))
    }

    fn is_true(&self) -> bool {
        true
    }

    fn time(&self) -> Option<Time> {
        Some(self.0.clone())
    }
}

/// A date, a time or both, with or without an offset, as TOML writes it.
pub(super) fn from_rfc3339(text: &str) -> Value {
    const LAYOUTS: [(&str, &str); 4] = [
        ("2006-01-02T15:04:05.999999999Z07:00", "UTC"),
        ("2006-01-02T15:04:05.999999999", "datetime-local"),
        ("2006-01-02", "date-local"),
        ("15:04:05.999999999", "time-local"),
    ];
    let read = LAYOUTS.iter().find_map(|(layout, name)| {
        parse(layout, text, &Zone { abbreviation: (*name).to_owned(), offset: 0 }).ok()
    });
    read.map_or_else(|| Value::from(text), value)
}
