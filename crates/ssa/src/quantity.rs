//! Kubernetes' quantities (`k8s.io/apimachinery/pkg/api/resource`), compared by value.

use serde_json::Value;

/// Whether two quantities are the same number: `1` and `1000m`, `0.5Gi` and `512Mi`.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (parse(left), parse(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

/// Whether two texts are quantities of the same number.
pub fn is_same_quantity(one: &str, other: &str) -> bool {
    parse_text(one).is_some_and(|one| parse_text(other) == Some(one))
}

/// A number as `digits * 10^exponent * 2^shift`, made comparable.
#[derive(Debug)]
struct Quantity {
    negative: bool,
    /// Decimal digits without leading or trailing zeros; empty for zero.
    digits: String,
    exponent: i64,
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        let is_zero = self.digits.is_empty() && other.digits.is_empty();
        is_zero
            || (self.negative, &self.digits, self.exponent) == (other.negative, &other.digits, other.exponent)
    }
}

fn parse(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => parse_text(text.trim()),
        Value::Number(number) => parse_text(&number.to_string()),
        _ => None,
    }
}

fn parse_text(text: &str) -> Option<Quantity> {
    let negative = text.starts_with('-');
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let (exponent, kibis) = suffix_value(suffix)?;
    let mut digits = format!("{whole}{fraction}");
    for _ in 0..kibis {
        digits = times_1024(&digits);
    }
    let exponent = exponent - i64::try_from(fraction.len()).ok()?;
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    let dropped = digits.len() - digits.trim_end_matches('0').len();
    Some(Quantity {
        negative,
        digits: significant.to_owned(),
        exponent: exponent + i64::try_from(dropped).ok()?,
    })
}

/// Power of ten, and of 1024, that a suffix stands for.
fn suffix_value(suffix: &str) -> Option<(i64, u32)> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 1),
        "Mi" => (0, 2),
        "Gi" => (0, 3),
        "Ti" => (0, 4),
        "Pi" => (0, 5),
        "Ei" => (0, 6),
        exponent => (exponent.strip_prefix(['e', 'E'])?.parse().ok()?, 0),
    })
}

fn times_1024(digits: &str) -> String {
    let mut carry = 0;
    let mut product: Vec<u8> = Vec::with_capacity(digits.len() + 4);
    for digit in digits.bytes().rev() {
        carry += u32::from(digit - b'0') * 1024;
        product.push(last_digit(carry));
        carry /= 10;
    }
    while carry > 0 {
        product.push(last_digit(carry));
        carry /= 10;
    }
    product.iter().rev().map(|digit| char::from(*digit)).collect()
}

fn last_digit(number: u32) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_same_quantity, same};

    #[test]
    fn one_number_in_several_notations_is_the_same() {
        for (left, right) in [
            (json!("1"), json!("1000m")),
            (json!(2), json!("2")),
            (json!("0.5Gi"), json!("512Mi")),
            (json!("1e3"), json!("1k")),
            (json!("0"), json!("0Gi")),
            (json!("128974848"), json!("123Mi")),
            (json!(0.1), json!("100m")),
            (json!("8Ei"), json!("9223372036854775808")),
        ] {
            assert!(same(&left, &right), "{left} {right}");
        }
    }

    #[test]
    fn different_numbers_are_not_the_same() {
        for (left, right) in [
            (json!("1"), json!("1001m")),
            (json!("1Gi"), json!("1G")),
            (json!("-1"), json!("1")),
            (json!("10"), json!("1")),
            (json!("half"), json!("1")),
        ] {
            assert!(!same(&left, &right), "{left} {right}");
        }
    }

    #[test]
    fn the_same_amount_is_equal_however_it_is_written() {
        for [one, other] in [
            ["1", "1000m"],
            ["0.5", "500m"],
            ["2Gi", "2048Mi"],
            ["1e3", "1k"],
            ["1E", "1000P"],
            ["100M", "1e8"],
            ["-1", "-1000m"],
            [".5", "500m"],
            ["1.5Gi", "1536Mi"],
        ] {
            assert!(is_same_quantity(one, other), "{one} {other}");
        }
        for [one, other] in [["1", "1m"], ["1G", "1Gi"], ["1", "2"], ["0", "1n"]] {
            assert!(!is_same_quantity(one, other), "{one} {other}");
        }
    }

    #[test]
    fn other_text_is_no_quantity() {
        for text in ["", "m", "1x", "1 m", "one", "1Kib", "1.2.3", "--1", "1e", "100%"] {
            assert!(!is_same_quantity(text, text), "{text}");
        }
    }
}
