//! Kubernetes quantities (`250m`, `1Gi`) as numbers.

/// The value in thousandths, rounded up; nothing if it is no quantity.
pub fn thousandths(quantity: &str) -> Option<i128> {
    let split = quantity.find(|character: char| character.is_alphabetic()).unwrap_or(quantity.len());
    let (number, suffix) = quantity.split_at(split);
    let factor: i128 = match suffix {
        "m" => 1,
        "" => 1_000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        "Ti" => 1_000 << 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    Some(divide_up(digits * factor, scale))
}

/// `value` in units of `divisor`, rounded up, as the kubelet gives resources to containers.
pub fn in_units(value: &str, divisor: Option<&str>) -> Option<i128> {
    let divisor = divisor.filter(|divisor| *divisor != "0").map_or(Some(1_000), thousandths)?;
    Some(divide_up(thousandths(value)?, divisor))
}

fn divide_up(value: i128, divisor: i128) -> i128 {
    (value + divisor - 1) / divisor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_round_up_to_whole_units() {
        for (value, divisor, expected) in [
            ("2", None, 2),
            ("1500m", None, 2),
            ("100m", Some("1m"), 100),
            ("1Gi", None, 1_073_741_824),
            ("1Gi", Some("1Mi"), 1024),
            ("1.5Gi", Some("1Mi"), 1536),
            ("2", Some("0"), 2),
        ] {
            assert_eq!(in_units(value, divisor), Some(expected), "{value} in {divisor:?}");
        }
        assert_eq!(in_units("many", None), None);
    }
}
