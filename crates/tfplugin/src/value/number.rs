//! Terraform's `number`: decimal, of any size and precision.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// How far a number may reach from 1, in decimal places: beyond anything that Terraform itself computes (512 bits).
const MAX_PLACES: i64 = 4096;

/// A number of the Terraform language, kept exactly.
///
/// Terraform distinguishes `0.1` from the 64-bit float nearest to it, and so does this type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// Decimal digits without zeros at either end; empty for zero.
    digits: String,
    /// The value is `digits` × 10^`exponent`.
    exponent: i64,
}

/// Text is not a finite decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a finite decimal number of at most {MAX_PLACES} places")]
pub struct ParseNumberError;

impl Number {
    /// Exactly the value of a 64-bit float; `None` for infinities and NaN.
    pub fn from_f64_exactly(value: f64) -> Option<Self> {
        let places = places_of(value);
        if value.is_finite() { format!("{value:.places$}").parse().ok() } else { None }
    }

    /// The shortest decimal that reads back as `value`, which is what a person would write; `None` for infinities
    /// and NaN.
    pub fn from_f64_as_written(value: f64) -> Option<Self> {
        if value.is_finite() { value.to_string().parse().ok() } else { None }
    }

    /// Whether this is an integer of any size.
    pub(crate) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// The integer, if this is one and it fits.
    pub fn as_i64(&self) -> Option<i64> {
        // 19 digits hold every i64: longer numbers are not even written out.
        let integer = self.is_whole() && self.scale() <= 19;
        if integer { self.to_string().parse().ok() } else { None }
    }

    /// The 64-bit float that has exactly this value, if there is one.
    pub fn as_f64_exactly(&self) -> Option<f64> {
        let nearest = self.to_f64();
        (Self::from_f64_exactly(nearest).as_ref() == Some(self)).then_some(nearest)
    }

    /// The 64-bit float whose shortest form is this number, if there is one.
    pub fn as_f64_as_written(&self) -> Option<f64> {
        let nearest = self.to_f64();
        (Self::from_f64_as_written(nearest).as_ref() == Some(self)).then_some(nearest)
    }

    /// The nearest 64-bit float.
    pub fn to_f64(&self) -> f64 {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}0{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    fn new(negative: bool, digits: &str, exponent: i64) -> Result<Self, ParseNumberError> {
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let digits = digits.trim_matches('0').to_owned();
        if digits.is_empty() {
            return Ok(Self { negative: false, digits, exponent: 0 });
        }
        let exponent = exponent + places(trailing);
        if exponent < -MAX_PLACES || places(digits.len()) + exponent > MAX_PLACES {
            return Err(ParseNumberError);
        }
        Ok(Self { negative, digits, exponent })
    }

    /// Where the first digit stands, in places before the decimal point.
    fn scale(&self) -> i64 {
        places(self.digits.len()) + self.exponent
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let zero = |number: &Self| number.digits.is_empty();
        match (zero(self), zero(other)) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.scale().cmp(&other.scale()).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

/// A number of digits, as far as it can matter.
fn places(digits: usize) -> i64 {
    i64::try_from(digits).unwrap_or(i64::MAX / 2)
}

impl FromStr for Number {
    type Err = ParseNumberError;

    /// Reads decimal notation with an optional exponent, as JSON and Terraform write it.
    fn from_str(text: &str) -> Result<Self, ParseNumberError> {
        let (negative, magnitude) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| ParseNumberError)?),
            None => (magnitude, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseNumberError);
        }
        Self::new(negative, &digits, i64::from(exponent) - places(fraction.len()))
    }
}

impl fmt::Display for Number {
    /// Decimal notation without an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        let scale = self.scale();
        if self.exponent >= 0 {
            write!(f, "{}{}", self.digits, zeros(self.exponent))
        } else if scale > 0 {
            let (whole, fraction) = self.digits.split_at(usize::try_from(scale).unwrap_or(0));
            write!(f, "{whole}.{fraction}")
        } else {
            write!(f, "0.{}{}", zeros(-scale), self.digits)
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Number {
            fn from(value: $integer) -> Self {
                let digits = value.unsigned_abs().to_string();
                let trimmed = digits.trim_matches('0').to_owned();
                let exponent = if trimmed.is_empty() { 0 } else { places(digits.len() - trimmed.len()) };
                Self { negative: value.is_negative(), digits: trimmed, exponent }
            }
        }
    )*};
}
from_integer!(i32, i64, i128);

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        i64::from(value).into()
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        i128::from(value).into()
    }
}

/// How many places behind the point a finite float has: as many decimal ones as binary ones.
fn places_of(value: f64) -> usize {
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    /// Places of the smallest float.
    const MOST: u64 = 1074;
    let fraction = value.to_bits() & ((1 << FRACTION_BITS) - 1);
    let exponent = (value.to_bits() >> FRACTION_BITS) & 0x7ff;
    // Subnormal floats have no leading 1, and the exponent of the smallest normal one.
    let digits = if exponent == 0 { fraction } else { fraction | 1 << FRACTION_BITS };
    let raised = exponent.saturating_sub(1) + u64::from(digits.trailing_zeros());
    usize::try_from(MOST.saturating_sub(raised)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn notations_of_one_number_are_equal() {
        for text in ["1500", "1.5e3", "1500.00", "0001500", "+15E2"] {
            assert_eq!(number(text), Number::from(1500_i64), "{text}");
        }
        assert_eq!(number("-0"), number("0.000"));
        assert_eq!(number("0.00120").to_string(), "0.0012");
        assert_eq!(number("-12.50").to_string(), "-12.5");
        assert_eq!(Number::from(u64::MAX).to_string(), u64::MAX.to_string());
    }

    #[test]
    fn a_float_and_the_decimal_nearest_to_it_are_two_numbers() {
        let float = Number::from_f64_exactly(0.1).unwrap();
        assert_ne!(float, number("0.1"));
        assert_eq!(float.as_f64_exactly(), Some(0.1));
        assert_eq!(number("0.1").as_f64_exactly(), None);
        assert_eq!(number("0.1").as_f64_as_written(), Some(0.1));
        assert_eq!(number("1.5").as_f64_exactly(), Some(1.5));
    }

    #[test]
    fn a_float_becomes_a_number_without_rounding() {
        let floats =
            [0.0, -0.5, 0.1, 1e23, 12.75, -3.0, f64::MAX, f64::MIN_POSITIVE, f64::EPSILON, 5e-324, 1.5e-310];
        for float in floats {
            // 1074 decimal places hold every 64-bit float.
            assert_eq!(Number::from_f64_exactly(float), Some(number(&format!("{float:.1074}"))), "{float}");
        }
        assert_eq!(places_of(0.5), 1);
        assert_eq!(places_of(1e300), 0);
        assert_eq!(Number::from_f64_exactly(f64::NAN), None);
        assert_eq!(Number::from_f64_exactly(f64::NEG_INFINITY), None);
    }

    #[test]
    fn integers_at_the_edge_fit_and_those_beyond_do_not() {
        assert_eq!(number("9223372036854775807").as_i64(), Some(i64::MAX));
        assert_eq!(number("-9223372036854775808").as_i64(), Some(i64::MIN));
        assert_eq!(number("9223372036854775808").as_i64(), None);
        assert_eq!(number("1e18").as_i64(), Some(1_000_000_000_000_000_000));
        assert_eq!(number("0.5").as_i64(), None);
        assert_eq!(number("0").as_i64(), Some(0));
    }

    #[test]
    fn what_is_no_number_or_absurdly_long_is_refused() {
        for text in ["", "-", ".", "1.2.3", "0x10", "Inf", "NaN", "1e99999", "1e-99999", "1e99999999999", "²"]
        {
            assert_eq!(text.parse::<Number>(), Err(ParseNumberError), "{text}");
        }
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let ordered = ["-100", "-99.5", "-0.1", "0", "0.09", "0.1", "9", "10", "1e3"].map(number);
        for pair in ordered.windows(2) {
            assert!(pair[0] < pair[1], "{} < {}", pair[0], pair[1]);
        }
    }
}
