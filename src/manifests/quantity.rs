//! Kubernetes quantities, `500m` or `2Gi`, as apimachinery's `resource.Quantity` reads them.

/// A quantity in units of 10⁻⁹, the finest that Kubernetes keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantity(i128);

impl Quantity {
    /// The quantity that a text is; `None` if it is none, or finer or larger than can be told exactly.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(text.len());
        let (digits, suffix) = text.split_at(end);
        let (mantissa, decimals) = mantissa(digits)?;
        let (factor, exponent) = factor(suffix)?;
        let exponent = exponent + 9 - i32::try_from(decimals).ok()?;
        scaled(mantissa.checked_mul(factor)?, exponent).map(Self)
    }
}

/// `1.50` as 150 with 2 decimals.
fn mantissa(digits: &str) -> Option<(i128, usize)> {
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    Some((format!("{whole}{decimals}").parse().ok()?, decimals.len()))
}

/// What a suffix multiplies with: a factor and a power of ten.
fn factor(suffix: &str) -> Option<(i128, i32)> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    if let Some(power) = BINARY.iter().position(|unit| *unit == suffix) {
        return Some((1 << (10 * (power + 1)), 0));
    }
    if let Some(power) = DECIMAL.iter().position(|unit| *unit == suffix) {
        return Some((1, i32::try_from(power).ok()? * 3 - 9));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((1, exponent))
}

fn scaled(number: i128, exponent: i32) -> Option<i128> {
    let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
    match exponent {
        0.. => number.checked_mul(power),
        _ => (number % power == 0).then_some(number / power),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_amount_is_equal_however_it_is_written() {
        for same in [
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
            let [one, other] = same.map(|text| Quantity::parse(text).unwrap());
            assert_eq!(one, other, "{same:?}");
        }
    }

    #[test]
    fn other_amounts_differ() {
        for different in [["1", "1m"], ["1G", "1Gi"], ["1", "2"], ["0", "1n"]] {
            let [one, other] = different.map(|text| Quantity::parse(text).unwrap());
            assert_ne!(one, other, "{different:?}");
        }
    }

    #[test]
    fn other_text_is_no_quantity() {
        for text in ["", "m", "1x", "1 m", "one", "1Kib", "1.2.3", "--1", "1e", "100%"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
