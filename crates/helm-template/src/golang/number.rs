//! Numbers as `strconv` formats and parses them.

/// `strconv.FormatFloat(value, 'g', -1, 64)`, which is also what `%v` prints: as short as possible, with an exponent below -4
/// and from 6 on.
pub(crate) fn format_g(value: f64) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let (digits, point) = shortest_digits(value);
    let exponent = if value == 0.0 { 0 } else { point - 1 };
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if (-4..6).contains(&exponent) {
        format!("{sign}{}", positional(&digits, if value == 0.0 { 1 } else { point }))
    } else {
        format!("{sign}{}", scientific(&digits, exponent))
    }
}

/// The same for the nearest `float32`, as go-yaml writes keys.
pub(crate) fn format_g32(value: f64) -> String {
    #[allow(clippy::cast_possible_truncation)]
    let narrow = value as f32;
    let text = format!("{narrow:e}");
    format_g(text.parse().unwrap_or(value))
}

pub(crate) fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("+Inf")
    } else if value == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

/// The shortest decimal digits that give `value` back, and the position of the decimal point: 0.digits × 10^point.
pub(crate) fn shortest_digits(value: f64) -> (String, i32) {
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = match digits.trim_end_matches('0') {
        "" => "0".to_owned(),
        significant => significant.to_owned(),
    };
    (digits, exponent + 1)
}

fn digits_len(digits: &str) -> i32 {
    i32::try_from(digits.len()).unwrap_or(i32::MAX)
}

pub(crate) fn scientific(digits: &str, exponent: i32) -> String {
    let (head, tail) = digits.split_at(1);
    let sign = if exponent < 0 { '-' } else { '+' };
    let point = if tail.is_empty() { "" } else { "." };
    format!("{head}{point}{tail}e{sign}{:02}", exponent.unsigned_abs())
}

pub(crate) fn positional(digits: &str, point: i32) -> String {
    let length = digits_len(digits);
    if point <= 0 {
        return format!("0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or(0)));
    }
    if point >= length {
        return format!("{digits}{}", "0".repeat(usize::try_from(point - length).unwrap_or(0)));
    }
    let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
    format!("{whole}.{fraction}")
}

/// A float as `encoding/json` writes it; `None` for those that JSON does not have.
pub(crate) fn format_json(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let (digits, point) = shortest_digits(value);
        let text = scientific(&digits, point - 1);
        let sign = if value < 0.0 { "-" } else { "" };
        // encoding/json turns e-09 into e-9.
        let text = match text.split_once("e-0") {
            Some((mantissa, digit)) => format!("{mantissa}e-{digit}"),
            None => text,
        };
        return Some(format!("{sign}{text}"));
    }
    let (digits, point) = shortest_digits(value);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    Some(format!("{sign}{}", positional(&digits, if value == 0.0 { 1 } else { point })))
}

/// `strconv.ParseInt(text, 0, 64)`: a sign, a prefix for the base, underscores only after one.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = parse_uint(digits)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let (base, digits) = split_base(text);
    if digits.contains('_') && !underscores_separate_digits(text) {
        return None;
    }
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    u64::from_str_radix(&digits, base).ok()
}

fn split_base(text: &str) -> (u32, &str) {
    let lower: Vec<u8> = text.bytes().take(2).map(|b| b.to_ascii_lowercase()).collect();
    match lower.as_slice() {
        [b'0', b'x'] => (16, &text[2..]),
        [b'0', b'o'] => (8, &text[2..]),
        [b'0', b'b'] => (2, &text[2..]),
        [b'0', _] => (8, &text[1..]),
        _ => (10, text),
    }
}

/// Go allows an underscore only between digits, or between a base prefix and a digit.
fn underscores_separate_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_prefix = bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_alphabetic();
    let rest = if has_prefix { &bytes[2..] } else { bytes };
    let mut after_digit = has_prefix;
    for byte in rest {
        if *byte == b'_' && !after_digit {
            return false;
        }
        after_digit = *byte != b'_';
    }
    after_digit
}

/// `strconv.ParseFloat(text, 64)`, decimal only; out of range is an error, as in Go.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    if text.contains('_') {
        let bytes = text.as_bytes();
        let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_hexdigit);
        let between_digits = |index: usize| index > 0 && is_digit(index - 1) && is_digit(index + 1);
        let all_are = text.match_indices('_').all(|(index, _)| between_digits(index));
        return if all_are { parse_float(&text.replace('_', "")) } else { None };
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    match lower.as_str() {
        "inf" | "infinity" => {
            return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        "nan" => return (unsigned.len() == text.len()).then_some(f64::NAN),
        _ => {}
    }
    if let Some(hex) = lower.strip_prefix("0x") {
        return parse_hex_float(hex).map(|value| if text.starts_with('-') { -value } else { value });
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(value)
}

/// `h.hhp±d`; the exponent is mandatory in Go.
fn parse_hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = exponent - 4 * i32::try_from(fraction.len()).ok()?;
    let value = value * 2f64.powi(shift);
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_percent_v_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (1.5, "1.5"),
            (1e6, "1e+06"),
            (123_456.0, "123456"),
            (1e20, "1e+20"),
            (1e21, "1e+21"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1_234_567.0, "1.234567e+06"),
            (12_345_678.9, "1.23456789e+07"),
        ] {
            assert_eq!(format_g(value), text);
        }
    }

    #[test]
    fn floats_print_as_json_prints_them() {
        for (value, text) in [
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-7"),
            (-0.0, "-0"),
            (1e-6, "0.000001"),
        ] {
            assert_eq!(format_json(value).as_deref(), Some(text));
        }
        assert_eq!(format_json(f64::NAN), None);
    }

    #[test]
    fn integers_parse_with_the_bases_of_go() {
        assert_eq!(parse_int("0x1F"), Some(31));
        assert_eq!(parse_int("017"), Some(15));
        assert_eq!(parse_int("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_int("1_000"), Some(1000));
        assert_eq!(parse_int("1__000"), None);
        assert_eq!(parse_int("0x_1"), Some(1));
        assert_eq!(parse_int("08"), None);
    }
}
