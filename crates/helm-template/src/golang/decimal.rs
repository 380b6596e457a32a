//! The decimal arithmetic behind sprig's `addf` and the like: `shopspring/decimal`.

use num_bigint::BigInt;

use super::number::shortest_digits;

/// `coefficient` × 10^`exponent`.
#[derive(Clone)]
pub(crate) struct Decimal {
    coefficient: BigInt,
    exponent: i32,
}

/// Digits after the point of a quotient.
const PRECISION: i32 = 16;

impl Decimal {
    /// The decimal with the fewest digits that stands for a float; `None` for those that are not finite.
    pub(crate) fn from_float(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let (digits, point) = shortest_digits(value);
        let coefficient: BigInt = digits.parse().ok()?;
        let exponent = point - i32::try_from(digits.len()).ok()?;
        Some(Self { coefficient: if value < 0.0 { -coefficient } else { coefficient }, exponent })
    }

    pub(crate) fn to_float(&self) -> f64 {
        format!("{}e{}", self.coefficient, self.exponent).parse().unwrap_or(f64::NAN)
    }

    fn is_zero(&self) -> bool {
        self.coefficient == BigInt::ZERO
    }

    /// Both coefficients for the smaller of the exponents.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |decimal: &Self| &decimal.coefficient * power_of_ten(decimal.exponent - exponent);
        (scaled(self), scaled(other), exponent)
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        let (first, second, exponent) = self.aligned(other);
        Self { coefficient: first + second, exponent }
    }

    pub(crate) fn sub(&self, other: &Self) -> Self {
        let (first, second, exponent) = self.aligned(other);
        Self { coefficient: first - second, exponent }
    }

    pub(crate) fn mul(&self, other: &Self) -> Self {
        Self {
            coefficient: &self.coefficient * &other.coefficient,
            exponent: self.exponent.saturating_add(other.exponent),
        }
    }

    /// Sixteen digits after the point, halves away from zero; `None` for a division by zero.
    pub(crate) fn div(&self, other: &Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let shift = self.exponent - other.exponent + PRECISION;
        let (numerator, denominator) = if shift >= 0 {
            (&self.coefficient * power_of_ten(shift), other.coefficient.clone())
        } else {
            (self.coefficient.clone(), &other.coefficient * power_of_ten(-shift))
        };
        let mut quotient = &numerator / &denominator;
        let rest = &numerator - &quotient * &denominator;
        if rest.magnitude() * 2u8 >= *denominator.magnitude() {
            let is_negative = numerator.sign() != denominator.sign();
            quotient += if is_negative { -1 } else { 1 };
        }
        Some(Self { coefficient: quotient, exponent: -PRECISION })
    }
}

fn power_of_ten(exponent: i32) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_do_not_show_the_errors_of_binary_floats() {
        let of = |value| Decimal::from_float(value).unwrap();
        assert_eq!(of(0.1).add(&of(0.2)).to_float().to_string(), "0.3");
        assert_eq!(of(1.1).mul(&of(1.1)).to_float().to_string(), "1.21");
        assert_eq!(of(2.0).div(&of(3.0)).unwrap().to_float().to_string(), "0.6666666666666667");
        assert_eq!(of(1e20).sub(&of(1.0)).to_float().to_string(), "100000000000000000000");
        assert_eq!(of(-1.0).div(&of(8.0)).unwrap().to_float().to_string(), "-0.125");
        assert!(of(1.0).div(&of(0.0)).is_none() && Decimal::from_float(f64::NAN).is_none());
    }
}
