//! sprig's arithmetic.

use super::arguments::{any, int, to_float64, to_int64};
use super::{pure, variadic, with_engine};
use crate::golang::decimal::Decimal;
use crate::golang::fmt::to_text;
use crate::golang::number::{format_g, parse_int};
use crate::template::Templates;
use crate::template::exec::Engine;
use crate::template::signature::{CallResult, Function, Type};
use crate::value::{List, Value};

const ONE: &[Type] = &[Type::Any];
const TWO: &[Type] = &[Type::Any, Type::Any];

pub(super) const FUNCTIONS: &[Function] = &[
    pure("atoi", &[Type::String], |arguments| Ok(Value::Int(atoi(&any(arguments, 0))))),
    pure("int", ONE, |arguments| Ok(Value::Int(to_int64(&any(arguments, 0))))),
    pure("int64", ONE, |arguments| Ok(Value::Int64(to_int64(&any(arguments, 0))))),
    pure("float64", ONE, |arguments| Ok(Value::Float(to_float64(&any(arguments, 0))))),
    pure("toDecimal", ONE, |arguments| {
        Ok(Value::Int64(i64::from_str_radix(&to_text(&any(arguments, 0)), 8).unwrap_or(0)))
    }),
    pure("add1", ONE, |arguments| Ok(Value::Int64(to_int64(&any(arguments, 0)).wrapping_add(1)))),
    variadic("add", &[], Type::Any, |arguments| {
        Ok(Value::Int64(arguments.iter().map(to_int64).fold(0, i64::wrapping_add)))
    }),
    pure("sub", TWO, |arguments| {
        Ok(Value::Int64(to_int64(&any(arguments, 0)).wrapping_sub(to_int64(&any(arguments, 1)))))
    }),
    pure("div", TWO, |arguments| divide(arguments, i64::wrapping_div)),
    pure("mod", TWO, |arguments| divide(arguments, i64::wrapping_rem)),
    variadic("mul", ONE, Type::Any, |arguments| {
        Ok(Value::Int64(arguments.iter().map(to_int64).fold(1, i64::wrapping_mul)))
    }),
    pure("add1f", ONE, |arguments| {
        calculated(&to_decimal(&any(arguments, 0))?, &[Value::Int(1)], |a, b| Some(a.add(b)))
    }),
    variadic("addf", &[], Type::Any, |arguments| {
        calculated(&to_decimal(&Value::Float(0.0))?, arguments, |a, b| Some(a.add(b)))
    }),
    variadic("subf", ONE, Type::Any, |arguments| from_first(arguments, |a, b| Some(a.sub(b)))),
    variadic("divf", ONE, Type::Any, |arguments| from_first(arguments, Decimal::div)),
    variadic("mulf", ONE, Type::Any, |arguments| from_first(arguments, |a, b| Some(a.mul(b)))),
    variadic("biggest", ONE, Type::Any, |arguments| Ok(extreme(arguments, i64::max))),
    variadic("max", ONE, Type::Any, |arguments| Ok(extreme(arguments, i64::max))),
    variadic("min", ONE, Type::Any, |arguments| Ok(extreme(arguments, i64::min))),
    variadic("maxf", ONE, Type::Any, |arguments| Ok(extreme_float(arguments, f64::max))),
    variadic("minf", ONE, Type::Any, |arguments| Ok(extreme_float(arguments, f64::min))),
    pure("ceil", ONE, |arguments| Ok(Value::Float(to_float64(&any(arguments, 0)).ceil()))),
    pure("floor", ONE, |arguments| Ok(Value::Float(to_float64(&any(arguments, 0)).floor()))),
    variadic("round", &[Type::Any, Type::Int], Type::Float, round),
    with_engine("until", &[Type::Int], |engine, _, arguments| {
        let count = int(arguments, 0);
        steps(engine, 0, count, if count < 0 { -1 } else { 1 }).map(integers)
    }),
    with_engine("untilStep", &[Type::Int, Type::Int, Type::Int], |engine, _, arguments| {
        steps(engine, int(arguments, 0), int(arguments, 1), int(arguments, 2)).map(integers)
    }),
    Function {
        name: "seq",
        parameters: &[],
        variadic: Some(Type::Int),
        body: crate::template::signature::Body::Engine(seq),
    },
];

/// `strconv.Atoi`, 0 for what is no decimal number.
fn atoi(value: &Value) -> i64 {
    let Value::String(text) = value else { return 0 };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let plain = digits.trim_start_matches('0');
    let sign = if text.starts_with('-') { "-" } else { "" };
    if plain.is_empty() { 0 } else { parse_int(&format!("{sign}{plain}")).unwrap_or(0) }
}

fn divide(arguments: &[Value], operation: fn(i64, i64) -> i64) -> CallResult {
    match to_int64(&any(arguments, 1)) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::Int64(operation(to_int64(&any(arguments, 0)), divisor))),
    }
}

type Operation = fn(&Decimal, &Decimal) -> Option<Decimal>;

fn to_decimal(value: &Value) -> Result<Decimal, String> {
    let number = to_float64(value);
    Decimal::from_float(number).ok_or_else(|| format!("Cannot create a Decimal from {}", format_g(number)))
}

/// sprig calculates in decimals, one operand after the other.
fn calculated(first: &Decimal, others: &[Value], operation: Operation) -> CallResult {
    let mut result = first.clone();
    for other in others {
        result = operation(&result, &to_decimal(other)?).ok_or("decimal division by 0")?;
    }
    Ok(Value::Float(result.to_float()))
}

fn from_first(arguments: &[Value], operation: Operation) -> CallResult {
    calculated(&to_decimal(&any(arguments, 0))?, arguments.get(1..).unwrap_or_default(), operation)
}

fn extreme(arguments: &[Value], choose: fn(i64, i64) -> i64) -> Value {
    Value::Int64(arguments.iter().map(to_int64).reduce(choose).unwrap_or(0))
}

fn extreme_float(arguments: &[Value], choose: fn(f64, f64) -> f64) -> Value {
    Value::Float(arguments.iter().map(to_float64).reduce(choose).unwrap_or(0.0))
}

#[allow(clippy::cast_precision_loss)]
fn round(arguments: &[Value]) -> CallResult {
    let threshold = arguments.get(2).map_or(0.5, to_float64);
    let power = 10f64.powf(int(arguments, 1) as f64);
    let digit = power * to_float64(&any(arguments, 0));
    let rounded = if digit.fract() >= threshold { digit.ceil() } else { digit.floor() };
    Ok(Value::Float(rounded / power))
}

/// sprig's `untilStep`.
fn steps(
    engine: &Engine<'_>,
    start: i64,
    stop: i64,
    by: i64,
) -> Result<Vec<i64>, crate::template::error::CallError> {
    if (stop < start && by >= 0) || (stop >= start && by <= 0) {
        return Ok(Vec::new());
    }
    let count = start.abs_diff(stop) / by.unsigned_abs();
    engine.spend(usize::try_from(count).unwrap_or(usize::MAX))?;
    let inside = |number: &i64| if stop < start { *number > stop } else { *number < stop };
    Ok(std::iter::successors(Some(start), |number| number.checked_add(by)).take_while(inside).collect())
}

fn integers(numbers: Vec<i64>) -> Value {
    Value::List(List::typed("[]int", numbers.into_iter().map(Value::Int).collect()))
}

fn seq(engine: &Engine<'_>, _: &Templates<'_>, arguments: &[Value]) -> CallResult {
    let (start, step, end) = match arguments.len() {
        1 => (1, None, int(arguments, 0)),
        2 => (int(arguments, 0), None, int(arguments, 1)),
        3 => (int(arguments, 0), Some(int(arguments, 1)), int(arguments, 2)),
        _ => return Ok(Value::from("")),
    };
    let increment = if end < start { -1 } else { 1 };
    if end < start && step.is_some_and(|step| step > 0) {
        return Ok(Value::from(""));
    }
    let numbers = steps(engine, start, end.saturating_add(increment), step.unwrap_or(increment))?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(Value::from(texts.join(" ")))
}
