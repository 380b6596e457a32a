//! The verbs of floats, for values that are finite and not negative.

use crate::golang::number::{format_g, positional, scientific, shortest_digits};

/// The mantissa and exponent of a positive float: mantissa × 2^exponent.
fn parts(magnitude: f64) -> (u64, i32) {
    let bits = magnitude.to_bits();
    let biased = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << 52) - 1);
    if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) }
}

/// `%b`.
pub(super) fn binary(magnitude: f64) -> String {
    let (mantissa, exponent) = parts(magnitude);
    format!("{mantissa}p{exponent:+}")
}

/// `%x`: one binary digit before the point.
pub(super) fn hexadecimal(magnitude: f64) -> String {
    let (mantissa, exponent) = parts(magnitude);
    if mantissa == 0 {
        return "0x0p+00".to_owned();
    }
    let shift = mantissa.leading_zeros().saturating_sub(11);
    let normal = mantissa << shift;
    let exponent = exponent + 52 - i32::try_from(shift).unwrap_or(0);
    let digits = format!("{:013x}", normal & ((1 << 52) - 1));
    let digits = digits.trim_end_matches('0');
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("0x1{point}{digits}p{sign}{:02}", exponent.unsigned_abs())
}

/// `%e`.
pub(super) fn exponential(magnitude: f64, precision: usize) -> String {
    let text = format!("{magnitude:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// `%g`, with a precision in significant digits or the shortest text.
pub(super) fn general(magnitude: f64, precision: Option<usize>) -> String {
    let Some(precision) = precision else { return format_g(magnitude) };
    if magnitude == 0.0 {
        return "0".to_owned();
    }
    let wanted = precision.max(1);
    let rounded = format!("{magnitude:.*e}", wanted - 1);
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let all: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = all.trim_end_matches('0');
    let count = i32::try_from(significant.len()).unwrap_or(i32::MAX);
    let mut limit = i32::try_from(wanted).unwrap_or(i32::MAX);
    let (shortest, _) = shortest_digits(magnitude);
    if limit > count && count > exponent && shortest.len() <= wanted {
        limit = count;
    }
    if exponent < -4 || exponent >= limit {
        scientific(significant, exponent)
    } else {
        positional(significant, exponent + 1)
    }
}
