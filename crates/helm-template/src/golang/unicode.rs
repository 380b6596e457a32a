//! Package `unicode`.

/// `unicode.IsLetter`: categories Lu, Ll, Lt, Lm and Lo.
pub(crate) fn is_letter(c: char) -> bool {
    static LETTER: std::sync::LazyLock<Option<regex::Regex>> =
        std::sync::LazyLock::new(|| regex::Regex::new(r"^\p{L}$").ok());
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    LETTER.as_ref().is_some_and(|letter| letter.is_match(c.encode_utf8(&mut [0; 4])))
}
