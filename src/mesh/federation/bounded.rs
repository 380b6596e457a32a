//! Names that are derived from others and keep to a length.

/// The text if it is short enough, else its beginning and a digest of the whole.
pub(super) fn bounded(text: &str, length: usize) -> String {
    if text.len() <= length {
        return text.to_owned();
    }
    // Eight hexadecimal digits, and the hyphen before them.
    let beginning: String = text.chars().take(length - 9).collect();
    format!("{}-{:08x}", beginning.trim_end_matches('-'), digest(text) >> 32)
}

/// FNV-1a, 64 bits: the same on every machine and in every release, which the standard library's hashes are not.
pub(super) fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_published_test_vectors() {
        assert_eq!(digest(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(digest("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn long_names_are_cut_and_still_differ() {
        let (one, other) = ("a".repeat(62) + "-1", "a".repeat(62) + "-2");
        assert_eq!(bounded("short", 63), "short");
        let (short_one, short_other) = (bounded(&one, 63), bounded(&other, 63));
        assert_eq!((short_one.len(), short_other.len()), (63, 63));
        assert_ne!(short_one, short_other);
        assert!(bounded(&("a".repeat(53) + "-" + &"b".repeat(20)), 63).starts_with(&("a".repeat(53) + "-")));
    }
}
