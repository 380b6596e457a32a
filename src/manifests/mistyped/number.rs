use serde_json::Number;

/// A number with a fraction does not have this many digits before it.
const NO_FRACTION: f64 = 9_007_199_254_740_992.0;

/// A number without a fraction.
pub(super) enum Whole {
    /// With a sign, or small.
    Signed(i64),
    /// Too large for that.
    Unsigned(u64),
}

/// The number, unless it has a fraction.
pub(super) fn whole(number: &Number) -> Option<Whole> {
    let signed = number.as_i64().map(Whole::Signed);
    signed.or_else(|| number.as_u64().map(Whole::Unsigned)).or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < NO_FRACTION)?;
        #[allow(clippy::cast_possible_truncation, reason = "it has no fraction and is small enough")]
        Some(Whole::Signed(float as i64))
    })
}
